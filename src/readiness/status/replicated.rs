//! The kinds that keep a number of equal pods.

use super::Judgement;
use crate::object::Object;
use crate::readiness::conditions::{condition, count, int};

/// `progressDeadlineSeconds` that means "none" (k8s.io/kubernetes, pkg/controller/deployment/util).
const NO_DEADLINE: i64 = i32::MAX as i64;

pub(super) fn deployment(object: &Object) -> Judgement {
    let progressing = condition(object, "Progressing");
    if let Some(condition) = progressing.filter(|condition| condition.reason == "ProgressDeadlineExceeded") {
        return Judgement::failed(format!("made no progress before its deadline: {}", condition.words()));
    }
    let wanted = wanted(object);
    let made = count(object, "replicas");
    let updated = count(object, "updatedReplicas");
    let ready = count(object, "readyReplicas");
    let available = count(object, "availableReplicas");

    if wanted > made {
        return Judgement::in_progress(of_pods(made, wanted, "created"));
    }
    if wanted > updated {
        return Judgement::in_progress(of_pods(updated, wanted, "updated"));
    }
    if made > wanted {
        return Judgement::in_progress(still_to_end(made, wanted));
    }
    if wanted > ready {
        return Judgement::in_progress(of_pods(ready, wanted, "ready"));
    }
    if updated > available {
        return Judgement::in_progress(of_pods(available, updated, "available"));
    }
    // Without a deadline the controller writes no Progressing condition.
    let has_deadline = int(object, "/spec/progressDeadlineSeconds").unwrap_or(NO_DEADLINE) != NO_DEADLINE;
    let is_rolled_out = progressing.is_some_and(|c| c.is_true() && c.reason == "NewReplicaSetAvailable");
    if has_deadline && !is_rolled_out {
        return Judgement::in_progress("its newest ReplicaSet is not available yet");
    }
    if !condition(object, "Available").is_some_and(|condition| condition.is_true()) {
        return Judgement::in_progress("not available yet");
    }
    Judgement::current(all_ready(wanted))
}

pub(super) fn replica_set(object: &Object) -> Judgement {
    if let Some(failure) = condition(object, "ReplicaFailure").filter(|condition| condition.is_true()) {
        return Judgement::in_progress(format!("cannot create its pods: {}", failure.words()));
    }
    let wanted = wanted(object);
    let made = count(object, "replicas");
    let labelled = count(object, "fullyLabeledReplicas");
    let ready = count(object, "readyReplicas");
    let available = count(object, "availableReplicas");

    if wanted > labelled {
        return Judgement::in_progress(of_pods(labelled, wanted, "created"));
    }
    if wanted > ready {
        return Judgement::in_progress(of_pods(ready, wanted, "ready"));
    }
    if wanted > available {
        return Judgement::in_progress(of_pods(available, wanted, "available"));
    }
    if made > wanted {
        return Judgement::in_progress(still_to_end(made, wanted));
    }
    Judgement::current(all_ready(wanted))
}

/// A StatefulSet writes no conditions: its numbers and revisions are all there is.
pub(super) fn stateful_set(object: &Object) -> Judgement {
    if is_on_delete(object) {
        return Judgement::current("updated when its pods are deleted by hand (OnDelete)");
    }
    let wanted = wanted(object);
    let made = count(object, "replicas");
    let updated = count(object, "updatedReplicas");
    let ready = count(object, "readyReplicas");
    let current = count(object, "currentReplicas");

    if wanted > made {
        return Judgement::in_progress(of_pods(made, wanted, "created"));
    }
    if wanted > ready {
        return Judgement::in_progress(of_pods(ready, wanted, "ready"));
    }
    if made > wanted {
        return Judgement::in_progress(still_to_end(made, wanted));
    }
    // Pods below the partition keep their old revision until it is lowered.
    if let Some(partition) = int(object, "/spec/updateStrategy/rollingUpdate/partition") {
        let to_update = wanted.saturating_sub(partition);
        return match updated < to_update {
            true => Judgement::in_progress(of_pods(updated, to_update, "updated")),
            false => Judgement::current(all_ready(wanted)),
        };
    }
    if wanted > current {
        return Judgement::in_progress(of_pods(updated, wanted, "updated"));
    }
    if object.text("/status/currentRevision") != object.text("/status/updateRevision") {
        return Judgement::in_progress("its update is not complete yet");
    }
    Judgement::current(all_ready(wanted))
}

pub(super) fn daemon_set(object: &Object) -> Judgement {
    // Its numbers are all 0 before the controller has looked: only the generations tell that it has.
    let is_observed =
        int(object, "/metadata/generation").is_some() && int(object, "/status/observedGeneration").is_some();
    let Some(wanted) = int(object, "/status/desiredNumberScheduled").filter(|_| is_observed) else {
        return Judgement::in_progress("its controller has not seen it yet");
    };
    let made = count(object, "currentNumberScheduled");
    let updated = count(object, "updatedNumberScheduled");
    let ready = count(object, "numberReady");
    let available = count(object, "numberAvailable");

    if wanted > made {
        return Judgement::in_progress(of_pods(made, wanted, "created"));
    }
    // kstatus waits here for ever where pods are updated by hand.
    if wanted > updated && !is_on_delete(object) {
        return Judgement::in_progress(of_pods(updated, wanted, "updated"));
    }
    if wanted > ready {
        return Judgement::in_progress(of_pods(ready, wanted, "ready"));
    }
    if wanted > available {
        return Judgement::in_progress(of_pods(available, wanted, "available"));
    }
    match wanted {
        0 => Judgement::current("no node wants a pod of it"),
        _ => Judgement::current(all_ready(wanted)),
    }
}

/// While an update rolls out, pods of the old template are ready too: no more are as asked than are updated.
pub(super) fn pods_of_deployment(object: &Object) -> (i64, i64) {
    (count(object, "readyReplicas").min(count(object, "updatedReplicas")), wanted(object))
}

/// A StatefulSet may keep pods of the old revision on purpose (a partition), so all that are ready count.
pub(super) fn pods_of_stateful_set(object: &Object) -> (i64, i64) {
    (count(object, "readyReplicas"), wanted(object))
}

pub(super) fn pods_of_replica_set(object: &Object) -> (i64, i64) {
    (count(object, "readyReplicas"), wanted(object))
}

pub(super) fn pods_of_daemon_set(object: &Object) -> (i64, i64) {
    (count(object, "numberReady"), count(object, "desiredNumberScheduled"))
}

/// The controllers take 1 where nothing is asked for.
fn wanted(object: &Object) -> i64 {
    int(object, "/spec/replicas").unwrap_or(1)
}

fn is_on_delete(object: &Object) -> bool {
    object.text("/spec/updateStrategy/type") == Some("OnDelete")
}

fn of_pods(done: i64, wanted: i64, what: &str) -> String {
    let plural = if wanted == 1 { "" } else { "s" };
    format!("{done} of {wanted} pod{plural} {what}")
}

fn still_to_end(made: i64, wanted: i64) -> String {
    match made.saturating_sub(wanted) {
        1 => "1 old pod still to end".into(),
        more => format!("{more} old pods still to end"),
    }
}

fn all_ready(wanted: i64) -> String {
    match wanted {
        ..=0 => "scaled to 0".into(),
        1 => "1 pod ready".into(),
        _ => format!("{wanted} pods ready"),
    }
}
