use std::io::{self, Write};
use std::process::ExitCode;

use super::told;
use crate::profile::{self, Summary};

/// Lists the profiles of this program.
pub(super) fn run() -> ExitCode {
    told::printed(print())
}

fn print() -> io::Result<()> {
    let profiles = profile::embedded();
    let width = profiles.iter().map(|profile| profile.name.len()).max().unwrap_or_default();
    let mut out = io::stdout().lock();
    for Summary { name, description } in profiles {
        writeln!(out, "{name:width$}  {description}")?;
    }
    out.flush()
}
