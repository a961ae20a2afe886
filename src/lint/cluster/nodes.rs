use serde_json::Value;

use super::super::Live;
use super::super::scene::Scene;
use crate::finding::{Code, Finding};
use crate::object::{GroupKind, Object};

pub(super) fn find(scene: &Scene<'_>, live: &Live) -> Option<Finding> {
    if live.unread.contains_key(&kind()) {
        return None;
    }
    let nodes: Vec<&Object> = scene.there("", "Node").collect();
    let why = |trouble: fn(&Object) -> Option<String>| {
        let all = nodes.iter().filter_map(move |node| Some((node.name(), trouble(node)?)));
        all.collect::<Vec<(&str, String)>>()
    };
    let in_words = |troubled: &[(&str, String)]| {
        troubled.iter().map(|(name, why)| format!("{name} ({why})")).collect::<Vec<_>>().join(", ")
    };
    let (closed, unready) = (why(trouble), why(not_ready));
    if nodes.is_empty() {
        let hint = "nothing can run; give the cluster a node, or wait until its autoscaler does";
        return Some(Finding::error(Code::NodesNotReady, "the cluster has no node", hint));
    }
    let (name, _) = closed.first()?;
    let more = format!("`kubectl describe node {name}` tells more");
    if closed.len() == nodes.len() {
        let seen = format!("no node takes pods: {}", in_words(&closed));
        return Some(Finding::error(Code::NodesNotReady, seen, more));
    }
    // A node that is cordoned or kept for others is meant to be.
    let (name, _) = unready.first()?;
    let seen = format!("{} of {} nodes are not ready: {}", unready.len(), nodes.len(), in_words(&unready));
    let hint = format!("the others have to do; `kubectl describe node {name}` tells more");
    Some(Finding::warning(Code::NodesNotReady, seen, hint))
}

pub(super) fn kind() -> GroupKind {
    GroupKind { group: String::new(), kind: "Node".into() }
}

/// Why a node takes no ordinary pods; None where it does.
pub(super) fn trouble(node: &Object) -> Option<String> {
    let taints = || node.pointer("/spec/taints").and_then(Value::as_array).into_iter().flatten();
    let closes = |taint: &&Value| matches!(taint["effect"].as_str(), Some("NoSchedule" | "NoExecute"));
    let cordoned =
        || (node.pointer("/spec/unschedulable") == Some(&Value::Bool(true))).then(|| "cordoned".to_owned());
    let tainted = || Some(format!("tainted {}", taints().find(closes)?["key"].as_str().unwrap_or_default()));
    not_ready(node).or_else(cordoned).or_else(tainted)
}

/// Why a node is not ready; None where it is.
pub fn not_ready(node: &Object) -> Option<String> {
    let conditions = node.pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions.into_iter().flatten().find(|condition| condition["type"] == "Ready");
    let Some(ready) = ready else { return Some("no status yet".to_owned()) };
    if ready["status"] == "True" {
        return None;
    }
    let said = [&ready["reason"], &ready["message"]].map(|word| word.as_str().unwrap_or_default());
    let said: Vec<&str> = said.into_iter().filter(|word| !word.is_empty()).collect();
    Some(said.join(": "))
}
