//! What looks bad and comes right: none of it may be given up.

use kubestock_install::finding::Code;
use serde_json::{Value, json};

use super::WEB;
use crate::judge::{End, Remedy, Situation};
use crate::objects::{
    ECHO, app, claim, configured, container, counting, deployment, is_ready, kubectl as orders, lost_node,
    pod, quota, service, webhook, with_volume, workload,
};

fn recovers(
    name: &'static str,
    objects: Vec<Value>,
    (code, object): (Code, &'static str),
    remedies: Vec<Remedy>,
) -> Situation {
    Situation { name, objects, code, object, hint: "", end: End::Recovers(remedies) }
}

fn kubectl(after: u64, line: &str) -> Remedy {
    Remedy { after, kubectl: line.split_whitespace().map(str::to_owned).collect(), input: None }
}

fn apply(after: u64, mut object: Value) -> Remedy {
    object["metadata"]["namespace"] = json!("NS");
    Remedy { input: Some(object), ..kubectl(after, "apply --server-side -f -") }
}

pub(super) fn all() -> Vec<Situation> {
    [made_later(), room_later(), by_itself(), by_nodes()].into_iter().flatten().collect()
}

/// What was missing comes.
fn made_later() -> Vec<Situation> {
    let from = |what: &str, name: &str| app(container(json!({"envFrom": [{what: {"name": name}}]})));
    let key =
        json!({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "url"}}}]});
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "shop"}});
    let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "NS", "labels": {"kubestock-situation": "yes"}},
        "spec": {"capacity": {"storage": "1Mi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "NS",
            "hostPath": {"path": "/tmp/kubestock-situation", "type": "DirectoryOrCreate"}}});
    let labelled = json!({"nodeSelector": {"NS": "yes"}});
    vec![
        recovers(
            "recovers-secret-made",
            vec![from("secretRef", "database")],
            (Code::SecretMissing, "Secret/NS/database"),
            vec![apply(10, configured("Secret", "database", json!({"user": "shop"})))],
        ),
        recovers(
            "recovers-key-added",
            vec![configured("ConfigMap", "settings", json!({})), app(container(key))],
            (Code::ConfigMapMissing, "ConfigMap/NS/settings"),
            vec![apply(10, configured("ConfigMap", "settings", json!({"url": "shop"})))],
        ),
        recovers(
            "recovers-volume-of-secret",
            vec![with_volume(json!({"secret": {"secretName": "database"}}))],
            (Code::SecretMissing, "Secret/NS/database"),
            vec![apply(15, configured("Secret", "database", json!({"user": "shop"})))],
        ),
        recovers(
            "recovers-account-made",
            vec![deployment(1, pod(vec![container(json!({}))], json!({"serviceAccountName": "shop"})))],
            (Code::ServiceAccountMissing, "ServiceAccount/NS/shop"),
            vec![apply(15, account)],
        ),
        recovers(
            "recovers-volume-made",
            vec![claim(json!("NS")), with_volume(json!({"persistentVolumeClaim": {"claimName": "data"}}))],
            (Code::ClaimUnbound, "PersistentVolumeClaim/NS/data"),
            vec![Remedy { input: Some(volume), ..kubectl(10, "apply --server-side -f -") }],
        ),
        recovers(
            "recovers-node-comes",
            vec![deployment(1, pod(vec![container(json!({}))], labelled))],
            (Code::Unschedulable, WEB),
            vec![kubectl(20, "label node NODE NS=yes"), kubectl(60, "label node NODE NS-")],
        ),
        recovers(
            "recovers-webhook-goes",
            vec![service("policy"), webhook("policy"), app(container(json!({})))],
            (Code::WebhookRefusesPods, "Service/NS/policy"),
            vec![kubectl(25, "delete validatingwebhookconfiguration NS")],
        ),
    ]
}

