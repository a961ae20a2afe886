use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use futures::StreamExt;
use tokio::time::Instant;

use super::contents::at_stake;
use super::run::{CONCURRENT, Patience, Run};
use super::{EngineError, FailedObject};
use crate::cluster::{ApiError, Cascade};
use crate::event::{Event, RemovalOutcome};
use crate::finding::{Code, Finding};
use crate::object::{Named, Object, ObjectId, Wave};
use crate::plan::backwards;

/// How often what is on its way out is looked at.
const LOOK: Duration = Duration::from_millis(300);

/// A deletion that takes longer is held by something.
const ORDINARY: Duration = Duration::from_secs(5);

/// What goes although it holds something.
#[derive(Clone, Debug, Default)]
pub struct Discard {
    /// Definitions with all objects of their kinds, and claims with what is on them.
    pub all: bool,
    /// These objects, namespaces too.
    pub named: Vec<Named>,
}

impl Discard {
    pub(super) fn takes(&self, object: &Object) -> bool {
        // A namespace may hold what is none of ours: it is never taken unless it is named.
        self.all && object.kind() != "Namespace" || self.named.contains(&Named::of(object))
    }
}

/// Objects of a layer on their way out of the cluster.
#[derive(Debug)]
pub(super) struct Removal<'a> {
    pub run: &'a Run<'a>,
    pub layer: &'a str,
    pub discard: &'a Discard,
    /// Whether definitions stay even where they hold nothing: others may be about to use them.
    pub spares_definitions: bool,
    pub deadline: Instant,
}

impl Removal<'_> {
    /// Removes the objects wave by wave, the last applied first, and waits until each wave is gone. What holds something
    /// stays, unless it is named; those that stay are returned.
    pub(super) async fn all(&self, objects: Vec<Object>) -> Result<Vec<Object>, EngineError> {
        // What goes before is gone by then.
        let nothing = HashSet::new();
        let mut kept = Vec::new();
        for (wave, objects) in backwards(objects) {
            let mut going = Vec::new();
            for object in objects {
                self.run.go_on()?;
                if self.is_spared(&object) {
                    self.say(&object, RemovalOutcome::Spared, None);
                    kept.push(object);
                } else if let Some(reason) =
                    at_stake(self.run.cluster, &object, self.discard, &nothing).await?
                {
                    self.say(&object, RemovalOutcome::Kept, Some(reason));
                    kept.push(object);
                } else {
                    going.push(object);
                }
            }
            self.delete(wave, &going).await?;
            self.until_gone(going).await?;
        }
        Ok(kept)
    }

    fn is_spared(&self, object: &Object) -> bool {
        let is_definition = object.kind() == "CustomResourceDefinition";
        self.spares_definitions && is_definition && !self.discard.takes(object)
    }

    /// All of them are tried, so that all that is refused is told at once.
    async fn delete(&self, wave: Wave, objects: &[Object]) -> Result<(), EngineError> {
        // A workload is gone when its pods are, which still need what goes after it.
        let cascade = if wave == Wave::Workloads { Cascade::Foreground } else { Cascade::Background };
        let deletions = objects.iter().map(async |object| {
            let deleted = self.delete_one(object, cascade).await?;
            Ok::<_, EngineError>(deleted.err().map(|error| FailedObject {
                object: object.id(),
                at: None,
                error,
            }))
        });
        let deletions: Vec<_> = futures::stream::iter(deletions).buffer_unordered(CONCURRENT).collect().await;
        let failed = deletions.into_iter().filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
        if failed.is_empty() {
            return Ok(());
        }
        Err(EngineError::NotRemoved { layer: self.layer.to_owned(), failed })
    }

    async fn delete_one(
        &self,
        object: &Object,
        cascade: Cascade,
    ) -> Result<Result<(), ApiError>, EngineError> {
        let mut patience = Patience::until(self.deadline);
        loop {
            self.run.go_on()?;
            let error = match self.run.cluster.delete(object, cascade).await {
                // With its definition, all objects of a kind have gone.
                Ok(_) | Err(ApiError::UnknownKind { .. }) => return Ok(Ok(())),
                Err(error) => error,
            };
            match patience.after(&error) {
                Some(wait) => self.run.pause(wait).await?,
                None => return Ok(Err(error)),
            }
        }
    }

    async fn until_gone(&self, mut going: Vec<Object>) -> Result<(), EngineError> {
        let begun = Instant::now();
        let mut told = BTreeMap::new();
        while !going.is_empty() {
            let look = going.into_iter().map(async |object| {
                let live = match self.run.cluster.remains(&object).await {
                    Err(ApiError::UnknownKind { .. }) => Ok(None),
                    live => live,
                };
                (object, live)
            });
            let looks: Vec<_> = futures::stream::iter(look).buffered(CONCURRENT).collect().await;
            going = Vec::new();
            for (object, live) in looks {
                match live {
                    Ok(None) => self.gone(&object),
                    Ok(Some(live)) => going.push(live),
                    Err(error) if error.passes() => going.push(object),
                    Err(error) => return Err(EngineError::api("waiting until an object is gone")(error)),
                }
            }
            if begun.elapsed() >= ORDINARY {
                going.iter().for_each(|object| self.awaited(object, &mut told));
            }
            if !going.is_empty() && Instant::now() >= self.deadline {
                return Err(self.not_gone(&going));
            }
            if !going.is_empty() {
                self.run.pause(LOOK).await?;
            }
        }
        Ok(())
    }

    fn gone(&self, object: &Object) {
        self.run.tally.count_removed();
        self.say(object, RemovalOutcome::Removed, None);
    }

    fn say(&self, object: &Object, outcome: RemovalOutcome, reason: Option<String>) {
        let layer = self.layer.to_owned();
        self.run.say(Event::ObjectRemoved { layer, object: object.id(), outcome, reason });
    }

    fn awaited(&self, object: &Object, told: &mut BTreeMap<ObjectId, String>) {
        let reason = holds(object);
        if told.get(&object.id()) != Some(&reason) {
            told.insert(object.id(), reason.clone());
            self.run.say(Event::RemovalAwaited { layer: self.layer.to_owned(), object: object.id(), reason });
        }
    }

    fn not_gone(&self, left: &[Object]) -> EngineError {
        let finding = |object: &Object| {
            let hint = "whatever put the finalizer there has to take it away: see that its controller runs, and then go \
                        on with the same command; with the finalizer taken out by hand, what it was to clear away stays";
            Finding::error(Code::DeletionHeld, holds(object), hint).on(object.id())
        };
        let findings = left.iter().map(finding).collect();
        EngineError::NotGone { layer: self.layer.to_owned(), findings }
    }
}

/// `waits for the finalizers a.example/b`
fn holds(object: &Object) -> String {
    match object.finalizers().as_slice() {
        [] => "is being deleted".to_owned(),
        ["foregroundDeletion"] => "waits until its pods are gone".to_owned(),
        [name] => format!("waits for its finalizer {name}"),
        names => format!("waits for its finalizers {}", names.join(", ")),
    }
}
