//! `namespace`: where all objects go.

use serde_json::Value;

use super::Error;
use super::fieldspec::{FieldSpec, Leaf, NoWay, set_scalar};
use super::gvk::Gvk;
use super::resource::{Resource, Resources};
use super::scalar;

/// Moves all objects that have a namespace into one.
#[derive(Clone, Debug)]
pub(super) struct SetNamespace {
    pub(super) namespace: String,
    pub(super) fields: Vec<FieldSpec>,
    /// Whether objects that say their namespace stay in it.
    pub(super) unset_only: bool,
    pub(super) subjects: Subjects,
}

/// The subjects of role bindings that go along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Subjects {
    /// Those named `default`: they are taken for the ServiceAccount of the namespace. Others follow their
    /// ServiceAccount if it is among the objects (see `refs`).
    #[default]
    NamedDefault,
    /// All ServiceAccounts.
    ServiceAccounts,
    None,
}

const METADATA: &str = "metadata/namespace";

impl SetNamespace {
    pub(super) fn run(&self, resources: &mut Resources) -> Result<(), Error> {
        if self.namespace.is_empty() {
            return Ok(());
        }
        for resource in &mut resources.list {
            resource.remember_name();
            self.set_on(resource)?;
        }
        resources.refuse_clash("namespace")
    }

    /// Moves one object.
    pub(super) fn set_on(&self, resource: &mut Resource) -> Result<(), Error> {
        if !resource.is_cluster_scoped() {
            let own = FieldSpec::made(Gvk::default(), METADATA);
            own.apply(resource, Some(Leaf::Scalar), |value| self.set(value))?;
        }
        if is_binding(resource.object.kind()) {
            self.set_subjects(resource)?;
        }
        for field in &self.fields {
            if is_for_rules(field, resource) {
                field.apply(resource, Some(Leaf::Scalar), |value| self.set(value))?;
            }
        }
        Ok(())
    }

    fn set(&self, field: &mut Value) -> Result<(), NoWay> {
        let is_set = scalar::text(field).is_some_and(|text| !text.is_empty() && !field.is_null());
        if self.unset_only && is_set { Ok(()) } else { set_scalar(field, self.namespace.as_str()) }
    }

    fn set_subjects(&self, resource: &mut Resource) -> Result<(), Error> {
        let (field, word) = match self.subjects {
            Subjects::NamedDefault => ("name", "default"),
            Subjects::ServiceAccounts => ("kind", "ServiceAccount"),
            Subjects::None => return Ok(()),
        };
        let subjects = FieldSpec::at(Gvk::default(), "subjects");
        subjects.apply(resource, None, |subjects| match subjects {
            Value::Null => Ok(()),
            Value::Array(subjects) => subjects.iter_mut().try_for_each(|subject| {
                let subject = subject.as_object_mut().ok_or(NoWay)?;
                match subject.get(field).is_some_and(|value| value == word) {
                    true => self.set(subject.entry("namespace").or_insert(Value::Null)),
                    false => Ok(()),
                }
            }),
            _ => Err(NoWay),
        })
    }
}

fn is_binding(kind: &str) -> bool {
    matches!(kind, "RoleBinding" | "ClusterRoleBinding")
}

/// Whether a field is set by rule: the object's own namespace and the subjects of bindings are not, and a
/// name only where it is the one of a core Namespace.
fn is_for_rules(field: &FieldSpec, resource: &Resource) -> bool {
    let is_subject = field.path == "subjects/namespace" && is_binding(&field.of.kind);
    let is_foreign_name = field.path == "metadata/name" && resource.object.api_version() != "v1";
    field.path != METADATA && !is_foreign_name && !(is_subject && is_binding(resource.object.kind()))
}
