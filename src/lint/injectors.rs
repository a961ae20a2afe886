//! Namespaces that ask for sidecars by a label which no injector goes by: their pods come without, and nobody says a word.

use std::collections::BTreeSet;

use serde_json::Value;

use super::pods::matches;
use super::scene::{Scene, about};
use crate::finding::{Code, Finding};
use crate::object::Object;

const ADMISSION: &str = "admissionregistration.k8s.io";
const KIND: &str = "MutatingWebhookConfiguration";

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    // The same label on Istio's own configurations of all revisions and tags.
    let injectors: Vec<&Object> =
        scene.there(ADMISSION, KIND).filter(|it| it.label("app") == Some("sidecar-injector")).collect();
    let unknown = scene.severity(&[(ADMISSION, KIND)]);
    if injectors.is_empty() {
        return Vec::new(); // Without any Istio, its kinds are what is missing.
    }
    let planned = scene.planned_namespaces();
    let namespaces = scene.there("", "Namespace").filter(|namespace| planned.contains(namespace.name()));
    let unanswered = namespaces.filter_map(|namespace| {
        let asks = asks(namespace)?;
        let is_answered = injectors.iter().any(|injector| answers(injector, namespace));
        (!is_answered).then(|| {
            let seen = format!("asks for sidecars by the label {asks}, and no injector goes by it");
            let revisions: BTreeSet<&str> =
                injectors.iter().filter_map(|injector| injector.label("istio.io/rev")).collect();
            let hint = format!(
                "its pods come without sidecars; label it for a revision that is there ({}), or `istio-injection: enabled` for the \
                 default one",
                revisions.into_iter().collect::<Vec<_>>().join(", ")
            );
            about(scene, namespace, Code::NoInjector, unknown, seen, hint)
        })
    });
    unanswered.collect()
}

/// The label by which a namespace asks for sidecars.
fn asks(namespace: &Object) -> Option<String> {
    match (namespace.label("istio-injection"), namespace.label("istio.io/rev")) {
        (Some("enabled"), _) => Some("`istio-injection: enabled`".to_owned()),
        (None, Some(revision)) => Some(format!("`istio.io/rev: {revision}`")),
        _ => None,
    }
}

/// Whether one of its webhooks is asked about ordinary pods of the namespace: those without labels of Istio's.
fn answers(injector: &Object, namespace: &Object) -> bool {
    let mut webhooks = injector.pointer("/webhooks").and_then(Value::as_array).into_iter().flatten();
    let label = |key: &str| match key {
        "kubernetes.io/metadata.name" => Some(namespace.name()),
        key => namespace.label(key),
    };
    webhooks.any(|webhook| {
        matches(&webhook["namespaceSelector"], label) && matches(&webhook["objectSelector"], |_| None)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::told;
    use super::*;

    /// What Istio 1.18 renders for a revision, in short.
    fn injector(revision: &str) -> String {
        let by_revision = format!(
            "namespaceSelector: {{matchExpressions: [{{key: istio.io/rev, operator: In, values: [{revision}]}}, {{key: istio-injection, operator: DoesNotExist}}]}}"
        );
        let by_default = "namespaceSelector: {matchExpressions: [{key: istio-injection, operator: In, values: [enabled]}]}";
        let pods = "objectSelector: {matchExpressions: [{key: sidecar.istio.io/inject, operator: NotIn, values: ['false']}]}";
        let default =
            if revision == "default" { format!(", {{{by_default}, {pods}}}") } else { String::new() };
        format!(
            "{{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration,
               metadata: {{name: istio-{revision}, labels: {{app: sidecar-injector, istio.io/rev: {revision}}}}},
               webhooks: [{{{by_revision}, {pods}}}{default}]}}"
        )
    }

    fn shop(labels: &str) -> String {
        format!(
            "{{apiVersion: v1, kind: Namespace, metadata: {{name: shop, labels: {{{labels}}}}}}}
---
{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: shop}}}}"
        )
    }

    #[test]
    fn a_label_that_no_injector_goes_by_is_told() {
        let (default, canary) = (injector("default"), injector("canary"));
        let table = [
            ("istio-injection: enabled", &default, true),
            ("istio.io/rev: default", &default, true),
            ("istio.io/rev: canary", &canary, true),
            ("istio.io/rev: canary", &default, false),
            ("istio-injection: enabled", &canary, false),
            ("istio-injection: disabled", &canary, true),
            ("team: shop", &canary, true),
        ];
        for (labels, injectors, is_silent) in table {
            let told = told(Code::NoInjector, &shop(labels), injectors);
            assert_eq!(told.is_empty(), is_silent, "{labels}: {told}");
        }
        insta::assert_snapshot!(told(Code::NoInjector, &shop("istio.io/rev: canary"), &default), @"error: Namespace/shop: asks for sidecars by the label `istio.io/rev: canary`, and no injector goes by it (its pods come without sidecars; label it for a revision that is there (default), or `istio-injection: enabled` for the default one)");
        assert_eq!(told(Code::NoInjector, &shop("istio-injection: enabled"), ""), "", "no Istio at all");
        let planned = format!("{}\n---\n{canary}", shop("istio.io/rev: canary"));
        assert_eq!(told(Code::NoInjector, &planned, &default), "", "the plan brings it");
    }
}
