//! A private tree on the sandbox's one node, which reaches neither its registry nor its secret store.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cluster::{Cluster, name};
use super::demo::{SERVICES, STAGING};
use super::trees::write;

/// The profile of the product, on top of the sandbox's own `demo`.
fn profile(cluster: &Cluster) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let laptop = std::fs::read_to_string("profiles/laptop.yaml").unwrap();
    let demo = format!("extends: {}", cluster.profile("demo").display());
    let laptop = laptop.replacen("extends: demo", &demo, 1);
    assert!(laptop.contains(&demo), "{laptop}");
    write(folder.path(), "laptop.yaml", &laptop);
    folder
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_private_tree_runs_without_its_registry_and_its_secret_store() {
    let cluster = Cluster::bare("e2e");
    let folder = profile(&cluster);
    let profile = folder.path().join("laptop.yaml");
    let install = || cluster.install(&profile, &["--gitops", "tests/laptop/tree"]).expect(0).said();
    // Its verification has called every service through the mesh.
    install();

    let pods = cluster.list(&["pods", "-n", STAGING]);
    let ready: BTreeMap<&str, bool> = pods.iter().map(|pod| (app(pod), is_ready(pod))).collect();
    assert_eq!(ready, SERVICES.map(|(service, _)| (service, true)).into());
    assert_eq!(pods.len(), SERVICES.len(), "one each");
    for (secret, keys) in [
        ("kubestock-database", &["DATABASE_PASSWORD", "DATABASE_USER"][..]),
        ("kubestock-tokens", &["TOKEN_SIGNING_KEY"]),
    ] {
        let found = cluster.get(&["secret", secret, "-n", STAGING]);
        let data: Vec<&String> = found["data"].as_object().unwrap().keys().collect();
        assert_eq!(data, keys, "{secret}");
    }
    let again = install();
    assert!(again.contains("nothing to change"), "{again}");
}

fn app(pod: &Value) -> &str {
    pod["metadata"]["labels"]["app"].as_str().unwrap_or_else(|| name(pod))
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().unwrap();
    conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}
