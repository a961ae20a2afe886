//! The same profile installed by `istioctl install` on a second cluster, object by object.

use std::collections::{BTreeMap, BTreeSet};

use kubestock_install::profile::{Overrides, ProfileFile, resolve};
use serde_json::Value;

use super::cluster::{Cluster, name};

/// Every kind that an installation of Istio brings.
const KINDS: [&str; 18] = [
    "namespaces",
    "customresourcedefinitions",
    "serviceaccounts",
    "clusterroles",
    "clusterrolebindings",
    "roles",
    "rolebindings",
    "configmaps",
    "services",
    "deployments",
    "daemonsets",
    "horizontalpodautoscalers",
    "poddisruptionbudgets",
    "mutatingwebhookconfigurations",
    "validatingwebhookconfigurations",
    "envoyfilters.networking.istio.io",
    "istiooperators.install.istio.io",
    "secrets",
];

/// Objects that pods of the mesh make by themselves, with content of their own: leader elections, the root
/// certificate, tokens.
fn is_made_at_run_time(id: &str) -> bool {
    // The election of a leader is a ConfigMap of any name.
    [
        "-leader",
        "istio-ip-autoallocate",
        "istio-namespace-controller-election",
        "istio-ca-",
        "kube-root-ca.crt",
    ]
    .iter()
    .any(|part| id.contains(part))
}

/// What differs although nothing is different, for each place where it may.
fn normalized(mut object: Value) -> Value {
    let metadata = object["metadata"].as_object_mut().unwrap();
    for field in ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "selfLink"] {
        metadata.remove(field);
    }
    if let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut) {
        // Ours: what the layer's ApplySet knows its members by.
        labels.remove("applyset.kubernetes.io/part-of");
    }
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        // istioctl's: what it merges by. Server-side apply keeps that in managedFields.
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        // The Deployment controller's count of rollouts.
        annotations.remove("deployment.kubernetes.io/revision");
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
    let object_map = object.as_object_mut().unwrap();
    object_map.remove("status");
    if let Some(spec) = object_map.get_mut("spec").and_then(Value::as_object_mut) {
        // Given by the cluster to each Service.
        for field in ["clusterIP", "clusterIPs", "healthCheckNodePort"] {
            spec.remove(field);
        }
        for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
            port.as_object_mut().unwrap().remove("nodePort");
        }
        // How many pods there are is the autoscaler's.
        if object_map["kind"] == "Deployment" {
            object_map["spec"].as_object_mut().unwrap().remove("replicas");
        }
    }
    for webhook in object_map.get_mut("webhooks").and_then(Value::as_array_mut).into_iter().flatten() {
        // Each cluster's istiod has a CA of its own.
        webhook["clientConfig"].as_object_mut().unwrap().remove("caBundle");
    }
    object
}

fn objects(cluster: &Cluster) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for kind in KINDS {
        // Newer Istios have no IstioOperator in the cluster.
        if cluster.kubectl(&["get", kind, "-A"]).said().contains("doesn't have a resource type") {
            continue;
        }
        for object in cluster.list(&[kind, "-A"]) {
            let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
            let id = format!("{}/{namespace}/{}", object["kind"].as_str().unwrap(), name(&object));
            let is_istio =
                id.contains("istio") || object["metadata"]["labels"].to_string().contains("istio.io");
            // The addons and the layers of the product are not istioctl's.
            let part_of = &object["metadata"]["labels"]["app.kubernetes.io/part-of"];
            let is_layer = namespace == "kubestock-staging" || name(&object).starts_with("kubestock");
            let is_addon = ["prometheus", "grafana", "jaeger", "kiali", "zipkin", "tracing"]
                .iter()
                .any(|addon| name(&object).contains(addon));
            let is_sandbox = name(&object) == "without-istio-authn";
            if is_istio
                && !is_layer
                && !is_addon
                && !is_sandbox
                && *part_of != "kubestock"
                && !is_made_at_run_time(&id)
            {
                found.insert(id, normalized(object));
            }
        }
    }
    found
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn the_istio_layer_is_what_istioctl_install_leaves() {
    // Bare: another profile may have been there, and nothing is pruned.
    let ours = Cluster::bare("e2e");
    let profile = ours.profile("demo");
    ours.install(&profile, &[]).expect(0);

    let theirs = Cluster::started("oracle");
    let operator = resolve(&ProfileFile::Path(profile), &Overrides::default()).unwrap();
    let operator = operator.profile.istio.unwrap().overlay;
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), operator.to_string()).unwrap();
    theirs.istioctl(&["install", "--skip-confirmation", "-f", file.path().to_str().unwrap()]).expect(0);

    let (here, there) = (objects(&ours), objects(&theirs));
    let ids: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
    assert!(ids.len() > 40, "only {} objects were compared", ids.len());
    let mut different = Vec::new();
    for id in ids {
        match (here.get(id), there.get(id)) {
            (Some(a), Some(b)) => different.extend(differences(id, a, b)),
            (Some(_), None) => different.push(format!("{id}: only here")),
            (None, _) => different.push(format!("{id}: only from istioctl")),
        }
    }
    theirs.down();
    assert!(different.is_empty(), "{different:#?}");
}

/// The paths at which two values differ, with both.
fn differences(path: &str, here: &Value, there: &Value) -> Vec<String> {
    match (here, there) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            let at = |key: &String| {
                let value = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or_default();
                differences(&format!("{path}.{key}"), &value(a), &value(b))
            };
            keys.into_iter().flat_map(at).collect()
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let pairs = a.iter().zip(b).enumerate();
            pairs.flat_map(|(index, (a, b))| differences(&format!("{path}[{index}]"), a, b)).collect()
        }
        (a, b) if a == b => Vec::new(),
        (a, b) => vec![format!("{path}: {a} here, {b} from istioctl")],
    }
}
