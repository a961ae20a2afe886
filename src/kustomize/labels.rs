//! `labels`, `commonLabels` and `commonAnnotations`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Error;
use super::config::Config;
use super::fieldspec::{self, FieldSpec, Leaf, NoWay};
use super::gvk::Gvk;
use super::kustomization::Labels;
use super::resource::{Resource, Resources};

/// Writes labels, or annotations, into all fields that hold such.
#[derive(Clone, Debug)]
pub(super) struct AddPairs {
    pub(super) pairs: BTreeMap<String, String>,
    pub(super) fields: Vec<FieldSpec>,
}

impl AddPairs {
    /// An entry of `labels`.
    pub(super) fn labels(labels: &Labels, config: &Config) -> Result<Self, Error> {
        let own = [FieldSpec::made(Gvk::default(), "metadata/labels")];
        let builtin: &[&[FieldSpec]] = match (labels.include_selectors, labels.include_templates) {
            (true, _) => &[&config.labels, &config.common_labels],
            (false, true) => &[&config.labels, &config.template_labels, &own],
            (false, false) => &[&config.labels, &own],
        };
        let mut fields = labels.fields.clone();
        for more in builtin {
            fieldspec::merge(&mut fields, more)
                .map_err(|path| Error::FieldSpecConflict { at: labels.at.clone(), path })?;
        }
        Ok(Self { pairs: labels.pairs.clone(), fields })
    }

    pub(super) fn run(&self, resources: &mut Resources) -> Result<(), Error> {
        for resource in &mut resources.list {
            for (key, value) in &self.pairs {
                self.add(key, value, resource)?;
            }
        }
        Ok(())
    }

    fn add(&self, key: &str, value: &str, resource: &mut Resource) -> Result<(), Error> {
        let mut added = Vec::new();
        for field in &self.fields {
            if !field.is_for(resource) {
                continue;
            }
            field.apply_with_trail(resource, Some(Leaf::Mapping), |field, trail| {
                let Value::Object(pairs) = field else { return Err(NoWay) };
                if pairs.insert(key.to_owned(), value.into()).is_none() {
                    added.push(trail.steps_to(key));
                }
                Ok(())
            })?;
        }
        resource.follow_shared();
        resource.shared.add(value, added);
        Ok(())
    }
}
