use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use anstream::eprintln;
use owo_colors::OwoColorize;

use crate::failure::Failure;
use crate::ui;

/// Tells on stderr why there is no result, for the commands that announce no events.
pub(super) fn failure(failure: &Failure) -> ExitCode {
    let (error, hint) = (failure.text(), failure.hint());
    if let Some(annotation) = ui::annotated(&error, hint.as_deref()) {
        eprintln!("{annotation}");
        return ExitCode::from(failure.exit_code());
    }
    eprintln!("{}: {error}", "error".red().bold());
    if let Some(hint) = hint {
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
