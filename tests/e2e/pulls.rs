//! Images that a laptop's nodes cannot pull, seen before anything is applied.

use serde_json::{Value, json};

use super::check::{assert_finds, found};
use super::cluster::{Cluster, name};
use super::trees::{layers_only, write};

const HOST: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const LAPTOP: &str = "minikube.k8s.io/name";

fn pull_secret(form: &str) -> Value {
    let login = json!({"auths": {(HOST): {"username": "AWS", "password": "not-a-password"}}}).to_string();
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "registry", "namespace": "pulls-shop"},
        "type": form, "stringData": {".dockerconfigjson": login}})
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn an_image_of_a_closed_registry_is_told_until_the_account_has_its_credentials() {
    let cluster = Cluster::started("e2e");
    let node = name(&cluster.list(&["nodes"])[0]).to_owned();
    cluster.kubectl(&["label", "node", &node, &format!("{LAPTOP}=laptop")]).expect(0);
    cluster.kubectl(&["create", "namespace", "pulls-shop"]).expect(0);
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": "pulls-shop"}, "imagePullSecrets": [{"name": "registry"}]});
    let tree = tempfile::tempdir().unwrap();
    let root = tree.path();
    write(root, "base/kustomization.yaml", "resources: []\n");
    write(root, "overlays/staging/kustomization.yaml", "namespace: pulls-shop\nresources: [web.yaml]\n");
    let pod = |image: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: web}}, spec: {{containers: [{{name: web, image: '{image}'}}]}}}}\n"
        )
    };
    write(root, "overlays/staging/web.yaml", &pod(&format!("{HOST}/shop/web:1.2")));
    let profile = layers_only(root, "30s");
    let check = || found(&cluster, &profile, &["--gitops", root.to_str().unwrap()]);

    let (nobodys, code) = check();
    cluster.apply(&account);
    cluster.apply(&pull_secret("Opaque"));
    let (of_another_type, _) = check();
    cluster.kubectl(&["delete", "secret", "registry", "-n", "pulls-shop"]).expect(0);
    cluster.apply(&pull_secret("kubernetes.io/dockerconfigjson"));
    let given = check();
    write(root, "overlays/staging/web.yaml", &pod("hashicorp/http-echo:1.0.0"));
    let (of_another_registry, _) = check();

    cluster.kubectl(&["label", "node", &node, &format!("{LAPTOP}-")]).expect(0);
    cluster.kubectl(&["delete", "namespace", "pulls-shop", "--wait=false"]).expect(0);
    assert_eq!((nobodys.len(), code), (1, Some(3)), "{nobodys:?}");
    assert_finds(&nobodys, "KSI-219", "Pod/pulls-shop/web");
    assert_finds(&of_another_type, "KSI-218", "Secret/pulls-shop/registry");
    assert_finds(&of_another_type, "KSI-219", "Pod/pulls-shop/web");
    assert_eq!(given, (vec![], Some(0)));
    assert_eq!(of_another_registry, [], "the node has that image");
}
