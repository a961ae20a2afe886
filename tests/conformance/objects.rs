//! Objects of all kinds that kustomize treats in a way of their own, which refer to each other by few names.

use serde_json::{Map, Value, json};

use crate::choices::Choices;

const NAMES: &[&str] = &["a", "web", "db", "default"];

const NAMESPACES: &[&str] = &["", "", "one", "default", "two"];

/// What tells an object apart when a patch is written for it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
    pub(crate) value: Value,
}

type Make = fn(&mut Choices) -> Value;

const KINDS: &[(&str, &str, Make)] = &[
    ("v1", "ConfigMap", |c| json!({ "data": words(c) })),
    ("apps/v1", "Deployment", |c| json!({ "spec": workload(c) })),
    ("v1", "Service", |c| json!({ "spec": service(c) })),
    ("v1", "Pod", |c| json!({ "spec": pod(c) })),
    ("v1", "Secret", |c| json!({ "type": "Opaque", "stringData": words(c) })),
    ("apps/v1", "StatefulSet", stateful_set),
    ("apps/v1", "DaemonSet", |c| json!({ "spec": workload(c) })),
    ("apps/v1", "ReplicaSet", |c| json!({ "spec": workload(c) })),
    ("v1", "ReplicationController", |c| json!({ "spec": workload(c) })),
    ("batch/v1", "Job", |c| json!({ "spec": workload(c) })),
    (
        "batch/v1",
        "CronJob",
        |c| json!({ "spec": { "schedule": "* * * * *", "jobTemplate": { "spec": workload(c) } } }),
    ),
    ("networking.k8s.io/v1", "Ingress", ingress),
    ("extensions/v1beta1", "Deployment", |c| json!({ "spec": workload(c) })),
    (
        "v1",
        "ServiceAccount",
        |c| json!({ "imagePullSecrets": [{ "name": name(c) }], "secrets": [{ "name": name(c) }] }),
    ),
    ("rbac.authorization.k8s.io/v1", "Role", rules),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", rules),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", binding),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", binding),
    (
        "v1",
        "PersistentVolumeClaim",
        |c| json!({ "spec": { "storageClassName": name(c), "volumeName": name(c) } }),
    ),
    (
        "v1",
        "PersistentVolume",
        |c| json!({ "spec": { "storageClassName": name(c), "azureFile": { "secretName": name(c) } } }),
    ),
    ("storage.k8s.io/v1", "StorageClass", |c| json!({ "parameters": { "secretName": name(c) } })),
    ("autoscaling/v2", "HorizontalPodAutoscaler", autoscaler),
    ("policy/v1", "PodDisruptionBudget", |c| json!({ "spec": { "selector": { "matchLabels": words(c) } } })),
    ("networking.k8s.io/v1", "NetworkPolicy", network_policy),
    ("v1", "Namespace", |_| json!({})),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", definition),
    ("example.com/v1", "Thing", |c| json!({ "spec": workload(c), "items": [{ "name": name(c) }] })),
    ("example.com/v1", "ThingList", |c| json!({ "items": [{ "name": name(c) }] })),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", webhook),
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", webhook),
    (
        "apiregistration.k8s.io/v1",
        "APIService",
        |c| json!({ "spec": { "service": { "name": name(c), "namespace": "one" } } }),
    ),
    ("scheduling.k8s.io/v1", "PriorityClass", |_| json!({ "value": 5 })),
    ("networking.k8s.io/v1", "IngressClass", |_| json!({})),
    ("v1", "LimitRange", |_| json!({})),
    ("v1", "ResourceQuota", |_| json!({})),
    ("v1", "Endpoints", |_| json!({})),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicyBinding",
        |c| json!({ "spec": { "policyName": name(c) } }),
    ),
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", |_| json!({})),
    ("v1", "PodTemplate", |c| json!({ "template": { "metadata": {}, "spec": pod(c) } })),
];

pub(crate) fn object(c: &mut Choices) -> Known {
    let (api_version, kind, make) = KINDS[c.below(KINDS.len())];
    let mut value = make(c);
    value["apiVersion"] = api_version.into();
    value["kind"] = kind.into();
    value["metadata"] = metadata(c);
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    Known {
        api_version: api_version.into(),
        kind: kind.into(),
        name: text("/metadata/name").unwrap_or_default(),
        namespace: text("/metadata/namespace"),
        value,
    }
}

