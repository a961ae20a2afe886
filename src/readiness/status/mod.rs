//! What one object's own status says of it: the rules of kstatus (cli-utils, pkg/kstatus/status/core.go and
//! generic.go), except where waiting for a person asks for more. Each exception says so where it is made.

mod job;
mod pod;
mod replicated;
mod simple;
#[cfg(test)]
mod tests;

use super::conditions::{Condition, condition, conditions, int};
use crate::object::Object;

/// Where an object stands, in kstatus' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// What was asked for is there.
    Current,
    /// Its controller is still at work, or has not begun.
    InProgress,
    /// Its controller has given up.
    Failed,
    /// It is being deleted.
    Terminating,
}

/// What is said of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub status: Status,
    /// In the words that a person needs: `1 of 2 pods ready`.
    pub message: String,
    /// Pods that are ready (of a Job: that have succeeded), never more than `wanted`.
    pub ready: u32,
    /// 0 where the kind has no pods, or none are asked for.
    pub wanted: u32,
}

/// Judges an object by its own status. Never fails: a field that is missing or of a wrong type counts as
/// not written yet.
pub fn status(object: &Object) -> Verdict {
    let Judgement { status, message } = generic(object).unwrap_or_else(|| by_kind(object));
    let (ready, wanted) = pods(object);
    let wanted = pod_count(wanted);
    Verdict { status, message, ready: pod_count(ready).min(wanted), wanted }
}

/// Whether a person waits for this object because it has pods, or is one.
pub fn is_workload(object: &Object) -> bool {
    !matches!(Kind::of(object), Kind::Other)
}

/// A verdict without its numbers.
struct Judgement {
    status: Status,
    message: String,
}

impl Judgement {
    fn current(message: impl Into<String>) -> Self {
        Self { status: Status::Current, message: message.into() }
    }

    fn in_progress(message: impl Into<String>) -> Self {
        Self { status: Status::InProgress, message: message.into() }
    }

    fn failed(message: impl Into<String>) -> Self {
        Self { status: Status::Failed, message: message.into() }
    }
}

/// The kinds that have pods.
enum Kind {
    Deployment,
    StatefulSet,
    DaemonSet,
    /// ReplicationController, its forerunner, writes the same status.
    ReplicaSet,
    Job,
    Pod,
    Other,
}

impl Kind {
    fn of(object: &Object) -> Self {
        match (object.group(), object.kind()) {
            ("apps" | "extensions", "Deployment") => Self::Deployment,
            ("apps", "StatefulSet") => Self::StatefulSet,
            ("apps" | "extensions", "DaemonSet") => Self::DaemonSet,
            ("apps" | "extensions", "ReplicaSet") | ("", "ReplicationController") => Self::ReplicaSet,
            ("batch", "Job") => Self::Job,
            ("", "Pod") => Self::Pod,
            _ => Self::Other,
        }
    }
}

/// What holds for every kind (generic.go).
fn generic(object: &Object) -> Option<Judgement> {
    if object.is_being_deleted() {
        return Some(Judgement { status: Status::Terminating, message: "is being deleted".into() });
    }
    let generation = int(object, "/metadata/generation");
    let observed = int(object, "/status/observedGeneration");
    if generation.zip(observed).is_some_and(|(generation, observed)| generation != observed) {
        return Some(Judgement::in_progress("its controller has not seen the change yet"));
    }
    conditions(object).filter(Condition::is_true).find_map(|condition| match condition.kind {
        "Reconciling" => Some(Judgement::in_progress(condition.words())),
        "Stalled" => Some(Judgement::failed(condition.words())),
        _ => None,
    })
}

fn by_kind(object: &Object) -> Judgement {
    match Kind::of(object) {
        Kind::Deployment => replicated::deployment(object),
        Kind::StatefulSet => replicated::stateful_set(object),
        Kind::DaemonSet => replicated::daemon_set(object),
        Kind::ReplicaSet => replicated::replica_set(object),
        Kind::Job => job::job(object),
        Kind::Pod => pod::pod(object),
        Kind::Other => match (object.group(), object.kind()) {
            ("", "PersistentVolumeClaim") => simple::claim(object),
            ("", "Service") => simple::service(object),
            ("autoscaling", "HorizontalPodAutoscaler") => simple::autoscaler(object),
            ("apiextensions.k8s.io", "CustomResourceDefinition") => simple::definition(object),
            _ => by_ready_condition(object),
        },
    }
}

/// The convention that custom resources follow, and the rest: who writes no Ready condition is ready.
fn by_ready_condition(object: &Object) -> Judgement {
    match condition(object, "Ready") {
        Some(ready) if !ready.is_true() => match ready.words() {
            words if words.is_empty() => Judgement::in_progress("not ready yet"),
            words => Judgement::in_progress(format!("not ready yet: {words}")),
        },
        _ => Judgement::current("ready"),
    }
}

/// Pods that are ready and pods that are wanted.
fn pods(object: &Object) -> (i64, i64) {
    match Kind::of(object) {
        Kind::Deployment => replicated::pods_of_deployment(object),
        Kind::StatefulSet => replicated::pods_of_stateful_set(object),
        Kind::DaemonSet => replicated::pods_of_daemon_set(object),
        Kind::ReplicaSet => replicated::pods_of_replica_set(object),
        Kind::Job => job::pods(object),
        Kind::Pod => pod::pods(object),
        Kind::Other => (0, 0),
    }
}

fn pod_count(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}
