//! How facts are worded; the same words on a terminal and in a log.

use std::time::Duration;

use crate::event::{CheckOutcome, Step, WorkloadState};
use crate::finding::{Finding, Severity};
use crate::object::ObjectId;

use super::changes::counted;
use super::ink::Ink;
use super::progress::{Applied, Download, Found, Layer, Progress, Removed, Workload};
use super::text::{bytes, bytes_of, count, plain, since};

/// How a finding begins: `error[KSI-201]:`.
pub(super) fn label(finding: &Finding, ink: &Ink) -> String {
    let label = format!("{}:", finding.label());
    match finding.severity {
        Severity::Error => ink.bad(&label),
        Severity::Warning => ink.attention(&label),
    }
}

/// How a check ended.
pub(super) fn verdict(outcome: CheckOutcome, ink: &Ink) -> String {
    match outcome {
        CheckOutcome::Passed => ink.good("passed "),
        CheckOutcome::Failed => ink.bad("failed "),
        CheckOutcome::Blocked { .. } => ink.attention("blocked"),
    }
}

/// `sidecars       6 pods in shop have a ready sidecar`: a row of a table. What the findings tell is not told twice.
pub(super) fn checked(check: &str, outcome: CheckOutcome, seen: &str, findings: &[Finding]) -> String {
    let seen = plain(seen);
    match outcome {
        CheckOutcome::Failed if !findings.is_empty() => check.to_owned(),
        CheckOutcome::Blocked { by } => format!("{check:<13}  by {by}: {seen}"),
        CheckOutcome::Passed | CheckOutcome::Failed => format!("{check:<13}  {seen}"),
    }
}

/// `2 errors, 1 warning`
pub(super) fn found(found: Found) -> String {
    let parts = [(found.errors, "error"), (found.warnings, "warning")];
    let parts: Vec<String> =
        parts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| count(*number, what)).collect();
    if parts.is_empty() { "nothing found".to_owned() } else { parts.join(", ") }
}

/// What a person calls a step.
pub(super) fn name(step: &Step) -> &str {
    match step {
        Step::Connect => "connect",
        Step::Cluster(_) => "cluster",
        Step::Load => "load",
        Step::Delete(_) => "delete",
        Step::Fetch => "fetch",
        Step::Render => "render",
        Step::Check => "check",
        Step::Plan => "plan",
        Step::Bundle => "bundle",
        Step::Layer(name) => name,
        Step::Rollout => "rollout",
        Step::Prune => "prune",
        Step::Removal(name) => name,
        Step::Verify => "verify",
        Step::Status => "status",
    }
}

/// What a step that has ended well has brought.
pub(super) fn result(step: &Step, progress: &Progress) -> String {
    match step {
        Step::Connect => match &progress.target {
            Some(target) => format!("{} ({})", target.context, target.server),
            None => String::new(),
        },
        Step::Cluster(name) => match &progress.local {
            Some(local) => {
                let made = if local.made { "made" } else { "there already" };
                format!("{name}, {made}, Kubernetes {}", local.kubernetes)
            }
            None => String::new(),
        },
        Step::Load => count(progress.loaded, "image"),
        Step::Delete(name) => name.clone(),
        Step::Fetch => fetched(progress),
        Step::Render => {
            let objects = progress.layers.iter().map(|layer| layer.objects).sum();
            format!("{} in {}", count(objects, "object"), count(progress.layers.len(), "layer"))
        }
        Step::Check => found(progress.found),
        Step::Plan => counted(progress.planned),
        Step::Bundle => match &progress.bundle {
            Some(bundle) => format!("{}, {}", bundle.path, bytes(bundle.bytes)),
            None => String::new(),
        },
        Step::Layer(name) => progress.layer(name).map(brought).unwrap_or_default(),
        Step::Rollout => {
            let awaited = progress.awaited(step);
            format!("{} of {} ready", awaited.ready, count(awaited.wanted, "workload"))
        }
        Step::Prune => removed(progress.removed()),
        Step::Removal(name) => progress.layer(name).map(|layer| removed(layer.removed)).unwrap_or_default(),
        Step::Verify => {
            let checks = progress.checks;
            match checks.failed {
                0 => format!("{} passed", count(checks.passed, "check")),
                failed => format!("{failed} of {} failed", count(checks.passed + failed, "check")),
            }
        }
        Step::Status => count(progress.present, "object"),
    }
}

fn fetched(progress: &Progress) -> String {
    let Some(release) = &progress.release else { return String::new() };
    let from = match &progress.download {
        Some(download) if !release.cached => bytes(download.received),
        _ => "from the cache".to_owned(),
    };
    format!("istio {}, {from}", release.version)
}

/// `51 objects, 4 workloads`, and what became of them where it is not all the same.
fn brought(layer: &Layer) -> String {
    let objects = count(layer.objects, "object");
    let mut parts = match layer.applied {
        Applied { created: 0, changed: 0, failed: 0, .. } => vec![format!("{objects}, nothing to change")],
        Applied { created, changed: 0, failed: 0, .. } if created == layer.objects => vec![objects],
        applied => vec![objects, changes(applied)],
    };
    match (layer.ready(), layer.wanted()) {
        (_, 0) => {}
        (ready, wanted) if ready == wanted => parts.push(count(wanted, "workload")),
        (_, wanted) => parts.push(format!("{} awaited later", count(wanted, "workload"))),
    }
    parts.join(", ")
}

