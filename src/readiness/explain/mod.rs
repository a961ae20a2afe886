//! Why a workload is not ready: found in its ReplicaSet, its pods, their events and the namespace's quota.

mod container;
mod creation;
mod image;
mod pod;
mod quota;
#[cfg(test)]
mod tests;

use super::conditions::condition;
use super::evidence::Evidence;
use super::reason::{Cause, Reason};
use super::status::{Status, Verdict, status};
use crate::object::{Object, Snapshot};

/// The most telling reason why a workload is not ready; None where it is ready, being deleted, or only
/// needs its time.
pub fn explain(workload: &Object, snapshot: &Snapshot) -> Option<Reason> {
    let evidence = Evidence::gather(workload, snapshot);
    reasons(workload, &status(workload), &evidence, snapshot).into_iter().next()
}

/// All that is wrong with a workload, the most telling first: what is certain, then in the order of `Cause`.
pub(super) fn reasons(
    workload: &Object,
    verdict: &Verdict,
    evidence: &Evidence<'_>,
    snapshot: &Snapshot,
) -> Vec<Reason> {
    if matches!(verdict.status, Status::Current | Status::Terminating) || !is_observed(workload) {
        return Vec::new();
    }
    let mut reasons: Vec<Reason> = job_failed(workload, evidence).into_iter().collect();
    reasons.extend(creation::refused(workload, evidence, snapshot));
    for pod in &evidence.pods {
        reasons.extend(pod::reasons(pod, evidence));
    }
    // Stable: among equals the pod whose name comes first.
    reasons.sort_by_key(|reason| (!reason.certain, reason.cause));
    reasons
}

/// Before its controller has seen a change, what is there speaks of the old state.
fn is_observed(workload: &Object) -> bool {
    let generation = workload.pointer("/metadata/generation");
    let observed = workload.pointer("/status/observedGeneration");
    observed.is_none() || generation == observed
}

fn job_failed(workload: &Object, evidence: &Evidence<'_>) -> Option<Reason> {
    if !workload.is("batch", "Job") {
        return None;
    }
    let failed = condition(workload, "Failed").filter(|condition| condition.is_true())?;
    let last = evidence.pods.iter().rev().find_map(|pod| Some((pod, pod::exit_of(pod)?)));
    let text = match &last {
        Some((pod, exit)) => format!("{}: {}; {}: {exit}", workload.name(), failed.words(), pod.name()),
        None => format!("{}: {}", workload.name(), failed.words()),
    };
    let reason = Reason::new(Cause::JobFailed, text);
    Some(match last {
        Some((pod, _)) => reason.of_pod(&pod.id()),
        None => reason,
    })
}