fn metadata(c: &mut Choices) -> Value {
    let mut metadata = json!({ "name": name(c) });
    let namespace = c.pick(NAMESPACES);
    if !namespace.is_empty() {
        metadata["namespace"] = namespace.into();
    }
    if c.once_in(3) {
        metadata["labels"] = words(c);
    }
    if c.once_in(3) {
        metadata["annotations"] = words(c);
    }
    if c.once_in(12) {
        metadata["creationTimestamp"] = Value::Null;
    }
    if c.once_in(12) {
        metadata["finalizers"] = json!(["f", "g"]);
    }
    metadata
}

pub(crate) fn name(c: &mut Choices) -> &'static str {
    c.pick(NAMES)
}

/// A mapping of words to words that are easily taken for something else.
pub(crate) fn words(c: &mut Choices) -> Value {
    let values = [
        "x",
        "y",
        "true",
        "1",
        "1.0",
        "0x1F",
        "no",
        "null",
        "~",
        "",
        " a",
        "two\nlines\n",
        "2001-01-01",
        "a: b",
        "# c",
        "é☃",
    ];
    let keys = ["app", "tier", "a.b/c", "x1", "x10", "x9"];
    let count = c.below(4);
    (0..count).map(|_| (c.pick(&keys).to_owned(), Value::from(c.pick(&values)))).collect::<Map<_, _>>().into()
}

pub(crate) fn workload(c: &mut Choices) -> Value {
    let mut spec = json!({ "template": { "spec": pod(c) } });
    if c.once_in(2) {
        spec["template"]["metadata"] = json!({ "labels": words(c) });
    }
    if c.once_in(3) {
        spec["selector"] = json!({ "matchLabels": words(c) });
    }
    if c.once_in(3) {
        spec["replicas"] = c.below(3).into();
    }
    spec
}

