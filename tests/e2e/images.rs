//! That what is listed is what runs, and that a real istiod injects what was moved and pinned.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use kubestock_install::image::Reference;
use serde_json::{Value, json};

use super::cluster::{Cluster, Ended};

/// What `images` prints of the profile, an image a line.
fn listed(cluster: &Cluster, further: &[&str]) -> BTreeSet<String> {
    let profile = cluster.profile("minimal");
    let arguments = [&["images", profile.to_str().unwrap(), "-o", "name"], further].concat();
    let ended: Ended = cluster.installer(&arguments).output().unwrap().into();
    ended.expect(0).stdout.lines().map(str::to_owned).collect()
}

/// The images of a pod's containers, in full.
fn images(pod: &Value) -> impl Iterator<Item = String> {
    let lists = ["initContainers", "containers"].iter().filter_map(|list| pod["spec"][list].as_array());
    let written = lists.flatten().filter_map(|container| container["image"].as_str());
    written.map(|image| image.parse::<Reference>().unwrap().to_string()).collect::<Vec<_>>().into_iter()
}

/// The images that a new pod in a namespace with injection would run.
fn injected(cluster: &Cluster) -> BTreeSet<String> {
    let run = ["run", "probe", "-n", "images-probe", "--image", "probe:1", "--dry-run=server", "-o", "json"];
    let pod: Value = serde_json::from_str(&cluster.kubectl(&run).expect(0).stdout).unwrap();
    images(&pod).collect()
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn what_is_listed_is_what_runs_and_what_is_moved_is_injected() {
    let cluster = Cluster::bare("e2e");
    cluster.install(&cluster.profile("minimal"), &[]).expect(0);
    let pods =
        ["istio-system", "kubestock-staging"].map(|namespace| cluster.list(&["pods", "-n", namespace]));
    let running: BTreeSet<String> = pods.iter().flatten().flat_map(images).collect();
    assert_eq!(listed(&cluster, &[]), running);

    sidecars_that_were_there_before_a_pin_fail_the_check(&cluster);
    istiod_injects_from_the_mirror(&cluster);
    cluster.install(&cluster.profile("minimal"), &[]).expect(0);
}

fn sidecars_that_were_there_before_a_pin_fail_the_check(cluster: &Cluster) {
    let proxy = listed(cluster, &[]).into_iter().find(|image| image.contains("/istio/proxyv2:")).unwrap();
    let digest = format!("sha256:{}", "ab".repeat(32));
    let text = std::fs::read_to_string(cluster.profile("minimal")).unwrap();
    let pinned = cluster.profile("pinned");
    std::fs::write(&pinned, format!("{text}\nimages: {{digests: {{'{proxy}': '{digest}'}}}}\n")).unwrap();
    let ended = cluster.install(&pinned, &[]).expect(8);
    std::fs::remove_file(pinned).unwrap();
    for words in [" of Pod/kubestock-staging/", &format!("is pinned to {digest}"), "rollout restart"] {
        assert!(ended.stderr.contains(words), "no `{words}` in:\n{}", ended.stderr);
    }
}

/// There is no such mirror, so that the new istiod never starts; the one that runs reads the configuration anew.
fn istiod_injects_from_the_mirror(cluster: &Cluster) {
    let mirror = ["--image-registry", "registry.invalid/mirror"];
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "images-probe", "labels": {"istio-injection": "enabled"}}});
    cluster.apply(&namespace);
    let ended = cluster.install(&cluster.profile("minimal"), &[&mirror[..], &["--timeout", "30s"]].concat());
    let ended = ended.expect(7);
    assert!(ended.stderr.contains("registry.invalid/mirror/istio/pilot"), "{}", ended.stderr);

    let proxies: BTreeSet<String> =
        listed(cluster, &mirror).into_iter().filter(|image| image.contains("/istio/proxyv2:")).collect();
    let expected: BTreeSet<String> =
        proxies.into_iter().chain(["docker.io/library/probe:1".to_owned()]).collect();
    // The kubelet brings a changed ConfigMap into a pod within two minutes.
    let deadline = Instant::now() + Duration::from_secs(150);
    while injected(cluster) != expected {
        assert!(Instant::now() < deadline, "{:?}, not {expected:?}", injected(cluster));
        std::thread::sleep(Duration::from_secs(2));
    }
    cluster.kubectl(&["delete", "namespace", "images-probe", "--wait=false"]).expect(0);
}
