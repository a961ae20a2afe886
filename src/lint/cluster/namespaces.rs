use std::collections::BTreeSet;

use serde_json::Value;

use super::super::Live;
use super::super::scene::Scene;
use crate::finding::{Code, Finding};
use crate::object::Object;
use crate::plan;

/// Namespaces of the plan, or the installer's own, that are on their way out.
pub(super) fn find(scene: &Scene<'_>, live: &Live) -> Vec<Finding> {
    let mut needed: BTreeSet<&str> = scene.planned_namespaces();
    needed.extend(scene.planned_of("", "Namespace").map(|placed| placed.object.name()));
    needed.insert(plan::NAMESPACE);
    let ending = live
        .objects
        .of_kind("", "Namespace")
        .filter(|namespace| needed.contains(namespace.name()) && namespace.is_being_deleted());
    ending.map(finding).collect()
}

fn finding(namespace: &Object) -> Finding {
    let conditions = namespace.pointer("/status/conditions").and_then(Value::as_array);
    let why = conditions.into_iter().flatten().find(|condition| {
        condition["status"] == "True" && condition["type"].as_str() != Some("NamespaceDeletionContentSuccess")
    });
    let why = why.and_then(|condition| condition["message"].as_str()).map(|why| format!(": {why}"));
    let since = namespace.text("/metadata/deletionTimestamp").unwrap_or_default();
    let seen = format!("is being deleted since {since}, and takes nothing new{}", why.unwrap_or_default());
    let hint = "wait until it is gone; where it does not go, remove what still has finalizers in it (who set them is \
                often gone already)";
    Finding::error(Code::NamespaceTerminating, seen, hint).on(namespace.id())
}
