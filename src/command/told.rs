use std::fmt;
use std::process::ExitCode;

use anstream::eprintln;
use owo_colors::OwoColorize;

use crate::failure::Failure;

/// Tells on stderr why there is no result, for the commands that announce no events.
pub(super) fn failure(failure: &Failure) -> ExitCode {
    eprintln!("{}: {}", "error".red().bold(), failure.text());
    if let Some(hint) = failure.hint() {
        eprintln!("{}: {hint}", "hint".cyan().bold());
    }
    ExitCode::from(failure.exit_code())
}

pub(super) fn warning(warning: &impl fmt::Display) {
    eprintln!("{}: {warning}", "warning".yellow().bold());
}
