use std::collections::HashSet;

use crate::cluster::ApiError;
use crate::engine::EngineError;
use crate::engine::contents::contents;
use crate::engine::prune::{Extent, Pruning, Renewed, Superfluous, layers_without_a_plan, look};
use crate::engine::run::Run;
use crate::event::{Event, PlannedOutcome};
use crate::object::{Diff, Object, ObjectId};
use crate::plan::{ApplySet, Layer, NAMESPACE, backwards, is_container};

/// What the layers do not have any more, in the order in which it would be pruned. What was rehearsed is in the tally.
pub(super) async fn leftovers(
    run: &Run<'_>,
    pruning: &Pruning,
    sets: Vec<(&Layer, ApplySet)>,
) -> Result<Vec<Event>, EngineError> {
    if pruning.extent == Extent::Nothing {
        return Ok(Vec::new());
    }
    // What was refused is in no tally, and stays all the same.
    let planned: HashSet<ObjectId> =
        sets.iter().flat_map(|(layer, _)| layer.objects()).map(|placed| placed.object.id()).collect();
    let (mut left, mut going) = (Vec::new(), HashSet::new());
    for (layer, set) in sets.into_iter().rev() {
        let before =
            recorded(run, &set).await.map_err(EngineError::api("reading what a layer consists of"))?;
        let renewed = Renewed { layer, set, before };
        let Some(Superfluous { objects, .. }) = look(run, pruning, &renewed).await? else { continue };
        let objects = backwards(objects).into_iter().flat_map(|(_, objects)| objects);
        for object in objects.filter(|object| !planned.contains(&object.id())) {
            let reason = holds(run, pruning, &object, &going).await;
            let reason = reason.map_err(EngineError::api("looking what an object holds"))?;
            if reason.is_none() {
                going.extend(object.text("/metadata/uid").map(str::to_owned));
            }
            left.push(event(layer, &object, reason));
        }
    }
    layers_without_a_plan(run).await?;
    Ok(left)
}

async fn recorded(run: &Run<'_>, set: &ApplySet) -> Result<Option<ApplySet>, ApiError> {
    let parent = run.cluster.read("v1", "ConfigMap", Some(NAMESPACE), &set.name).await?;
    Ok(parent.as_ref().and_then(ApplySet::recorded))
}

/// What would be lost with it, and may not be.
async fn holds(
    run: &Run<'_>,
    pruning: &Pruning,
    object: &Object,
    going: &HashSet<String>,
) -> Result<Option<String>, ApiError> {
    if !is_container(object) || pruning.discard.takes(object) {
        return Ok(None);
    }
    contents(run.cluster, object, going).await
}

fn event(layer: &Layer, object: &Object, reason: Option<String>) -> Event {
    Event::ObjectPlanned {
        layer: layer.name.clone(),
        object: object.id(),
        outcome: if reason.is_some() { PlannedOutcome::Keep } else { PlannedOutcome::Prune },
        diff: Diff::default(),
        reason,
        conflicts: Vec::new(),
        finding: None,
    }
}
