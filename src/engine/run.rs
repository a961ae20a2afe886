use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::EngineError;
use crate::cluster::{ApiError, Cluster};
use crate::event::{Announcer, ApplyOutcome, Event, Step};
use crate::object::{Object, ObjectId};
use crate::plan::Plan;

/// How many requests are on their way at once: a server on a laptop is busy with these, and a large
/// one counts 1 user's fair share in tens.
pub(super) const CONCURRENT: usize = 16;

/// How long the run's own records may take to be written.
const OWN: Duration = Duration::from_secs(60);

/// What every part of a run has at hand.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub cluster: &'a Cluster,
    pub plan: &'a Plan,
    /// The name of the profile that is installed; empty where none is.
    pub profile: &'a str,
    pub announcer: &'a Announcer,
    /// Asks the run to end at the next safe point: between two objects, or while it waits.
    pub stop: &'a CancellationToken,
    pub tally: &'a Tally,
}

/// How the objects of a run ended.
#[derive(Debug, Default)]
pub struct Tally {
    created: AtomicUsize,
    changed: AtomicUsize,
    unchanged: AtomicUsize,
    failed: AtomicUsize,
    removed: AtomicUsize,
    applied: Mutex<HashMap<ObjectId, AsApplied>>,
}

/// What an object was like once it was applied.
#[derive(Debug)]
struct AsApplied {
    uid: Option<String>,
    version: Option<u64>,
}

impl Tally {
    fn of(&self, outcome: ApplyOutcome) -> &AtomicUsize {
        match outcome {
            ApplyOutcome::Created => &self.created,
            ApplyOutcome::Changed => &self.changed,
            ApplyOutcome::Unchanged => &self.unchanged,
            ApplyOutcome::Failed => &self.failed,
        }
    }

    pub(super) fn count(&self, outcome: ApplyOutcome) {
        self.of(outcome).fetch_add(1, Ordering::Relaxed);
    }

    pub fn get(&self, outcome: ApplyOutcome) -> usize {
        self.of(outcome).load(Ordering::Relaxed)
    }

    /// That the object was applied, and by its metadata became this.
    pub(super) fn remember(&self, object: ObjectId, live: &Object) {
        let as_applied =
            AsApplied { uid: live.text("/metadata/uid").map(str::to_owned), version: version(live) };
        self.applied().insert(object, as_applied);
    }

    /// The uids of what was applied.
    pub(super) fn uids(&self) -> HashSet<String> {
        self.applied().values().filter_map(|as_applied| as_applied.uid.clone()).collect()
    }

    /// Whether an object was applied, and is seen as it then was or as it became since: a watch may be behind.
    pub(super) fn has_applied(&self, seen: &Object) -> bool {
        self.applied().get(&seen.id()).is_some_and(|as_applied| {
            as_applied.version.zip(version(seen)).is_none_or(|(applied, seen)| seen >= applied)
        })
    }

    fn applied(&self) -> MutexGuard<'_, HashMap<ObjectId, AsApplied>> {
        self.applied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count_removed(&self) {
        self.removed.fetch_add(1, Ordering::Relaxed);
    }

    pub fn removed(&self) -> usize {
        self.removed.load(Ordering::Relaxed)
    }
}

/// Later ones are greater (KEP-5504); None where a server has others.
fn version(live: &Object) -> Option<u64> {
    live.text("/metadata/resourceVersion")?.parse().ok()
}

impl Run<'_> {
    pub(super) fn course(&self) -> Course<'_> {
        Course { announcer: self.announcer, stop: self.stop }
    }

    pub(super) fn say(&self, event: Event) {
        self.announcer.say(event);
    }

    /// Fails where a signal has asked the run to end.
    pub(super) fn go_on(&self) -> Result<(), EngineError> {
        self.course().go_on()
    }

    pub(super) async fn step<T>(
        &self,
        step: Step,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        self.course().step(step, work).await
    }

    pub(super) async fn stoppable<T>(
        &self,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        self.course().stoppable(work).await
    }

    /// Waits this long, or less where the run is asked to end.
    pub(super) async fn pause(&self, time: Duration) -> Result<(), EngineError> {
        self.course().pause(time).await
    }

    /// Does what is the run's own, again as long as what it fails of passes; `doing` ends the sentence "while ...".
    pub(super) async fn patiently<T>(
        &self,
        doing: &'static str,
        attempt: impl AsyncFn() -> Result<T, ApiError>,
    ) -> Result<T, EngineError> {
        let mut patience = Patience::until(Instant::now() + OWN);
        loop {
            self.go_on()?;
            let error = match attempt().await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            match patience.after(&error) {
                Some(wait) => self.pause(wait).await?,
                None => return Err(EngineError::api(doing)(error)),
            }
        }
    }
}

