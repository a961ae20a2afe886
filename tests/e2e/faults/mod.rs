//! An API server on the other side of a network that fails: what is installed through it is what is installed without.

mod killed;
mod proxy;
mod server;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use self::proxy::Proxy;
use super::cluster::{Cluster, Ended};
use super::dice;
use super::trees::write;

/// Of a hundred requests.
const FAULTS: u64 = 12;

/// How often a run may give up, saying why, before the next one has to reach the end.
const RUNS: usize = 3;

const NAMESPACE: &str = "faulty";

/// A layer of some objects of several kinds, and one with a workload to wait for.
fn tree(root: &Path) {
    let namespace = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}\n");
    let maps: String = (0..12)
        .map(|number| {
            let metadata = format!("{{name: map-{number}, namespace: {NAMESPACE}}}");
            format!(
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {metadata}\ndata: {{number: '{number}'}}\n"
            )
        })
        .collect();
    write(root, "base/all.yaml", &(namespace + &maps));
    write(root, "base/kustomization.yaml", "resources: [all.yaml]\n");
    let deployment = format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: shop, namespace: {NAMESPACE}}}
spec:
  selector: {{matchLabels: {{app: shop}}}}
  template:
    metadata: {{labels: {{app: shop}}}}
    spec:
      containers:
      - {{name: shop, image: 'hashicorp/http-echo:1.0.0', args: ['-listen=:3000', '-text=ok']}}
---
apiVersion: v1
kind: Service
metadata: {{name: shop, namespace: {NAMESPACE}}}
spec: {{selector: {{app: shop}}, ports: [{{name: http, port: 3000}}]}}
"
    );
    write(root, "overlays/staging/shop.yaml", &deployment);
    write(root, "overlays/staging/kustomization.yaml", "resources: [shop.yaml]\n");
    let layers = "layers:\n- {name: faulty-base, path: base, timeout: 90s}\n\
                  - {name: faulty-staging, path: overlays/staging, timeout: 90s}\n";
    write(root, "faulty.yaml", layers);
}

/// What the API server has of the layers, without what differs from run to run.
fn state(cluster: &Cluster) -> BTreeMap<String, Value> {
    let kinds = "configmaps,services,deployments.apps";
    let objects = cluster.list(&[kinds, "-n", NAMESPACE, "-l", "applyset.kubernetes.io/part-of"]);
    let essence = |mut object: Value| {
        let id = format!("{}/{}", object["kind"], object["metadata"]["name"]);
        object["metadata"] = serde_json::json!({"labels": object["metadata"]["labels"]});
        object["spec"]["clusterIP"].take();
        object["spec"]["clusterIPs"].take();
        object["status"].take();
        (id, object)
    };
    objects.into_iter().map(essence).collect()
}

fn clear(cluster: &Cluster) {
    for namespace in [NAMESPACE, "kubestock-install"] {
        cluster.kubectl(&["delete", "namespace", namespace, "--ignore-not-found"]).expect(0);
    }
}

/// Makes the way to a cluster one that fails, by a seed, and runs the program on it until it is done; says how often it
/// gave up before.
fn through(cluster: &Cluster, (seed, faults): (u64, u64), arguments: &[&str]) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let proxy = Proxy::before(cluster, seed, faults);
    let kubeconfig = proxy.kubeconfig(folder.path(), "faulty");
    let arguments = [arguments, &["--yes", "--kubeconfig", kubeconfig.to_str().unwrap()]].concat();
    let mut said = String::new();
    for given_up in 0..RUNS {
        let ended: Ended = cluster.installer(&arguments).output().unwrap().into();
        said += &ended.stderr;
        match ended.code {
            Some(0) => return given_up,
            // It says that it is the server or the way to it.
            Some(3) if ended.stderr.contains("hint:") => {}
            _ => panic!("{}\nfaults: {:#?}", ended.said(), proxy.injected()),
        }
    }
    panic!("seed {seed}: it did not get through in {RUNS} runs: {said}");
}

fn what_comes_through_is_the_same(rounds: u64) {
    let cluster = Cluster::started("e2e");
    let tree_of = tempfile::tempdir().unwrap();
    tree(tree_of.path());
    clear(&cluster);
    let profile = tree_of.path().join("faulty.yaml");
    let gitops = tree_of.path().to_str().unwrap();
    cluster.install(&profile, &["--gitops", gitops]).expect(0);
    let expected = state(&cluster);
    assert_eq!(expected.len(), 14);
    clear(&cluster);
    let mut given_up = 0;
    for seed in dice::seeds(rounds) {
        let install = ["install", "--profile", profile.to_str().unwrap(), "--gitops", gitops];
        given_up += through(&cluster, (seed, FAULTS), &install);
        assert_eq!(state(&cluster), expected, "seed {seed}");
        let lease = cluster.get(&["lease", "kubestock-install", "-n", "kubestock-install"]);
        assert!(lease["spec"]["holderIdentity"].as_str().unwrap_or_default().is_empty(), "{lease}");

        given_up += through(&cluster, (seed, FAULTS), &["uninstall"]);
        for namespace in [NAMESPACE, "kubestock-install"] {
            cluster.kubectl(&["get", "namespace", namespace]).expect(1);
        }
    }
    println!("{given_up} runs of {rounds} installations and their ends gave up and said so");
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn through_a_network_that_fails_the_same_is_installed() {
    what_comes_through_is_the_same(3);
}

/// Of a hundred requests, where these are thousands.
const FEW_FAULTS: u64 = 3;

mod nightly {
    use super::{Cluster, Ended, FEW_FAULTS, dice, through, what_comes_through_is_the_same};

    #[test]
    #[ignore = "needs the sandbox, and half an hour: make nightly"]
    fn through_ten_networks_that_fail_the_whole_demo_is_installed() {
        for seed in dice::seeds(10) {
            let cluster = Cluster::bare("e2e");
            let profile = cluster.profile("demo");
            through(&cluster, (seed, FEW_FAULTS), &["install", "--profile", profile.to_str().unwrap()]);
            cluster
                .installer(&["verify", profile.to_str().unwrap()])
                .output()
                .map(Ended::from)
                .unwrap()
                .expect(0);
        }
    }

    #[test]
    #[ignore = "needs the sandbox, and twenty minutes: make nightly"]
    fn through_a_hundred_networks_that_fail_the_same_is_installed() {
        what_comes_through_is_the_same(100);
    }
}
