use std::fmt;
use std::io::{self, Write};
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

/// Prints what a command is for, as the end of it. Who closed the pipe (`| head`) has what they wanted.
pub(super) fn print(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => failure(&Failure::Output(error)),
        _ => ExitCode::SUCCESS,
    }
}

pub(super) fn note(note: &str) {
    eprintln!("{}: {note}", "note".cyan().bold());
}

pub(super) fn warning(warning: &impl fmt::Display) {
    eprintln!("{}: {warning}", "warning".yellow().bold());
}
