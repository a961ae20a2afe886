//! What a person, an eviction or a deletion has done to a workload.

use crate::finding::Code;
use crate::object::Object;
use crate::readiness::evidence::Evidence;
use crate::readiness::trouble::Trouble;

/// `kubectl rollout pause`: nothing goes on before it is resumed.
pub(super) fn paused(workload: &Object) -> Option<Trouble> {
    let is_paused = workload.pointer("/spec/paused").and_then(serde_json::Value::as_bool) == Some(true);
    (workload.kind() == "Deployment" && is_paused)
        .then(|| Trouble::new(Code::RolloutPaused, format!("{}: its rollout is paused", workload.name())))
}

/// A pod that a node had to end, and that no other has followed yet. Those that were followed are the past.
pub(super) fn evicted(evidence: &Evidence<'_>) -> Option<Trouble> {
    let is_evicted = |pod: &&&Object| pod.text("/status/reason").is_some_and(|reason| !reason.is_empty());
    let made = |pod: &Object| pod.text("/metadata/creationTimestamp").map(str::to_owned);
    let evicted: Vec<&&Object> = evidence.replaced.iter().filter(is_evicted).collect();
    let last = evicted.iter().max_by_key(|pod| made(pod))?;
    if evidence.pods.iter().any(|pod| made(pod) >= made(last)) {
        return None;
    }
    let [reason, message] = ["/status/reason", "/status/message"].map(|at| last.text(at).unwrap_or_default());
    let many = if evicted.len() > 1 { format!(", as {} more", evicted.len() - 1) } else { String::new() };
    let seen = format!("{}: was ended by its node{many}: {reason}: {message}", last.name());
    Some(Trouble::new(Code::Evicted, seen.trim_end_matches(": ")).of_pod(&last.id()))
}

/// A pod that is to go and does not, while its place is to be taken.
pub(super) fn held_back(evidence: &Evidence<'_>) -> Option<Trouble> {
    evidence.ending.iter().find_map(|pod| Some(finalized(pod)?.of_pod(&pod.id())))
}

/// Something that is being deleted and waits for its finalizers.
pub(super) fn finalized(object: &Object) -> Option<Trouble> {
    let finalizers = object.finalizers();
    let seen = format!(
        "{}: is being deleted, and waits for its finalizers: {}",
        object.name(),
        finalizers.join(", ")
    );
    (!finalizers.is_empty()).then(|| Trouble::new(Code::DeletionHeld, seen))
}
