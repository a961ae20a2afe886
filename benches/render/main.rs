//! `kubestock-install render` beside kubectl's own kustomize command, as whole processes and in turn, so that a busy
//! machine is busy for both. Ends with an error where a goal is missed; docs/performance.md has the figures.
//!
//!     make bench

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../tools/goals.rs"]
mod goals;
#[path = "../../tests/conformance/oracle.rs"]
#[allow(dead_code, reason = "one program is all that is needed of it")]
mod oracle;
#[path = "../tools/process.rs"]
mod process;
mod trees;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tempfile::TempDir;

use process::{median, memory, once};

const OURS: &str = env!("CARGO_BIN_EXE_kubestock-install");

/// Of kubectl's time; a tenth is what we would like.
const SHARE: f64 = 0.2;

const MEMORY: u64 = 64 << 20;

const TEN_THOUSAND: Duration = Duration::from_secs(2);

/// How much longer an object may take among eight times as many.
const GROWTH: f64 = 1.5;

fn main() -> ExitCode {
    let missed = [beside_kubectl(), growth()].concat();
    goals::judged(&missed)
}

/// 74 objects, 14 of them definitions with a thousand lines each.
fn beside_kubectl() -> Vec<String> {
    let folder = TempDir::new().unwrap();
    let lines = trees::definitions(folder.path());
    let layer = folder.path().join("overlay");
    let kubectl = oracle::program();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        ours.push(once(OURS.as_ref(), &["render".as_ref(), layer.as_os_str()]));
        theirs.push(once(&kubectl, &[layer.as_os_str()]));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let share = ours.as_secs_f64() / theirs.as_secs_f64();
    println!("74 objects, {lines} lines of definitions, whole processes in turn, median of 15");
    println!("  kubestock-install {:6.1} ms", millis(ours));
    println!("  kubectl           {:6.1} ms, {:.1} times as long", millis(theirs), 1.0 / share);
    let mut missed = Vec::new();
    if share > SHARE {
        missed.push(format!("{share:.2} of kubectl's time; at most {SHARE} is wanted"));
    }
    if let Some(peak) = memory(OURS.as_ref(), &["render".as_ref(), layer.as_os_str()]) {
        println!("  peak memory       {:6.1} MiB", peak as f64 / f64::from(1 << 20));
        if peak > MEMORY {
            missed.push(format!("{peak} bytes of memory; at most {MEMORY} are wanted"));
        }
    }
    missed
}

/// One folder with ever more files, each of them an object, and a step for every object.
fn growth() -> Vec<String> {
    println!("a flat folder, a file for each object, median of 5");
    let mut each = Vec::new();
    let mut missed = Vec::new();
    for count in [1250, 2500, 5000, 10_000] {
        let folder = TempDir::new().unwrap();
        trees::flat(folder.path(), count);
        let time = median((0..5).map(|_| time_of(folder.path())).collect());
        let of_one = time / u32::try_from(count).unwrap();
        println!("  {count:6} objects {:8.1} ms, {:5.1} us each", millis(time), of_one.as_secs_f64() * 1e6);
        each.push(of_one.as_secs_f64());
        if count == 10_000 && time > TEN_THOUSAND {
            missed.push(format!("{time:?} for 10,000 objects; at most {TEN_THOUSAND:?} is wanted"));
        }
    }
    let growth = each.last().unwrap() / each.first().unwrap();
    if growth > GROWTH {
        missed.push(format!("an object takes {growth:.1} times as long among eight times as many"));
    }
    missed
}

fn time_of(folder: &Path) -> Duration {
    once(OURS.as_ref(), &["render".as_ref(), folder.as_os_str()])
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
