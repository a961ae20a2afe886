//! What is ours in a cluster: what a layer loses is pruned, what others have is left, and nothing stays of what is
//! uninstalled. What is there is asked of kubectl.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::cluster::{Cluster, Ended};
use super::trees::write;

const NAMESPACE: &str = "owned";

/// A profile of one layer without Istio, in a folder of its own.
struct Shop(tempfile::TempDir);

impl Shop {
    /// With these ConfigMaps in it.
    fn with(names: &[&str]) -> Self {
        let shop = Self(tempfile::tempdir().unwrap());
        shop.profile("shop");
        shop.has(names);
        shop
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn profile(&self, name: &str) -> PathBuf {
        let text = "layers: [{name: owned, path: base, timeout: 60s}]\n";
        write(self.root(), &format!("{name}.yaml"), text);
        self.root().join(format!("{name}.yaml"))
    }

    fn has(&self, names: &[&str]) {
        let mut text = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}\n");
        for name in names {
            let metadata = format!("metadata: {{name: {name}, namespace: {NAMESPACE}}}");
            text += &format!("---\napiVersion: v1\nkind: ConfigMap\n{metadata}\ndata: {{from: layer}}\n");
        }
        write(self.root(), "base/all.yaml", &text);
        write(self.root(), "base/kustomization.yaml", "resources: [all.yaml]\n");
    }

    fn install(&self, cluster: &Cluster, profile: &str, more: &[&str]) -> Ended {
        let gitops = self.root().to_str().unwrap();
        cluster.install(&self.profile(profile), &[&["--gitops", gitops], more].concat())
    }
}

/// The ConfigMaps of the layer's namespace, but for those that Kubernetes and Istio put there.
fn config_maps(cluster: &Cluster) -> Vec<String> {
    let all = cluster.kubectl(&["get", "configmaps", "-n", NAMESPACE, "-o", "name"]).expect(0).stdout;
    let names = all.lines().filter_map(|line| line.strip_prefix("configmap/"));
    names
        .filter(|name| !["kube-root-ca.crt", "istio-ca-crl", "istio-ca-root-cert"].contains(name))
        .map(str::to_owned)
        .collect()
}

fn uninstall(cluster: &Cluster, more: &[&str]) -> Ended {
    cluster.installer(&[&["uninstall", "--yes"], more].concat()).output().unwrap().into()
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn what_a_layer_loses_is_pruned_and_nothing_else() {
    let cluster = Cluster::started("e2e");
    let shop = Shop::with(&["a", "b"]);
    shop.install(&cluster, "shop", &[]).expect(0);
    let foreign = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"from": "kubectl"},
        "metadata": {"name": "foreign", "namespace": NAMESPACE}});
    cluster.apply(&foreign);
    // A copied label makes nobody a member.
    let part_of = cluster.get(&["configmap", "b", "-n", NAMESPACE])["metadata"]["labels"].to_string();
    let mut copy = foreign.clone();
    copy["metadata"]["name"] = "copy".into();
    copy["metadata"]["labels"] = serde_json::from_str(&part_of).unwrap();
    cluster.apply(&copy);

    shop.has(&["a"]);
    shop.install(&cluster, "shop", &["--no-prune"]).expect(0);
    assert_eq!(config_maps(&cluster), ["a", "b", "copy", "foreign"]);
    // Another profile may be who brought it.
    let ended = shop.install(&cluster, "other", &[]).expect(0);
    assert!(ended.said().contains("KSI-124"), "{}", ended.said());
    assert_eq!(config_maps(&cluster), ["a", "b", "copy", "foreign"]);
    let ended = shop.install(&cluster, "other", &["--prune"]).expect(0);
    assert!(ended.said().contains("removed ConfigMap/owned/b"), "{}", ended.said());
    assert_eq!(config_maps(&cluster), ["a", "copy", "foreign"]);
    let ended = shop.install(&cluster, "other", &[]).expect(0);
    assert!(ended.said().contains("nothing to change"), "{}", ended.said());

    // The namespace holds something of others.
    write(shop.root(), "base/all.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: owned-2}\n");
    let ended = shop.install(&cluster, "other", &[]).expect(0);
    assert!(ended.said().contains("kept Namespace/owned: it holds ConfigMap/owned/"), "{}", ended.said());
    assert_eq!(config_maps(&cluster), ["copy", "foreign"]);
    shop.install(&cluster, "other", &["--discard", "namespace/owned"]).expect(0);
    cluster.kubectl(&["get", "namespace", NAMESPACE]).expect(1);

    uninstall(&cluster, &["--only", "owned"]).expect(0);
    cluster.kubectl(&["get", "namespace", "owned-2"]).expect(1);
    cluster.kubectl(&["get", "configmap", "kubestock-install-owned", "-n", "kubestock-install"]).expect(1);
    let ended = uninstall(&cluster, &["--only", "owned"]).expect(2);
    assert!(ended.stderr.contains("there is no layer `owned`"), "{}", ended.stderr);
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn what_others_hold_is_told_with_their_names_and_taken_only_by_force() {
    let cluster = Cluster::started("e2e");
    cluster.kubectl(&["create", "namespace", NAMESPACE]).expect(0);
    let create = ["create", "configmap", "a", "-n", NAMESPACE, "--from-literal", "own=kubectl"];
    cluster.kubectl(&create).expect(0);
    let shop = Shop::with(&["a"]);
    let ended = shop.install(&cluster, "shop", &[]).expect(0);
    for object in ["Namespace/owned (", "ConfigMap/owned/a ("] {
        let expected = format!("warning[KSI-125]: {object}");
        assert!(ended.said().contains(&expected), "no `{expected}` in {}", ended.said());
    }
    assert!(ended.said().contains("KSI-125") && ended.said().contains("kubectl-create"), "{}", ended.said());

    let file = shop.root().join("theirs.yaml");
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"from": "theirs"},
        "metadata": {"name": "a", "namespace": NAMESPACE}});
    std::fs::write(&file, theirs.to_string()).unwrap();
    let apply = ["apply", "--server-side", "--force-conflicts", "--field-manager", "theirs", "-f"];
    cluster.kubectl(&[&apply[..], &[file.to_str().unwrap()]].concat()).expect(0);
    let ended = shop.install(&cluster, "shop", &[]).expect(6);
    for word in ["theirs", ".data.from", "--force-conflicts"] {
        assert!(ended.stderr.contains(word), "no `{word}` in {}", ended.stderr);
    }
    shop.install(&cluster, "shop", &["--force-conflicts"]).expect(0);
    let data = &cluster.get(&["configmap", "a", "-n", NAMESPACE])["data"];
    assert_eq!(*data, json!({"from": "layer", "own": "kubectl"}));
    uninstall(&cluster, &["--only", "owned"]).expect(0);
    cluster.kubectl(&["get", "namespace", NAMESPACE]).expect(1);
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_finalizer_that_nobody_takes_away_is_named() {
    let cluster = Cluster::started("e2e");
    let shop = Shop::with(&["a"]);
    shop.install(&cluster, "shop", &[]).expect(0);
    let patch = |finalizers: &str| {
        let patch = format!("{{\"metadata\": {{\"finalizers\": {finalizers}}}}}");
        cluster
            .kubectl(&["patch", "configmap", "a", "-n", NAMESPACE, "--type", "merge", "-p", &patch])
            .expect(0);
    };
    patch("[\"example.org/nobody\"]");
    let ended = uninstall(&cluster, &["--only", "owned", "--timeout", "8s"]).expect(7);
    assert!(ended.stderr.contains("KSI-445"), "{}", ended.stderr);
    let expected = "ConfigMap/owned/a: waits for its finalizer example.org/nobody";
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    patch("null");
    uninstall(&cluster, &["--only", "owned"]).expect(0);
    cluster.kubectl(&["get", "namespace", NAMESPACE]).expect(1);
}

