//! How long the program takes to begin, and how large it is. Ends with an error where a goal is missed;
//! docs/performance.md has the figures.
//!
//!     cargo bench --profile dist --bench start

#![allow(clippy::unwrap_used)]

#[path = "tools/goals.rs"]
mod goals;
#[path = "tools/process.rs"]
#[allow(dead_code, reason = "of their memory nothing is asked")]
mod process;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use process::{median, once};

const OURS: &str = env!("CARGO_BIN_EXE_kubestock-install");

const TO_BEGIN: Duration = Duration::from_millis(10);

/// Bytes, without symbols.
const SIZE: u64 = 20_000_000;

fn main() -> ExitCode {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..101 {
        ours.push(once(OURS.as_ref(), &["--version".as_ref()]));
        // A program that does nothing but print: what it costs to have a process at all.
        theirs.push(once(Path::new("/bin/echo"), &["1".as_ref()]));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let size = std::fs::metadata(OURS).unwrap().len();
    println!("whole processes in turn, median of 101");
    println!("  kubestock-install --version {:6.2} ms", ours.as_secs_f64() * 1e3);
    println!("  echo                        {:6.2} ms", theirs.as_secs_f64() * 1e3);
    println!("  the program                 {:6.1} MB", size as f64 / 1e6);
    let mut missed = Vec::new();
    if ours > TO_BEGIN {
        missed.push(format!("{ours:?} until its version is told; at most {TO_BEGIN:?} are wanted"));
    }
    if size > SIZE {
        missed.push(format!("{size} bytes; at most {SIZE} are wanted"));
    }
    goals::judged(&missed)
}
