//! `namespace`: where all objects go.

use serde_json::Value;

use super::Error;
use super::fieldspec::{FieldSpec, Leaf};
use super::resource::{Resource, Resources};
use super::scope::is_cluster_scoped;

/// Fields beside `metadata.namespace` that name the namespace.
const FIELDS: [FieldSpec; 2] = [
    FieldSpec::of("apiregistration.k8s.io", "APIService", "spec/service/namespace", true),
    FieldSpec::of(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        "spec/conversion/webhook/clientConfig/service/namespace",
        false,
    ),
];

pub(super) fn set(namespace: Option<&str>, resources: &mut Resources) -> Result<(), Error> {
    let Some(namespace) = namespace else { return Ok(()) };
    for resource in &mut resources.list {
        resource.remember_name();
        if !is_cluster_scoped(resource.object.group(), resource.object.kind()) {
            resource.object.set_namespace(namespace);
        }
        if matches!(resource.object.kind(), "RoleBinding" | "ClusterRoleBinding") {
            set_default_subjects(resource, namespace);
        }
        if resource.object.is("", "Namespace") {
            resource.set_name(namespace.to_owned()); // kustomize takes it for the namespace that is meant.
        }
        for field in &FIELDS {
            field.apply(resource, Leaf::Scalar, |value| *value = namespace.into())?;
        }
    }
    resources.refuse_clash("namespace")
}

/// Subjects named `default` are taken for the ServiceAccount of the namespace; others follow their
/// ServiceAccount if it is among the resources (see `refs`).
fn set_default_subjects(resource: &mut Resource, namespace: &str) {
    let subjects = resource.object.fields_mut().get_mut("subjects").and_then(Value::as_array_mut);
    for subject in subjects.into_iter().flatten().filter_map(Value::as_object_mut) {
        if subject.get("name").is_some_and(|name| name == "default") {
            subject.insert("namespace".into(), namespace.into());
        }
    }
}
