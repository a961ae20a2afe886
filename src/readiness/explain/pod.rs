//! Pods that are there and not ready.

use serde_json::Value;

use super::{container, missing, scheduling};
use crate::finding::Code;
use crate::object::{GroupKind, Object, ObjectId, Snapshot};
use crate::readiness::container::containers;
use crate::readiness::evidence::{Event, Evidence, is_of_job, is_pod_ready};
use crate::readiness::trouble::Trouble;

pub(super) fn reasons(pod: &Object, evidence: &Evidence<'_>, snapshot: &Snapshot) -> Vec<Trouble> {
    if is_pod_ready(pod) || pod.text("/status/phase") == Some("Succeeded") {
        return Vec::new();
    }
    if pod.text("/status/phase") == Some("Failed") {
        return vec![failed(pod)];
    }
    let mut troubles: Vec<Trouble> = scheduling::reason(pod, evidence, snapshot).into_iter().collect();
    troubles.extend(node_lost(pod, evidence));
    troubles.extend(containers(pod).filter_map(|container| container::reason(pod, &container, evidence)));
    if troubles.is_empty() {
        troubles.extend(not_begun(pod, evidence));
    }
    let id = pod.id();
    troubles.into_iter().map(|trouble| trouble.of_pod(&id)).collect()
}

/// How a container of the pod ended that did not end well.
pub(super) fn exit_of(pod: &Object) -> Option<String> {
    containers(pod).find_map(|container| {
        let ended = container.terminated()?;
        (ended.get("exitCode").and_then(Value::as_i64) != Some(0)).then(|| container.how_it_ended(ended))
    })
}

/// Alone it has ended for good; in a Job others are tried, as many as the Job says.
fn failed(pod: &Object) -> Trouble {
    let words = [text_at(pod, "/status/reason"), text_at(pod, "/status/message")];
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let how = match words.is_empty() {
        true => exit_of(pod).unwrap_or_else(|| "failed".into()),
        false => words.join(": "),
    };
    let trouble = Trouble::new(Code::PodFailed, format!("{}: {how}", pod.name())).of_pod(&pod.id());
    if is_of_job(pod) { trouble } else { trouble.for_certain() }
}

/// The node controller says so of each pod of a node that it has lost.
fn node_lost(pod: &Object, evidence: &Evidence<'_>) -> Option<Trouble> {
    let newest = evidence.about(pod).find(|event| ["NodeNotReady", "Started"].contains(&event.reason))?;
    let node = pod.text("/spec/nodeName").filter(|_| newest.reason == "NodeNotReady")?;
    let seen = format!("is not ready, and {} runs on it", pod.name());
    let group_kind = GroupKind { group: String::new(), kind: "Node".to_owned() };
    let node = ObjectId { group_kind, namespace: None, name: node.to_owned() };
    Some(Trouble::new(Code::NodeLost, seen).on(node))
}

/// No container has begun: the node cannot make the pod's network or its volumes.
fn not_begun(pod: &Object, evidence: &Evidence<'_>) -> Option<Trouble> {
    let begun = containers(pod).any(|container| container.has_begun());
    if begun {
        return None;
    }
    evidence.about(pod).find_map(|event| reason_of(pod, event))
}

fn reason_of(pod: &Object, event: &Event<'_>) -> Option<Trouble> {
    let code = match event.reason {
        // "Unable to attach or mount volumes: timed out" only repeats what an earlier event tells better.
        "FailedMount" if event.message.starts_with("Unable to attach or mount") => return None,
        "FailedMount" => match missing::reason(pod, pod.name(), event.message) {
            Some(trouble) => return Some(trouble),
            None => Code::VolumeNotMounted,
        },
        "FailedAttachVolume" => Code::VolumeNotMounted,
        "FailedCreatePodSandBox" => Code::SandboxFailed,
        _ => return None,
    };
    Some(Trouble::new(code, format!("{}: {}", pod.name(), event.message)))
}

fn text_at<'a>(pod: &'a Object, pointer: &str) -> &'a str {
    pod.text(pointer).unwrap_or_default()
}
