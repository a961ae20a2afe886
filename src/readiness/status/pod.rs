use serde_json::Value;

use super::Judgement;
use crate::object::Object;
use crate::readiness::conditions::{condition, list, text};

/// Differs from kstatus in three places. A pod that failed is a failure. A crash loop and a pod without a
/// node are none yet: both come right by themselves often enough, so how long they last decides, and one
/// look at a pod cannot tell that.
pub(super) fn pod(object: &Object) -> Judgement {
    match object.text("/status/phase").unwrap_or_default() {
        "Succeeded" => Judgement::current("completed"),
        "Failed" => Judgement::failed(how_it_failed(object)),
        "Running" if is_ready(object) => Judgement::current("ready"),
        "Running" => Judgement::in_progress(not_ready(object)),
        "Pending" => Judgement::in_progress(pending(object)),
        _ => Judgement::in_progress("not seen yet by a kubelet"),
    }
}

pub(super) fn pods(object: &Object) -> (i64, i64) {
    let is_done = match object.text("/status/phase") {
        Some("Succeeded") => true,
        Some("Running") => is_ready(object),
        _ => false,
    };
    (i64::from(is_done), 1)
}

fn is_ready(object: &Object) -> bool {
    condition(object, "Ready").is_some_and(|condition| condition.is_true())
}

/// The kubelet's word (`Evicted: The node was low on resource: memory`), else the container that ended.
fn how_it_failed(object: &Object) -> String {
    let reason = object.text("/status/reason").unwrap_or_default();
    let message = object.text("/status/message").unwrap_or_default();
    match (reason, message) {
        ("", "") => {}
        (word, "") | ("", word) => return format!("failed: {word}"),
        (reason, message) => return format!("failed: {reason}: {message}"),
    }
    let exit = list(object, "/status/containerStatuses").find_map(|container| {
        let code = container.pointer("/state/terminated/exitCode").and_then(Value::as_i64)?;
        (code != 0).then(|| format!("failed: container {} exited with {code}", text(container, "name")))
    });
    exit.unwrap_or_else(|| "failed".into())
}

fn not_ready(object: &Object) -> String {
    let crashing: Vec<&str> = list(object, "/status/containerStatuses")
        .filter(|container| container.pointer("/state/waiting/reason") == Some(&"CrashLoopBackOff".into()))
        .map(|container| text(container, "name"))
        .collect();
    if !crashing.is_empty() {
        return format!("crashes again and again: {}", crashing.join(", "));
    }
    let containers = list(object, "/status/containerStatuses");
    let (ready, all) = containers.fold((0, 0), |(ready, all), container| {
        (ready + i32::from(container.get("ready") == Some(&Value::Bool(true))), all + 1)
    });
    match all {
        0 => "running, not ready yet".into(),
        1 => format!("{ready} of 1 container ready"),
        _ => format!("{ready} of {all} containers ready"),
    }
}

fn pending(object: &Object) -> String {
    match condition(object, "PodScheduled").filter(|condition| condition.is_false()) {
        Some(condition) if condition.message.is_empty() => "no node takes it yet".into(),
        Some(condition) => format!("no node takes it yet: {}", condition.message),
        None => "not started yet".into(),
    }
}
