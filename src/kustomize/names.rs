//! `namePrefix` and `nameSuffix`.

use super::Error;
use super::fieldspec::{FieldSpec, Leaf, NoWay};
use super::resource::{Resource, ResourceId, Resources};
use super::scalar;

/// Puts a word before or behind all names.
#[derive(Clone, Debug)]
pub(super) struct AddAffix {
    pub(super) place: Place,
    pub(super) word: String,
    pub(super) fields: Vec<FieldSpec>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Prefix,
    Suffix,
}

impl AddAffix {
    pub(super) fn run(&self, resources: &mut Resources) -> Result<(), Error> {
        if self.word.is_empty() {
            return Ok(());
        }
        for resource in &mut resources.list {
            let id = resource.original_id();
            if is_fixed(&id) {
                continue;
            }
            for field in self.fields.iter().filter(|field| id.is_one_of(&field.of)) {
                if field.path == "metadata/name" {
                    self.remember(resource);
                }
                field.apply(resource, Some(Leaf::Scalar), |value| {
                    let text = if value.is_null() { Some(String::new()) } else { scalar::text(value) };
                    let text = text.ok_or(NoWay)?;
                    *value = match self.place {
                        Place::Prefix => format!("{}{text}", self.word).into(),
                        Place::Suffix => format!("{text}{}", self.word).into(),
                    };
                    Ok(())
                })?;
            }
        }
        resources.refuse_clash(match self.place {
            Place::Prefix => "namePrefix",
            Place::Suffix => "nameSuffix",
        })
    }

    fn remember(&self, resource: &mut Resource) {
        resource.remember_name();
        let affixes = match self.place {
            Place::Prefix => &mut resource.prefixes,
            Place::Suffix => &mut resource.suffixes,
        };
        affixes.push(self.word.clone());
    }
}

/// Kinds whose names are not free to choose.
fn is_fixed(id: &ResourceId) -> bool {
    let is_api_service = id.kind == "APIService" && id.group == "apiregistration.k8s.io";
    is_api_service || id.kind == "CustomResourceDefinition" || id.kind == "Namespace"
}
