//! Why a workload is not ready: found in its ReplicaSet, its pods, their events and the namespace's quota.

mod container;
mod creation;
mod image;
mod lifecycle;
mod missing;
mod pod;
mod quota;
mod scheduling;
#[cfg(test)]
mod tests;
mod words;

use super::conditions::condition;
use super::evidence::Evidence;
use super::patience::rank;
use super::status::{Status, Verdict, status};
use super::trouble::Trouble;
use crate::finding::Code;
use crate::object::{Object, Snapshot};

/// The most telling reason why a workload is not ready; None where it is ready, being deleted, or only
/// needs its time.
pub fn explain(workload: &Object, snapshot: &Snapshot) -> Option<Trouble> {
    let evidence = Evidence::gather(workload, snapshot);
    troubles(workload, &status(workload), &evidence, snapshot).into_iter().next()
}

/// All that is wrong with a workload, the most telling first: what is certain, then by the rank of its code.
pub(super) fn troubles(
    workload: &Object,
    verdict: &Verdict,
    evidence: &Evidence<'_>,
    snapshot: &Snapshot,
) -> Vec<Trouble> {
    if verdict.status == Status::Terminating {
        return lifecycle::finalized(workload).map(|trouble| about(workload, trouble)).into_iter().collect();
    }
    if verdict.status == Status::Current || !is_observed(workload) {
        return Vec::new();
    }
    let mut troubles: Vec<Trouble> = job_failed(workload, evidence).into_iter().collect();
    troubles.extend(lifecycle::paused(workload));
    troubles.extend(creation::refused(workload, evidence, snapshot));
    for pod in &evidence.pods {
        troubles.extend(pod::reasons(pod, evidence, snapshot));
    }
    troubles.extend(lifecycle::evicted(evidence));
    troubles.extend(lifecycle::held_back(evidence));
    // Stable: among equals the pod whose name comes first.
    troubles.sort_by_key(|trouble| (!trouble.certain, rank(trouble.finding.code)));
    troubles.into_iter().map(|trouble| about(workload, trouble)).collect()
}

/// What is about no other object is about the workload, whose name need not be said again.
fn about(workload: &Object, mut trouble: Trouble) -> Trouble {
    if trouble.finding.object.is_some() {
        return trouble;
    }
    let rest = trouble.finding.seen.strip_prefix(workload.name()).and_then(|rest| rest.strip_prefix(": "));
    if let Some(rest) = rest.map(str::to_owned) {
        trouble.finding.seen = rest;
    }
    trouble.on(workload.id())
}

/// Before its controller has seen a change, what is there speaks of the old state.
fn is_observed(workload: &Object) -> bool {
    let generation = workload.pointer("/metadata/generation");
    let observed = workload.pointer("/status/observedGeneration");
    observed.is_none() || generation == observed
}

fn job_failed(workload: &Object, evidence: &Evidence<'_>) -> Option<Trouble> {
    if !workload.is("batch", "Job") {
        return None;
    }
    let failed = condition(workload, "Failed").filter(|condition| condition.is_true())?;
    let last = evidence.pods.iter().rev().find_map(|pod| Some((pod, pod::exit_of(pod)?)));
    let text = match &last {
        Some((pod, exit)) => format!("{}: {}; {}: {exit}", workload.name(), failed.words(), pod.name()),
        None => format!("{}: {}", workload.name(), failed.words()),
    };
    let trouble = Trouble::new(Code::JobFailed, text);
    Some(match last {
        Some((pod, _)) => trouble.of_pod(&pod.id()),
        None => trouble,
    })
}
