//! A caller without a certificate of the mesh is refused by every service.

use super::calls::{Answer, Call};
use super::promised::Promised;
use super::report::{Verdict, count};
use super::seen::Seen;
use super::services;
use crate::finding::{Code, Finding};
use crate::profile::Check;

pub(super) fn judge(promised: &Promised, seen: &Seen) -> Verdict {
    let mut verdict = Verdict::default();
    let unserved = services::unserved_ids(promised, seen);
    let mut refused = 0;
    for call in seen.calls.iter() {
        match &call.answer {
            _ if unserved.contains(&call.service) => {
                verdict.block(Check::Services, format!("{} has no endpoints to call", call.service));
            }
            Answer::Cut => refused += 1,
            Answer::Status { code, .. } => verdict.find([taken(call, *code)]),
            Answer::Nothing(why) => verdict.find([untold(call, why)]),
        }
    }
    verdict.attest(format!("plaintext is refused by {}", count(refused, "service")));
    verdict
}

fn taken(call: &Call, code: u16) -> Finding {
    let seen = format!("answers {code} to a call in plaintext");
    let hint = "set the PeerAuthentication of the mesh to STRICT, and take out those that say otherwise";
    Finding::error(Code::PlaintextTaken, seen, hint).on(call.service.clone())
}

fn untold(call: &Call, why: &str) -> Finding {
    let seen = format!("does not let itself be called in plaintext, nor refuse it: {why}");
    let hint = "what lies between the pods (a NetworkPolicy, a firewall) must let connections pass";
    Finding::error(Code::Unasked, seen, hint).on(call.service.clone())
}
