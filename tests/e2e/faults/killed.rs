//! A run that is killed after each thing that it has changed, and the next one, which makes the same of it.

use std::io::{BufRead, BufReader};
use std::process::Child;

use super::{NAMESPACE, clear, state, tree};
use crate::cluster::Cluster;
use crate::interruption::start;

fn is_change(event: &str) -> bool {
    ["\"event\":\"object_applied\"", "\"event\":\"object_removed\"", "\"event\":\"step_finished\""]
        .iter()
        .any(|word| event.contains(word))
}

/// Kills the run once it has told so many changes; false where it has reached its end before.
fn kill_after(run: &mut Child, changes: usize) -> bool {
    let lines = BufReader::new(run.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told = lines.filter(|line| is_change(line)).take(changes).count();
    run.kill().unwrap();
    run.wait().unwrap();
    told == changes
}

/// Kills a run after each of these changes in turn, and holds what the next one makes of it against a run that was
/// left alone.
fn the_next_run_makes_the_same(every: usize) {
    let cluster = Cluster::started("e2e");
    let tree_of = tempfile::tempdir().unwrap();
    let root = tree_of.path();
    tree(root);
    clear(&cluster);
    let gitops = root.to_str().unwrap();
    cluster.install(&root.join("faulty.yaml"), &["--gitops", gitops]).expect(0);
    let expected = state(&cluster);

    let mut killed = 0;
    for changes in (1..).step_by(every) {
        clear(&cluster);
        if !kill_after(&mut start(&cluster, &root.join("faulty.yaml"), &["--gitops", gitops]), changes) {
            break;
        }
        killed += 1;
        cluster.install(&root.join("faulty.yaml"), &["--gitops", gitops]).expect(0);
        assert_eq!(state(&cluster), expected, "killed after {changes} changes");
        let parents =
            cluster.kubectl(&["get", "configmaps", "-n", "kubestock-install", "-o", "name"]).expect(0);
        assert_eq!(parents.stdout.matches("kubestock-install-faulty-").count(), 2, "{}", parents.stdout);
    }
    // Connect, render, check, two layers, and each object of these.
    assert!(killed * every >= 20 - every, "{killed} runs were killed");
    cluster.kubectl(&["delete", "namespace", NAMESPACE]).expect(0);
    clear(&cluster);
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_run_that_was_killed_anywhere_is_made_whole_by_the_next() {
    the_next_run_makes_the_same(7);
}

mod nightly {
    use super::the_next_run_makes_the_same;

    #[test]
    #[ignore = "needs the sandbox, and ten minutes: make nightly"]
    fn a_run_that_was_killed_after_each_change_is_made_whole_by_the_next() {
        the_next_run_makes_the_same(1);
    }
}
