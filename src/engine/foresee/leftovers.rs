use std::collections::HashSet;

use crate::engine::EngineError;
use crate::engine::contents::at_stake;
use crate::engine::members::installed;
use crate::engine::prune::{Extent, Pruning, Renewed, Superfluous, layers_without_a_plan, look};
use crate::engine::run::Run;
use crate::event::{Event, PlannedOutcome};
use crate::object::{Diff, Object, ObjectId};
use crate::plan::{ApplySet, Layer, backwards};

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
    let there = installed(run.cluster).await?;
    let (mut left, mut going) = (Vec::new(), HashSet::new());
    for (layer, set) in sets.into_iter().rev() {
        let before = there.iter().find(|recorded| recorded.layer == set.layer).cloned();
        let renewed = Renewed { layer, set, before };
        let Some(Superfluous { objects, .. }) = look(run, pruning, &renewed).await? else { continue };
        let objects = backwards(objects).into_iter().flat_map(|(_, objects)| objects);
        for object in objects.filter(|object| !planned.contains(&object.id())) {
            let reason = at_stake(run.cluster, &object, &pruning.discard, &going).await?;
            if reason.is_none() {
                going.extend(object.text("/metadata/uid").map(str::to_owned));
            }
            left.push(event(layer, &object, reason));
        }
    }
    layers_without_a_plan(run, &there);
    Ok(left)
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
