//! What tools say to each other in annotations, and is not for the cluster.

use serde_json::Value;

use crate::kustomize::scalar;
use crate::object::Object;

/// An object with this annotation is there for tools, not for the cluster.
const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";

/// Annotations that kustomize takes for its own and drops, whoever wrote them.
const INTERNAL: [&str; 18] = [
    "internal.config.kubernetes.io/previousKinds",
    "internal.config.kubernetes.io/previousNames",
    "internal.config.kubernetes.io/prefixes",
    "internal.config.kubernetes.io/suffixes",
    "internal.config.kubernetes.io/previousNamespaces",
    "internal.config.kubernetes.io/allowNameChange",
    "internal.config.kubernetes.io/allowKindChange",
    "internal.config.kubernetes.io/refBy",
    "internal.config.kubernetes.io/generatorBehavior",
    "internal.config.kubernetes.io/needsHashSuffix",
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/seqindent",
    "internal.config.kubernetes.io/id",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s.io/id",
];

pub(super) fn is_local(object: &Object) -> bool {
    object.annotation(LOCAL_CONFIG).is_some_and(|is_local| is_local != "false")
}

/// Annotations come out as text, and an empty mapping of them not at all: kustomize keeps notes of its own
/// there, and rewrites the mapping when it takes them out.
pub(super) fn annotations(object: &mut Object) {
    let metadata = object.fields_mut().get_mut("metadata").and_then(Value::as_object_mut);
    let Some(metadata) = metadata else { return };
    let Some(annotations) = metadata.get_mut("annotations") else { return };
    if let Value::Object(annotations) = annotations {
        for value in annotations.values_mut().filter(|value| !value.is_string() && !value.is_null()) {
            *value = scalar::text(value).unwrap_or_default().into();
        }
        annotations.retain(|annotation, _| !INTERNAL.contains(&annotation.as_str()));
    }
    if annotations.is_null() || annotations.as_object().is_some_and(|annotations| annotations.is_empty()) {
        metadata.remove("annotations");
    }
}
