//! Which fields each step touches: kustomize's table, and what `configurations` and `crds` add to it.

pub(super) mod crds;
mod defaults;
mod read;

use std::cmp::Ordering;
use std::sync::{Arc, LazyLock};

use super::fieldspec::{self, FieldSpec};
use super::gvk::Gvk;

pub(super) use read::{field_spec, from_files};

/// The fields of all steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Config {
    pub(super) name_prefix: Vec<FieldSpec>,
    pub(super) name_suffix: Vec<FieldSpec>,
    pub(super) namespace: Vec<FieldSpec>,
    pub(super) common_labels: Vec<FieldSpec>,
    pub(super) labels: Vec<FieldSpec>,
    pub(super) template_labels: Vec<FieldSpec>,
    pub(super) common_annotations: Vec<FieldSpec>,
    pub(super) name_reference: Vec<Reference>,
    pub(super) var_reference: Vec<FieldSpec>,
    pub(super) images: Vec<FieldSpec>,
    pub(super) replicas: Vec<FieldSpec>,
}

/// A kind of objects, and the fields of others that hold their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) target: Gvk,
    pub(super) fields: Vec<FieldSpec>,
}

/// The table that is compiled in.
static DEFAULT: LazyLock<Arc<Config>> = LazyLock::new(|| {
    let mut config = defaults::table();
    config.sort();
    Arc::new(config)
});

impl Config {
    pub(super) fn builtin() -> Arc<Self> {
        DEFAULT.clone()
    }

    /// Both together. The path of the first field that they contradict each other about is the error.
    pub(super) fn merged(self: &Arc<Self>, more: &Arc<Self>) -> Result<Arc<Self>, String> {
        if Arc::ptr_eq(self, more) || **self == Self::default() {
            return Ok(more.clone());
        }
        let mut all = Self::clone(self);
        all.merge(more)?;
        Ok(Arc::new(all))
    }

    pub(super) fn merge(&mut self, more: &Self) -> Result<(), String> {
        for (own, more) in self.lists().into_iter().zip(more.clone().lists()) {
            fieldspec::merge(own, more)?;
        }
        for reference in &more.name_reference {
            match self.name_reference.iter_mut().find(|own| own.target == reference.target) {
                Some(own) => fieldspec::merge(&mut own.fields, &reference.fields)?,
                None => self.name_reference.push(reference.clone()),
            }
        }
        self.sort();
        Ok(())
    }

    fn lists(&mut self) -> [&mut Vec<FieldSpec>; 10] {
        [
            &mut self.name_prefix,
            &mut self.name_suffix,
            &mut self.namespace,
            &mut self.common_annotations,
            &mut self.common_labels,
            &mut self.labels,
            &mut self.template_labels,
            &mut self.var_reference,
            &mut self.images,
            &mut self.replicas,
        ]
    }

    fn sort(&mut self) {
        for list in self.lists() {
            list.sort_by(|a, b| order(&a.of, &b.of));
        }
        self.name_reference.sort_by(|a, b| order(&a.target, &b.target));
    }
}

fn order(a: &Gvk, b: &Gvk) -> Ordering {
    let text = |gvk: &Gvk| Gvk::sort_text(&gvk.group, &gvk.version, &gvk.kind);
    Gvk::rank(&a.kind).cmp(&Gvk::rank(&b.kind)).then_with(|| text(a).cmp(&text(b)))
}
