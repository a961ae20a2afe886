use std::time::Duration;

use crate::event::{ApplyOutcome, Step};
use crate::object::ObjectId;

/// Something that took time.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub what: What,
    /// What it is part of: a place in the list of all spans.
    pub parent: Option<usize>,
    pub began: Duration,
    pub ended: Duration,
    pub outcome: Outcome,
    /// What was told of it meanwhile, the first first.
    pub told: Vec<Told>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Step(Step),
    /// Another run held the Lease.
    Lease {
        holder: String,
    },
    Download {
        url: String,
        bytes: u64,
    },
    /// Objects of a layer that were applied together, and how many of them were.
    Wave {
        name: &'static str,
        applied: usize,
        objects: usize,
    },
    /// From the beginning of its wave until the API server had an object, or refused it for the first time.
    Apply {
        object: ObjectId,
        outcome: ApplyOutcome,
    },
    /// From the first refusal that passes until the API server had it.
    Refused {
        object: ObjectId,
    },
    /// Until the kinds of a wave of definitions could be used.
    Established,
    /// From when an object was applied until it was ready.
    Ready {
        object: ObjectId,
    },
    /// Until a webhook answered.
    Webhook {
        name: String,
    },
    /// Until an object was gone, from when the one before it was.
    Removal {
        object: ObjectId,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Done,
    /// The run ended before it did.
    Unfinished,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub at: Duration,
    /// Empty where all that is known is that nothing is wrong any more.
    pub text: String,
    /// Whether something is wrong, though it may pass.
    pub is_trouble: bool,
}

/// What time was spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The installer itself, and all that no fact accounts for.
    Installer,
    Download,
    /// kind and the container engine, which bring up a cluster on this machine.
    Machine,
    /// Questions to the API server, and objects that it was given.
    ApiServer,
    /// What the cluster took until objects were ready, or gone.
    Objects,
    /// The checks on the running mesh.
    Checks,
    /// Another run held the Lease.
    Lease,
}

impl Cause {
    pub const ALL: [Self; 7] = [
        Self::Installer,
        Self::Download,
        Self::Machine,
        Self::ApiServer,
        Self::Objects,
        Self::Checks,
        Self::Lease,
    ];

    /// Whether the cluster is what was waited for.
    pub fn is_cluster(self) -> bool {
        matches!(self, Self::ApiServer | Self::Objects | Self::Checks)
    }
}

impl Span {
    pub fn took(&self) -> Duration {
        self.ended.saturating_sub(self.began)
    }

    /// What its time was spent on; None where that is a matter of its parts, and what is between them is the
    /// installer's own.
    pub fn cause(&self) -> Option<Cause> {
        Some(match &self.what {
            What::Step(step) => return of_step(step),
            What::Wave { .. } => return None,
            What::Lease { .. } => Cause::Lease,
            What::Download { .. } => Cause::Download,
            What::Apply { .. } | What::Refused { .. } => Cause::ApiServer,
            What::Established | What::Ready { .. } | What::Webhook { .. } | What::Removal { .. } => {
                Cause::Objects
            }
        })
    }

    /// What was told, each text once, with how long it was the last word: the longest first.
    pub fn reasons(&self) -> Vec<(&str, Duration)> {
        let ends = self.told.iter().skip(1).map(|next| next.at).chain([self.ended]);
        let mut reasons: Vec<(&str, Duration)> = Vec::new();
        for (told, end) in self.told.iter().zip(ends).filter(|(told, _)| !told.text.is_empty()) {
            let lasted = end.saturating_sub(told.at);
            match reasons.iter_mut().find(|(text, _)| *text == told.text) {
                Some((_, sum)) => *sum += lasted,
                None => reasons.push((told.text.as_str(), lasted)),
            }
        }
        reasons.sort_by_key(|(_, lasted)| std::cmp::Reverse(*lasted));
        reasons
    }

    /// When something was wrong with it: from, to.
    pub fn troubles(&self) -> impl Iterator<Item = (Duration, Duration)> {
        let ends = self.told.iter().skip(1).map(|next| next.at).chain([self.ended]);
        self.told.iter().zip(ends).filter(|(told, _)| told.is_trouble).map(|(told, end)| (told.at, end))
    }
}

fn of_step(step: &Step) -> Option<Cause> {
    match step {
        // istioctl runs on this machine.
        Step::Render | Step::Bundle => Some(Cause::Installer),
        Step::Connect | Step::Check | Step::Plan | Step::Status => Some(Cause::ApiServer),
        Step::Cluster(_) | Step::Load | Step::Delete(_) => Some(Cause::Machine),
        Step::Verify => Some(Cause::Checks),
        Step::Fetch | Step::Layer(_) | Step::Rollout | Step::Prune | Step::Removal(_) => None,
    }
}