/// The part of a run that needs no cluster: its steps, and when it is to end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course<'a> {
    pub announcer: &'a Announcer,
    pub stop: &'a CancellationToken,
}

impl Course<'_> {
    fn go_on(&self) -> Result<(), EngineError> {
        if self.stop.is_cancelled() { Err(EngineError::Interrupted) } else { Ok(()) }
    }

    /// Announces the beginning of a step, and its end where it has been reached.
    pub(super) async fn step<T>(
        &self,
        step: Step,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        self.go_on()?;
        let begun = Instant::now();
        self.announcer.say(Event::StepStarted { step: step.clone() });
        let done = work.await?;
        self.announcer.say(Event::StepFinished { step, elapsed: begun.elapsed() });
        Ok(done)
    }

    /// Drops the work where the run is asked to end; only for work that may be dropped anywhere.
    pub(super) async fn stoppable<T>(
        &self,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        tokio::select! {
            () = self.stop.cancelled() => Err(EngineError::Interrupted),
            done = work => done,
        }
    }

    /// Waits this long, or less where the run is asked to end.
    pub(super) async fn pause(&self, time: Duration) -> Result<(), EngineError> {
        self.stoppable(async {
            tokio::time::sleep(time).await;
            Ok(())
        })
        .await
    }
}

/// The waits between attempts at what may pass: they double from a quarter of a second to five.
#[derive(Debug)]
pub(super) struct Patience {
    next: Duration,
    deadline: Instant,
}

impl Patience {
    const FIRST: Duration = Duration::from_millis(250);
    const LONGEST: Duration = Duration::from_secs(5);

    pub(super) fn until(deadline: Instant) -> Self {
        Self { next: Self::FIRST, deadline }
    }

    /// How long to wait after this error; None where it does not pass or the time is over.
    pub(super) fn after(&mut self, error: &ApiError) -> Option<Duration> {
        if error.passes() { self.next(error.retry_after()) } else { None }
    }

    /// How long to wait before asking again; `asked` is what the server asked for. The last attempt is
    /// made when the time is over, and not before.
    pub(super) fn next(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let wait = asked.unwrap_or(self.next).max(self.next);
        self.next = (self.next * 2).min(Self::LONGEST);
        let left = self.deadline.saturating_duration_since(Instant::now());
        (!left.is_zero()).then(|| wait.min(left))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::testing::object;

    #[test]
    fn an_object_counts_once_it_is_seen_as_it_was_applied_or_as_it_became_since() {
        let web = |name: &str, version: &str| {
            let metadata = json!({"metadata": {"resourceVersion": version}});
            object("apps/v1", "Deployment", name, Some("shop"), &metadata)
        };
        let tally = Tally::default();
        let applied = web("web", "100");
        tally.remember(applied.id(), &applied);
        for (seen, counts) in [
            (web("web", "99"), false),
            (web("web", "100"), true),
            (web("web", "1000"), true),
            (web("api", "1000"), false),
            // Of a server whose versions are no numbers, all that is seen counts.
            (web("web", "a"), true),
        ] {
            assert_eq!(tally.has_applied(&seen), counts, "{seen:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn waits_double_until_the_last_attempt_is_made_as_the_time_is_over() {
        let mut patience = Patience::until(Instant::now() + Duration::from_secs(4));
        let mut waits = Vec::new();
        while let Some(wait) = patience.next(None) {
            waits.push(wait.as_millis());
            tokio::time::sleep(wait).await;
        }
        assert_eq!(waits, [250, 500, 1000, 2000, 250]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_asks_for_more_time_gets_it() {
        let mut patience = Patience::until(Instant::now() + Duration::from_secs(60));
        assert_eq!(patience.next(Some(Duration::from_secs(7))), Some(Duration::from_secs(7)));
        assert_eq!(patience.next(Some(Duration::ZERO)), Some(Duration::from_millis(500)));
    }
}
