//! One document, for programs. `docs/ci.md` promises its fields.

use jiff::Timestamp;
use serde::Serialize;

use super::layer::{Counts, Layer, Outcome};
use super::{CheckReport, Report, StepReport};
use crate::event::{CheckOutcome, Ending, PlannedCounts, Step};
use crate::finding::Finding;

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    profile: Option<&'a str>,
    context: Option<&'a str>,
    server: Option<&'a str>,
    began: Timestamp,
    /// Seconds.
    elapsed: f64,
    outcome: Ending,
    exit_code: u8,
    error: Option<&'a str>,
    hint: Option<&'a str>,
    counts: Total,
    planned: Option<PlannedCounts>,
    steps: Vec<StepDocument<'a>>,
    layers: Vec<LayerDocument<'a>>,
    findings: &'a [Finding],
    checks: Vec<CheckDocument<'a>>,
    warnings: &'a [String],
}

/// As in the event `finished`.
#[derive(Serialize)]
struct Total {
    created: usize,
    changed: usize,
    unchanged: usize,
    failed: usize,
    removed: usize,
}

#[derive(Serialize)]
struct StepDocument<'a> {
    #[serde(flatten)]
    step: &'a Step,
    /// Null where it did not end well.
    elapsed: Option<f64>,
}

#[derive(Serialize)]
struct LayerDocument<'a> {
    name: &'a str,
    outcome: Outcome,
    objects: usize,
    workloads: usize,
    counts: Counts,
    elapsed: Option<f64>,
    findings: &'a [Finding],
}

#[derive(Serialize)]
struct CheckDocument<'a> {
    check: &'a str,
    #[serde(flatten)]
    outcome: CheckOutcome,
    seen: &'a str,
    findings: &'a [Finding],
}

pub(super) fn json(report: &Report) -> String {
    let target = report.target.as_ref();
    let finished = report.finished.as_ref();
    let count = |of: fn(&crate::event::Finished) -> usize| finished.map_or(0, of);
    let document = Document {
        version: env!("CARGO_PKG_VERSION"),
        profile: target.map(|target| target.profile.as_str()),
        context: target.map(|target| target.context.as_str()),
        server: target.map(|target| target.server.as_str()),
        began: report.began,
        elapsed: rounded(report.took()),
        outcome: finished.map_or(Ending::Failed, |finished| finished.outcome),
        exit_code: finished.map_or(1, |finished| finished.exit_code),
        error: finished.and_then(|finished| finished.error.as_deref()),
        hint: finished.and_then(|finished| finished.hint.as_deref()),
        counts: Total {
            created: count(|finished| finished.created),
            changed: count(|finished| finished.changed),
            unchanged: count(|finished| finished.unchanged),
            failed: count(|finished| finished.failed),
            removed: count(|finished| finished.removed),
        },
        planned: report.planned,
        steps: report.steps.iter().map(step).collect(),
        layers: report.layers.iter().map(layer).collect(),
        findings: &report.findings,
        checks: report.checks.iter().map(check).collect(),
        warnings: &report.warnings,
    };
    // Nothing in it can fail to be written: all keys are texts.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn step(StepReport { step, took }: &StepReport) -> StepDocument<'_> {
    StepDocument { step, elapsed: took.map(rounded) }
}

fn layer(layer: &Layer) -> LayerDocument<'_> {
    let Layer { name, objects, workloads, outcome, counts, took, findings } = layer;
    let elapsed = took.map(rounded);
    LayerDocument {
        name,
        outcome: *outcome,
        objects: *objects,
        workloads: *workloads,
        counts: *counts,
        elapsed,
        findings,
    }
}

fn check(CheckReport { name, outcome, seen, findings }: &CheckReport) -> CheckDocument<'_> {
    CheckDocument { check: name, outcome: *outcome, seen, findings }
}

/// Seconds, with milliseconds.
fn rounded(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}
