//! The same once more: it costs the server next to nothing, and whatever has become of an object since is noticed.

use std::path::{Path, PathBuf};

use super::cluster::{Cluster, Ended};
use super::trees::write;

const NAMESPACE: &str = "again";

const OBJECTS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: again}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: again}
data: {mode: plain, level: '1'}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: again}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: hashicorp/http-echo:1.0.0
        ports: [{containerPort: 80}]
        env: [{name: MODE, value: plain}]
";

fn has(root: &Path, objects: &str) -> PathBuf {
    write(root, "base/all.yaml", objects);
    write(root, "base/kustomization.yaml", "resources: [all.yaml]\n");
    write(root, "profile.yaml", "layers: [{name: again, path: ./base, timeout: 60s}]\n");
    root.join("profile.yaml")
}

/// How often the server was asked to apply something of these kinds; the records of a run are ConfigMaps too.
fn applied(cluster: &Cluster) -> u64 {
    let metrics = cluster.kubectl(&["get", "--raw", "/metrics"]).expect(0).stdout;
    let of_ours = metrics.lines().filter(|line| {
        let is_of = |resource: &str| line.contains(&format!("resource=\"{resource}\""));
        line.starts_with("apiserver_request_total{")
            && line.contains("verb=\"APPLY\"")
            && (is_of("deployments") || is_of("services"))
    });
    of_ours.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>() as u64
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn what_is_as_it_should_be_is_not_applied_again() {
    let cluster = Cluster::started("e2e");
    let tree = tempfile::tempdir().unwrap();
    let profile = has(tree.path(), OBJECTS);
    cluster.install(&profile, &[]).expect(0);
    let before = applied(&cluster);
    let said = cluster.install(&profile, &[]).expect(0).said();
    assert!(said.contains("nothing to change"), "{said}");
    assert_eq!(applied(&cluster), before);
    cluster.kubectl(&["delete", "namespace", NAMESPACE]).expect(0);
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn whatever_has_become_of_an_object_since_is_noticed() {
    let cluster = Cluster::started("e2e");
    let tree = tempfile::tempdir().unwrap();
    let profile = has(tree.path(), OBJECTS);
    let install = |more: &[&str]| -> Ended { cluster.install(&profile, more).expect(0) };
    install(&[]);
    let settings = &["configmap", "settings", "-n", NAMESPACE];
    let web = &["deployment", "web", "-n", NAMESPACE];
    let kubectl = |words: &[&str], of: &[&str], more: &[&str]| {
        cluster.kubectl(&[words, of, more].concat()).expect(0);
    };
    let is_as_it_was = |what: &str| {
        assert_eq!(cluster.get(settings)["data"]["mode"], "plain", "{what}");
        let live = cluster.get(web);
        assert_eq!(live["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"], "plain", "{what}");
        assert!(live["metadata"]["labels"]["applyset.kubernetes.io/part-of"].is_string(), "{what}");
    };

    kubectl(&["patch"], settings, &["--type=merge", "-p", r#"{"data": {"mode": "edited"}}"#]);
    let said = install(&["--force-conflicts"]).said();
    assert!(said.contains("1 changed"), "an edited field: {said}");
    is_as_it_was("an edited field");

    kubectl(&["set", "env"], web, &["MODE=edited"]);
    let said = install(&["--force-conflicts"]).said();
    assert!(said.contains("1 changed"), "an edited item of a list: {said}");
    is_as_it_was("an edited item of a list");

    kubectl(&["delete"], web, &[]);
    let said = install(&[]).said();
    assert!(said.contains("1 created"), "a deleted Deployment: {said}");
    is_as_it_was("a deleted Deployment");

    kubectl(&["label"], web, &["applyset.kubernetes.io/part-of-"]);
    let said = install(&["--force-conflicts"]).said();
    assert!(said.contains("1 changed"), "a label that is gone: {said}");
    is_as_it_was("a label that is gone");

    has(tree.path(), &OBJECTS.replace(", level: '1'", ""));
    let said = install(&[]).said();
    assert!(said.contains("1 changed"), "a field that the layer lost: {said}");
    assert!(cluster.get(settings)["data"]["level"].is_null());
    cluster.kubectl(&["delete", "namespace", NAMESPACE]).expect(0);
}
