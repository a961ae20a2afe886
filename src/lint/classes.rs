//! Classes of the cluster that pods and claims name, and that are not there.

use std::collections::BTreeMap;

use serde_json::Value;

use super::pods::Pods;
use super::scene::{Scene, found};
use crate::finding::{Code, Finding};
use crate::object::Object;
use crate::plan::Placed;

/// A kind of class, with what comes of its absence.
struct Class {
    group: &'static str,
    kind: &'static str,
    comes_of_it: &'static str,
}

const PRIORITY: Class = Class {
    group: "scheduling.k8s.io",
    kind: "PriorityClass",
    comes_of_it: "its pods are refused; name one that is there, or add it to a layer",
};
const RUNTIME: Class = Class {
    group: "node.k8s.io",
    kind: "RuntimeClass",
    comes_of_it: "its pods are refused; name one that is there, or add it to a layer",
};
const STORAGE: Class = Class {
    group: "storage.k8s.io",
    kind: "StorageClass",
    comes_of_it: "the claim gets no volume, and its pods wait; name one that is there",
};

/// Those that every cluster has (`pkg/apis/scheduling/v1/helpers.go`, SystemPriorityClasses).
const EVERYWHERE: [&str; 2] = ["system-cluster-critical", "system-node-critical"];

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    // Of files alone nothing is to be said: classes belong to clusters.
    if scene.live.is_none() {
        return Vec::new();
    }
    let mut missing: BTreeMap<(&str, &str), (&Class, Vec<&Placed>)> = BTreeMap::new();
    for placed in scene.planned() {
        for (class, name) in named(&placed.object) {
            let is_there = scene.there(class.group, class.kind).any(|known| known.name() == name);
            if !is_there && !EVERYWHERE.contains(&name) {
                missing.entry((class.kind, name)).or_insert((class, Vec::new())).1.push(placed);
            }
        }
    }
    let finding = |((kind, name), (class, users)): ((&str, &str), (&Class, Vec<&Placed>))| {
        let others = match users.len() {
            1 => String::new(),
            2 => "; so does one more object".to_owned(),
            count => format!("; so do {} more objects", count - 1),
        };
        let known: Vec<&str> = scene.there(class.group, class.kind).map(Object::name).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let seen = format!("names the {kind} `{name}`, which is not there{others}; there is {known}");
        let severity = scene.severity(&[(class.group, class.kind)]);
        found(users[0], Code::ClassMissing, severity, seen, class.comes_of_it)
    };
    missing.into_iter().map(finding).collect()
}

fn named(object: &Object) -> Vec<(&'static Class, &str)> {
    if object.is("", "PersistentVolumeClaim") {
        return object.pointer("/spec").and_then(of_claim).into_iter().collect();
    }
    let spec = Pods::of(object).and_then(|pods| pods.spec).unwrap_or(&Value::Null);
    let claims = object.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array).into_iter().flatten();
    let of_pods = [(&PRIORITY, "priorityClassName"), (&RUNTIME, "runtimeClassName")];
    let of_pods = of_pods.into_iter().filter_map(|(class, field)| Some((class, spec[field].as_str()?)));
    of_pods
        .chain(claims.filter_map(|claim| of_claim(&claim["spec"])))
        .filter(|(_, name)| !name.is_empty())
        .collect()
}

/// One that names its volume needs no class to make one; neither does one that says none.
fn of_claim(spec: &Value) -> Option<(&'static Class, &str)> {
    let name = spec["storageClassName"].as_str().filter(|name| !name.is_empty())?;
    let is_bound = spec["volumeName"].is_string() || spec["selector"].is_object();
    (!is_bound).then_some((&STORAGE, name))
}

#[cfg(test)]
mod tests {
    use super::super::lint;
    use super::super::testing::{plan, told};
    use super::*;

    fn pod(spec: &str) -> String {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: web, namespace: shop}}, spec: {{containers: [], {spec}}}}}"
        )
    }

    fn claim(spec: &str) -> String {
        format!(
            "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: data, namespace: shop}}, spec: {{{spec}}}}}"
        )
    }

    #[test]
    fn a_class_that_is_not_there_is_told() {
        let class = |group: &str, kind: &str| {
            format!("{{apiVersion: {group}/v1, kind: {kind}, metadata: {{name: fast}}}}")
        };
        let set = "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web, namespace: shop},
            spec: {template: {spec: {containers: []}}, volumeClaimTemplates: [{spec: {storageClassName: fast}}]}}";
        let table = [
            (pod("priorityClassName: fast"), class("scheduling.k8s.io", "PriorityClass")),
            (pod("runtimeClassName: fast"), class("node.k8s.io", "RuntimeClass")),
            (claim("storageClassName: fast"), class("storage.k8s.io", "StorageClass")),
            (set.to_owned(), class("storage.k8s.io", "StorageClass")),
        ];
        for (yaml, class) in &table {
            assert!(told(Code::ClassMissing, yaml, "").starts_with("error"), "{yaml}");
            assert_eq!(told(Code::ClassMissing, yaml, class), "", "{yaml}");
            assert_eq!(told(Code::ClassMissing, &format!("{yaml}\n---\n{class}"), ""), "", "in the plan");
        }
        assert!(lint(&plan(&table[0].0), None).is_empty(), "no cluster was asked");
        let two = format!("{}\n---\n{}", table[0].0, table[0].0.replace("name: web", "name: api"));
        insta::assert_snapshot!(told(Code::ClassMissing, &two, &table[0].1.replace("fast", "slow")), @"error: Pod/shop/web: names the PriorityClass `fast`, which is not there; so does one more object; there is slow (its pods are refused; name one that is there, or add it to a layer)");
    }

    #[test]
    fn what_needs_no_class_names_none() {
        let silent = [
            pod("priorityClassName: system-node-critical"),
            pod("priorityClassName: ''"),
            pod("hostNetwork: false"),
            claim("storageClassName: ''"),
            claim("storageClassName: manual, volumeName: disk"),
            claim("accessModes: [ReadWriteOnce]"),
        ];
        for yaml in silent {
            assert_eq!(told(Code::ClassMissing, &yaml, ""), "", "{yaml}");
        }
    }
}
