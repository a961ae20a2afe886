//! What a workload's configuration says that it calls.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::pods::Pods;
use super::super::references::in_object;
use super::super::scene::Scene;
use crate::object::Object;

/// Text of a workload's configuration, and where it stands.
pub(super) struct Text<'a> {
    text: &'a str,
    pub(super) place: String,
}

/// Everything that its containers are told: arguments, variables, and the ConfigMaps that they read.
pub(super) fn texts<'a>(scene: &Scene<'a>, pods: &Pods<'a>) -> Vec<Text<'a>> {
    let mut texts = Vec::new();
    for container in pods.containers() {
        let called = container["name"].as_str().unwrap_or_default();
        for field in ["command", "args"] {
            let words = container[field].as_array().into_iter().flatten().filter_map(Value::as_str);
            texts.extend(words.map(|text| Text { text, place: format!("{field} of container {called}") }));
        }
        for variable in container["env"].as_array().into_iter().flatten() {
            let name = variable["name"].as_str().unwrap_or_default();
            let value = variable["value"].as_str();
            texts.extend(value.map(|text| Text { text, place: format!("{name} of container {called}") }));
        }
    }
    let read: BTreeSet<&str> = in_object(scene, pods.owner)
        .into_iter()
        .filter(|(_, reference)| reference.kind == "ConfigMap")
        .map(|(_, reference)| reference.name)
        .collect();
    let maps = read.into_iter().filter_map(|name| scene.get("", "ConfigMap", pods.namespace, name));
    texts.extend(maps.flat_map(in_map));
    texts
}

fn in_map(map: &Object) -> impl Iterator<Item = Text<'_>> {
    let entries = map.pointer("/data").and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(key, text)| {
        Some(Text { text: text.as_str()?, place: format!("{key} of ConfigMap {}", map.name()) })
    })
}

impl Text<'_> {
    /// Whether it names this Service: `web.shop`, with what may come behind it; for a reader of the same namespace also
    /// `web`, where a scheme stands before it or a port behind it. Names are hosts wherever they stand.
    pub(super) fn names(&self, service: &str, namespace: &str, from: &str) -> bool {
        let is_of_host = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        let mut rest = self.text;
        let mut before = "";
        while let Some(start) = rest.find(is_of_host) {
            before = if start == 0 { before } else { &rest[..start] };
            let host = &rest[start..];
            let end = host.find(|c| !is_of_host(c)).unwrap_or(host.len());
            let (host, after) = host.split_at(end);
            let mut parts = host.trim_end_matches('.').splitn(3, '.');
            let (name, its, domain) = (parts.next(), parts.next(), parts.next());
            let is_domain = domain.is_none_or(|domain| domain == "svc" || domain.starts_with("svc."));
            let is_full = name == Some(service) && its == Some(namespace) && is_domain;
            let is_address = || before.ends_with("//") || before.ends_with('@') || has_port(after);
            let is_short = name == Some(service) && its.is_none() && from == namespace;
            if is_full || (is_short && is_address()) {
                return true;
            }
            (rest, before) = (after, "");
        }
        false
    }
}

fn has_port(after: &str) -> bool {
    after.strip_prefix(':').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}
