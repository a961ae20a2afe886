//! Pods that the API server does not make.

use kubestock_install::finding::Code;
use serde_json::json;

use super::{WEB, fails};
use crate::judge::Situation;
use crate::objects::{
    app, container, deployment, job, labels, limit_range, pod, quota, script, service, webhook, workload,
};

pub(super) fn all() -> Vec<Situation> {
    [by_quota(), by_policy(), by_others()].into_iter().flatten().collect()
}

const FEW: &str = "ResourceQuota/NS/few";
const RAISE: &str = "raise the quota";

fn by_quota() -> Vec<Situation> {
    let asks = |resources| container(json!({"resources": resources}));
    let refuses = |name, objects| fails(name, objects, Code::QuotaRefusesPods, FEW, RAISE);
    let simple = || pod(vec![container(json!({}))], json!({}));
    let no_pods = || quota(json!({"pods": 0}));
    vec![
        refuses(
            "quota-cpu",
            vec![quota(json!({"limits.cpu": "100m"})), app(asks(json!({"limits": {"cpu": "2"}})))],
        ),
        refuses(
            "quota-memory",
            vec![
                quota(json!({"requests.memory": "64Mi"})),
                app(asks(json!({"requests": {"memory": "1Gi"}}))),
            ],
        ),
        refuses("quota-pods", vec![quota(json!({"pods": 1})), deployment(3, simple())]),
        refuses("quota-without-limits", vec![quota(json!({"limits.cpu": "4"})), app(container(json!({})))]),
        refuses("quota-statefulset", vec![no_pods(), workload("StatefulSet", json!({}), simple())]),
        refuses("quota-daemonset", vec![no_pods(), workload("DaemonSet", json!({}), simple())]),
        refuses("quota-job", vec![no_pods(), job(json!({}), simple())]),
        refuses(
            "quota-replicasets",
            vec![quota(json!({"count/replicasets.apps": 0})), app(container(json!({})))],
        ),
    ]
}

fn by_policy() -> Vec<Situation> {
    let refuses = |name, objects| {
        fails(name, objects, Code::AdmissionRefusesPods, WEB, "so that the policy admits them")
    };
    let level = |level: &str| labels(json!({"pod-security.kubernetes.io/enforce": level}));
    let cpu = |limit: &str, request: &str| {
        container(json!({"resources": {"limits": {"cpu": limit}, "requests": {"cpu": request}}}))
    };
    let bound = |bound: &str, amount: &str| limit_range(json!({"type": "Container", bound: {"cpu": amount}}));
    vec![
        refuses("pod-security", vec![level("restricted"), app(container(json!({})))]),
        refuses(
            "pod-security-host-network",
            vec![
                level("baseline"),
                deployment(1, pod(vec![container(json!({}))], json!({"hostNetwork": true}))),
            ],
        ),
        refuses("limit-range-max", vec![bound("max", "1"), app(cpu("2", "1"))]),
        refuses("limit-range-min", vec![bound("min", "100m"), app(cpu("1", "10m"))]),
        refuses("limit-range-ratio", vec![bound("maxLimitRequestRatio", "2"), app(cpu("1", "100m"))]),
        refuses(
            "priority-class-missing",
            vec![deployment(1, pod(vec![container(json!({}))], json!({"priorityClassName": "urgent"})))],
        ),
        refuses(
            "runtime-class-missing",
            vec![deployment(1, pod(vec![container(json!({}))], json!({"runtimeClassName": "sealed"})))],
        ),
        fails(
            "limit-range-makes-invalid",
            vec![
                limit_range(json!({"type": "Container", "default": {"cpu": "100m"}})),
                app(container(json!({"resources": {"requests": {"cpu": "500m"}}}))),
            ],
            Code::PodInvalid,
            WEB,
            "correct the pod's template",
        ),
    ]
}

fn by_others() -> Vec<Situation> {
    let behind = "see whether the pods behind the webhook's Service run";
    vec![
        fails(
            "service-account-missing",
            vec![deployment(1, pod(vec![script("sleep 3600")], json!({"serviceAccountName": "shop"})))],
            Code::ServiceAccountMissing,
            "ServiceAccount/NS/shop",
            "create the ServiceAccount",
        ),
        fails(
            "webhook-without-service",
            vec![webhook("policy"), app(container(json!({})))],
            Code::WebhookRefusesPods,
            "Service/NS/policy",
            behind,
        ),
        fails(
            "webhook-without-endpoints",
            vec![service("policy"), webhook("policy"), app(container(json!({})))],
            Code::WebhookRefusesPods,
            "Service/NS/policy",
            behind,
        ),
    ]
}
