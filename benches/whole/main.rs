//! The whole deployment on the sandbox, and once more, beside the same by hand: what a person would type, without the time in
//! which he reads, and without any proof in the end. Ends with an error where a goal is missed; docs/performance.md has the
//! figures.
//!
//!     cargo bench --bench whole

#![allow(clippy::unwrap_used)]

#[path = "../../tests/e2e/cluster.rs"]
#[allow(dead_code, reason = "a kubeconfig is all that is needed of it")]
mod cluster;
#[path = "../tools/goals.rs"]
mod goals;
mod hand;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use cluster::Cluster;

/// Of the time of a run in which the cluster was not at work.
const OWN_SHARE: f64 = 0.03;

/// Of what the same takes by hand.
const OF_BY_HAND: f64 = 0.6;
const AGAIN_OF_BY_HAND: f64 = 0.1;

const AGAIN: Duration = Duration::from_millis(1500);

fn main() -> ExitCode {
    // Images and the release are there for both.
    let cluster = Cluster::bare("bench");
    cluster.install(&cluster.profile("demo"), &[]).expect(0);

    let cluster = Cluster::bare("bench");
    let without_checks = timed(|| install(&cluster, &["--set", "checks=null"]));
    let cluster = Cluster::bare("bench");
    let page = tempfile::NamedTempFile::new().unwrap();
    let first = timed(|| install(&cluster, &["--timings", page.path().to_str().unwrap()]));
    let shares = shares(&std::fs::read_to_string(page.path()).unwrap());
    let again = (0..5).map(|_| timed(|| install(&cluster, &[]))).min().unwrap();
    let cluster = Cluster::bare("bench");
    let by_hand = timed(|| hand::deployed(&cluster));
    let by_hand_again = timed(|| hand::deployed(&cluster));
    cluster.down();

    let of = |time: Duration, other: Duration| time.as_secs_f64() / other.as_secs_f64();
    let say = |what: &str, time: Duration, other: Duration| {
        println!("  {what:44} {:7.2} s  {:5.2} of by hand", time.as_secs_f64(), of(time, other));
    };
    println!("the whole deployment, from a bare cluster");
    say("by hand", by_hand, by_hand);
    say("kubestock-install, without checks", without_checks, by_hand);
    say("kubestock-install, which proves that it works", first, by_hand);
    println!("  of which {}", shares.text);
    println!("once more, with nothing to change");
    say("by hand", by_hand_again, by_hand_again);
    say("kubestock-install, with its checks", again, by_hand_again);

    let mut missed = Vec::new();
    let mut at_most = |what: &str, is: f64, wanted: f64| {
        if is > wanted {
            missed.push(format!("{what} {is:.2}; wanted are {wanted} at most"));
        }
    };
    at_most("of the time of the run, the installer's own share is", shares.own, OWN_SHARE);
    at_most("of by hand, the installation takes", of(without_checks, by_hand), OF_BY_HAND);
    at_most("of by hand, a run with nothing to change takes", of(again, by_hand_again), AGAIN_OF_BY_HAND);
    at_most("seconds of a run with nothing to change:", again.as_secs_f64(), AGAIN.as_secs_f64());
    goals::judged(&missed)
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn install(cluster: &Cluster, more: &[&str]) {
    cluster.install(&cluster.profile("demo"), more).expect(0);
}

struct Shares {
    /// `objects, until ready or gone 78.2 %` and the rest.
    text: String,
    own: f64,
}

/// What the page of `--timings` says that the time was spent on.
fn shares(page: &str) -> Shares {
    let text = page.split("aria-label=\"").find(|text| text.starts_with("kubestock-install itself")).unwrap();
    let text = text.split('"').next().unwrap().to_owned();
    let own = text.split(' ').find_map(|word| word.parse::<f64>().ok()).unwrap() / 100.0;
    Shares { text, own }
}
