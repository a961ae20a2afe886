//! Keys that a Secret or ConfigMap is asked for and does not have.

use std::collections::BTreeSet;

use serde_json::Value;

use super::references::in_object;
use super::scene::{Scene, found};
use crate::finding::{Code, Finding, Severity};
use crate::object::Object;
use crate::object::nearest;
use crate::plan::Placed;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    scene.planned().flat_map(|placed| of(scene, placed)).collect()
}

fn of(scene: &Scene<'_>, placed: &Placed) -> Vec<Finding> {
    let missing = in_object(scene, &placed.object).into_iter().filter_map(|(namespace, reference)| {
        let key = reference.key?;
        let holder = scene.get("", reference.kind, namespace, reference.name)?;
        let keys = keys(holder);
        if keys.is_empty() || keys.contains(key) {
            return None; // One without any is filled by somebody else.
        }
        let seen = format!(
            "asks for the key `{key}` of the {} `{}` ({}), which does not have it",
            reference.kind, reference.name, reference.place
        );
        let hint = match nearest(key, keys.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", keys.into_iter().collect::<Vec<_>>().join(", ")),
        };
        Some(found(placed, Code::KeyMissing, Severity::Error, seen, hint))
    });
    missing.collect()
}

fn keys(holder: &Object) -> BTreeSet<&str> {
    let maps = ["/data", "/stringData", "/binaryData"].into_iter();
    maps.filter_map(|map| holder.pointer(map).and_then(Value::as_object))
        .flatten()
        .map(|(key, _)| key.as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::told;
    use super::*;

    fn pod(spec: &str) -> String {
        format!("{{apiVersion: v1, kind: Pod, metadata: {{name: web, namespace: shop}}, spec: {{{spec}}}}}")
    }

    fn asks(kind: &str, key: &str) -> String {
        pod(&format!(
            "containers: [{{name: app, env: [{{name: V, valueFrom: {{{kind}KeyRef: {{name: x, key: {key}}}}}}}]}}]"
        ))
    }

    #[test]
    fn a_key_is_looked_for_in_all_that_holds_keys() {
        let holders = [
            (
                "secret",
                "{apiVersion: v1, kind: Secret, metadata: {name: x, namespace: shop}, data: {url: YQ==}}",
            ),
            (
                "secret",
                "{apiVersion: v1, kind: Secret, metadata: {name: x, namespace: shop}, stringData: {url: a}}",
            ),
            (
                "configMap",
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: shop}, data: {url: a}}",
            ),
            (
                "configMap",
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: shop}, binaryData: {url: YQ==}}",
            ),
        ];
        for (kind, holder) in holders {
            assert_eq!(told(Code::KeyMissing, &asks(kind, "url"), holder), "", "{holder}");
            assert!(told(Code::KeyMissing, &asks(kind, "user"), holder).contains("(it has url)"), "{holder}");
        }
        let secret = holders[0].1;
        insta::assert_snapshot!(told(Code::KeyMissing, &asks("secret", "ur"), secret), @"error: Pod/shop/web: asks for the key `ur` of the Secret `x` (V of container app), which does not have it (did you mean `url`?)");
        let volume = pod(
            "containers: [], volumes: [{name: v, secret: {secretName: x, items: [{key: cert, path: a}]}}]",
        );
        assert_eq!(told(Code::KeyMissing, &volume, secret).lines().count(), 1);
    }

    #[test]
    fn keys_that_may_be_missing_are_let_be() {
        let optional = asks("secret", "user").replace("key: user", "key: user, optional: true");
        let secret =
            "{apiVersion: v1, kind: Secret, metadata: {name: x, namespace: shop}, data: {url: YQ==}}";
        assert_eq!(told(Code::KeyMissing, &optional, secret), "");
        let blank = "{apiVersion: v1, kind: Secret, metadata: {name: x, namespace: shop}}";
        assert_eq!(told(Code::KeyMissing, &asks("secret", "user"), blank), "", "filled by somebody else");
    }
}
