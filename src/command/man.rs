use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;

use super::told;
use crate::cli::Cli;
use crate::failure::Failure;

/// Writes a page for the program and one for each of its commands.
pub(super) fn run(folder: &Path) -> ExitCode {
    // A page for each way to ask for help would say nothing.
    let command = Cli::command().disable_help_subcommand(true);
    let written = fs_err::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => told::failure(&Failure::Runtime(error)),
    }
}
