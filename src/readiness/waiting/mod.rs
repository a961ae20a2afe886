#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::finding::Code;
use crate::object::{Object, ObjectId, Snapshot};
use crate::readiness::conditions::int;
use crate::readiness::evidence::Evidence;
use crate::readiness::explain::troubles;
use crate::readiness::patience::{CONFIRM, family};
use crate::readiness::status::{Status, Verdict, status};
use crate::readiness::trouble::Trouble;

/// Remembers since when each trouble lasts, so that a failure is told early, but not from an ordinary
/// restart. It has no clock: time is what its caller says has passed since its own beginning.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    objects: BTreeMap<ObjectId, History>,
}

/// What is to be said of one object now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    pub verdict: Verdict,
    /// Why it is not ready: what made it fail, else what is most telling. Some where it has failed.
    pub trouble: Option<Trouble>,
    /// It is of no use to wait longer.
    pub failed: bool,
}

/// The troubles of one generation of an object.
#[derive(Clone, Debug, Default)]
struct History {
    generation: Option<i64>,
    spans: BTreeMap<Key, Span>,
    /// It was in progress while it was watched.
    was_in_progress: bool,
    failed_since: Option<Duration>,
}

/// The family of a code, and the container that it is about: replicas of a pod have one trouble.
type Key = (Code, Option<String>);

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
            return Assessment { verdict, trouble: None, failed: false };
        }
        let evidence = Evidence::gather(object, snapshot);
        let mut troubles = troubles(object, &verdict, &evidence, snapshot);
        let history = self.objects.entry(object.id()).or_default();
        history.restart_if_changed(int(object, "/metadata/generation"));
        history.note(&verdict, &troubles, now);

        let spent = troubles.iter().position(|trouble| history.lasting(trouble, now) >= trouble.grace);
        let given_up = is_final(object, &verdict) || history.is_given_up(now, troubles.is_empty());
        let trouble = match spent {
            Some(place) => Some(troubles.swap_remove(place)),
            None => troubles.into_iter().next(),
        };
        let failed = spent.is_some() || given_up;
        let trouble = match (trouble, failed) {
            (Some(trouble), true) => Some(trouble.for_certain()),
            (None, _) if failed || verdict.status == Status::Failed => {
                Some(Trouble::unexplained(object.id(), &verdict.message).for_certain())
            }
            (trouble, _) => trouble,
        };
        Assessment { verdict, trouble, failed }
    }
}

impl History {
    /// A change gives the object a new chance.
    fn restart_if_changed(&mut self, generation: Option<i64>) {
        if self.generation != generation {
            *self = Self { generation, ..Self::default() };
        }
    }

    fn note(&mut self, verdict: &Verdict, troubles: &[Trouble], now: Duration) {
        match verdict.status {
            Status::Failed => {
                self.failed_since.get_or_insert(now);
            }
            _ => {
                self.failed_since = None;
                self.was_in_progress = true;
            }
        }
        let seen: BTreeSet<Key> = troubles.iter().map(key).collect();
        for (key, span) in &mut self.spans {
            if !seen.contains(key) {
                span.gone.get_or_insert(now);
            }
        }
        for key in seen {
            self.spans.entry(key).or_insert(Span { first: now, gone: None }).is_seen(now);
        }
    }

    fn lasting(&self, trouble: &Trouble, now: Duration) -> Duration {
        let span = self.spans.get(&key(trouble));
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

fn key(trouble: &Trouble) -> Key {
    (family(trouble.finding.code), trouble.container.clone())
}

/// A Job or a pod that has failed is not taken up again.
fn is_final(object: &Object, verdict: &Verdict) -> bool {
    verdict.status == Status::Failed && (object.is("batch", "Job") || object.is("", "Pod"))
}
