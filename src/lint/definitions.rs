//! Objects of a kind that nothing defines, or not in this version.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::scene::{Scene, found};
use crate::finding::{Code, Finding, Severity};
use crate::object::{GroupKind, Object, Wave};
use crate::plan::Placed;

/// Every kind that is known, with the versions that are served.
type Kinds = BTreeMap<GroupKind, BTreeSet<String>>;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    let mut kinds = scene.live.map(|live| live.kinds.clone()).unwrap_or_default();
    for definition in scene.planned_of("apiextensions.k8s.io", "CustomResourceDefinition") {
        // What the plan says of a kind holds once it is applied.
        kinds.extend(defined_by(&definition.object));
    }
    let mut unknown: BTreeMap<(GroupKind, &str), Vec<&Placed>> = BTreeMap::new();
    for placed in scene.planned() {
        let object = &placed.object;
        let is_known = match kinds.get(&object.group_kind()) {
            Some(versions) => versions.contains(object.version()),
            None => scene.live.is_none() && Wave::of(object) != Wave::CustomResources,
        };
        if !is_known {
            unknown.entry((object.group_kind(), object.version())).or_default().push(placed);
        }
    }
    unknown.iter().map(|((kind, version), objects)| finding(scene, &kinds, kind, version, objects)).collect()
}

fn defined_by(definition: &Object) -> Option<(GroupKind, BTreeSet<String>)> {
    let group = definition.text("/spec/group")?.to_owned();
    let kind = definition.text("/spec/names/kind")?.to_owned();
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
    let served = versions.into_iter().flatten().filter(|version| version["served"] != false);
    let names = served.filter_map(|version| version["name"].as_str().map(str::to_owned)).collect();
    Some((GroupKind { group, kind }, names))
}

/// One for all objects of the kind, at the first of them.
fn finding(
    scene: &Scene<'_>,
    kinds: &Kinds,
    kind: &GroupKind,
    version: &str,
    objects: &[&Placed],
) -> Finding {
    let others = match objects.len() {
        1 => String::new(),
        2 => "; so is one more".to_owned(),
        count => format!("; so are {} more", count - 1),
    };
    if let Some(served) = kinds.get(kind) {
        let served: Vec<&str> = served.iter().map(String::as_str).collect();
        let seen = format!("is a {kind} of version {version}, which is not served{others}");
        let hint = format!("write one of the versions that are: {}", served.join(", "));
        return found(objects[0], Code::UnknownKind, Severity::Error, seen, hint);
    }
    let (severity, seen) = match scene.live {
        Some(_) => (Severity::Error, format!("is a {kind}, which neither the cluster nor a layer defines")),
        None => (Severity::Warning, format!("is a {kind}, which no layer defines: the cluster has to")),
    };
    found(objects[0], Code::UnknownKind, severity, seen + &others, who_defines(&kind.group))
}

/// Who brings the kinds of a group.
fn who_defines(group: &str) -> String {
    const OPERATORS: [(&str, &str); 7] = [
        ("istio.io", "Istio: have the profile install it (`istio:`)"),
        ("external-secrets.io", "the External Secrets operator, https://external-secrets.io"),
        ("cert-manager.io", "cert-manager, https://cert-manager.io"),
        ("monitoring.coreos.com", "the Prometheus operator"),
        ("bitnami.com", "Sealed Secrets, https://sealed-secrets.netlify.app"),
        ("secrets-store.csi.x-k8s.io", "the Secrets Store CSI driver"),
        ("gateway.networking.k8s.io", "the Gateway API, https://gateway-api.sigs.k8s.io"),
    ];
    let known = OPERATORS.iter().find(|(suffix, _)| group.ends_with(suffix));
    match known {
        Some((_, operator)) => format!("it comes with {operator}; install that first, or leave these out"),
        None => "install what defines it (its CustomResourceDefinition) first, or add that to a layer".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cluster, plan};
    use super::super::{Live, lint};
    use super::*;

    const SHOP: &str = "{apiVersion: example.org/v1, kind: Shop, metadata: {name: corner, namespace: a}}";
    const DEFINITION: &str = "
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: shops.example.org}
spec:
  group: example.org
  names: {kind: Shop}
  versions: [{name: v1, served: true}, {name: v1alpha1, served: false}]";

    fn told(yaml: &str, live: Option<&Live>) -> Vec<String> {
        let findings = lint(&plan(yaml), live).into_iter();
        let findings = findings.filter(|finding| finding.code == Code::UnknownKind);
        findings.map(|finding| format!("{}: {finding}", finding.severity.name())).collect()
    }

    #[test]
    fn a_kind_is_known_from_a_layer_or_from_the_cluster() {
        let elsewhere = cluster(SHOP);
        assert_eq!(told(SHOP, Some(&elsewhere)), [""; 0]);
        let mut with_definitions = cluster("");
        let definition =
            GroupKind { group: "apiextensions.k8s.io".into(), kind: "CustomResourceDefinition".into() };
        with_definitions.kinds.insert(definition, ["v1".to_owned()].into());
        assert_eq!(told(&format!("{SHOP}{DEFINITION}"), Some(&with_definitions)), [""; 0]);
    }

    #[test]
    fn a_kind_that_nothing_defines_is_an_error_where_the_cluster_was_asked() {
        let two = format!("{SHOP}\n---\n{}", SHOP.replace("corner", "market"));
        assert_eq!(
            told(&two, Some(&cluster(""))),
            ["error: Shop/a/corner: is a Shop.example.org, which neither the cluster nor a layer defines; \
              so is one more"]
        );
        assert_eq!(
            told(SHOP, None),
            ["warning: Shop/a/corner: is a Shop.example.org, which no layer defines: the cluster has to"]
        );
    }

    #[test]
    fn a_version_that_is_not_served_is_told_with_those_that_are() {
        let old = SHOP.replace("/v1", "/v1alpha1");
        let findings = lint(&plan(&format!("{old}{DEFINITION}")), None);
        let finding = findings.iter().find(|finding| finding.code == Code::UnknownKind).unwrap();
        assert_eq!(
            finding.to_string(),
            "Shop/a/corner: is a Shop.example.org of version v1alpha1, which is not served"
        );
        assert_eq!(finding.hint, "write one of the versions that are: v1");
    }

    #[test]
    fn an_api_that_kubernetes_has_dropped_is_told_only_where_the_cluster_was_asked() {
        let budget =
            "{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: {name: a, namespace: a}}";
        assert_eq!(told(budget, None), [""; 0]);
        let newer = cluster(&budget.replace("v1beta1", "v1"));
        assert_eq!(told(budget, Some(&newer)).len(), 1);
    }
}
