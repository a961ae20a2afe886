//! A run that is asked to end, one that is killed, and two at once. With the smallest profile: what is asked
//! here is no matter of size.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::cluster::{Cluster, Ended};
use super::trees::write;

/// Starts an installation whose events can be read while it runs.
pub(crate) fn start(cluster: &Cluster, profile: &Path, further: &[&str]) -> Child {
    let arguments = ["install", "--profile", profile.to_str().unwrap(), "--yes", "--output", "json"];
    let mut command = cluster.installer(&[&arguments[..], further].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Reads the run's events until one holds all of these words, and returns the rest of the lines.
pub(crate) fn await_event(run: &mut Child, words: &[&str]) -> impl Iterator<Item = String> + use<> {
    let mut lines = BufReader::new(run.stdout.take().unwrap()).lines().map(Result::unwrap);
    let found = lines.find(|line| words.iter().all(|word| line.contains(word)));
    assert!(found.is_some(), "no event with {words:?}");
    lines
}

fn signal(run: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn an_interrupted_run_ends_at_a_safe_point_and_the_next_goes_on() {
    let cluster = Cluster::bare("e2e");
    let mut run = start(&cluster, &cluster.profile("minimal"), &[]);
    let rest = await_event(&mut run, &["object_applied", "Deployment/istio-system/istiod"]);
    signal(&run, "-INT");
    let rest: Vec<String> = rest.collect();
    assert_eq!(run.wait().unwrap().code(), Some(130));
    let last = rest.last().unwrap();
    assert!(last.contains("\"finished\"") && last.contains("interrupted"), "{last}");
    assert!(last.contains("same command again"), "{last}");

    // The Lease was given back: the next run does not wait for it.
    let again: Ended = cluster.install(&cluster.profile("minimal"), &["--output", "json"]).expect(0);
    assert!(!again.stdout.contains("lease_awaited"), "{}", again.stdout);
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_killed_run_blocks_the_next_no_longer_than_its_lease() {
    let cluster = Cluster::bare("e2e");
    let mut run = start(&cluster, &cluster.profile("minimal"), &[]);
    let rest = await_event(&mut run, &["object_applied", "Deployment/istio-system/istiod"]);
    signal(&run, "-KILL");
    drop(rest);
    run.wait().unwrap();
    cluster.install(&cluster.profile("minimal"), &[]).expect(0);
}

/// A tree with a layer that takes its time, and the profile for it.
pub(crate) fn slow_layer(root: &Path, namespace: &str, seconds: usize) -> PathBuf {
    let objects = format!(
        "apiVersion: v1
kind: Namespace
metadata: {{name: {namespace}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: slow, namespace: {namespace}}}
spec:
  selector: {{matchLabels: {{app: slow}}}}
  template:
    metadata: {{labels: {{app: slow}}}}
    spec:
      containers:
      - name: slow
        image: hashicorp/http-echo:1.0.0
        args: ['-listen=:3000', '-text=ok']
        readinessProbe: {{httpGet: {{path: /, port: 3000}}, initialDelaySeconds: {seconds}}}
"
    );
    write(root, "base/slow.yaml", &objects);
    write(root, "base/kustomization.yaml", "resources: [slow.yaml]\n");
    write(root, "profile.yaml", &format!("layers: [{{name: {namespace}, path: base, timeout: 180s}}]\n"));
    root.join("profile.yaml")
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_second_run_waits_for_the_first_and_says_for_whom() {
    let cluster = Cluster::started("e2e");
    let tree = tempfile::tempdir().unwrap();
    let profile = slow_layer(tree.path(), "two-runs", 10);
    let gitops = ["--gitops", tree.path().to_str().unwrap()];

    let mut first = start(&cluster, &profile, &gitops);
    let rest = await_event(&mut first, &["Deployment/two-runs/slow", "in_progress"]);
    let second = cluster.install(&profile, &[&gitops[..], &["--output", "json"]].concat()).expect(0);
    let holder = format!("-{}", first.id());
    let waited = second.stdout.lines().find(|line| line.contains("lease_awaited"));
    assert!(waited.is_some_and(|line| line.contains(&holder)), "{}", second.stdout);
    let _all_of_it = rest.count();
    assert_eq!(first.wait().unwrap().code(), Some(0));
    cluster.kubectl(&["delete", "namespace", "two-runs"]).expect(0);
}
