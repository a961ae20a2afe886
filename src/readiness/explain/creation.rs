//! Pods that never came to be: the API server refused them.

use std::time::Duration;

use super::quota;
use crate::object::{Object, Snapshot};
use crate::readiness::conditions::{condition, count};
use crate::readiness::evidence::Evidence;
use crate::readiness::reason::{Cause, REFUSED_POD, Reason};

/// Why the workload's pods are refused, if they are.
pub(super) fn refused(workload: &Object, evidence: &Evidence<'_>, snapshot: &Snapshot) -> Option<Reason> {
    let refuser = evidence.creator.unwrap_or(workload);
    let message = match refuser.kind() {
        "Pod" => return None,
        "ReplicaSet" | "ReplicationController" | "Deployment" => by_condition(refuser, evidence)?,
        _ => by_event(refuser, evidence)?,
    };
    let text = format!("{}: its pods are refused: {}", refuser.name(), without_preamble(message));
    Some(match judge(message, refuser, snapshot) {
        (cause, Some(grace)) => Reason::new(cause, text).suspected_for(grace),
        (cause, None) => Reason::new(cause, text),
    })
}

/// A ReplicaSet says by its condition *that* pods are refused now, but keeps the first message while it
/// lasts; *why* is in the newest event (k8s.io/kubernetes, pkg/controller/replicaset, calculateStatus).
fn by_condition<'a>(refuser: &'a Object, evidence: &'a Evidence<'_>) -> Option<&'a str> {
    let failure = condition(refuser, "ReplicaFailure").filter(|condition| condition.is_true())?;
    let event = evidence.about(refuser).find(|event| event.reason == "FailedCreate");
    Some(event.map_or(failure.message, |event| event.message))
}

/// StatefulSets, DaemonSets and Jobs have events alone, which outlive what they tell of.
fn by_event<'a>(refuser: &'a Object, evidence: &'a Evidence<'_>) -> Option<&'a str> {
    let alive = evidence.pods.len() as i64;
    let wanted = match refuser.kind() {
        "DaemonSet" => count(refuser, "desiredNumberScheduled"),
        "Job" => 1,
        _ => refuser.pointer("/spec/replicas").and_then(serde_json::Value::as_i64).unwrap_or(1),
    };
    let newest = evidence.about(refuser).find(|e| matches!(e.reason, "FailedCreate" | "SuccessfulCreate"))?;
    (newest.reason == "FailedCreate" && alive < wanted).then_some(newest.message)
}

/// What the API server's words mean, and how long they may last where they can pass.
fn judge(message: &str, refuser: &Object, snapshot: &Snapshot) -> (Cause, Option<Duration>) {
    let says = |words: &str| message.contains(words);
    if says("exceeded quota: ") {
        let grace = quota::may_have_room(message, refuser, snapshot).then_some(REFUSED_POD);
        return (Cause::QuotaExceeded, grace);
    }
    if says("failed quota: ") {
        // A quota counts limits that a container does not set.
        return (Cause::QuotaExceeded, None);
    }
    if says("status unknown for quota") {
        // A quota that is a moment old and not counted yet.
        return (Cause::Forbidden, Some(REFUSED_POD));
    }
    if says("failed calling webhook") {
        return (Cause::WebhookFailed, None);
    }
    if says("serviceaccount ") && says("not found") || says("no API token found for service account") {
        return (Cause::MissingServiceAccount, None);
    }
    if says(" is invalid: ") {
        return (Cause::InvalidPod, None);
    }
    if says("is forbidden: ") || says("denied the request") {
        return (Cause::Forbidden, None);
    }
    (Cause::FailedCreate, None)
}

/// The message without what the name and "refused" say already.
fn without_preamble(message: &str) -> &str {
    let message = message.strip_prefix("Error creating: ").unwrap_or(message);
    // StatefulSets: create Pod web-0 in StatefulSet web failed error: pods "web-0" is forbidden: ...
    let message = message.split_once(" failed error: ").map_or(message, |(_, rest)| rest);
    match message.split_once(" is forbidden: ") {
        Some((pods, rest)) if pods.starts_with("pods ") => rest,
        _ => message,
    }
}
