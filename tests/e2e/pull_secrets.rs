//! Pods that pull with the logins of a docker configuration, for as long as it is given.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::cluster::{Cluster, Ended, name};
use super::trees::{DEPLOYMENT, write};

const NAMESPACE: &str = "pull-secrets";
const SECRET: &str = "kubestock-registry-auth";

/// What the pod that is to stay pulls with.
fn pulled_with(cluster: &Cluster) -> Value {
    let pods = cluster.list(&["pods", "-n", NAMESPACE]);
    let mut staying = pods.into_iter().filter(|pod| pod["metadata"].get("deletionTimestamp").is_none());
    staying.next().unwrap()["spec"]["imagePullSecrets"].take()
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn pods_pull_with_a_login_while_it_is_given_and_it_goes_when_it_is_not() {
    let cluster = Cluster::started("e2e");
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let namespace = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}\n");
    write(root, "base/namespace.yaml", &namespace);
    write(root, "base/deployment.yaml", DEPLOYMENT);
    let resources = format!("namespace: {NAMESPACE}\nresources: [namespace.yaml, deployment.yaml]\n");
    write(root, "base/kustomization.yaml", &resources);
    write(root, "profile.yaml", "layers: [{name: pull-secrets, path: base, timeout: 60s}]\n");
    let auth = STANDARD.encode("robot:hunter2");
    write(
        root,
        "docker.json",
        &json!({"auths": {"https://index.docker.io/v1/": {"auth": auth}}}).to_string(),
    );
    let login = root.join("docker.json");
    let install = |more: &[&str]| -> Ended {
        let gitops = ["--gitops", root.to_str().unwrap(), "-vv"];
        cluster.install(&root.join("profile.yaml"), &[&gitops, more].concat()).expect(0)
    };

    let with = ["--registry-auth", login.to_str().unwrap()];
    let said = install(&with).said();
    assert!(!said.contains("hunter2") && !said.contains(&auth), "{said}");
    assert_eq!(pulled_with(&cluster), json!([{"name": SECRET}]));
    let secret = cluster.get(&["secret", SECRET, "-n", NAMESPACE]);
    assert_eq!(secret["type"], "kubernetes.io/dockerconfigjson");
    let config = STANDARD.decode(secret["data"][".dockerconfigjson"].as_str().unwrap()).unwrap();
    let config: Value = serde_json::from_slice(&config).unwrap();
    let [login] = &config["auths"].as_object().unwrap().values().collect::<Vec<_>>()[..] else {
        panic!("{config}");
    };
    assert_eq!((&login["username"], &login["password"]), (&json!("robot"), &json!("hunter2")));
    let again = install(&with).said();
    assert!(again.contains("nothing to change"), "{again}");

    install(&[]);
    assert_eq!(pulled_with(&cluster), Value::Null);
    let left = cluster.list(&["secrets", "-n", NAMESPACE]);
    assert!(left.iter().all(|secret| name(secret) != SECRET), "{left:?}");
    cluster.kubectl(&["delete", "namespace", NAMESPACE, "--wait=false"]).expect(0);
}
