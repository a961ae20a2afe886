#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
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
    reasons: BTreeMap<(Cause, Option<String>), Span>,
    failed: Option<Span>,
}

/// From when to when a trouble was seen, without a gap.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: Duration,
    last: Duration,
}

/// A trouble that is away for less than this was not away: a container that is down looks well in the
/// second in which it is started again.
const GAP: Duration = Duration::from_secs(30);

impl Waiting {
    pub fn new() -> Self {
        Self::default()
    }

    /// Judges an object at a moment; `now` never goes back.
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

        let spent = reasons.iter().position(|reason| troubles.lasting(reason, now) >= reason.grace);
        let given_up = troubles.given_up(&verdict, now) >= CONFIRM || is_final(object, &verdict);
        // The pods know more than a deadline that has passed: while what they suffer from may still pass,
        // a person who has just mended it is not told that it failed.
        let failed = spent.is_some() || (given_up && (reasons.is_empty() || is_final(object, &verdict)));
        let reason = match spent {
            Some(place) => Some(reasons.swap_remove(place)),
            None => reasons.into_iter().next(),
        };
        Assessment { verdict, reason, failed }
    }
}

impl Troubles {
    /// A change gives the object a new chance.
    fn restart_if_changed(&mut self, generation: Option<i64>) {
        if self.generation != generation {
            *self = Self { generation, ..Self::default() };
        }
    }

    fn lasting(&mut self, reason: &Reason, now: Duration) -> Duration {
        let key = (reason.cause.family(), reason.container.clone());
        Span::seen(self.reasons.entry(key).or_insert(Span { first: now, last: now }), now)
    }

    fn given_up(&mut self, verdict: &Verdict, now: Duration) -> Duration {
        match verdict.status {
            Status::Failed => Span::seen(self.failed.get_or_insert(Span { first: now, last: now }), now),
            _ => {
                self.failed = None;
                Duration::ZERO
            }
        }
    }
}

impl Span {
    /// Notes that it is seen now; how long it has lasted.
    fn seen(&mut self, now: Duration) -> Duration {
        if now.saturating_sub(self.last) > GAP {
            self.first = now;
        }
        self.last = now;
        now.saturating_sub(self.first)
    }
}

/// A Job or a pod that has failed is not taken up again.
fn is_final(object: &Object, verdict: &Verdict) -> bool {
    verdict.status == Status::Failed && (object.is("batch", "Job") || object.is("", "Pod"))
}
