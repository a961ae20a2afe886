//! What nobody may read in what is said: the data of Secrets, and who the user is to the API server.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::cluster::{Cluster, Ended};
use super::rights::User;
use super::trees::write;

fn tree(root: &Path, value: &str) {
    let objects = format!(
        "apiVersion: v1
kind: Namespace
metadata: {{name: secretive}}
---
apiVersion: v1
kind: Secret
metadata: {{name: written, namespace: secretive}}
stringData: {{password: {value}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: shop, namespace: secretive}}
spec:
  selector: {{matchLabels: {{app: shop}}}}
  template:
    metadata: {{labels: {{app: shop}}}}
    spec:
      containers:
      - name: shop
        image: hashicorp/http-echo:1.0.0
        args: ['-listen=:3000', '-text=ok']
        env: [{{name: PASSWORD, valueFrom: {{secretKeyRef: {{name: written, key: no-such-key}}}}}}]
"
    );
    write(root, "base/all.yaml", &objects);
    let kustomization = format!(
        "resources: [all.yaml]
secretGenerator:
- {{name: generated, namespace: secretive, literals: [token={value}]}}
"
    );
    write(root, "base/kustomization.yaml", &kustomization);
    write(root, "profile.yaml", "layers: [{name: secretive, path: base, timeout: 15s}]\n");
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn no_secret_is_said_however_much_is_asked_to_be_told() {
    let cluster = Cluster::started("e2e");
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let (profile, gitops) = (root.join("profile.yaml"), root.to_str().unwrap());
    let profile = profile.to_str().unwrap();
    let user = User::new(&cluster, "secretive");
    user.may_do_all(&cluster);
    let kubeconfig = user.kubeconfig();
    let common = ["--gitops", gitops, "--kubeconfig", kubeconfig.to_str().unwrap(), "-vv"];

    let values = ["hunter2-before", "hunter2-after"];
    let mut said = String::new();
    for value in values {
        tree(root, value);
        for command in
            [&["plan", profile][..], &[profile, "--yes"], &["status", profile], &["check", profile]]
        {
            for output in ["text", "json"] {
                let arguments = [command, &common, &["--output", output]].concat();
                let ended: Ended = cluster.installer(&arguments).output().unwrap().into();
                assert_ne!(ended.code, Some(2), "{}", ended.said());
                said += &ended.said();
            }
        }
    }
    assert!(said.contains("no-such-key"), "{said}");
    for value in values.into_iter().chain([user.token.as_str()]) {
        for written in [value.to_owned(), STANDARD.encode(value)] {
            assert!(!said.contains(&written), "`{written}` was said");
        }
    }
    user.gone(&cluster);
    cluster.kubectl(&["delete", "namespace", "secretive", "--wait=false"]).expect(0);
}
