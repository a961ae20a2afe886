#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::object::{Object, ObjectId, Snapshot};
use crate::readiness::conditions::int;
use crate::readiness::evidence::Evidence;
use crate::readiness::explain::reasons;
use crate::readiness::reason::{CONFIRM, Cause, Reason};
use crate::readiness::status::{Status, Verdict, status};

/// Remembers since when each trouble lasts, so that a failure is told early, but not from an ordinary
/// restart. It has no clock: time is what its caller says has passed since its own beginning.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    objects: BTreeMap<ObjectId, Troubles>,
}

/// What is to be said of one object now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    pub verdict: Verdict,
    /// Why it is not ready: what made it fail, else what is most telling.
    pub reason: Option<Reason>,
    /// It is of no use to wait longer.
    pub failed: bool,
}

/// The troubles of one generation of an object.
#[derive(Clone, Debug, Default)]
struct Troubles {
    generation: Option<i64>,
    reasons: BTreeMap<Key, Span>,
    /// It was in progress while it was watched.
    was_in_progress: bool,
    failed_since: Option<Duration>,
}

/// The family of a cause, and the container that it is about: replicas of a pod have one trouble.
type Key = (Cause, Option<String>);

/// From when on a trouble was seen, and from when on it was not any more.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: Duration,
    gone: Option<Duration>,
}

/// A trouble that is away for less than this was not away: a container that is down looks well in the
/// second in which it is started again.
const GAP: Duration = Duration::from_secs(30);

impl Waiting {
    pub fn new() -> Self {
        Self::default()
    }

    /// Judges an object at a moment; `now` never goes back. To be asked when something has changed, and
    /// every few seconds where nothing does: time alone makes a failure of what lasts.
    pub fn look(&mut self, now: Duration, object: &Object, snapshot: &Snapshot) -> Assessment {
        let verdict = status(object);
        if verdict.status == Status::Current {
            self.objects.remove(&object.id());
            return Assessment { verdict, reason: None, failed: false };
        }
        let evidence = Evidence::gather(object, snapshot);
        let mut reasons = reasons(object, &verdict, &evidence, snapshot);
        let troubles = self.objects.entry(object.id()).or_default();
        troubles.restart_if_changed(int(object, "/metadata/generation"));
        troubles.note(&verdict, &reasons, now);

        let spent = reasons.iter().position(|reason| troubles.lasting(reason, now) >= reason.grace);
        let given_up = is_final(object, &verdict) || troubles.is_given_up(now, reasons.is_empty());
        let reason = match spent {
            Some(place) => Some(reasons.swap_remove(place)),
            None => reasons.into_iter().next(),
        };
        Assessment { verdict, reason, failed: spent.is_some() || given_up }
    }
}

impl Troubles {
    /// A change gives the object a new chance.
    fn restart_if_changed(&mut self, generation: Option<i64>) {
        if self.generation != generation {
            *self = Self { generation, ..Self::default() };
        }
    }

    fn note(&mut self, verdict: &Verdict, reasons: &[Reason], now: Duration) {
        match verdict.status {
            Status::Failed => {
                self.failed_since.get_or_insert(now);
            }
            _ => {
                self.failed_since = None;
                self.was_in_progress = true;
            }
        }
        let seen: BTreeSet<Key> = reasons.iter().map(key).collect();
        for (key, span) in &mut self.reasons {
            if !seen.contains(key) {
                span.gone.get_or_insert(now);
            }
        }
        for key in seen {
            self.reasons.entry(key).or_insert(Span { first: now, gone: None }).is_seen(now);
        }
    }

    fn lasting(&self, reason: &Reason, now: Duration) -> Duration {
        let span = self.reasons.get(&key(reason));
        span.map_or(Duration::ZERO, |span| now.saturating_sub(span.first))
    }

    /// Whether its controller has given up and stays with that. One that had given up before it was watched
    /// may speak of a trouble that a person has just mended: while its pods have one that may pass, they
    /// are asked instead.
    fn is_given_up(&self, now: Duration, nothing_else_is_wrong: bool) -> bool {
        let lasts = self.failed_since.is_some_and(|since| now.saturating_sub(since) >= CONFIRM);
        lasts && (nothing_else_is_wrong || self.was_in_progress)
    }
}

impl Span {
    fn is_seen(&mut self, now: Duration) {
        if self.gone.take().is_some_and(|gone| now.saturating_sub(gone) > GAP) {
            self.first = now;
        }
    }
}

fn key(reason: &Reason) -> Key {
    (reason.cause.family(), reason.container.clone())
}

/// A Job or a pod that has failed is not taken up again.
fn is_final(object: &Object, verdict: &Verdict) -> bool {
    verdict.status == Status::Failed && (object.is("batch", "Job") || object.is("", "Pod"))
}