/// `50 created, 1 changed`: only what there is.
pub(super) fn changes(applied: Applied) -> String {
    let Applied { created, changed, unchanged, failed } = applied;
    let parts = [(created, "created"), (changed, "changed"), (unchanged, "unchanged"), (failed, "failed")];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    parts.map(|(number, what)| format!("{number} {what}")).collect::<Vec<_>>().join(", ")
}

/// `44 objects removed, 15 kept`
pub(super) fn removed(removed: Removed) -> String {
    let gone = format!("{} removed", count(removed.removed, "object"));
    match removed.kept {
        0 => gone,
        kept => format!("{gone}, {kept} kept"),
    }
}

/// Why an object is not gone yet.
pub(super) fn removal_awaited(object: &ObjectId, reason: &str) -> String {
    format!("{object} {}", plain(reason))
}

/// `7.5 MB of 25.1 MB · 3.1 MB/s · 6s left`, with what is known of it.
pub(super) fn downloaded(download: &Download, at: Duration, separator: &str) -> String {
    let rate = download.rate(at).map(|rate| format!("{}/s", bytes(rate as u64)));
    let left = download.time_left(at).filter(|left| !left.is_zero());
    let left = left.map(|left| format!("{} left", since(left.max(Duration::from_secs(1)))));
    [Some(amount(download)), rate, left].into_iter().flatten().collect::<Vec<_>>().join(separator)
}

/// `7.5 MB of 25.1 MB`, with what is known of it.
pub(super) fn amount(download: &Download) -> String {
    match download.total {
        Some(total) => bytes_of(download.received, total),
        None => bytes(download.received),
    }
}

/// `ms-product: pulling image …`
pub(super) fn slowest(workload: &Workload) -> String {
    format!("{}: {}", workload.object.name, reason(workload))
}

/// Why a workload is not ready; how many of its pods are, where nothing better is known.
pub(super) fn reason(workload: &Workload) -> String {
    match &workload.reason {
        Some(reason) => plain(reason),
        None if workload.wanted > 0 => format!("{} of {} pods ready", workload.ready, workload.wanted),
        None => "not ready yet".to_owned(),
    }
}

/// What a workload's state is called, where it stands beside its name.
pub(super) fn state(state: WorkloadState) -> &'static str {
    match state {
        WorkloadState::InProgress => "waiting for",
        WorkloadState::Suspect => "trouble with",
        WorkloadState::Ready => "ready",
        WorkloadState::Failed => "failed",
    }
}

/// What a step that runs is at: `18 of 20 objects applied, 1 of 3 ready, istiod: pulling image`. Empty where
/// nothing is known.
pub(super) fn stands(step: &Step, progress: &Progress, at: Duration) -> String {
    if let Some(holder) = &progress.lease_holder {
        return lease(holder);
    }
    let mut parts = Vec::new();
    if let (Step::Fetch, Some(download)) = (step, &progress.download) {
        parts.push(downloaded(download, at, ", "));
        parts.extend(download.retry.as_ref().map(|reason| format!("trying again: {}", plain(reason))));
    }
    if let Step::Layer(name) = step
        && let Some(layer) = progress.layer(name)
    {
        if !layer.is_applied() {
            parts.push(format!("{} of {} applied", layer.applied.total(), count(layer.objects, "object")));
        }
        parts.extend(layer.refused.first().map(|(object, reason)| refused(object, reason)));
        parts.extend(layer.webhooks.first().map(|webhook| webhook_awaited(webhook)));
    }
    if let Step::Removal(name) = step
        && let Some(layer) = progress.layer(name)
    {
        let done = layer.removed.removed + layer.removed.kept;
        parts.push(format!("{done} of {}", count(layer.objects.max(done), "object")));
    }
    if let Step::Prune | Step::Removal(_) = step {
        parts.extend(progress.held.first().map(|(object, reason)| removal_awaited(object, reason)));
    }
    if *step == Step::Plan {
        parts.push(rehearsed(progress));
    }
    let awaited = progress.awaited(step);
    if awaited.wanted > 0 {
        parts.push(format!("{} of {} ready", awaited.ready, awaited.wanted));
        parts.extend(awaited.waiting.first().map(|workload| slowest(workload)));
    }
    parts.join(", ")
}

/// `34 of 106 objects`: how far a plan is.
pub(super) fn rehearsed(progress: &Progress) -> String {
    let all = progress.layers.iter().map(|layer| layer.objects).sum();
    format!("{} of {}", progress.planned.planned(), count(all, "object"))
}

pub(super) fn lease(holder: &str) -> String {
    format!("another run holds the lease: {}", plain(holder))
}

pub(super) fn webhook_awaited(webhook: &str) -> String {
    format!("webhook {} does not answer yet", plain(webhook))
}

pub(super) fn refused(object: &ObjectId, reason: &str) -> String {
    format!("trying {object} again: {}", plain(reason))
}
