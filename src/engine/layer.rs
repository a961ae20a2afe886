use std::time::Duration;

use tokio::time::Instant;

use super::EngineError;
use super::apply::Application;
use super::gate;
use super::run::Run;
use super::wait::{Awaited, until_ready};
use crate::cluster::Mode;
use crate::object::{Object, Wave};
use crate::plan::{ApplySet, Layer, NAMESPACE, Placed, Rollout, Stage};

/// Applies a layer stage by stage, each ready before the next begins. Says what the cluster had recorded of the layer
/// before.
pub(super) async fn apply(
    run: &Run<'_>,
    layer: &Layer,
    set: &ApplySet,
    force: bool,
) -> Result<Option<ApplySet>, EngineError> {
    let deadline = Instant::now() + layer.timeout;
    let before = remember(run, set).await?;
    let mode = if force { Mode::Force } else { Mode::Persist };
    let again = before.is_some();
    let application = Application { run, layer: &layer.name, set, again, mode, deadline };
    for stage in &layer.stages {
        for (wave, objects) in stage.waves() {
            application.wave(wave, &objects).await?;
            if wave == Wave::Definitions {
                established(run, layer, objects, deadline).await?;
            }
        }
        if layer.rollout == Rollout::Awaited {
            rolled_out(run, layer, stage, deadline).await?;
        }
        gate::all_open(run, layer, &stage.gates, deadline).await?;
    }
    Ok(before)
}

/// Waits for the workloads of a layer that was not awaited while it was applied.
pub(super) async fn roll_out(run: &Run<'_>, layer: &Layer) -> Result<(), EngineError> {
    let deadline = Instant::now() + layer.timeout;
    for stage in &layer.stages {
        rolled_out(run, layer, stage, deadline).await?;
    }
    Ok(())
}

/// Brings the parent of the layer's ApplySet up to date: before any member, so that none is ever
/// unaccounted for (KEP-3659). Says what it was before.
async fn remember(run: &Run<'_>, set: &ApplySet) -> Result<Option<ApplySet>, EngineError> {
    let doing = "recording what the layer consists of";
    let read = async || run.cluster.read("v1", "ConfigMap", Some(NAMESPACE), &set.name).await;
    let before = run.patiently(doing, read).await?.as_ref().and_then(ApplySet::recorded);
    let parent = set.clone().covering(before.as_ref()).parent()?;
    run.patiently(doing, async || run.cluster.apply(&parent, Mode::Persist).await).await?;
    Ok(before)
}

/// Waits until the kinds that were just defined can be used.
async fn established(
    run: &Run<'_>,
    layer: &Layer,
    definitions: Vec<&Placed>,
    deadline: Instant,
) -> Result<(), EngineError> {
    until_ready(run, &Awaited { layer, objects: definitions, deadline, quietly: true }).await?;
    run.cluster.discover().await.map_err(EngineError::api("reading the kinds that the cluster knows"))
}

async fn rolled_out(
    run: &Run<'_>,
    layer: &Layer,
    stage: &Stage,
    deadline: Instant,
) -> Result<(), EngineError> {
    let objects = stage.objects.iter().filter(|placed| is_awaited(&placed.object)).collect();
    until_ready(run, &Awaited { layer, objects, deadline, quietly: false }).await
}

/// Whether a layer is ready only once this object is.
pub(super) fn is_awaited(object: &Object) -> bool {
    matches!(Wave::of(object), Wave::Workloads | Wave::CustomResources)
}

/// How long a layer has been at it.
pub(super) fn since(layer: &Layer, deadline: Instant) -> Duration {
    layer.timeout.saturating_sub(deadline.saturating_duration_since(Instant::now()))
}