/// Every object of every kind, but for Events and Leases, by its path.
fn everything(cluster: &Cluster) -> BTreeSet<String> {
    let listable = ["api-resources", "--verbs=list", "-o", "name"];
    let kinds = cluster.kubectl(&listable).expect(0).stdout;
    let kinds: Vec<&str> =
        kinds.lines().filter(|kind| !kind.starts_with("events") && !kind.starts_with("leases.")).collect();
    let row = "jsonpath={range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name}{\"\\n\"}{end}";
    let all = cluster.kubectl(&["get", &kinds.join(","), "-A", "-o", row]).expect(0).stdout;
    all.lines().map(str::to_owned).collect()
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_cluster_that_had_nothing_has_nothing_after_a_purge() {
    let cluster = Cluster::bare("e2e");
    let before = everything(&cluster);
    cluster.install(&cluster.profile("demo"), &[]).expect(0);

    // Definitions stay for others, and are still known.
    let ended = uninstall(&cluster, &[]).expect(0);
    assert!(ended.said().contains("kept CustomResourceDefinition/"), "{}", ended.said());
    let left: Vec<String> = everything(&cluster).difference(&before).cloned().collect();
    let is_meant = |name: &&String| {
        let kinds = ["CustomResourceDefinition/", "APIService/", "ConfigMap/kubestock-install/"];
        let incidental = ["/kube-root-ca.crt", "/istio-ca-root-cert", "/istio-ca-crl", "/default"];
        !kinds.iter().any(|kind| name.starts_with(kind))
            && !incidental.iter().any(|end| name.ends_with(end))
            && *name != "Namespace//kubestock-install"
    };
    let unmeant: Vec<&String> = left.iter().filter(is_meant).collect();
    assert!(unmeant.is_empty(), "{unmeant:#?}");

    cluster.install(&cluster.profile("demo"), &[]).expect(0);
    let ended = uninstall(&cluster, &["--purge"]).expect(0);
    let after = everything(&cluster);
    let (left, lost) = (after.difference(&before), before.difference(&after));
    let (left, lost): (Vec<&String>, Vec<&String>) = (left.collect(), lost.collect());
    assert!(left.is_empty() && lost.is_empty(), "left: {left:#?}, lost: {lost:#?}: {}", ended.said());
    cluster.down();
}
