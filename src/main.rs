use std::process::ExitCode;

use kubestock_install::cli::Cli;
use kubestock_install::command;

fn main() -> ExitCode {
    match Cli::read(std::env::args_os()) {
        Ok(cli) => command::run(cli),
        Err(error) => error.exit(),
    }
}
