use std::borrow::Cow;
use std::collections::BTreeSet;

use futures::StreamExt;
use tokio::time::Instant;

use super::run::{CONCURRENT, Patience, Run};
use super::{EngineError, FailedObject};
use crate::cluster::{ApiError, Applied, Cluster, Mode, Outcome, Seen, Sight};
use crate::event::{ApplyOutcome, Event};
use crate::finding::{Code, Finding};
use crate::istio::render::leave_to_istiod;
use crate::object::{Object, Wave};
use crate::plan::{ApplySet, Layer, Placed};

/// A layer on its way into the cluster.
#[derive(Debug)]
pub(super) struct Application<'a> {
    pub run: &'a Run<'a>,
    pub layer: &'a Layer,
    pub set: &'a ApplySet,
    /// Whether the cluster may have members of the set already.
    pub again: bool,
    pub mode: Mode,
    /// When what passes is not tried again any more.
    pub deadline: Instant,
}

impl Application<'_> {
    /// Applies the objects of a wave, and says what of them was seen before. All of them are tried, so that all that is wrong
    /// is told at once.
    pub(super) async fn wave(&self, wave: Wave, objects: &[&Placed]) -> Result<Sight, EngineError> {
        self.run.say(Event::WaveStarted {
            layer: self.layer.name.clone(),
            wave: wave.name(),
            objects: objects.len(),
        });
        let selector = self.again.then(|| self.set.selector());
        let plain: Vec<&Object> = objects.iter().map(|placed| &placed.object).collect();
        let look = async { Ok(self.run.cluster.look(&plain, selector.as_deref()).await) };
        let sight = self.run.stoppable(look).await?;
        let attempts = objects.iter().map(|placed| self.object(placed, sight.of(&placed.object)));
        let attempts = futures::stream::iter(attempts);
        let results: Vec<Result<(), EngineError>> = attempts.buffer_unordered(CONCURRENT).collect().await;
        let mut all_failed = Vec::new();
        for result in results {
            match result {
                Err(EngineError::Apply { failed, .. }) => all_failed.extend(failed),
                other => other?,
            }
        }
        if all_failed.is_empty() {
            return Ok(sight);
        }
        all_failed.sort_by(|a, b| a.object.cmp(&b.object));
        Err(EngineError::Apply { layer: self.layer.name.clone(), failed: all_failed })
    }

    /// What was seen of it counts once: by the next attempt it may be another.
    async fn object(&self, placed: &Placed, mut seen: Seen<'_>) -> Result<(), EngineError> {
        let mut object = placed.object.clone();
        self.set.mark(&mut object);
        let mut patience = Patience::until(self.deadline);
        let mut told = None;
        let error = loop {
            self.run.go_on()?;
            let seen = std::mem::replace(&mut seen, Seen::Unknown);
            let error = match attempt(self.run.cluster, &object, seen, self.mode).await {
                Ok(applied) => {
                    self.applied(placed, applied);
                    return Ok(());
                }
                Err(error) => error,
            };
            let Some(wait) = patience.after(&error) else { break error };
            let reason = error.to_string();
            if told.as_ref() != Some(&reason) {
                self.run.say(Event::ApplyRetried {
                    layer: self.layer.name.clone(),
                    object: object.id(),
                    reason: reason.clone(),
                });
                told = Some(reason);
            }
            self.run.pause(wait).await?;
        };
        self.say(&object, ApplyOutcome::Failed, Some(error.to_string()));
        let failed = FailedObject { object: object.id(), at: placed.at.clone(), error };
        Err(EngineError::Apply { layer: self.layer.name.clone(), failed: vec![failed] })
    }

    fn applied(&self, placed: &Placed, applied: Applied) {
        self.run.tally.remember(placed.object.id(), &applied.live);
        self.say(&placed.object, of(applied.outcome), None);
        let made = made_by(placed, &applied.makers, ("was", "now it has what the layer says"));
        made.into_iter().for_each(|finding| self.run.say(Event::Found(finding)));
    }

    fn say(&self, object: &Object, outcome: ApplyOutcome, message: Option<String>) {
        self.run.tally.count(outcome);
        let layer = self.layer.name.clone();
        self.run.say(Event::ObjectApplied { layer, object: object.id(), outcome, message });
    }
}

/// That an object was there before any of our installations, or is: `(verb, what becomes of it)`. None where nobody else
/// has made it.
pub(super) fn made_by(
    placed: &Placed,
    makers: &BTreeSet<String>,
    (verb, then): (&str, &str),
) -> Option<Finding> {
    let names: Vec<&str> = makers.iter().map(String::as_str).collect();
    let seen = format!("{verb} there already, made by {}; {then}", names.join(", "));
    let hint = "where it belongs to another tool, leave it out of the layer: both would change it in turn";
    let finding = Finding::warning(Code::AlreadyThere, seen, hint).on(placed.object.id());
    (!names.is_empty()).then(|| finding.at(placed.at.clone()))
}

/// Applies an object once, or has the server rehearse it.
pub(super) async fn attempt(
    cluster: &Cluster,
    object: &Object,
    seen: Seen<'_>,
    mode: Mode,
) -> Result<Applied, ApiError> {
    let mut object = Cow::Borrowed(object);
    if object.kind() == "ValidatingWebhookConfiguration"
        && let Some(live) = cluster.get(&object).await?
    {
        leave_to_istiod(object.to_mut(), &live);
    }
    cluster.apply_to(seen, &object, mode).await
}

fn of(outcome: Outcome) -> ApplyOutcome {
    match outcome {
        Outcome::Created => ApplyOutcome::Created,
        Outcome::Changed => ApplyOutcome::Changed,
        Outcome::Unchanged => ApplyOutcome::Unchanged,
    }
}
