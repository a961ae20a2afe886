use std::fmt;
use std::io;
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

/// The end of a command that only prints. Who closed the pipe (`| head`) has what they wanted.
pub(super) fn printed(printed: io::Result<()>) -> ExitCode {
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => failure(&Failure::Output(error)),
        _ => ExitCode::SUCCESS,
    }
}

pub(super) fn warning(warning: &impl fmt::Display) {
    eprintln!("{}: {warning}", "warning".yellow().bold());
}
