//! A cluster that someone else has installed, and what is said of it.

use std::io::Read;

use serde_json::{Value, json};

use super::cluster::Cluster;

const NAMESPACE: &str = "diagnose";

fn workload(name: &str, pod: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"selector": {"matchLabels": {"app": name}},
                 "template": {"metadata": {"labels": {"app": name}}, "spec": pod}}})
}

/// Two services that one Secret holds up, and one that crashes with a password in its last words.
fn install(cluster: &Cluster) {
    cluster.apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}));
    for name in ["orders", "stock"] {
        let from = json!([{"secretRef": {"name": "database"}}]);
        let app = json!({"name": "app", "image": "hashicorp/http-echo:1.0.0", "envFrom": from});
        cluster.apply(&workload(name, json!({"containers": [app]})));
    }
    let say = "echo 'cannot reach postgres://shop:hunter2@db/shop'; exit 3";
    let app = json!({"name": "app", "image": "curlimages/curl:8.8.0", "command": ["sh", "-c", say],
        "env": [{"name": "DB_PASSWORD", "value": "hunter2"}], "readinessProbe": {"exec": {"command": ["true"]}}});
    cluster.apply(&workload("crashing", json!({"containers": [app]})));
}

/// Waits until the container of a workload's pod is held up by this.
fn until(cluster: &Cluster, name: &str, state: &str) {
    let wait = |object: &[&str], path: &str, value: &str| {
        let wanted = format!("--for=jsonpath={{{path}}}={value}");
        let wait = ["wait", "-n", NAMESPACE, "--timeout=60s", &wanted];
        cluster.kubectl(&[&wait[..], object].concat()).expect(0);
    };
    wait(&["deployment", name], ".status.replicas", "1");
    let label = format!("--selector=app={name}");
    wait(&["pod", &label], ".status.containerStatuses[0].state.waiting.reason", state);
}

fn findings(cluster: &Cluster) -> Vec<Value> {
    let ended = cluster.installer(&["diagnose", "-n", NAMESPACE, "--output", "json"]).output().unwrap();
    let lines = String::from_utf8(ended.stdout).unwrap();
    let events = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["event"] == "diagnosed").map(|event| event["finding"].clone()).collect()
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn what_someone_else_installed_is_told_by_cause_and_kept_without_secrets() {
    let cluster = Cluster::started("e2e");
    install(&cluster);
    let told = |findings: &[Value]| -> Vec<(String, Value)> {
        let one =
            |finding: &Value| (finding["code"].as_str().unwrap().to_owned(), finding["affects"].clone());
        findings.iter().map(one).collect()
    };
    let both = json!([format!("Deployment/{NAMESPACE}/orders"), format!("Deployment/{NAMESPACE}/stock")]);
    let expected = [("KSI-431".to_owned(), both), ("KSI-435".to_owned(), json!([]))];
    for (name, state) in [
        ("orders", "CreateContainerConfigError"),
        ("stock", "CreateContainerConfigError"),
        ("crashing", "CrashLoopBackOff"),
    ] {
        until(&cluster, name, state);
    }
    assert_eq!(told(&findings(&cluster)), expected);

    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a.tar.gz");
    let before =
        cluster.kubectl(&["get", "deployments,pods", "-n", NAMESPACE, "-o", "name"]).expect(0).stdout;
    let arguments = ["diagnose", "-n", NAMESPACE, "--archive", archive.to_str().unwrap()];
    let ended = cluster.installer(&arguments).output().unwrap();
    assert!([0, 3].contains(&ended.status.code().unwrap()));
    let after = cluster.kubectl(&["get", "deployments,pods", "-n", NAMESPACE, "-o", "name"]).expect(0).stdout;
    assert_eq!(before, after, "nothing is changed");
    let unpacked = flate2::read::GzDecoder::new(std::fs::File::open(&archive).unwrap());
    let mut all = String::new();
    tar::Archive::new(unpacked).into_inner().read_to_string(&mut all).unwrap();
    cluster.kubectl(&["delete", "namespace", NAMESPACE, "--wait=false"]).expect(0);
    for word in ["Secret/diagnose/database", "cannot reach postgres://shop:(redacted)@db/shop", "DB_PASSWORD"]
    {
        assert!(all.contains(word), "no `{word}` in the archive");
    }
    assert!(!all.contains("hunter2"), "a password is in the archive");
}
