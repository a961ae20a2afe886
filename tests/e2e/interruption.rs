//! A run that is asked to end, one that is killed, and two at once. With the smallest profile: what is asked
//! here is no matter of size.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::cluster::{Cluster, Ended};

/// Starts an installation whose events can be read while it runs.
fn start(cluster: &Cluster) -> Child {
    let profile = cluster.profile("minimal");
    let arguments = ["install", "--profile", profile.to_str().unwrap(), "--yes", "--output", "json"];
    let mut command = cluster.installer(&arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Reads the run's events until one holds all of these words, and returns the rest of the lines.
fn await_event(run: &mut Child, words: &[&str]) -> impl Iterator<Item = String> + use<> {
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
    let mut run = start(&cluster);
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
    let mut run = start(&cluster);
    let rest = await_event(&mut run, &["object_applied", "Deployment/istio-system/istiod"]);
    signal(&run, "-KILL");
    drop(rest);
    run.wait().unwrap();
    cluster.install(&cluster.profile("minimal"), &[]).expect(0);
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_second_run_waits_for_the_first_and_says_for_whom() {
    let cluster = Cluster::started("e2e");
    let mut first = start(&cluster);
    let rest = await_event(&mut first, &["step_started", "layer"]);
    let second = cluster.install(&cluster.profile("minimal"), &["--output", "json"]).expect(0);
    let holder = format!("-{}", first.id());
    let waited = second.stdout.lines().find(|line| line.contains("lease_awaited"));
    assert!(waited.is_some_and(|line| line.contains(&holder)), "{}", second.stdout);
    let _all_of_it = rest.count();
    assert_eq!(first.wait().unwrap().code(), Some(0));
}
