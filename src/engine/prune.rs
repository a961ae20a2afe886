use http::StatusCode;
use tokio::time::Instant;

use super::EngineError;
use super::members::{installed, members};
use super::removal::{Discard, Removal};
use super::run::Run;
use crate::cluster::{ApiError, Mode};
use crate::event::{Event, Step};
use crate::finding::{Code, Finding};
use crate::object::Object;
use crate::plan::{ApplySet, Layer, superfluous};

/// What becomes of what a layer does not have any more.
#[derive(Clone, Debug, Default)]
pub struct Pruning {
    pub extent: Extent,
    pub discard: Discard,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// It all stays.
    Nothing,
    /// It goes, unless another profile has installed the layer too, and may be who brought it.
    #[default]
    Own,
    /// It goes, whoever brought it.
    All,
}

/// A layer that was applied, and what the cluster had recorded of it before.
#[derive(Debug)]
pub(super) struct Renewed<'a> {
    pub layer: &'a Layer,
    pub set: ApplySet,
    pub before: Option<ApplySet>,
}

/// What a layer is to lose.
pub(super) struct Superfluous<'a> {
    pub renewed: &'a Renewed<'a>,
    pub objects: Vec<Object>,
}

/// Removes what the layers do not have any more, the last layer's first, and brings their records up to date.
pub(super) async fn all(
    run: &Run<'_>,
    pruning: &Pruning,
    renewed: &[Renewed<'_>],
) -> Result<(), EngineError> {
    if pruning.extent == Extent::Nothing {
        return Ok(());
    }
    let mut all = Vec::new();
    for renewed in renewed.iter().rev() {
        all.extend(look(run, pruning, renewed).await?);
    }
    if all.iter().any(|superfluous| !superfluous.objects.is_empty()) {
        run.step(Step::Prune, async {
            for superfluous in all {
                prune(run, pruning, superfluous).await?;
            }
            Ok(())
        })
        .await?;
    } else {
        for Superfluous { renewed, .. } in all {
            record(run, renewed, &[]).await?;
        }
    }
    layers_without_a_plan(run, &installed(run.cluster).await?);
    Ok(())
}

/// None where the layer is new, or may not be pruned.
pub(super) async fn look<'a>(
    run: &Run<'_>,
    pruning: &Pruning,
    renewed: &'a Renewed<'a>,
) -> Result<Option<Superfluous<'a>>, EngineError> {
    run.go_on()?;
    let Some(before) = &renewed.before else { return Ok(None) };
    let covered = renewed.set.clone().covering(Some(before));
    let members = match members(run.cluster, &covered).await {
        Ok(members) => members,
        Err(error @ ApiError::Refused { status: StatusCode::FORBIDDEN, .. }) => {
            run.say(Event::Found(unread(renewed.layer, &error)));
            return Ok(None);
        }
        Err(error) => return Err(EngineError::api("looking for what a layer does not have any more")(error)),
    };
    let objects = superfluous(members, &run.tally.uids());
    let others: Vec<&str> =
        before.profiles.iter().map(String::as_str).filter(|profile| *profile != run.profile).collect();
    if objects.is_empty() || others.is_empty() || pruning.extent == Extent::All {
        return Ok(Some(Superfluous { renewed, objects }));
    }
    run.say(Event::Found(of_others(renewed.layer, &objects, &others)));
    Ok(None)
}

async fn prune(
    run: &Run<'_>,
    pruning: &Pruning,
    Superfluous { renewed, objects }: Superfluous<'_>,
) -> Result<(), EngineError> {
    let layer = renewed.layer;
    let deadline = Instant::now() + layer.timeout;
    let removal =
        Removal { run, layer: &layer.name, discard: &pruning.discard, spares_definitions: false, deadline };
    let kept = removal.all(objects).await?;
    record(run, renewed, &kept).await
}

/// What is recorded of a layer covers what it has and what was kept, and nothing else any more.
async fn record(run: &Run<'_>, renewed: &Renewed<'_>, kept: &[Object]) -> Result<(), EngineError> {
    let now = renewed.set.clone().covering(Some(&renewed.set.clone().with(kept)));
    if renewed.before.as_ref() == Some(&now) {
        return Ok(());
    }
    let parent = now.parent()?;
    let record = async || run.cluster.apply(&parent, Mode::Persist).await;
    run.patiently("recording what the layer consists of", record).await.map(drop)
}

/// Tells of those layers that this profile has installed and does not have any more.
pub(super) fn layers_without_a_plan(run: &Run<'_>, there: &[ApplySet]) {
    let is_planned = |set: &ApplySet| run.plan.layers.iter().any(|layer| layer.name == set.layer);
    for set in there {
        if !is_planned(set) && set.profiles.iter().eq([run.profile]) {
            let seen = format!(
                "the layer `{}` was installed with this profile, which does not have it any more",
                set.layer
            );
            let hint = format!("`kubestock-install uninstall --only {}` removes it", set.layer);
            run.say(Event::Found(Finding::warning(Code::NotPruned, seen, hint)));
        }
    }
}

fn unread(layer: &Layer, error: &ApiError) -> Finding {
    let seen = format!("what the layer `{}` does not have any more was not looked for: {error}", layer.name);
    let hint = "whoever may list these objects in its namespaces prunes them by the same command; `--no-prune` does not look";
    Finding::warning(Code::NotPruned, seen, hint)
}

fn of_others(layer: &Layer, objects: &[Object], profiles: &[&str]) -> Finding {
    let names: Vec<String> = objects.iter().map(|object| object.id().to_string()).collect();
    let seen = format!(
        "the layer `{}` was installed with another profile too ({}), and what this one does not have stays: {}",
        layer.name,
        profiles.join(", "),
        names.join(", ")
    );
    let hint = "`--prune` removes it, where the other profile is not in use any more; `--no-prune` keeps it without a word";
    Finding::warning(Code::NotPruned, seen, hint)
}
