use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::EngineError;
use crate::cluster::{ApiError, Cluster};
use crate::event::{Announcer, ApplyOutcome, Event};

/// What every part of a run has at hand.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub cluster: &'a Cluster,
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
}

impl Run<'_> {
    pub(super) fn say(&self, event: Event) {
        self.announcer.say(event);
    }

    /// Fails where a signal has asked the run to end.
    pub(super) fn go_on(&self) -> Result<(), EngineError> {
        if self.stop.is_cancelled() { Err(EngineError::Interrupted) } else { Ok(()) }
    }

    /// Waits this long, or less where the run is asked to end.
    pub(super) async fn pause(&self, time: Duration) -> Result<(), EngineError> {
        tokio::select! {
            () = self.stop.cancelled() => Err(EngineError::Interrupted),
            () = tokio::time::sleep(time) => Ok(()),
        }
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

    /// How long to wait before asking again; `asked` is what the server asked for.
    pub(super) fn next(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let wait = asked.unwrap_or(self.next).max(self.next);
        self.next = (self.next * 2).min(Self::LONGEST);
        (Instant::now() + wait < self.deadline).then_some(wait)
    }
}
