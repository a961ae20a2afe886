//! `namePrefix` and `nameSuffix`.

use super::Error;
use super::resource::{Resource, ResourceId, Resources};

pub(super) fn add_prefix(prefix: &str, resources: &mut Resources) -> Result<(), Error> {
    if prefix.is_empty() {
        return Ok(());
    }
    for resource in renamed(resources) {
        resource.remember_name();
        resource.prefixes.push(prefix.to_owned());
        resource.set_name(format!("{prefix}{}", resource.object.name()));
    }
    resources.refuse_clash("namePrefix")
}

pub(super) fn add_suffix(suffix: &str, resources: &mut Resources) -> Result<(), Error> {
    if suffix.is_empty() {
        return Ok(());
    }
    for resource in renamed(resources) {
        resource.remember_name();
        resource.suffixes.push(suffix.to_owned());
        resource.set_name(format!("{}{suffix}", resource.object.name()));
    }
    resources.refuse_clash("nameSuffix")
}

/// All but the kinds whose names are not free to choose.
fn renamed(resources: &mut Resources) -> impl Iterator<Item = &mut Resource> {
    resources.list.iter_mut().filter(|resource| {
        let ResourceId { group, kind, .. } = resource.original_id();
        let is_api_service = kind == "APIService" && group == "apiregistration.k8s.io";
        !is_api_service && kind != "CustomResourceDefinition" && kind != "Namespace"
    })
}
