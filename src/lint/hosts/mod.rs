//! Hosts in VirtualServices and DestinationRules that no Service has.

mod registry;
mod route;
mod wildcard;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::scene::{Scene, found};
use crate::finding::{Code, Finding, Severity};
use crate::plan::Placed;

pub(super) use registry::{Host, Registry};
pub(super) use route::{gateways, hosts, is_for_mesh, routes};
pub(super) use wildcard::overlap;

pub(super) const NETWORKING: &str = "networking.istio.io";

/// What could bring a host that is not known.
const BRINGS_HOSTS: [(&str, &str); 2] = [("", "Service"), (NETWORKING, "ServiceEntry")];

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    let registry = Registry::of(scene);
    let mut findings = Vec::new();
    for service in scene.planned_of(NETWORKING, "VirtualService") {
        findings.extend(destinations(scene, &registry, service));
        findings.extend(subsets(scene, &registry, service));
        findings.extend(own_hosts(&registry, service));
    }
    for rule in scene.planned_of(NETWORKING, "DestinationRule") {
        findings.extend(rule_host(&registry, rule));
        findings.extend(subsets_without_pods(scene, &registry, rule));
    }
    findings
}

/// Where a VirtualService sends requests to.
fn destinations(scene: &Scene<'_>, registry: &Registry<'_>, placed: &Placed) -> Vec<Finding> {
    let namespace = placed.object.namespace().unwrap_or_default();
    let hosts: BTreeSet<&str> = routes(&placed.object).iter().map(|route| route.host).collect();
    let unknown = hosts.into_iter().filter(|host| registry.find(host, namespace).is_none());
    let finding = |host: &str| {
        let seen = format!("its route leads to `{host}`, {}", registry.what_is_missing(host, namespace));
        let hint = registry.what_was_meant(host, namespace).unwrap_or_else(|| {
            "requests get 503 until there is one; correct the host, or add the Service to a layer".to_owned()
        });
        found(placed, Code::DestinationUnknown, scene.severity(&BRINGS_HOSTS), seen, hint)
    };
    unknown.map(finding).collect()
}

/// The hosts that a VirtualService is for, where callers inside the mesh are meant. For callers from
/// outside, its Gateways tell (see `gateways`).
fn own_hosts(registry: &Registry<'_>, placed: &Placed) -> Vec<Finding> {
    let namespace = placed.object.namespace().unwrap_or_default();
    let (hosts, meshed, outside) =
        (hosts(&placed.object), is_for_mesh(&placed.object), gateways(&placed.object));
    let unknown = hosts.filter(|host| {
        let is_of_gateway = !outside.is_empty() && !registry::is_of_cluster(host);
        meshed && !is_of_gateway && !registry.covers(host, namespace)
    });
    let finding = |host: &str| {
        let seen = format!("is for `{host}`, {}", registry.what_is_missing(host, namespace));
        let hint = registry.what_was_meant(host, namespace).unwrap_or_else(|| {
            "nothing in the mesh is called that; name a Service, or under `gateways` the Gateway that the requests \
             come in by"
                .to_owned()
        });
        found(placed, Code::HostUnknown, Severity::Warning, seen, hint)
    };
    unknown.map(finding).collect()
}

fn rule_host(registry: &Registry<'_>, placed: &Placed) -> Option<Finding> {
    let namespace = placed.object.namespace().unwrap_or_default();
    let host = placed.object.text("/spec/host")?;
    if registry.covers(host, namespace) {
        return None;
    }
    let seen = format!("is for `{host}`, {}", registry.what_is_missing(host, namespace));
    let hint = registry.what_was_meant(host, namespace);
    let hint = hint
        .unwrap_or_else(|| "it changes nothing; correct the host, or add the Service to a layer".to_owned());
    Some(found(placed, Code::HostUnknown, Severity::Warning, seen, hint))
}

/// Subsets that a VirtualService names and no DestinationRule defines.
fn subsets(scene: &Scene<'_>, registry: &Registry<'_>, placed: &Placed) -> Vec<Finding> {
    let namespace = placed.object.namespace().unwrap_or_default();
    let named: BTreeSet<(&str, &str)> =
        routes(&placed.object).iter().filter_map(|route| Some((route.host, route.subset?))).collect();
    let mut findings = Vec::new();
    for (host, subset) in named {
        let Some(target) = registry.find(host, namespace) else { continue };
        let rules = scene.there(NETWORKING, "DestinationRule").filter(|rule| {
            let its_namespace = rule.namespace().unwrap_or_default();
            rule.text("/spec/host").is_some_and(|host| registry.find(host, its_namespace) == Some(target))
        });
        let defined: BTreeSet<&str> = rules
            .filter_map(|rule| rule.pointer("/spec/subsets")?.as_array())
            .flatten()
            .filter_map(|defined| defined["name"].as_str())
            .collect();
        if !defined.contains(subset) {
            let seen = format!(
                "its route leads to the subset `{subset}` of `{host}`, which no DestinationRule defines"
            );
            let hint = match defined.is_empty() {
                true => format!("add a DestinationRule for `{host}` with that subset, or leave `subset` out"),
                false => format!("there are {}", defined.into_iter().collect::<Vec<_>>().join(", ")),
            };
            let severity = scene.severity(&[(NETWORKING, "DestinationRule")]);
            findings.push(found(placed, Code::SubsetUnknown, severity, seen, hint));
        }
    }
    findings
}

/// Subsets of a DestinationRule that none of the Service's pods are in.
fn subsets_without_pods(scene: &Scene<'_>, registry: &Registry<'_>, placed: &Placed) -> Vec<Finding> {
    let namespace = placed.object.namespace().unwrap_or_default();
    let host = placed.object.text("/spec/host").unwrap_or_default();
    let Some(Host::Service(service)) = registry.find(host, namespace) else { return Vec::new() };
    let Some(selector) = service.pointer("/spec/selector").and_then(|s| s.as_object()) else {
        return Vec::new();
    };
    let pods = scene.pods_in(service.namespace().unwrap_or_default()).filter(|pods| pods.have(selector));
    let pods: Vec<_> = pods.collect();
    if pods.is_empty() {
        return Vec::new(); // That the Service has none at all is told by `selectors`.
    }
    let subsets = placed.object.pointer("/spec/subsets").and_then(|subsets| subsets.as_array());
    let labelled = subsets
        .into_iter()
        .flatten()
        .filter_map(|subset| Some((subset["name"].as_str()?, subset["labels"].as_object()?)));
    // Where a pod runs stands in no template: its node brings these labels.
    let of_places = |labels: &Map<String, Value>| labels.keys().any(|key| key.starts_with("topology."));
    let empty =
        labelled.filter(|(_, labels)| !of_places(labels) && !pods.iter().any(|pods| pods.have(labels)));
    let finding = |(name, labels)| {
        let seen = format!(
            "its subset `{name}` wants pods with {}, and no pod of `{host}` has that",
            super::selectors::written(labels)
        );
        let hint = "requests to the subset get 503; give its pods the label, or correct it here";
        found(placed, Code::SubsetUnknown, Severity::Warning, seen, hint)
    };
    empty.map(finding).collect()
}

#[cfg(test)]
mod tests;
