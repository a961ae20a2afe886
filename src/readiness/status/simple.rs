//! Kinds without pods that have a rule of their own.

use super::Judgement;
use crate::object::Object;
use crate::readiness::conditions::condition;

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
