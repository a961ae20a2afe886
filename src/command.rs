//! The commands: each from its arguments to its exit code.

mod answer;
mod browser;
mod bundle;
mod check;
mod completions;
mod connect;
mod diagnose;
mod fetch;
mod holder;
mod images;
mod install;
mod kind;
mod logins;
mod man;
mod open;
mod pin;
mod plan;
mod profiles;
mod quiet;
mod record;
mod render;
mod roles;
mod show;
mod signals;
mod status;
mod timings;
mod told;
mod uninstall;
mod verify;

use std::process::ExitCode;

pub use self::completions::answer_shell;

use self::roles::Roles;
use crate::cli::{Cli, Color, Command};
use crate::failure::Failure;

/// Carries the command out; what went wrong is told, and its exit code is the program's.
pub fn run(cli: Cli) -> ExitCode {
    // Two libraries bring a provider each; without this choice the first TLS connection panics.
    // It fails only where the choice was made already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let look = cli.look;
    color(look.color);
    trace(look.verbose);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return told::failure(&Failure::Runtime(error)),
    };
    let code = match (cli.command, cli.profile) {
        (Some(Command::Install { profile, install }), _) => {
            runtime.block_on(install::run(profile.as_deref().unwrap_or_default(), install, &look))
        }
        (Some(Command::Check { profile, check }), _) => match Roles::wanted(&check) {
            Some(wanted) => runtime.block_on(roles::run(&profile, check, wanted)),
            None => runtime.block_on(check::run(&profile, check, &look)),
        },
        (Some(Command::Plan { profile, named, rehearsal }), _) => {
            let profile = profile.or(named).unwrap_or_else(|| "demo".to_owned());
            runtime.block_on(plan::run(&profile, rehearsal, &look))
        }
        (Some(Command::Diagnose { diagnose }), _) => runtime.block_on(diagnose::run(diagnose, &look)),
        (Some(Command::Verify { profile, verify }), _) => {
            runtime.block_on(verify::run(profile.as_deref(), verify, &look))
        }
        (Some(Command::Uninstall { uninstall }), _) => runtime.block_on(uninstall::run(uninstall, &look)),
        (Some(Command::Status { profile, status }), _) => {
            runtime.block_on(status::run(profile.as_deref(), status, &look))
        }
        (Some(Command::Open { open }), _) => runtime.block_on(open::run(open)),
        (Some(Command::Render { path, output }), _) => render::run(&path, output),
        (Some(Command::Profiles { command }), _) => profiles::run(command),
        (Some(Command::Images { profile, list }), _) => runtime.block_on(images::run(&profile, list)),
        (Some(Command::Fetch { profile, over, source, output }), _) => {
            runtime.block_on(fetch::run(&profile, over, source, output, &look))
        }
        (Some(Command::Pin { subject, network }), _) => runtime.block_on(pin::run(&subject, &network)),
        (Some(Command::Bundle { profile, bundle }), _) => {
            runtime.block_on(bundle::run(&profile, bundle, &look))
        }
        (Some(Command::Completions { shell }), _) => completions::run(shell),
        (Some(Command::Man { folder }), _) => man::run(&folder),
        // Where there is no profile, there is a bundle: `Cli::read` and clap let nothing else pass.
        (None, profile) => {
            runtime.block_on(install::run(profile.as_deref().unwrap_or_default(), cli.install, &look))
        }
    };
    // A prompt that nobody answered any more still waits in a thread of its own.
    runtime.shutdown_background();
    code
}

/// For what is printed without a view of its own; `Auto` looks at the stream and the environment.
fn color(color: Color) {
    match color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}

/// What libraries log, on stderr: for `-vv`, or as RUST_LOG says.
fn trace(verbose: u8) {
    use tracing_subscriber::EnvFilter;
    let filter = match (std::env::var_os(EnvFilter::DEFAULT_ENV), verbose) {
        (Some(_), _) => EnvFilter::from_default_env(),
        (None, 0 | 1) => return,
        (None, 2) => EnvFilter::new("kubestock_install=debug,kube=debug"),
        (None, _) => EnvFilter::new("trace"),
    };
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
