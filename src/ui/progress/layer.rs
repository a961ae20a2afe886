//! How a layer gets on: its objects, and its workloads.

use crate::event::{ApplyOutcome, RemovalOutcome, WorkloadState};
use crate::finding::Finding;
use crate::object::ObjectId;

#[derive(Debug, Default)]
pub(in crate::ui) struct Layer {
    pub(in crate::ui) name: String,
    pub(in crate::ui) objects: usize,
    pub(super) planned_workloads: usize,
    pub(in crate::ui) applied: Applied,
    pub(in crate::ui) removed: Removed,
    pub(in crate::ui) wave: Option<&'static str>,
    /// Objects that were refused, and will be tried again.
    pub(in crate::ui) refused: Vec<(ObjectId, String)>,
    /// Webhooks that do not answer yet.
    pub(in crate::ui) webhooks: Vec<String>,
    /// In the order in which they were first heard of.
    pub(in crate::ui) workloads: Vec<Workload>,
}

/// Objects by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::ui) struct Applied {
    pub(in crate::ui) created: usize,
    pub(in crate::ui) changed: usize,
    pub(in crate::ui) unchanged: usize,
    pub(in crate::ui) failed: usize,
}

/// Objects that were to go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::ui) struct Removed {
    pub(in crate::ui) removed: usize,
    pub(in crate::ui) kept: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui) struct Workload {
    pub(in crate::ui) object: ObjectId,
    pub(in crate::ui) state: WorkloadState,
    pub(in crate::ui) ready: u32,
    pub(in crate::ui) wanted: u32,
    pub(in crate::ui) reason: Option<String>,
    pub(in crate::ui) finding: Option<Finding>,
}

impl Layer {
    pub(super) fn apply(&mut self, object: &ObjectId, outcome: ApplyOutcome) {
        self.refused.retain(|(refused, _)| refused != object);
        match outcome {
            ApplyOutcome::Created => self.applied.created += 1,
            ApplyOutcome::Changed => self.applied.changed += 1,
            ApplyOutcome::Unchanged => self.applied.unchanged += 1,
            ApplyOutcome::Failed => self.applied.failed += 1,
        }
    }

    pub(super) fn remove(&mut self, outcome: RemovalOutcome) {
        match outcome {
            RemovalOutcome::Removed => self.removed.removed += 1,
            RemovalOutcome::Kept | RemovalOutcome::Spared => self.removed.kept += 1,
        }
    }

    pub(super) fn refuse(&mut self, object: &ObjectId, reason: &str) {
        self.refused.retain(|(refused, _)| refused != object);
        self.refused.push((object.clone(), reason.to_owned()));
    }

    pub(super) fn hear_of(&mut self, workload: Workload) {
        match self.workloads.iter_mut().find(|known| known.object == workload.object) {
            Some(known) => *known = workload,
            None => self.workloads.push(workload),
        }
    }

    pub(in crate::ui) fn workload(&self, object: &ObjectId) -> Option<&Workload> {
        self.workloads.iter().find(|workload| workload.object == *object)
    }

    pub(in crate::ui) fn ready(&self) -> usize {
        self.workloads.iter().filter(|workload| workload.is_ready()).count()
    }

    /// Workloads to wait for: those planned, or more where more were heard of.
    pub(in crate::ui) fn wanted(&self) -> usize {
        self.planned_workloads.max(self.workloads.len())
    }

    pub(in crate::ui) fn is_applied(&self) -> bool {
        self.applied.total() >= self.objects
    }
}

impl Applied {
    pub(in crate::ui) fn total(self) -> usize {
        self.created + self.changed + self.unchanged + self.failed
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            created: self.created + other.created,
            changed: self.changed + other.changed,
            unchanged: self.unchanged + other.unchanged,
            failed: self.failed + other.failed,
        }
    }
}

impl Removed {
    pub(in crate::ui) fn plus(self, other: Self) -> Self {
        Self { removed: self.removed + other.removed, kept: self.kept + other.kept }
    }
}

impl Workload {
    pub(in crate::ui) fn is_ready(&self) -> bool {
        self.state == WorkloadState::Ready
    }

    /// Whether its reason needs eyes now.
    pub(in crate::ui) fn is_suspect(&self) -> bool {
        matches!(self.state, WorkloadState::Suspect | WorkloadState::Failed)
    }
}

/// The workloads that something waits for.
#[derive(Debug, Default)]
pub(in crate::ui) struct Awaited<'a> {
    pub(in crate::ui) ready: usize,
    pub(in crate::ui) wanted: usize,
    /// Not ready: the one that is least likely to become so first.
    pub(in crate::ui) waiting: Vec<&'a Workload>,
}

impl<'a> FromIterator<&'a Layer> for Awaited<'a> {
    fn from_iter<I: IntoIterator<Item = &'a Layer>>(layers: I) -> Self {
        let mut awaited = Self::default();
        for layer in layers {
            awaited.ready += layer.ready();
            awaited.wanted += layer.wanted();
            awaited.waiting.extend(layer.workloads.iter().filter(|workload| !workload.is_ready()));
        }
        // Stable: among equals, the one that was heard of first has waited longest.
        awaited.waiting.sort_by_key(|workload| {
            let trouble = match workload.state {
                WorkloadState::Failed => 0,
                WorkloadState::Suspect => 1,
                WorkloadState::InProgress | WorkloadState::Ready => 2,
            };
            (trouble, workload.ready * 100 / workload.wanted.max(1))
        });
        awaited
    }
}
