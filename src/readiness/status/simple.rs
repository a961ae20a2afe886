//! Kinds without pods that have a rule of their own.

use super::Judgement;
use crate::object::Object;
use crate::readiness::conditions::{condition, int};

/// kstatus waits until a claim is bound. One whose class binds at the first consumer never is before a pod
/// uses it, and the claim itself does not say which class it has; where its volume is really missing, the
/// pod that waits for it says so.
pub(super) fn claim(object: &Object) -> Judgement {
    match object.text("/status/phase") {
        Some("Bound") => Judgement::current("bound"),
        Some("Lost") => Judgement::failed("its volume is lost"),
        Some("Pending") => Judgement::current("to be bound when a pod uses it"),
        _ => Judgement::in_progress("its controller has not seen it yet"),
    }
}

/// A load balancer's address is not waited for: many clusters never give one. Its cluster IP is (core.go).
pub(super) fn service(object: &Object) -> Judgement {
    let is_balanced = object.text("/spec/type") == Some("LoadBalancer");
    match is_balanced && object.text("/spec/clusterIP").is_none_or(str::is_empty) {
        true => Judgement::in_progress("has no cluster IP yet"),
        false => Judgement::current("ready"),
    }
}

/// kstatus does not wait for an autoscaler. But where several replicas were asked for through one, its
/// Deployment is complete with a single one until the autoscaler has first looked at it, which takes up to
/// 15 s: two that must not fail would be one for that long. At 0 replicas it is switched off and never looks.
pub(super) fn autoscaler(object: &Object) -> Judgement {
    let least = int(object, "/spec/minReplicas").unwrap_or(1);
    let current = int(object, "/status/currentReplicas").unwrap_or(0);
    let is_off = condition(object, "ScalingActive").is_some_and(|active| active.reason == "ScalingDisabled");
    match least > 1 && current < least && !is_off {
        true => Judgement::in_progress(format!("{current} of at least {least} replicas")),
        false => Judgement::current("ready"),
    }
}

/// Established is when the API server serves the new kind.
pub(super) fn definition(object: &Object) -> Judgement {
    if let Some(names) = condition(object, "NamesAccepted").filter(|condition| condition.is_false()) {
        return Judgement::failed(format!("its names are refused: {}", names.words()));
    }
    match condition(object, "Established") {
        Some(established) if established.is_true() => Judgement::current("established"),
        Some(established) if established.is_false() && established.reason != "Installing" => {
            Judgement::failed(format!("not established: {}", established.words()))
        }
        _ => Judgement::in_progress("not established yet"),
    }
}
