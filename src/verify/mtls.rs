//! Connections in the mesh are mutual TLS, every policy asks for it, and a caller without a certificate of the mesh
//! is refused.

use std::collections::BTreeMap;

use super::calls::{Answer, Call, Caller};
use super::connectivity::{self, obstacle};
use super::policy::{self, Level, Mode};
use super::promised::Promised;
use super::report::{Verdict, count};
use super::seen::Seen;
use crate::finding::{Code, Finding};
use crate::object::Object;
use crate::profile::Check;

pub(super) fn judge(promised: &Promised, seen: &Seen) -> Verdict {
    let mut verdict = Verdict::default();
    if promised.services().next().is_none() {
        verdict.block(Check::Services, "there is no service to call");
    }
    verdict.find(permissive(promised, seen));
    verdict.find(promised.services().filter_map(|service| without_tls(service, seen)));
    let (mut mutual, mut refused) = (Vec::new(), 0);
    for service in promised.services() {
        if let Some((by, why)) = obstacle(service, seen) {
            verdict.block(by, why);
            continue;
        }
        match proof(service, seen) {
            Some(Ok(identities)) => mutual.push(identities),
            Some(Err(Doubt::Broken(finding))) => verdict.find([*finding]),
            Some(Err(Doubt::Unreached(why))) => verdict.block(Check::Connectivity, why),
            None => {}
        }
        let calls = seen.calls.iter().filter(|call| call.service == service.id());
        if calls.clone().all(|call| matches!(call.caller, Caller::Mesh { .. })) {
            verdict.find([connectivity::uncalled(service)]);
        }
        for call in calls {
            match (&call.caller, &call.answer) {
                (Caller::Mesh { .. }, _) => {}
                (_, Answer::Cut) => refused += 1,
                (_, Answer::Status { code, .. }) => verdict.find([taken(call, *code)]),
                (_, Answer::Nothing(why)) if is_reached(service, seen) => verdict.find([untold(call, why)]),
                (_, Answer::Nothing(why)) => {
                    verdict.block(Check::Connectivity, format!("{}: {why}", call.service))
                }
            }
        }
    }
    if seen.probes.values().any(Result::is_err) {
        verdict.block(Check::Connectivity, "without a probe nothing shows what connections in the mesh are");
    }
    let services = count(promised.services().count(), "service");
    verdict.attest(format!("{services} STRICT"));
    if let Some((own, _)) = mutual.first() {
        let theirs: Vec<String> = mutual.iter().map(|(_, theirs)| short(theirs)).collect();
        verdict.attest(format!("mutual TLS as {} with {}", short(own), theirs.join(", ")));
    }
    verdict.attest(format!("plaintext is cut off: {}", count(refused, "call")));
    verdict
}

/// Policies that let plaintext in, each once with the services that it is about.
fn permissive(promised: &Promised, seen: &Seen) -> Vec<Finding> {
    let mut by_policy: BTreeMap<String, (Mode, Vec<String>)> = BTreeMap::new();
    for service in promised.services() {
        for mode in policy::modes(service, seen).into_iter().filter(|mode| mode.mode != "STRICT") {
            let about = by_policy.entry(format!("{mode:?}")).or_insert_with(|| (mode, Vec::new()));
            about.1.push(service.name().to_owned());
        }
    }
    let finding = |(Mode { mode, set_by, level }, services): (Mode, Vec<String>)| {
        let services = services.join(", ");
        let about = match level {
            Level::Mesh => "the mesh".to_owned(),
            Level::Namespace => "its namespace".to_owned(),
            Level::Workload => "a workload".to_owned(),
            Level::Port(port) => format!("port {port} of a workload"),
        };
        let hint = "set it to STRICT, or take it out where a wider policy is STRICT";
        match set_by {
            Some(policy) => {
                let seen = format!("is {mode} for {about}, which lets plaintext in to {services}");
                Finding::error(Code::Permissive, seen, hint).on(policy)
            }
            None => {
                let seen = format!(
                    "no PeerAuthentication says anything of {services}, and Istio's own PERMISSIVE holds"
                );
                let hint = "a PeerAuthentication without a selector in istio-system makes the mesh STRICT";
                Finding::error(Code::Permissive, seen, hint)
            }
        }
    };
    by_policy.into_values().map(finding).collect()
}

