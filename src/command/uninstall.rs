use std::process::ExitCode;
use std::time::Instant;

use super::answer::answer;
use super::connect::reach;
use super::holder::holder;
use super::kind;
use super::show::Show;
use crate::cli::{LookArgs, UninstallArgs};
use crate::cluster::Target;
use crate::engine::{self, Discard, EngineError, Tally, Uninstall};
use crate::failure::Failure;
use crate::plan::ApplySet;

/// Removes what was installed.
pub(super) async fn run(arguments: UninstallArgs, look: &LookArgs) -> ExitCode {
    let mut show = Show::new(arguments.output, look);
    let begun = Instant::now();
    let tally = Tally::default();
    let ended = uninstall(arguments, &mut show, &tally).await.map(|()| Vec::new());
    show.end(ended, &tally, begun.elapsed()).await
}

async fn uninstall(arguments: UninstallArgs, show: &mut Show, tally: &Tally) -> Result<(), Failure> {
    show.leave_timings(arguments.timings)?;
    if let Some(name) = &arguments.kind {
        return kind::delete(name, arguments.target.kubeconfig.as_deref(), arguments.yes, show).await;
    }
    let (cluster, target) = reach("uninstall", arguments.target, show).await?;
    let sets = wanted(engine::installed(&cluster).await?, &arguments.only)?;
    if !arguments.yes && !sets.is_empty() {
        confirm(&target, &sets, arguments.purge).await?;
    }
    show.begin()?;
    let uninstall = Uninstall {
        cluster: &cluster,
        sets,
        discard: Discard { all: arguments.purge, named: arguments.discard },
        timeout: arguments.timeout,
        holder: holder(),
    };
    engine::uninstall(uninstall, &show.announcer, &show.stop, tally).await.map_err(|error| match error {
        EngineError::Interrupted => show.interrupted(),
        error => Failure::Engine(Box::new(error)),
    })
}

/// Those that are named, or all.
fn wanted(sets: Vec<ApplySet>, only: &[String]) -> Result<Vec<ApplySet>, Failure> {
    if let Some(name) = only.iter().find(|name| !sets.iter().any(|set| set.layer == **name)) {
        let there = sets.into_iter().map(|set| set.layer).collect();
        return Err(Failure::UnknownLayer { name: name.clone(), there });
    }
    Ok(sets.into_iter().filter(|set| only.is_empty() || only.contains(&set.layer)).collect())
}

async fn confirm(target: &Target, sets: &[ApplySet], purge: bool) -> Result<(), Failure> {
    let layers: Vec<&str> = sets.iter().map(|set| set.layer.as_str()).collect();
    let with = if purge { ", with all objects of the kinds that they define" } else { "" };
    let question = format!(
        "The context `{}` leads to {}.\nRemove the layers {} from it{with}?",
        target.context,
        target.server,
        layers.join(", ")
    );
    match answer(question).await? {
        Some(true) => Ok(()),
        refused => Err(Failure::NotRemoved { context: target.context.clone(), asked: refused.is_some() }),
    }
}