pub(crate) fn pod(c: &mut Choices) -> Value {
    let mut pod = json!({ "containers": containers(c) });
    if c.once_in(4) {
        pod["initContainers"] = containers(c);
    }
    if c.once_in(2) {
        pod["volumes"] = volumes(c);
    }
    if c.once_in(5) {
        pod["serviceAccountName"] = name(c).into();
    }
    if c.once_in(8) {
        pod["imagePullSecrets"] = json!([{ "name": name(c) }]);
    }
    if c.once_in(8) {
        pod["priorityClassName"] = name(c).into();
    }
    if c.once_in(8) {
        pod["hostAliases"] = json!([{ "ip": "10.0.0.1", "hostnames": [name(c)] }]);
    }
    if c.once_in(8) {
        pod["tolerations"] = json!([{ "key": name(c), "operator": "Exists" }]);
    }
    if c.once_in(8) {
        let term = json!({ "topologyKey": "zone", "labelSelector": { "matchLabels": words(c) } });
        pod["affinity"] =
            json!({ "podAntiAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [term] } });
    }
    if c.once_in(8) {
        let when = c.pick(&["DoNotSchedule", "ScheduleAnyway"]);
        pod["topologySpreadConstraints"] = json!([
            { "topologyKey": "zone", "whenUnsatisfiable": when, "labelSelector": { "matchLabels": words(c) } },
        ]);
    }
    pod
}

pub(crate) fn containers(c: &mut Choices) -> Value {
    let names = ["main", "side", "third"];
    let count = 1 + c.below(2);
    (0..count).map(|at| container(c, names[at])).collect()
}

fn container(c: &mut Choices, name: &str) -> Value {
    let images = [
        "nginx",
        "nginx:1",
        "nginx:1@sha256:aa",
        "host:5000/nginx:1",
        "nginx@sha256:aa",
        "nginx-more:1",
        "library/nginx:2",
        "busybox",
    ];
    let mut container = json!({ "name": name, "image": c.pick(&images) });
    if c.once_in(3) {
        container["env"] = env(c);
    }
    if c.once_in(4) {
        let (config, secret) = (self::name(c), self::name(c));
        container["envFrom"] =
            json!([{ "configMapRef": { "name": config } }, { "secretRef": { "name": secret } }]);
    }
    if c.once_in(3) {
        container["ports"] = ports(c, "containerPort");
    }
    if c.once_in(4) {
        container["volumeMounts"] = json!([{ "name": "v", "mountPath": c.pick(&["/a", "/b"]) }]);
    }
    if c.once_in(6) {
        container["resources"] = json!({ "limits": { "cpu": c.pick(&["1", "500m"]) } });
    }
    if c.once_in(6) {
        container["args"] = json!(["-a", name]);
    }
    container
}

pub(crate) fn env(c: &mut Choices) -> Value {
    let keys = ["A", "B", "C"];
    let count = 1 + c.below(3);
    let entries = (0..count).map(|at| match c.below(4) {
        0 => json!({ "name": keys[at], "value": c.pick(&["1", "x", ""]) }),
        1 => json!({ "name": keys[at], "valueFrom": { "configMapKeyRef": { "name": name(c), "key": "k" } } }),
        2 => json!({ "name": keys[at], "valueFrom": { "secretKeyRef": { "name": name(c), "key": "k" } } }),
        _ => json!({ "name": keys[at], "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } }),
    });
    entries.collect()
}

pub(crate) fn ports(c: &mut Choices, number: &str) -> Value {
    let count = 1 + c.below(2);
    let ports = (0..count).map(|_| {
        let mut port = json!({ number: 80 + c.below(2) });
        if c.once_in(2) {
            port["protocol"] = c.pick(&["TCP", "UDP"]).into();
        }
        if c.once_in(3) {
            port["name"] = c.pick(&["http", "web"]).into();
        }
        port
    });
    ports.collect()
}

pub(crate) fn volumes(c: &mut Choices) -> Value {
    let names = ["v", "w"];
    let count = 1 + c.below(2);
    let volumes = (0..count).map(|at| match c.below(5) {
        0 => json!({ "name": names[at], "emptyDir": {} }),
        1 => json!({ "name": names[at], "configMap": { "name": name(c) } }),
        2 => json!({ "name": names[at], "secret": { "secretName": name(c) } }),
        3 => json!({ "name": names[at], "persistentVolumeClaim": { "claimName": name(c) } }),
        _ => {
            let sources = json!([{ "configMap": { "name": name(c) } }, { "secret": { "name": name(c) } }]);
            json!({ "name": names[at], "projected": { "sources": sources } })
        }
    });
    volumes.collect()
}

pub(crate) fn service(c: &mut Choices) -> Value {
    let mut spec = json!({ "ports": ports(c, "port") });
    if c.once_in(2) {
        spec["selector"] = words(c);
    }
    spec
}

fn stateful_set(c: &mut Choices) -> Value {
    let mut spec = workload(c);
    spec["serviceName"] = name(c).into();
    if c.once_in(2) {
        let claim = json!({ "metadata": { "name": "v" }, "spec": { "storageClassName": name(c) } });
        spec["volumeClaimTemplates"] = json!([claim]);
    }
    json!({ "spec": spec })
}

fn ingress(c: &mut Choices) -> Value {
    let backend = json!({ "service": { "name": name(c), "port": { "number": 80 } } });
    let rule = json!({ "http": { "paths": [{ "path": "/", "pathType": "Prefix", "backend": backend }] } });
    json!({ "spec": {
        "ingressClassName": name(c),
        "rules": [rule],
        "tls": [{ "secretName": name(c) }],
        "defaultBackend": { "service": { "name": name(c) } },
    } })
}

fn rules(c: &mut Choices) -> Value {
    let resources = c.pick(&["configmaps", "secrets"]);
    json!({ "rules": [
        { "apiGroups": [""], "resources": [resources], "resourceNames": [name(c), name(c)], "verbs": ["get"] },
    ] })
}

fn binding(c: &mut Choices) -> Value {
    let kind = c.pick(&["Role", "ClusterRole"]);
    let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name(c) });
    let count = 1 + c.below(2);
    let subjects = (0..count).map(|_| {
        let mut subject = json!({ "kind": c.pick(&["ServiceAccount", "User"]), "name": name(c) });
        let namespace = c.pick(NAMESPACES);
        if !namespace.is_empty() {
            subject["namespace"] = namespace.into();
        }
        subject
    });
    let subjects: Value = subjects.collect();
    json!({ "roleRef": role, "subjects": subjects })
}

fn autoscaler(c: &mut Choices) -> Value {
    let kind = c.pick(&["Deployment", "StatefulSet"]);
    json!({ "spec": { "scaleTargetRef": { "apiVersion": "apps/v1", "kind": kind, "name": name(c) } } })
}

fn network_policy(c: &mut Choices) -> Value {
    let from = json!([{ "podSelector": { "matchLabels": words(c) } }]);
    json!({ "spec": { "podSelector": { "matchLabels": words(c) }, "ingress": [{ "from": from }] } })
}

fn definition(c: &mut Choices) -> Value {
    let service = json!({ "name": name(c), "namespace": "one" });
    let conversion = json!({ "strategy": "Webhook", "webhook": { "clientConfig": { "service": service } } });
    json!({ "spec": { "group": "example.com", "names": { "kind": "Thing" }, "conversion": conversion } })
}

fn webhook(c: &mut Choices) -> Value {
    let service = json!({ "name": name(c), "namespace": c.pick(&["one", "default"]) });
    json!({ "webhooks": [{ "name": "w.example.com", "clientConfig": { "service": service } }] })
}
