use std::collections::{BTreeMap, BTreeSet};

use super::super::mesh::root_namespace;
use super::super::pods::Pods;
use super::super::scene::about;
use super::mentions::{Text, texts};
use super::{Closing, OR_PERMISSIVE, called};
use crate::finding::{Code, Finding, Severity};
use crate::object::Object;

/// Namespaces of the cluster itself: what runs there calls nobody, unless it says so.
const SYSTEM: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];

/// Pods without a sidecar that call into the mesh: those whose configuration says so, and all others that may.
pub(super) fn find(closing: &Closing<'_>) -> Vec<Finding> {
    let told: Vec<(&Pods<'_>, Option<Finding>)> =
        closing.members.outsiders.iter().map(|outsider| (outsider, caller(closing, outsider))).collect();
    let silent = told.iter().filter(|(_, finding)| finding.is_none()).map(|(outsider, _)| *outsider);
    let others = others(closing, silent);
    told.into_iter().filter_map(|(_, finding)| finding).chain(others).collect()
}

/// One that says whom it calls.
fn caller(closing: &Closing<'_>, outsider: &Pods<'_>) -> Option<Finding> {
    let texts = texts(closing.scene, outsider);
    let mut called = BTreeMap::new();
    let mut hits_today = false;
    for door in closing.doors.iter() {
        let (service, namespace) = (door.service.name(), door.service.namespace().unwrap_or_default());
        let names = |text: &&Text<'_>| text.names(service, namespace, outsider.namespace);
        if let Some(text) = texts.iter().find(names) {
            called.entry(format!("{service}.{namespace}")).or_insert(&text.place);
            hits_today |= door.answers_today;
        }
    }
    if called.is_empty() {
        return None;
    }
    let listed: Vec<String> = called.iter().map(|(host, place)| format!("{host} ({place})")).collect();
    let seen = format!(
        "gets no sidecar and calls {}, which will answer the mesh alone: its calls in plaintext will be cut off",
        listed.join(", ")
    );
    let hint = format!(
        "give it a sidecar (label its namespace `istio-injection=enabled` and restart it), leave the called ports \
         PERMISSIVE by a PeerAuthentication with a selector, {OR_PERMISSIVE}"
    );
    // One that waits for what was never there loses nothing.
    let is_planned = closing.scene.placed(outsider.owner).is_some();
    let severity = if hits_today || is_planned { Severity::Error } else { Severity::Warning };
    Some(about(closing.scene, outsider.owner, Code::CallerCutOff, severity, seen, hint))
}

/// One for a policy, with all of whom nothing tells that they do not call what it closes.
fn others<'a>(closing: &Closing<'_>, silent: impl Iterator<Item = &'a Pods<'a>>) -> Vec<Finding> {
    let root = root_namespace(closing.scene);
    let is_anybodys = |pods: &&Pods<'_>| {
        !SYSTEM.contains(&pods.namespace)
            && pods.namespace != root
            && closing.scene.placed(pods.owner).is_none()
    };
    let silent: Vec<&Object> = silent.filter(is_anybodys).map(|pods| pods.owner).collect();
    if silent.is_empty() {
        return Vec::new();
    }
    let mut policies: BTreeMap<_, (&Object, Vec<&Object>)> = BTreeMap::new();
    for closed in closing.members.closed.iter().filter(|closed| closed.answers_today) {
        if let Some(policy) = closed.policy {
            policies.entry(policy.id()).or_insert((policy, Vec::new())).1.push(closed.pods.owner);
        }
    }
    let finding = |(policy, closed): (&Object, Vec<&Object>)| {
        let seen = format!(
            "closes {} to plaintext, which they answer today; these have no sidecar and may call them: {}",
            by_namespace(&closed),
            by_namespace(&silent)
        );
        let hint = format!(
            "make sure that none of them does, or give those that do a sidecar; give --yes if that is so, {OR_PERMISSIVE}"
        );
        about(closing.scene, policy, Code::CallersUnknown, Severity::Warning, seen, hint)
    };
    policies.into_values().map(finding).collect()
}

/// How many of a namespace are named before the others are counted.
const LISTED: usize = 10;

/// `shop (api, web), tools (jenkins)`
fn by_namespace(owners: &[&Object]) -> String {
    let mut namespaces: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for owner in owners {
        namespaces.entry(owner.namespace().unwrap_or_default()).or_default().insert(called(owner));
    }
    let listed = namespaces.into_iter().map(|(namespace, names)| {
        let more = names.len().saturating_sub(LISTED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let names: Vec<&str> = names.into_iter().take(LISTED).collect();
        format!("{namespace} ({}{more})", names.join(", "))
    });
    listed.collect::<Vec<_>>().join(", ")
}
