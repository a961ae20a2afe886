use std::process::ExitCode;
use std::time::Instant;

use super::connect::reach;
use super::install::pruning;
use super::logins::logins;
use super::show::Show;
use crate::cli::{LookArgs, RehearsalArgs};
use crate::engine::{self, EngineError, Fetching, Install, Parts, Tally};
use crate::failure::Failure;
use crate::settings::Inputs;

/// Says what an installation would change, and changes nothing.
pub(super) async fn run(profile: &str, arguments: RehearsalArgs, look: &LookArgs) -> ExitCode {
    let mut show = Show::new(arguments.output, look);
    let begun = Instant::now();
    let ended = plan(profile, arguments, &mut show).await.map(|exit_code| (Vec::new(), exit_code));
    show.end_with_code(ended, &Tally::default(), begun.elapsed()).await
}

async fn plan(profile: &str, arguments: RehearsalArgs, show: &mut Show) -> Result<u8, Failure> {
    let inputs = Inputs::resolve(profile, arguments.bundle.as_deref(), arguments.plan)?;
    let (layers, warnings) = inputs.render()?;
    show.warn(&warnings);
    let logins =
        logins(arguments.registry.file(), inputs.profile(), &layers, |none| show.warn(&[none])).await?;
    let fetching = Fetching::begin(inputs.profile(), &inputs.supply);
    let (cluster, target) = reach(&inputs.profile().name, arguments.target, show).await?;
    show.begin()?;
    let install = Install {
        profile: inputs.profile(),
        target: &target,
        cluster: &cluster,
        supply: &inputs.supply,
        logins: &logins,
        timeout: None,
        pruning: pruning(&arguments.prune),
        force: arguments.force_conflicts,
        holder: String::new(),
    };
    let counts = engine::foresee(&install, Parts { layers, fetching }, &show.announcer, &show.stop).await;
    let counts = counts.map_err(|error| match error {
        EngineError::Interrupted => show.interrupted(),
        error => Failure::from(error),
    })?;
    match counts.refused {
        0 if arguments.exit_code && counts.has_changes() => Ok(Failure::CHANGES),
        0 => Ok(0),
        objects => Err(Failure::WouldBeRefused { objects }),
    }
}
