//! What `check` says of a real cluster, and that it changes nothing.

use std::path::Path;

use serde_json::{Value, json};

use super::cluster::{Cluster, name};
use super::trees::{layers_only, write};

/// The codes and objects that a check finds, with its exit code.
pub(crate) fn found(
    cluster: &Cluster,
    profile: &Path,
    arguments: &[&str],
) -> (Vec<(String, String)>, Option<i32>) {
    let profile = profile.to_str().unwrap();
    let arguments = [&["check", profile, "--output", "json"], arguments].concat();
    let output = cluster.installer(&arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let found = events.filter(|event| event["event"] == "found");
    (found.map(|event| (word(&event["code"]), word(&event["object"]))).collect(), output.status.code())
}

#[track_caller]
pub(crate) fn assert_finds(found: &[(String, String)], code: &str, object: &str) {
    let expected = (code.to_owned(), object.to_owned());
    assert!(found.contains(&expected), "{expected:?} is not in {found:#?}");
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn nothing_is_wrong_with_a_bare_cluster_nor_with_an_installed_one_and_nothing_is_changed() {
    let cluster = Cluster::bare("e2e");
    let before = cluster.kubectl(&["get", "namespaces,crds", "-o", "name"]).expect(0).stdout;
    assert_eq!(found(&cluster, &cluster.profile("demo"), &[]), (vec![], Some(0)));
    let after = cluster.kubectl(&["get", "namespaces,crds", "-o", "name"]).expect(0).stdout;
    assert_eq!(before, after);

    cluster.install(&cluster.profile("demo"), &[]).expect(0);
    assert_eq!(found(&cluster, &cluster.profile("demo"), &[]), (vec![], Some(0)));
}

/// A webhook and an API without a Service, a namespace that does not go, a node that takes nothing, a quota without
/// room, an Ingress that leads nowhere, a class that is not there.
#[test]
#[ignore = "needs the sandbox: make e2e"]
fn everything_that_is_wrong_is_found_at_once() {
    let cluster = Cluster::started("e2e");
    let node = name(&cluster.list(&["nodes"])[0]).to_owned();
    let webhook = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "check-dead"}, "webhooks": [{"name": "dead.example.org", "failurePolicy": "Fail",
            "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "clientConfig": {"service": {"name": "nobody", "namespace": "default"}},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "check-shop"}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]}]});
    let namespace = |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let kept = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata":
        {"name": "kept", "namespace": "check-ending", "finalizers": ["example.org/keep"]}});
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": "small", "namespace": "check-shop"}, "spec": {"hard": {"limits.cpu": "1"}}});
    let api = json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.check.example.org"},
        "spec": {"group": "check.example.org", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 100,
            "insecureSkipTLSVerify": true, "service": {"name": "nobody", "namespace": "default"}}});
    for object in [webhook, namespace("check-ending"), kept, namespace("check-shop"), quota, api] {
        cluster.apply(&object);
    }
    cluster.kubectl(&["delete", "namespace", "check-ending", "--wait=false"]).expect(0);
    cluster.kubectl(&["cordon", &node]).expect(0);
    let unavailable = ["apiservice/v1.check.example.org", "--for=condition=Available=false", "--timeout=60s"];
    cluster.kubectl(&[&["wait"], &unavailable[..]].concat()).expect(0);

    let tree = tempfile::tempdir().unwrap();
    let root = tree.path();
    write(root, "base/kustomization.yaml", "resources: [config.yaml]\n");
    write(
        root,
        "base/config.yaml",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: check-ending}}\n",
    );
    write(root, "overlays/staging/kustomization.yaml", "namespace: check-shop\nresources: [web.yaml]\n");
    write(
        root,
        "overlays/staging/web.yaml",
        "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: nobody
      priorityClassName: no-such-class
      containers:
      - {name: web, image: web, resources: {limits: {cpu: 500m}}, envFrom: [{secretRef: {name: no-such-secret}}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
",
    );
    let profile = layers_only(root, "30s");
    let (found, code) = found(&cluster, &profile, &["--gitops", root.to_str().unwrap()]);
    cluster.kubectl(&["uncordon", &node]).expect(0);
    cluster.kubectl(&["delete", "validatingwebhookconfiguration", "check-dead"]).expect(0);
    cluster.kubectl(&["delete", "apiservice", "v1.check.example.org"]).expect(0);
    let patch = r#"{"metadata":{"finalizers":null}}"#;
    cluster
        .kubectl(&["patch", "configmap", "kept", "-n", "check-ending", "--type=merge", "-p", patch])
        .expect(0);
    cluster.kubectl(&["delete", "namespace", "check-shop", "--wait=false"]).expect(0);

    assert_finds(&found, "KSI-106", "");
    assert_finds(&found, "KSI-108", "Namespace/check-ending");
    assert_finds(&found, "KSI-109", "ValidatingWebhookConfiguration/check-dead");
    assert_finds(&found, "KSI-112", "APIService/v1.check.example.org");
    assert_finds(&found, "KSI-205", "Ingress/check-shop/front");
    assert_finds(&found, "KSI-213", "Deployment/check-shop/web");
    assert_finds(&found, "KSI-221", "Deployment/check-shop/web");
    assert_finds(&found, "KSI-301", "ResourceQuota/check-shop/small");
    assert_eq!(
        found.iter().filter(|(code, _)| code == "KSI-213").count(),
        2,
        "Secret and account: {found:?}"
    );
    assert_eq!(found.len(), 9, "{found:#?}");
    assert_eq!(code, Some(3));
}
