//! Every service answers a call through the mesh.

use std::time::Duration;

use super::calls::{Call, Caller};
use super::policy;
use super::promised::Promised;
use super::report::{Verdict, count};
use super::seen::Seen;
use super::{services, sidecars};
use crate::finding::{Code, Finding};
use crate::object::{Object, ObjectId};
use crate::profile::Check;

pub(super) fn judge(promised: &Promised, seen: &Seen) -> Verdict {
    let mut verdict = Verdict::default();
    if promised.services().next().is_none() {
        verdict.block(Check::Services, "there is no service to call");
    }
    let mut took = Vec::new();
    for service in promised.services() {
        if let Some((by, why)) = obstacle(service, seen) {
            verdict.block(by, why);
            continue;
        }
        if calls(service, seen).next().is_none() && !has_no_probe(service, seen) {
            verdict.find([uncalled(service)]);
        }
        for call in calls(service, seen) {
            match call.answer.success() {
                Some(time) => took.push(time),
                None if is_for_want_of_tls(service, seen) => {
                    verdict.block(Check::Mtls, format!("{}: {}", service.id(), call.answer.words()));
                }
                None => verdict.find([unanswered(service, call)]),
            }
        }
    }
    verdict.find(missing_probes(seen));
    if let (Some(least), Some(most)) = (took.iter().min(), took.iter().max()) {
        let (calls, span) = (count(took.len(), "call"), span(*least, *most));
        verdict
            .attest(format!("{calls} through the mesh answered, in {span}, as {}", callers(seen).join(", ")));
    }
    verdict
}

/// The calls to a service that go through the mesh.
pub(super) fn calls<'a>(service: &Object, seen: &'a Seen) -> impl Iterator<Item = &'a Call> + use<'a> {
    let service = service.id();
    let through_mesh = |call: &&Call| matches!(call.caller, Caller::Mesh { .. });
    seen.calls.iter().filter(through_mesh).filter(move |call| call.service == service)
}

/// Why calling a service would tell nothing new: what another check is about is in the way.
pub(super) fn obstacle(service: &Object, seen: &Seen) -> Option<(Check, String)> {
    let id = service.id();
    if services::is_unserved(service, seen) {
        return Some((Check::Services, format!("{id} has no endpoints to call")));
    }
    if sidecars::lack_behind(service, seen) {
        return Some((Check::Sidecars, format!("{id} leads to a pod without a sidecar that is ready")));
    }
    if !has_no_probe(service, seen) {
        return None;
    }
    let why = "no probe can be part of the mesh".to_owned();
    if !seen.has_istiod() {
        return Some((Check::ControlPlane, why));
    }
    (!sidecars::are_given_in(service.namespace()?, seen)).then_some((Check::Sidecars, why))
}

/// Whether a probe was wanted that could call a service, and is not there.
fn has_no_probe(service: &Object, seen: &Seen) -> bool {
    service.namespace().and_then(|namespace| seen.probes.get(namespace)).is_some_and(Result::is_err)
}

/// What was not called is not proven.
pub(super) fn uncalled(service: &Object) -> Finding {
    let hint = "is there a pod with a sidecar in its namespace, that a call could come from?";
    Finding::error(Code::Unasked, "was not called", hint).on(service.id())
}

/// Whether a call fails for something that the check of TLS is about.
fn is_for_want_of_tls(service: &Object, seen: &Seen) -> bool {
    seen.failed_sessions(service) > 0 || policy::without_tls(service, seen).is_some()
}

fn unanswered(service: &Object, call: &Call) -> Finding {
    let seen = format!("does not answer a call {} through the mesh: {}", call.caller, call.answer.words());
    let hint = match &call.answer {
        super::Answer::Status { code: 403, .. } => {
            "an AuthorizationPolicy denies it: does it let this caller through?"
        }
        super::Answer::Status { code: 503, .. } => {
            "its sidecar could not reach it: is `targetPort` of the Service the one that its container listens at?"
        }
        super::Answer::Status { .. } => "does it answer GET /health?",
        _ => "what lies between the pods (a NetworkPolicy, a firewall) must let connections pass",
    };
    Finding::error(Code::NoAnswer, seen, hint).on(service.id())
}

/// Where there is no reason for it that another check is about.
fn missing_probes(seen: &Seen) -> impl Iterator<Item = Finding> {
    let missing =
        seen.probes.iter().filter_map(|(namespace, probe)| Some((namespace, probe.as_ref().err()?)));
    let is_unexplained =
        |(namespace, _): &(&String, _)| seen.has_istiod() && sidecars::are_given_in(namespace, seen);
    missing.filter(is_unexplained).map(|(namespace, why)| {
        let hint =
            "a probe is a small pod with the image of a sidecar: is there room for it in quota and nodes?";
        let seen = format!("no probe got ready, so that nothing could be called: {why}");
        Finding::error(Code::ProbeMissing, seen, hint).on(ObjectId::core("Namespace", None, namespace))
    })
}

/// Who called through the mesh.
pub(super) fn callers(seen: &Seen) -> Vec<&str> {
    let mut callers: Vec<&str> = seen
        .calls
        .iter()
        .filter_map(|call| match &call.caller {
            Caller::Mesh { account } => Some(account.as_str()),
            _ => None,
        })
        .collect();
    callers.sort_unstable();
    callers.dedup();
    callers
}

fn span(least: Duration, most: Duration) -> String {
    match (least.as_millis(), most.as_millis()) {
        (least, most) if least == most => format!("{least} ms"),
        (least, most) => format!("{least} to {most} ms"),
    }
}