fn without_tls(service: &Object, seen: &Seen) -> Option<Finding> {
    let (rule, mode) = policy::without_tls(service, seen)?;
    let seen = format!("has callers of {} do without the mesh's TLS: its mode is {mode}", service.name());
    let hint = "make it ISTIO_MUTUAL, or take `tls` out: the mesh then does it by itself";
    Some(Finding::error(Code::TlsOff, seen, hint).on(rule.id()))
}

/// Why a connection is not proven to be mutual TLS.
enum Doubt {
    Broken(Box<Finding>),
    /// There was none to look at.
    Unreached(String),
}

/// The identities at both ends of the connection that a call through the mesh made; None where none was made.
///
/// The caller's proxy counts its TLS sessions and checks who is at the other end; a server of the mesh asks for the
/// caller's certificate in every one. It may look at that only after the caller counts (TLS 1.3), so that only an answer
/// shows that it was accepted.
fn proof(service: &Object, seen: &Seen) -> Option<Result<(String, String), Doubt>> {
    let broken = |code, words: String, hint: &str| {
        Some(Err(Doubt::Broken(Box::new(Finding::error(code, words, hint).on(service.id())))))
    };
    let call = connectivity::calls(service, seen).next()?;
    let Some(connection) = seen.connections.get(&service.id()) else {
        let words = "the proxy of the probe that called it does not tell what the connection was".to_owned();
        let hint =
            "its proxy is asked in its own container: may this user do that (`create` on `pods/exec`)?";
        return broken(Code::Unasked, words, hint);
    };
    match (call.answer.is_from_service(), connection.sessions, connection.failures) {
        (true, 1.., _) => Some(Ok((connection.own.clone(), connection.theirs.join(" or ")))),
        (false, _, failures @ 1..) => {
            let words = format!("comes to no TLS session with its caller: {} failed", count_of(failures));
            let hint =
                "are both certificates by the same authority? restart what was started before it was changed";
            broken(Code::NotMutual, words, hint)
        }
        (false, ..) => Some(Err(Doubt::Unreached(format!("{}: {}", service.id(), call.answer.words())))),
        (true, 0, _) if policy::without_tls(service, seen).is_some() => None,
        (true, 0, _) => {
            let words =
                "answers through the mesh, and the caller's proxy has made no TLS session for it".to_owned();
            let hint = "does the Service's port have a name or a protocol that keeps the mesh away (`udp`, `mysql`)?";
            broken(Code::NotMutual, words, hint)
        }
    }
}

fn count_of(attempts: u64) -> String {
    if attempts == 1 { "1 attempt".to_owned() } else { format!("{attempts} attempts") }
}

/// Whether the mesh's own calls come through to a service, so that silence to others is no matter of the network.
fn is_reached(service: &Object, seen: &Seen) -> bool {
    let mut calls = connectivity::calls(service, seen).peekable();
    calls.peek().is_none() || calls.any(|call| call.answer.success().is_some())
}

fn taken(call: &Call, code: u16) -> Finding {
    let hint = "set the PeerAuthentication of the mesh to STRICT, and take out those that say otherwise";
    Finding::error(
        Code::PlaintextTaken,
        format!("answers {code} to a call in plaintext {}", call.caller),
        hint,
    )
    .on(call.service.clone())
}

fn untold(call: &Call, why: &str) -> Finding {
    let seen = format!("does not let itself be called in plaintext, nor refuse it: {why}");
    let hint = "what lies between the pods (a NetworkPolicy, a firewall) must let connections pass";
    Finding::error(Code::Unasked, seen, hint).on(call.service.clone())
}

/// `shop/web` of `spiffe://cluster.local/ns/shop/sa/web`, as Istio's own policies name an identity.
fn short(identity: &str) -> String {
    let parts = identity.split_once("/ns/").and_then(|(_, rest)| rest.split_once("/sa/"));
    parts.map_or_else(|| identity.to_owned(), |(namespace, account)| format!("{namespace}/{account}"))
}
