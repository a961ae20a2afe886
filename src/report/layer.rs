use std::time::Duration;

use serde::Serialize;

use crate::event::{ApplyOutcome, Ending, RemovalOutcome};
use crate::finding::{Finding, Severity};

/// What became of a layer.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) name: String,
    pub(super) objects: usize,
    pub(super) workloads: usize,
    pub(super) outcome: Outcome,
    pub(super) counts: Counts,
    pub(super) took: Option<Duration>,
    pub(super) findings: Vec<Finding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    NotBegun,
    Begun,
    Done,
    Failed,
    Interrupted,
}

/// Objects by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    pub(super) created: usize,
    pub(super) changed: usize,
    pub(super) unchanged: usize,
    pub(super) failed: usize,
    pub(super) removed: usize,
    pub(super) kept: usize,
}

impl Layer {
    pub(super) fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            objects: 0,
            workloads: 0,
            outcome: Outcome::NotBegun,
            counts: Counts::default(),
            took: None,
            findings: Vec::new(),
        }
    }

    /// The run has ended. A layer whose workloads were to be awaited later has not failed before.
    pub(super) fn end(&mut self, ending: Ending) {
        let has_errors = self.findings.iter().any(|finding| finding.severity == Severity::Error);
        self.outcome = match (self.outcome, ending) {
            (Outcome::Done | Outcome::Begun, Ending::Failed) if has_errors || self.counts.failed > 0 => {
                Outcome::Failed
            }
            (Outcome::Begun, Ending::Failed) => Outcome::Failed,
            (Outcome::Begun, Ending::Interrupted) => Outcome::Interrupted,
            (Outcome::Begun, Ending::Done) => Outcome::Done,
            (outcome, _) => outcome,
        };
    }
}

impl Outcome {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NotBegun => "not begun",
            Self::Begun => "begun",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Counts {
    pub(super) fn apply(&mut self, outcome: ApplyOutcome) {
        match outcome {
            ApplyOutcome::Created => self.created += 1,
            ApplyOutcome::Changed => self.changed += 1,
            ApplyOutcome::Unchanged => self.unchanged += 1,
            ApplyOutcome::Failed => self.failed += 1,
        }
    }

    pub(super) fn remove(&mut self, outcome: RemovalOutcome) {
        match outcome {
            RemovalOutcome::Removed => self.removed += 1,
            RemovalOutcome::Kept | RemovalOutcome::Spared => self.kept += 1,
        }
    }
}

/// `36 created, 1 changed`: only what there is.
pub(super) fn said(counts: Counts) -> String {
    let Counts { created, changed, unchanged, failed, removed, kept } = counts;
    let parts = [
        (created, "created"),
        (changed, "changed"),
        (unchanged, "unchanged"),
        (failed, "failed"),
        (removed, "removed"),
        (kept, "kept"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    parts.map(|(number, what)| format!("{number} {what}")).collect::<Vec<_>>().join(", ")
}
