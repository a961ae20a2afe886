//! Pods that no node takes.

use super::words::quoted_after;
use crate::finding::Code;
use crate::object::{Object, ObjectId, Snapshot};
use crate::readiness::conditions::{condition, list};
use crate::readiness::evidence::{Event, Evidence};
use crate::readiness::patience::SLOW;
use crate::readiness::trouble::Trouble;

pub(super) fn reason(pod: &Object, evidence: &Evidence<'_>, snapshot: &Snapshot) -> Option<Trouble> {
    let scheduled = condition(pod, "PodScheduled").filter(|condition| condition.is_false())?;
    if scheduled.reason == "SchedulingGated" {
        return None;
    }
    if let Some(trouble) = unbound(pod, scheduled.message, snapshot) {
        return Some(trouble);
    }
    let words = words(scheduled.message);
    let trouble = Trouble::new(Code::Unschedulable, format!("{}: no node takes it: {words}", pod.name()));
    let trouble = trouble.shared_by(words);
    // A cluster autoscaler brings a node in minutes.
    let grows = evidence.about(pod).any(|event| event.reason == "TriggeredScaleUp");
    Some(if grows { trouble.suspected_for(SLOW) } else { trouble })
}

/// A claim that is not there, or that has no volume.
fn unbound(pod: &Object, message: &str, snapshot: &Snapshot) -> Option<Trouble> {
    let id = |name: &str| ObjectId::core("PersistentVolumeClaim", pod.namespace(), name);
    if let Some(name) = quoted_after(message, "persistentvolumeclaim ") {
        let seen = format!("is not there; {} waits for it", pod.name());
        return Some(Trouble::new(Code::ClaimUnbound, seen).on(id(name)));
    }
    if !message.contains("unbound immediate PersistentVolumeClaims") {
        return None;
    }
    let names = list(pod, "/spec/volumes")
        .filter_map(|volume| volume.pointer("/persistentVolumeClaim/claimName")?.as_str());
    let claims = names.filter_map(|name| snapshot.get(&id(name)));
    let claim = claims.into_iter().find(|claim| claim.text("/status/phase") != Some("Bound"))?;
    let why =
        Event::newest_about(claim, snapshot).map_or(String::new(), |event| format!(": {}", event.message));
    let seen = format!("has no volume yet{why}; {} waits for it", pod.name());
    Some(Trouble::new(Code::ClaimUnbound, seen).on(claim.id()))
}

/// `0/3 nodes are available: 1 node(s) had untolerated taint {a: b}, 2 Insufficient cpu. preemption: ...` in a
/// person's words (k8s.io/kubernetes, pkg/scheduler/framework/types.go, FitError).
fn words(message: &str) -> String {
    let read = || {
        let (nodes, reasons) = message.split_once(" nodes are available: ")?;
        let all: usize = nodes.split_once('/')?.1.parse().ok()?;
        let (reasons, _) = reasons.split_once(" preemption: ").unwrap_or((reasons, ""));
        Some((all, reasons.trim_end_matches('.')))
    };
    match read() {
        Some((1, reasons)) => format!("the only node {}", each(reasons, 1)),
        Some((all, reasons)) => format!("of {all} nodes, {}", each(reasons, all)),
        None => message.to_owned(),
    }
}

fn each(reasons: &str, all: usize) -> String {
    let one = |reason: &str| {
        let (count, reason) = reason.split_once(' ').unwrap_or(("", reason));
        let reason = reason.strip_prefix("node(s) ").unwrap_or(reason);
        match all {
            1 => predicate(reason, true),
            _ => format!("{count} {}", predicate(reason, count == "1")),
        }
    };
    reasons.split(", ").map(one).collect::<Vec<_>>().join(", ")
}

/// What the scheduler's filters say, as what a node does.
fn predicate(reason: &str, is_one: bool) -> String {
    let (has, is) = if is_one { ("has", "is") } else { ("have", "are") };
    if let Some(resource) = reason.strip_prefix("Insufficient ") {
        return format!("{has} too little {resource} left");
    }
    if let Some(taint) = reason.strip_prefix("had untolerated taint ") {
        let taint = taint.trim_matches(['{', '}']).replace(": ", "=");
        return format!("{has} the taint {}, which it does not tolerate", taint.trim_end_matches('='));
    }
    match reason {
        "Too many pods" => format!("{is} full of pods"),
        "were unschedulable" => format!("{is} cordoned"),
        "didn't match Pod's node affinity/selector" => {
            format!("{is} not matched by its nodeSelector or affinity")
        }
        "didn't have free ports for the requested pod ports" => format!("{has} its host port taken"),
        "had volume node affinity conflict" => format!("{is} out of its volume's reach"),
        "didn't match pod anti-affinity rules" => format!("{is} kept apart by its anti-affinity"),
        "didn't match pod topology spread constraints" => format!("{is} ruled out by its topology spread"),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheduler_in_a_persons_words() {
        let table = [
            ("0/1 nodes are available: 1 Insufficient cpu.", "the only node has too little cpu left"),
            (
                "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient memory. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.",
                "of 3 nodes, 1 has the taint node-role.kubernetes.io/control-plane, which it does not tolerate, 2 have too little memory left",
            ),
            (
                "0/5 nodes are available: 2 Too many pods, 3 node(s) were unschedulable.",
                "of 5 nodes, 2 are full of pods, 3 are cordoned",
            ),
            (
                "0/1 nodes are available: 1 node(s) had untolerated taint {team: batch}.",
                "the only node has the taint team=batch, which it does not tolerate",
            ),
            ("no nodes available to schedule pods", "no nodes available to schedule pods"),
            ("0/2 nodes are available: 2 something new.", "of 2 nodes, 2 something new"),
        ];
        for (message, expected) in table {
            assert_eq!(words(message), expected);
        }
    }
}
