//! Pods that are there and not ready.

use serde_json::Value;

use super::container;
use crate::object::Object;
use crate::readiness::conditions::condition;
use crate::readiness::container::containers;
use crate::readiness::evidence::{Event, Evidence, is_of_job, is_pod_ready};
use crate::readiness::reason::{Cause, Reason, SLOW};

pub(super) fn reasons(pod: &Object, evidence: &Evidence<'_>) -> Vec<Reason> {
    if is_pod_ready(pod) || pod.text("/status/phase") == Some("Succeeded") {
        return Vec::new();
    }
    if pod.text("/status/phase") == Some("Failed") {
        return vec![failed(pod)];
    }
    let mut reasons: Vec<Reason> = unschedulable(pod, evidence).into_iter().collect();
    reasons.extend(containers(pod).filter_map(|container| container::reason(pod, &container, evidence)));
    if reasons.is_empty() {
        reasons.extend(not_begun(pod, evidence));
    }
    let id = pod.id();
    reasons.into_iter().map(|reason| reason.of_pod(&id)).collect()
}

/// How a container of the pod ended that did not end well.
pub(super) fn exit_of(pod: &Object) -> Option<String> {
    containers(pod).find_map(|container| {
        let ended = container.terminated()?;
        (ended.get("exitCode").and_then(Value::as_i64) != Some(0)).then(|| container.how_it_ended(ended))
    })
}

/// Alone it has ended for good; in a Job others are tried, as many as the Job says.
fn failed(pod: &Object) -> Reason {
    let words = [text_at(pod, "/status/reason"), text_at(pod, "/status/message")];
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let how = match words.is_empty() {
        true => exit_of(pod).unwrap_or_else(|| "failed".into()),
        false => words.join(": "),
    };
    let reason = Reason::new(Cause::PodFailed, format!("{}: {how}", pod.name())).of_pod(&pod.id());
    if is_of_job(pod) { reason } else { reason.for_certain() }
}

fn unschedulable(pod: &Object, evidence: &Evidence<'_>) -> Option<Reason> {
    let scheduled = condition(pod, "PodScheduled").filter(|condition| condition.is_false())?;
    if scheduled.reason == "SchedulingGated" {
        return None;
    }
    let text = format!("{}: no node takes it: {}", pod.name(), scheduled.words());
    let text = text.replace("Unschedulable: ", "");
    let reason = Reason::new(Cause::Unschedulable, text);
    // A cluster autoscaler brings a node in minutes.
    let grows = evidence.about(pod).any(|event| event.reason == "TriggeredScaleUp");
    Some(if grows { reason.suspected_for(SLOW) } else { reason })
}

/// No container has begun: the node cannot make the pod's network or its volumes.
fn not_begun(pod: &Object, evidence: &Evidence<'_>) -> Option<Reason> {
    let begun = containers(pod).any(|container| container.has_begun());
    if begun {
        return None;
    }
    evidence.about(pod).find_map(|event| reason_of(pod, event))
}

fn reason_of(pod: &Object, event: &Event<'_>) -> Option<Reason> {
    let cause = match event.reason {
        // "Unable to attach or mount volumes: timed out" only repeats what an earlier event tells better.
        "FailedMount" if event.message.starts_with("Unable to attach or mount") => return None,
        "FailedMount" => container::missing(event.message).unwrap_or(Cause::VolumeMount),
        "FailedAttachVolume" => Cause::VolumeMount,
        "FailedCreatePodSandBox" => Cause::Sandbox,
        _ => return None,
    };
    Some(Reason::new(cause, format!("{}: {}", pod.name(), event.message)))
}

fn text_at<'a>(pod: &'a Object, pointer: &str) -> &'a str {
    pod.text(pointer).unwrap_or_default()
}
