//! Namespaces that objects are to lie in and nothing makes.

use std::collections::BTreeMap;

use super::scene::{Scene, found};
use crate::finding::{Code, Finding};
use crate::plan::Placed;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    let mut homeless: BTreeMap<&str, Vec<&Placed>> = BTreeMap::new();
    // Without a cluster this would be told of everything that stands in a namespace of long ago.
    if scene.live.is_none() {
        return Vec::new();
    }
    for placed in scene.planned() {
        if let Some(namespace) = placed.object.namespace() {
            homeless.entry(namespace).or_default().push(placed);
        }
    }
    for namespace in scene.there("", "Namespace") {
        homeless.remove(namespace.name());
    }
    let severity = scene.severity(&[("", "Namespace")]);
    let finding = |(namespace, objects): (&str, Vec<&Placed>)| {
        let others = match objects.len() {
            1 => String::new(),
            2 => "; so is one more object".to_owned(),
            count => format!("; so are {} more objects", count - 1),
        };
        let seen =
            format!("is for the namespace {namespace}, which neither the cluster nor a layer has{others}");
        let hint = format!("add the Namespace {namespace} to a layer, or correct the name");
        found(objects[0], Code::NamespaceMissing, severity, seen, hint)
    };
    homeless.into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::super::lint;
    use super::super::testing::{plan, told};
    use super::*;

    const CONFIG: &str = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: shop}}";
    const SHOP: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}";

    #[test]
    fn a_namespace_that_nothing_makes_is_told_once_for_all_its_objects() {
        let two = format!("{CONFIG}\n---\n{}", CONFIG.replace("name: a", "name: b"));
        insta::assert_snapshot!(told(Code::NamespaceMissing, &two, ""), @"error: ConfigMap/shop/a: is for the namespace shop, which neither the cluster nor a layer has; so is one more object (add the Namespace shop to a layer, or correct the name)");
    }

    #[test]
    fn one_that_a_layer_or_the_cluster_has_is_not_missing() {
        assert_eq!(told(Code::NamespaceMissing, CONFIG, SHOP), "");
        assert_eq!(told(Code::NamespaceMissing, &format!("{CONFIG}\n---\n{SHOP}"), ""), "");
        assert_eq!(lint(&plan(CONFIG), None), [], "no cluster was asked");
    }
}
