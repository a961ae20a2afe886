//! Containers that begin and do not stay, or do not become ready.

use kubestock_install::finding::Code;
use serde_json::{Value, json};

use super::{WEB, fails, lasts};
use crate::judge::Situation;
use crate::objects::{ECHO, app, container, deployment, job, pod, script};

pub(super) fn all() -> Vec<Situation> {
    [starting(), crashing(), unready(), ending()].into_iter().flatten().collect()
}

fn starting() -> Vec<Situation> {
    let root = json!({"securityContext": {"runAsNonRoot": true, "runAsUser": 0}});
    let hook = json!({"lifecycle": {"postStart": {"exec": {"command": ["false"]}}}});
    vec![
        fails(
            "root-refused",
            vec![app(container(root))],
            Code::ContainerConfig,
            WEB,
            "correct the container's spec",
        ),
        fails(
            "command-not-found",
            vec![app(container(json!({"command": ["/no/such/command"]})))],
            Code::CannotStart,
            WEB,
            "correct its command",
        ),
        fails("hook-fails", vec![app(container(hook))], Code::CannotStart, WEB, "correct its command"),
    ]
}

/// Never ready for the instant between its start and its end.
fn never_ready(mut container: Value) -> Value {
    container["readinessProbe"] = json!({"exec": {"command": ["true"]}, "initialDelaySeconds": 5});
    container
}

fn crashing() -> Vec<Situation> {
    let crashes = |name, object| fails(name, vec![object], Code::CrashLoop, WEB, "kubectl logs --previous");
    let init = json!({"initContainers": [json!({"name": "migrate", "image": crate::objects::SHELL,
        "command": ["sh", "-c", "echo no such table; exit 2"]})]});
    let live = json!({"livenessProbe": {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 1},
        "command": ["sh", "-c", "sleep 3600"]});
    let start = json!({"startupProbe": {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 1},
        "command": ["sh", "-c", "sleep 3600"]});
    vec![
        crashes("crash-at-once", app(never_ready(script("echo no such database; exit 1")))),
        crashes("crash-with-success", app(never_ready(script("exit 0")))),
        crashes("crash-of-init", deployment(1, pod(vec![container(json!({}))], init))),
        crashes("liveness-kills", app(never_ready(container(live)))),
        crashes("startup-kills", app(container(start))),
        fails(
            "memory-exceeded",
            vec![app(never_ready(container(json!({"command": ["sh", "-c", "tail /dev/zero"],
                "resources": {"limits": {"memory": "16Mi"}}}))))],
            Code::OutOfMemory,
            WEB,
            "raise `resources.limits.memory`",
        ),
    ]
}

fn unready() -> Vec<Situation> {
    let fails = |name, probe: Value| {
        let container = container(
            json!({"image": ECHO, "command": null, "args": ["-listen=:3000"], "readinessProbe": probe}),
        );
        lasts(name, vec![app(container)], Code::ProbeFailing, WEB, "the times of its probe")
    };
    let proxy = container(json!({"name": "proxy", "restartPolicy": "Always",
        "readinessProbe": {"exec": {"command": ["false"]}, "periodSeconds": 1}}));
    let sidecar = deployment(1, pod(vec![container(json!({}))], json!({"initContainers": [proxy]})));
    vec![
        fails("readiness-refused", json!({"httpGet": {"path": "/", "port": 3001}, "periodSeconds": 1})),
        fails("readiness-tcp", json!({"tcpSocket": {"port": 3001}, "periodSeconds": 1})),
        fails("readiness-command", json!({"exec": {"command": ["/no/such/command"]}, "periodSeconds": 1})),
        lasts("sidecar-not-ready", vec![sidecar], Code::SidecarNotReady, WEB, "istiod must run"),
    ]
}

/// What is to end, and does so badly.
fn ending() -> Vec<Situation> {
    let failing = || pod(vec![script("echo table is locked; exit 2")], json!({}));
    let slow = pod(vec![script("sleep 3600")], json!({}));
    let mut alone =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": failing()});
    alone["spec"]["restartPolicy"] = json!("Never");
    let mut refused = alone.clone();
    refused["spec"]["nodeName"] = json!("NODE");
    refused["spec"]["nodeSelector"] = json!({"disk": "fast"});
    vec![
        fails(
            "job-fails",
            vec![job(json!({"backoffLimit": 0}), failing())],
            Code::JobFailed,
            "Job/NS/web",
            "delete the Job",
        ),
        fails(
            "job-too-late",
            vec![job(json!({"activeDeadlineSeconds": 3}), slow)],
            Code::JobFailed,
            "Job/NS/web",
            "delete the Job",
        ),
        fails("pod-fails", vec![alone], Code::PodFailed, "Pod/NS/web", "kubectl describe pod"),
        fails("pod-refused-by-node", vec![refused], Code::PodFailed, "Pod/NS/web", "kubectl describe pod"),
    ]
}
