//! `replicas`: how many of a workload, by its name.

use crate::object::nearest;

use super::Error;
use super::fieldspec::{FieldSpec, Leaf, set_scalar};
use super::kustomization::Replicas;
use super::resource::{ResourceId, Resources};

/// Sets the number of replicas of the workloads with a name, past or present.
#[derive(Clone, Debug)]
pub(super) struct SetReplicas {
    pub(super) replicas: Replicas,
    pub(super) fields: Vec<FieldSpec>,
}

impl SetReplicas {
    pub(super) fn run(&self, resources: &mut Resources) -> Result<(), Error> {
        let Replicas { name, count, at } = &self.replicas;
        let mut is_found = false;
        for field in &self.fields {
            for resource in &mut resources.list {
                if resource.has_id(|id| id.name == *name && id.is_one_of(&field.of)) {
                    is_found = true;
                    field.apply(resource, Some(Leaf::Scalar), |value| set_scalar(value, *count))?;
                }
            }
        }
        if is_found {
            return Ok(());
        }
        let is_scalable = |id: &ResourceId| self.fields.iter().any(|field| id.is_one_of(&field.of));
        let scalable = resources.list.iter().filter(|resource| is_scalable(&resource.id()));
        let nearest = nearest(name, scalable.map(|resource| resource.object.name()));
        Err(Error::NoReplicas { at: at.clone(), name: name.clone(), nearest })
    }
}