/// What had no room gets it.
fn room_later() -> Vec<Situation> {
    let asks = |cpu: &str| container(json!({"resources": {"limits": {"cpu": cpu}}}));
    let port = json!([{"containerPort": 80, "hostPort": 38081}]);
    let mut first = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "first"},
        "spec": pod(vec![container(json!({"ports": port}))], json!({}))});
    let second = app(container(json!({"ports": port})));
    let blocking = first.clone();
    first["spec"] = pod(vec![asks("1")], json!({}));
    let mut paused = app(container(json!({})));
    paused["spec"]["paused"] = json!(true);
    vec![
        recovers(
            "recovers-quota-raised",
            vec![quota(json!({"limits.cpu": "100m"})), app(asks("1"))],
            (Code::QuotaRefusesPods, "ResourceQuota/NS/few"),
            vec![apply(3, quota(json!({"limits.cpu": "2"})))],
        ),
        recovers(
            "recovers-quota-freed",
            vec![quota(json!({"limits.cpu": "1"})), first, app(asks("1"))],
            (Code::QuotaRefusesPods, "ResourceQuota/NS/few"),
            vec![kubectl(3, "delete pod first -n NS --wait=false")],
        ),
        recovers(
            "recovers-port-freed",
            vec![blocking, second],
            (Code::Unschedulable, WEB),
            vec![kubectl(10, "delete pod first -n NS --wait=false")],
        ),
        recovers(
            "recovers-rollout-resumed",
            vec![paused],
            (Code::RolloutPaused, WEB),
            vec![kubectl(4, "rollout resume deployment/web -n NS")],
        ),
    ]
}

/// What needs its time, or its tries.
fn by_itself() -> Vec<Situation> {
    let data = || json!({"volumes": [{"name": "data", "emptyDir": {}}]});
    let counted = |more: Value| {
        let mut container = container(more);
        container["readinessProbe"] =
            json!({"exec": {"command": ["test", "-e", "/data/ready"]}, "periodSeconds": 1});
        deployment(1, pod(vec![container], data()))
    };
    let init = json!({"volumes": [{"name": "data", "emptyDir": {}}],
        "initContainers": [{"name": "migrate", "image": crate::objects::SHELL,
            "command": counting(2, "exit 1", "exit 0")["command"], "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]});
    let slow = container(json!({"command": ["sh", "-c", "sleep 20; touch /tmp/ready; sleep 3600"],
        "readinessProbe": {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 1}}));
    let mut killed = counting(1, "sleep 3600", "touch /data/ready; sleep 3600");
    killed["livenessProbe"] = json!({"exec": {"command": ["test", "-e", "/data/ready"]}, "periodSeconds": 2, "failureThreshold": 3});
    vec![
        recovers(
            "recovers-after-three-crashes",
            vec![counted(counting(3, "exit 1", "touch /data/ready; sleep 3600"))],
            (Code::CrashLoop, WEB),
            Vec::new(),
        ),
        recovers(
            "recovers-init-tries-again",
            vec![deployment(1, pod(vec![container(json!({}))], init))],
            (Code::CrashLoop, WEB),
            Vec::new(),
        ),
        recovers("recovers-slow-start", vec![app(slow)], (Code::ProbeFailing, WEB), Vec::new()),
        recovers("recovers-once-killed", vec![counted(killed)], (Code::ProbeFailing, WEB), Vec::new()),
    ]
}

/// What nodes do, and get.
fn by_nodes() -> Vec<Situation> {
    let late =
        container(json!({"image": "registry.invalid/NS:1", "command": null, "args": ["-listen=:3000"]}));
    let evicted = workload("StatefulSet", json!({}), pod(vec![container(json!({}))], json!({})));
    let evict = r#"{"status":{"phase":"Failed","reason":"Evicted","message":"The-node-was-low-on-memory"}}"#;
    let is = |what: &str| format!("patch {what} --subresource=status -p {}", is_ready());
    let back = vec![kubectl(5, &is("node NS")), kubectl(7, &is("pod web -n NS"))];
    vec![
        recovers(
            "recovers-slow-image",
            vec![app(late)],
            (Code::RegistryUnreachable, WEB),
            vec![kubectl(20, &format!("ctr images tag docker.io/{ECHO} registry.invalid/NS:1"))],
        ),
        recovers("recovers-node-back", lost_node(), (Code::NodeLost, "Node/NS"), back),
        Situation {
            end: End::Passes,
            ..recovers(
                "recovers-evicted",
                vec![
                    evicted,
                    orders(
                        "wait statefulset/web -n NS --for=jsonpath={.status.readyReplicas}=1 --timeout=60s",
                    ),
                    orders(&format!("patch pod web-0 -n NS --subresource=status -p {evict}")),
                ],
                (Code::Evicted, "StatefulSet/NS/web"),
                Vec::new(),
            )
        },
    ]
}
