use serde_json::Value;

use super::super::hosts::{Host, NETWORKING, Registry};
use super::super::scene::about;
use super::{Closing, OR_PERMISSIVE};
use crate::finding::{Code, Finding, Severity};
use crate::object::Object;

/// DestinationRules by which the mesh itself calls without its certificates.
pub(super) fn find(closing: &Closing<'_>) -> Vec<Finding> {
    let registry = Registry::of(closing.scene);
    let rules = closing.scene.there(NETWORKING, "DestinationRule");
    rules.filter_map(|rule| of(closing, &registry, rule)).collect()
}

fn of(closing: &Closing<'_>, registry: &Registry<'_>, rule: &Object) -> Option<Finding> {
    let host = rule.text("/spec/host")?;
    let Host::Service(service) = registry.find(host, rule.namespace().unwrap_or_default())? else {
        return None;
    };
    let door = closing.doors.of_service(service.namespace()?, service.name()).next()?;
    let mode = modes(rule).find(|mode| *mode != "ISTIO_MUTUAL")?;
    let seen = format!(
        "has the mesh call `{host}` with the TLS mode {mode}, and {} will answer the certificates of the mesh alone",
        door.address()
    );
    let hint = format!("write ISTIO_MUTUAL, or leave `tls` out: Istio chooses by itself; {OR_PERMISSIVE}");
    Some(about(closing.scene, rule, Code::RuleCutOff, Severity::Error, seen, hint))
}

/// The TLS modes that a rule says, for the host and its subsets, for all ports and for some.
fn modes(rule: &Object) -> impl Iterator<Item = &str> {
    let subsets = rule.pointer("/spec/subsets").and_then(Value::as_array).into_iter().flatten();
    let policies =
        rule.pointer("/spec/trafficPolicy").into_iter().chain(subsets.map(|subset| &subset["trafficPolicy"]));
    policies
        .flat_map(|policy| {
            let ports = policy["portLevelSettings"].as_array().into_iter().flatten();
            ports.chain([policy])
        })
        .filter_map(|settings| settings["tls"]["mode"].as_str())
}
