//! `replicas`: how many of a workload, by its name.

use crate::nearest::nearest;

use super::Error;
use super::fieldspec::{FieldSpec, Leaf};
use super::kustomization::Replicas;
use super::resource::{Resource, Resources};

const KINDS: [&str; 4] = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"];

const FIELD: FieldSpec = FieldSpec::of("", "", "spec/replicas", true);

pub(super) fn set(replicas: &[Replicas], resources: &mut Resources) -> Result<(), Error> {
    for wanted in replicas {
        let mut is_found = false;
        for resource in resources.list.iter_mut().filter(|resource| is_scalable(resource)) {
            if resource.has_id(|id| id.name == wanted.name) {
                is_found = true;
                FIELD.apply(resource, Leaf::Scalar, |value| *value = wanted.count.into())?;
            }
        }
        if !is_found {
            let names = resources.list.iter().filter(|resource| is_scalable(resource));
            let nearest = nearest(&wanted.name, names.map(|resource| resource.object.name()));
            return Err(Error::NoReplicas { at: wanted.at.clone(), name: wanted.name.clone(), nearest });
        }
    }
    Ok(())
}

fn is_scalable(resource: &Resource) -> bool {
    KINDS.contains(&resource.object.kind())
}
