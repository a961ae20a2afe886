use std::process::ExitCode;

use kubestock_install::cli::Cli;
use kubestock_install::command;

fn main() -> ExitCode {
    if let Some(answered) = command::answer_shell() {
        return answered;
    }
    match Cli::read(std::env::args_os()) {
        Ok(cli) => command::run(cli),
        Err(error) => error.exit(),
    }
}
