use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::EngineError;
use super::apply::Application;
use super::gate;
use super::run::Run;
use super::wait::{Awaited, Wait};
use crate::cluster::{Mode, Seen, Sight};
use crate::object::{Object, Wave};
use crate::plan::{ApplySet, Layer, NAMESPACE, Placed, Rollout, Stage};
use crate::readiness::{self, Status};

/// The first wave with objects that [`is_awaited`] tells of.
const FIRST_AWAITED: Wave = Wave::Workloads;

/// Applies a layer stage by stage, each ready before the next begins. `rolls_out` is told once its first workloads are
/// applied, so that there is something to wait for. Says what the cluster had recorded of the layer before.
pub(super) async fn apply(
    run: &Run<'_>,
    layer: &Layer,
    set: &ApplySet,
    force: bool,
    rolls_out: oneshot::Sender<()>,
) -> Result<Option<ApplySet>, EngineError> {
    let deadline = Instant::now() + layer.timeout;
    let before = remember(run, set).await?;
    let mode = if force { Mode::Force } else { Mode::Persist };
    let again = before.is_some();
    let application = Application { run, layer, set, again, mode, deadline };
    let mut rolls_out = Some(rolls_out);
    let mut tell = || {
        if let Some(rolls_out) = rolls_out.take() {
            _ = rolls_out.send(());
        }
    };
    for stage in &layer.stages {
        let (awaited, before_them) = stage.waves().into_iter().partition(|(wave, _)| *wave >= FIRST_AWAITED);
        applied(&application, before_them).await?;
        match layer.rollout {
            Rollout::Awaited => {
                let objects = to_be_ready(layer, stage, deadline);
                let mut wait = Wait::begin(run, &objects);
                wait.while_applying(applied(&application, awaited)).await?;
                if !objects.objects.is_empty() {
                    tell();
                }
                wait.until_ready().await?;
            }
            Rollout::Beside => applied(&application, awaited).await?,
        }
        gate::all_open(run, layer, &stage.gates, deadline).await?;
    }
    tell();
    Ok(before)
}

/// Applies these waves, one after the other.
async fn applied(
    application: &Application<'_>,
    waves: BTreeMap<Wave, Vec<&Placed>>,
) -> Result<(), EngineError> {
    for (wave, objects) in waves {
        let sight = application.wave(wave, &objects).await?;
        if wave == Wave::Definitions {
            established(application, objects, &sight).await?;
        }
    }
    Ok(())
}

/// Waits for the workloads of a layer that was applied beside another.
pub(super) async fn roll_out(run: &Run<'_>, layer: &Layer) -> Result<(), EngineError> {
    let deadline = Instant::now() + layer.timeout;
    for stage in &layer.stages {
        Wait::begin(run, &to_be_ready(layer, stage, deadline)).until_ready().await?;
    }
    Ok(())
}

/// Brings the parent of the layer's ApplySet up to date: before any member, so that none is ever
/// unaccounted for (KEP-3659). Says what it was before.
async fn remember(run: &Run<'_>, set: &ApplySet) -> Result<Option<ApplySet>, EngineError> {
    let doing = "recording what the layer consists of";
    let read = async || run.cluster.read("v1", "ConfigMap", Some(NAMESPACE), &set.name).await;
    let live = run.patiently(doing, read).await?;
    let before = live.as_ref().and_then(ApplySet::recorded);
    let parent = set.clone().covering(before.as_ref()).parent()?;
    let seen = live.as_ref().map_or(Seen::Absent, Seen::There);
    run.patiently(doing, async || run.cluster.apply_to(seen, &parent, Mode::Persist).await).await?;
    Ok(before)
}

/// Waits until the kinds that were just defined can be used: all but those that were seen to be before, and did not change.
async fn established(
    Application { run, layer, deadline, .. }: &Application<'_>,
    definitions: Vec<&Placed>,
    sight: &Sight,
) -> Result<(), EngineError> {
    let is_new = |placed: &&Placed| match sight.of(&placed.object) {
        Seen::There(live) => {
            !run.tally.has_applied(live) || readiness::status(live).status != Status::Current
        }
        Seen::Unknown | Seen::Absent => true,
    };
    let definitions: Vec<&Placed> = definitions.into_iter().filter(is_new).collect();
    if definitions.is_empty() {
        return Ok(());
    }
    let awaited = Awaited { layer, objects: definitions, deadline: *deadline, quietly: true };
    Wait::begin(run, &awaited).until_ready().await?;
    run.cluster.discover().await.map_err(EngineError::api("reading the kinds that the cluster knows"))
}

fn to_be_ready<'a>(layer: &'a Layer, stage: &'a Stage, deadline: Instant) -> Awaited<'a> {
    let objects = stage.objects.iter().filter(|placed| is_awaited(&placed.object)).collect();
    Awaited { layer, objects, deadline, quietly: false }
}

/// Whether a layer is ready only once this object is.
pub(super) fn is_awaited(object: &Object) -> bool {
    matches!(Wave::of(object), Wave::Workloads | Wave::CustomResources)
}

/// How long a layer has been at it.
pub(super) fn since(layer: &Layer, deadline: Instant) -> Duration {
    layer.timeout.saturating_sub(deadline.saturating_duration_since(Instant::now()))
}
