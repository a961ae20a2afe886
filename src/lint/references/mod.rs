//! Secrets, ConfigMaps, claims and ServiceAccounts that pods refer to and nothing brings.

mod refers;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::scene::{Scene, found, is_custom};
use crate::finding::{Code, Finding, Severity};
use crate::object::{GroupKind, ObjectId};
use crate::plan::{Layer, Placed, Plan};

use refers::Need;
pub(super) use refers::{Reference, in_object};

/// What every namespace has without anybody's doing: kube-controller-manager and istiod see to it.
const EVERYWHERE: [(&str, &str); 3] =
    [("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt"), ("ConfigMap", "istio-ca-root-cert")];

/// The objects that the plan's pods refer to and the plan does not have: what the cluster is to be asked for.
pub fn wanted(plan: &Plan) -> BTreeSet<ObjectId> {
    let scene = Scene::new(plan, None);
    let objects = plan.layers.iter().flat_map(Layer::objects);
    let all = objects.flat_map(|placed| in_object(&scene, &placed.object));
    let all = all.filter(|(_, reference)| !EVERYWHERE.contains(&(reference.kind, reference.name)));
    let ids = all.map(|(namespace, reference)| id(reference.kind, namespace, reference.name));
    ids.filter(|id| !scene.has(id)).collect()
}

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    let mut missing: BTreeMap<ObjectId, Vec<(&Placed, Reference<'_>)>> = BTreeMap::new();
    for placed in scene.planned() {
        for (namespace, reference) in in_object(scene, &placed.object) {
            let id = id(reference.kind, namespace, reference.name);
            let is_there = scene.has(&id)
                || EVERYWHERE.contains(&(reference.kind, reference.name))
                || is_made_by_a_custom_resource(scene, namespace, reference.name);
            if !is_there {
                missing.entry(id).or_default().push((placed, reference));
            }
        }
    }
    missing.iter().map(|(id, users)| finding(scene, id, users)).collect()
}

/// One for all that need it, at the first of them.
fn finding(scene: &Scene<'_>, id: &ObjectId, users: &[(&Placed, Reference<'_>)]) -> Finding {
    let (placed, reference) = &users[0];
    let others: BTreeSet<&str> = users.iter().map(|(placed, _)| placed.object.name()).collect();
    let others: Vec<&str> = others.into_iter().filter(|name| *name != placed.object.name()).collect();
    let others = if others.is_empty() { String::new() } else { format!("; so do {}", others.join(", ")) };
    let namespace = id.namespace.as_deref().unwrap_or_default();
    let seen = format!(
        "needs the {} `{}` in {namespace} ({}), and nothing brings it{others}",
        id.group_kind.kind, id.name, reference.place
    );
    let may_come = users.iter().all(|(_, reference)| reference.need == Need::May)
        || scene.an_operator_may_act_in(namespace)
        || scene.there("batch", "Job").any(|job| job.namespace() == Some(namespace));
    let severity = if may_come { Severity::Warning } else { scene.severity(&[("", &id.group_kind.kind)]) };
    let hint = match id.group_kind.kind.as_str() {
        kind @ ("Secret" | "ConfigMap") => format!(
            "pods wait for it; add it to a layer (a {} generator, an ExternalSecret), create it in the cluster, or \
             mark the reference `optional`",
            kind.to_lowercase()
        ),
        "ServiceAccount" => "its pods are refused until there is one; add it to a layer".to_owned(),
        _ => "pods wait for it; add it to a layer, or create it in the cluster".to_owned(),
    };
    found(placed, Code::ReferenceMissing, severity, seen, hint)
}

/// An ExternalSecret, a SealedSecret, a Certificate and their like are called as what they make, or name it.
pub(super) fn is_made_by_a_custom_resource(scene: &Scene<'_>, namespace: &str, name: &str) -> bool {
    let mut custom = scene.planned().map(|placed| &placed.object).filter(|object| is_custom(object));
    custom.any(|object| {
        object.namespace().is_none_or(|its_own| its_own == namespace)
            && (object.name() == name || object.pointer("/spec").is_some_and(|spec| mentions(spec, name)))
    })
}

fn mentions(value: &Value, name: &str) -> bool {
    match value {
        Value::String(text) => text == name,
        Value::Array(items) => items.iter().any(|item| mentions(item, name)),
        Value::Object(fields) => fields.values().any(|field| mentions(field, name)),
        _ => false,
    }
}

fn id(kind: &str, namespace: &str, name: &str) -> ObjectId {
    let group_kind = GroupKind { group: String::new(), kind: kind.to_owned() };
    ObjectId { group_kind, namespace: Some(namespace.to_owned()), name: name.to_owned() }
}
