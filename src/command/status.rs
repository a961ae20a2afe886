use std::process::ExitCode;
use std::time::Instant;

use super::connect::reach;
use super::logins::logins;
use super::show::Show;
use crate::cli::{LookArgs, StatusArgs, TargetArgs};
use crate::engine::{self, Fetching, Parts, Preflight, Standing, Tally};
use crate::event::Step;
use crate::failure::Failure;
use crate::settings::Inputs;

/// What is asked about where no profile is named.
const INSTALLATION: &str = "the installation";

/// Says how a cluster stands, and changes nothing.
pub(super) async fn run(profile: Option<&str>, arguments: StatusArgs, look: &LookArgs) -> ExitCode {
    let mut show = Show::new(arguments.output, look);
    let begun = Instant::now();
    let ended = match (profile, &arguments.bundle) {
        (None, None) => recorded(arguments.target, &mut show).await,
        (profile, _) => compared(profile.unwrap_or_default(), arguments, &mut show).await,
    };
    show.end(ended.map(|()| Vec::new()), &Tally::default(), begun.elapsed()).await
}

async fn compared(profile: &str, arguments: StatusArgs, show: &mut Show) -> Result<(), Failure> {
    let inputs = Inputs::resolve(profile, arguments.bundle.as_deref(), arguments.plan)?;
    let profile = inputs.profile();
    let (layers, warnings) = inputs.render()?;
    show.warn(&warnings);
    let logins = logins(arguments.registry.file(), profile, &layers, |none| show.warn(&[none])).await?;
    let fetching = Fetching::begin(profile, &inputs.supply);
    let (cluster, target) = reach(&profile.name, arguments.target, show).await?;
    show.begin()?;
    let (cluster_and_target, supply) = (Some((&cluster, &target)), &inputs.supply);
    let preflight = Preflight { profile, cluster: cluster_and_target, supply, logins: &logins };
    let rehearsed = preflight.rehearse(Parts { layers, fetching }, &show.announcer, &show.stop).await;
    let mut rehearsed = rehearsed.map_err(|_interrupted| show.interrupted())?;
    if let Some((_, error)) = rehearsed.failures.drain(..).next() {
        return Err(error.into());
    }
    let istio = profile.istio.as_ref().map(|istio| istio.version.as_str());
    let comparing = async {
        let standing = engine::status(&cluster, rehearsed.plan(), istio, &show.announcer).await?;
        judged(standing)
    };
    show.step(Step::Status, comparing).await
}

async fn recorded(target: TargetArgs, show: &mut Show) -> Result<(), Failure> {
    let (cluster, _) = reach(INSTALLATION, target, show).await?;
    show.begin()?;
    let asking = async {
        let standing = engine::recorded(&cluster, &show.announcer).await?;
        judged(standing.ok_or(Failure::NothingInstalled)?)
    };
    show.step(Step::Status, asking).await
}

fn judged(standing: Standing) -> Result<(), Failure> {
    if standing.is_as_planned() { Ok(()) } else { Err(Failure::Astray(standing)) }
}
