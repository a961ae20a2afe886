//! What a bench is to reach.

use std::process::ExitCode;

/// Tells what was missed; a bench that misses anything ends with an error.
pub(crate) fn judged(missed: &[String]) -> ExitCode {
    for goal in missed {
        eprintln!("missed: {goal}");
    }
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
