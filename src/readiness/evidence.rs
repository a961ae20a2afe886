//! What a snapshot holds that speaks of one workload: its ReplicaSet, its pods, and their events.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde_json::Value;

use super::conditions::{condition, list, text};
use crate::object::{Object, Snapshot};

/// The kinds, by their versions, that tell why a workload has no ready pods: those of its namespace.
pub const EVIDENCE: [(&str, &str); 5] = [
    ("apps/v1", "ReplicaSet"),
    ("v1", "Pod"),
    ("v1", "Event"),
    ("v1", "ResourceQuota"),
    ("v1", "PersistentVolumeClaim"),
];

/// By which a Deployment counts its ReplicaSets.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";

/// The fields of an Event that [`Event::read`] reads.
pub(super) const OF_EVENTS: [&str; 15] = [
    "apiVersion",
    "count",
    "deprecatedCount",
    "deprecatedLastTimestamp",
    "eventTime",
    "involvedObject",
    "kind",
    "lastTimestamp",
    "message",
    "metadata",
    "note",
    "reason",
    "regarding",
    "series",
    "type",
];

#[derive(Debug)]
pub(super) struct Evidence<'a> {
    /// Who creates the pods: a Deployment's newest ReplicaSet, else the workload itself. None for a
    /// Deployment that has none yet, and for a pod.
    pub(super) creator: Option<&'a Object>,
    /// Pods that are meant to stay: those that are being deleted are the past.
    pub(super) pods: Vec<&'a Object>,
    /// Pods that have failed and were replaced, by others than a Job.
    pub(super) replaced: Vec<&'a Object>,
    /// Pods that are being deleted.
    pub(super) ending: Vec<&'a Object>,
    /// Events of the workload, its creator and its pods, the oldest first.
    pub(super) events: Vec<Event<'a>>,
}

/// One Event of core/v1 or events.k8s.io/v1, which is the same object with other names for its fields.
#[derive(Clone, Debug)]
pub(super) struct Event<'a> {
    name: &'a str,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
    pub(super) is_warning: bool,
    pub(super) count: i64,
    time: Option<Timestamp>,
    /// The object that it is about.
    about: &'a Value,
}

impl<'a> Evidence<'a> {
    pub(super) fn gather(workload: &'a Object, snapshot: &'a Snapshot) -> Self {
        let creator = match workload.kind() {
            "Pod" => None,
            "Deployment" => newest_replica_set(workload, snapshot),
            _ => Some(workload),
        };
        let of_it: Vec<&Object> = match (workload.kind(), creator) {
            ("Pod", _) => vec![workload],
            (_, Some(creator)) => snapshot.owned_by(creator).filter(|object| object.is("", "Pod")).collect(),
            (_, None) => Vec::new(),
        };
        let (ending, staying): (Vec<&Object>, Vec<&Object>) =
            of_it.into_iter().partition(|pod| !std::ptr::eq(*pod, workload) && pod.is_being_deleted());
        let (replaced, pods): (Vec<&Object>, Vec<&Object>) =
            staying.into_iter().partition(|pod| !std::ptr::eq(*pod, workload) && is_replaced(pod));
        let maker = creator.filter(|creator| !std::ptr::eq(*creator, workload));
        let speakers =
            [workload].into_iter().chain(maker).chain(pods.iter().copied()).chain(ending.iter().copied());
        let mut events: Vec<Event<'_>> =
            speakers.flat_map(|speaker| Event::all_about(speaker, snapshot)).collect();
        // Times are often of whole seconds.
        events.sort_by_key(|event| (event.time, event.name));
        Self { creator, pods, replaced, ending, events }
    }

    /// The events about one object, the newest first.
    pub(super) fn about<'b>(&'b self, object: &'b Object) -> impl Iterator<Item = &'b Event<'a>> {
        self.events.iter().rev().filter(move |event| event.is_about(object))
    }
}

impl<'a> Event<'a> {
    /// The last that was said of an object which is no workload's own: a claim.
    pub(super) fn newest_about(object: &Object, snapshot: &'a Snapshot) -> Option<Self> {
        Self::all_about(object, snapshot).max_by_key(|event| event.time)
    }

    fn all_about<'b>(object: &'b Object, snapshot: &'a Snapshot) -> impl Iterator<Item = Self> + use<'a, 'b> {
        snapshot.events_about(object).map(Self::read).filter(|event| event.is_about(object))
    }

    fn read(object: &'a Object) -> Self {
        let field =
            |names: &[&str]| names.iter().find_map(|name| object.pointer(name).filter(|v| !v.is_null()));
        let text = |names: &[&str]| field(names).and_then(Value::as_str).unwrap_or_default();
        let count = field(&["/series/count", "/count", "/deprecatedCount"]).and_then(Value::as_i64);
        let time = text(&[
            "/series/lastObservedTime",
            "/lastTimestamp",
            "/deprecatedLastTimestamp",
            "/eventTime",
            "/metadata/creationTimestamp",
        ]);
        Self {
            name: object.name(),
            reason: text(&["/reason"]),
            message: text(&["/message", "/note"]),
            is_warning: text(&["/type"]) == "Warning",
            count: count.unwrap_or(1),
            time: time.parse().ok(),
            about: object.regarded().unwrap_or(&Value::Null),
        }
    }

    /// The same name may have been another object's before: the uid tells, where both have one.
    fn is_about(&self, object: &Object) -> bool {
        let uid = object.text("/metadata/uid").unwrap_or_default();
        let same_uid = uid.is_empty() || text(self.about, "uid").is_empty() || text(self.about, "uid") == uid;
        same_uid
            && text(self.about, "kind") == object.kind()
            && text(self.about, "name") == object.name()
            && text(self.about, "namespace") == object.namespace().unwrap_or_default()
    }

    /// Whether it is about this container of its pod (`spec.containers{app}`), or about none.
    pub(super) fn fits_container(&self, name: &str) -> bool {
        let path = text(self.about, "fieldPath");
        match path.split_once('{') {
            Some((_, rest)) => rest.trim_end_matches('}') == name,
            None => true,
        }
    }
}

/// The one with the highest revision: a rollback gives an old ReplicaSet a new number.
fn newest_replica_set<'a>(deployment: &'a Object, snapshot: &'a Snapshot) -> Option<&'a Object> {
    let revision = |set: &Object| -> i64 {
        let revision = set.annotation(REVISION);
        revision.and_then(|revision| revision.parse().ok()).unwrap_or(0)
    };
    let created = |set: &Object| set.text("/metadata/creationTimestamp").map(str::to_owned);
    let sets = snapshot.owned_by(deployment).filter(|object| object.kind() == "ReplicaSet");
    sets.min_by_key(|set| (Reverse(revision(set)), Reverse(created(set))))
}

/// A Job keeps its failed pods, and they are what tells; others replace a pod that has ended.
fn is_replaced(pod: &Object) -> bool {
    matches!(pod.text("/status/phase"), Some("Failed" | "Succeeded")) && !is_of_job(pod)
}

pub(super) fn is_of_job(pod: &Object) -> bool {
    list(pod, "/metadata/ownerReferences").any(|owner| text(owner, "kind") == "Job")
}

pub(super) fn is_pod_ready(pod: &Object) -> bool {
    condition(pod, "Ready").is_some_and(|condition| condition.is_true())
}
