//! The objects that situations are made of.

use serde_json::{Value, json};

/// Has a shell.
pub(crate) const SHELL: &str = "curlimages/curl:8.8.0";
/// Answers on the port that it is told.
pub(crate) const ECHO: &str = "hashicorp/http-echo:1.0.0";

/// A container that sleeps, with these fields over it.
pub(crate) fn container(more: Value) -> Value {
    let mut container = json!({"name": "app", "image": SHELL, "command": ["sleep", "3600"]});
    container.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    container
}

/// One that runs a script.
pub(crate) fn script(text: &str) -> Value {
    container(json!({"command": ["sh", "-c", text]}))
}

/// The spec of a pod that ends at once when it is deleted.
pub(crate) fn pod(containers: Vec<Value>, more: Value) -> Value {
    let mut pod = json!({"containers": containers, "terminationGracePeriodSeconds": 0});
    pod.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    pod
}

pub(crate) fn deployment(replicas: u32, pod: Value) -> Value {
    workload("Deployment", json!({"replicas": replicas}), pod)
}

/// A Deployment of one pod with one container.
pub(crate) fn app(container: Value) -> Value {
    deployment(1, pod(vec![container], json!({})))
}

pub(crate) fn workload(kind: &str, more: Value, pod: Value) -> Value {
    let mut spec = json!({"selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod}});
    if kind == "StatefulSet" {
        spec["serviceName"] = json!("web");
    }
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "web"}, "spec": spec})
}

pub(crate) fn job(more: Value, mut pod: Value) -> Value {
    pod["restartPolicy"] = json!("Never");
    let mut spec = json!({"template": {"spec": pod}});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "web"}, "spec": spec})
}

pub(crate) fn quota(hard: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": hard}})
}

pub(crate) fn limit_range(limit: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "bounds"}, "spec": {"limits": [limit]}})
}

/// What is done once all is applied.
pub(crate) fn kubectl(line: &str) -> Value {
    json!({"kubectl": line})
}

/// Labels of the namespace itself.
pub(crate) fn labels(labels: Value) -> Value {
    json!({"kind": "Namespace", "labels": labels})
}

pub(crate) fn claim(class: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": class,
                 "resources": {"requests": {"storage": "1Mi"}}}})
}

/// A Deployment whose pod mounts this volume.
pub(crate) fn with_volume(volume: Value) -> Value {
    let mut volume = volume;
    volume["name"] = json!("data");
    let mounts = json!([{"name": "data", "mountPath": "/data"}]);
    deployment(1, pod(vec![container(json!({"volumeMounts": mounts}))], json!({"volumes": [volume]})))
}

pub(crate) fn configured(kind: &str, name: &str, data: Value) -> Value {
    let field = if kind == "Secret" { "stringData" } else { "data" };
    json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, field: data})
}

/// Asks this Service of the situation's namespace about every pod there.
pub(crate) fn webhook(service: &str) -> Value {
    json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "NS"},
        "webhooks": [{"name": "NS.example.org", "failurePolicy": "Fail", "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "timeoutSeconds": 1,
            "clientConfig": {"service": {"name": service, "namespace": "NS"}},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "NS"}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]}]})
}

pub(crate) fn service(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"selector": {"app": "nobody"}, "ports": [{"port": 443}]}})
}

/// Reads a number from a file, counts it on, and compares it.
pub(crate) fn counting(times: u32, until: &str, then: &str) -> Value {
    let text = format!(
        "n=$(cat /data/n 2>/dev/null || echo 0); echo $((n+1)) >/data/n; [ $n -ge {times} ] || {until}; {then}"
    );
    json!({"command": ["sh", "-c", text], "volumeMounts": [{"name": "data", "mountPath": "/data"}]})
}

/// What a kubelet says of a pod or a node that is ready, for `--subresource=status`.
pub(crate) fn is_ready() -> Value {
    json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True", "reason": "Said"}]}})
}

/// A node that says once that it is ready, with a pod on it, and is not heard of again.
pub(crate) fn lost_node() -> Vec<Value> {
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "NS"},
        "spec": {"taints": [{"key": "situation", "effect": "NoSchedule"}]}});
    let alone = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
        "spec": pod(vec![container(json!({}))], json!({"nodeName": "NS", "tolerations": [{"operator": "Exists"}]}))});
    let ready = is_ready();
    vec![
        node,
        kubectl(&format!("patch node NS --subresource=status -p {ready}")),
        alone,
        kubectl(&format!("patch pod web -n NS --subresource=status -p {ready}")),
    ]
}
