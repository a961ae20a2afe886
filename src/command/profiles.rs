use std::io::Write;
use std::process::ExitCode;

use super::told;
use crate::failure::Failure;
use crate::profile::{self, Summary};

/// Lists the profiles of this program.
pub(super) fn run() -> ExitCode {
    let profiles = profile::embedded();
    let width = profiles.iter().map(|profile| profile.name.len()).max().unwrap_or_default();
    let mut out = anstream::stdout();
    for Summary { name, description } in profiles {
        if let Err(error) = writeln!(out, "{name:width$}  {description}") {
            return told::failure(&Failure::Output(error));
        }
    }
    ExitCode::SUCCESS
}
