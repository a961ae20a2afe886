use std::path::Path;

use serde::{Deserialize, Serialize};

use super::RenderError;
use super::owner::COMPONENT;
use crate::istio::yaml;
use crate::object::Object;

/// The components in the order in which they depend on each other
/// (`operator/pkg/helmreconciler/common.go`, ComponentDependencies); others follow.
const ORDER: [&str; 5] = ["Base", "Pilot", "Cni", "IngressGateways", "EgressGateways"];
/// istioctl nests a component's folder in that of the one it depends on; no deeper than this.
const DEPTH: usize = 8;

/// What was rendered for one component, in the file's order.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Component {
    pub(super) name: String,
    pub(super) objects: Vec<Object>,
}

/// Sorts what `istioctl manifest generate` printed into its components. The charts of `base` and of
/// `istiod` label some of their objects only with their own name.
pub(super) fn split(printed: &str, command: &str) -> Result<Vec<Component>, RenderError> {
    let objects = yaml::objects(printed).map_err(|source| RenderError::NotObjects {
        command: command.to_owned(),
        what: "its output".to_owned(),
        source,
    })?;
    let mut components: Vec<Component> = Vec::new();
    for object in objects {
        let name = component_of(&object).to_owned();
        match components.iter_mut().find(|component| component.name == name) {
            Some(component) => component.objects.push(object),
            None => components.push(Component { name, objects: vec![object] }),
        }
    }
    in_order(components, command)
}

fn component_of(object: &Object) -> &str {
    let is_base = object.is("apiextensions.k8s.io", "CustomResourceDefinition")
        || object.label("helm.sh/chart").is_some_and(|chart| chart.starts_with("base-"));
    let otherwise = if is_base { "Base" } else { "Pilot" };
    object.label(COMPONENT).unwrap_or(otherwise)
}

/// Reads what `istioctl manifest generate -o FOLDER` wrote: `Base/Base.yaml`,
/// `Base/Pilot/Pilot.yaml` and so on (`operator/cmd/mesh/manifest-generate.go`, RenderToDir). On
/// stdout the same objects come in one stream, where many do not say which component's they are.
pub(super) fn read(folder: &Path, command: &str) -> Result<Vec<Component>, RenderError> {
    let mut components = Vec::new();
    collect(folder, command, DEPTH, &mut components)?;
    in_order(components, command)
}

/// The components that bring something, each after those it depends on.
fn in_order(mut components: Vec<Component>, command: &str) -> Result<Vec<Component>, RenderError> {
    components.retain(|component| !component.objects.is_empty());
    components.sort_by_key(|component| {
        let place = ORDER.iter().position(|name| *name == component.name).unwrap_or(ORDER.len());
        (place, component.name.clone())
    });
    match components.is_empty() {
        true => Err(RenderError::Nothing { command: command.to_owned(), what: "objects" }),
        false => Ok(components),
    }
}

fn collect(
    folder: &Path,
    command: &str,
    depth: usize,
    components: &mut Vec<Component>,
) -> Result<(), RenderError> {
    for entry in fs_err::read_dir(folder).map_err(RenderError::Workspace)? {
        let entry = entry.map_err(RenderError::Workspace)?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(RenderError::Workspace)?);
        if kind.is_dir() && depth > 0 {
            collect(&path, command, depth - 1, components)?;
            continue;
        }
        let name = path.file_stem().and_then(|name| name.to_str());
        match name.filter(|_| kind.is_file() && path.extension().is_some_and(|end| end == "yaml")) {
            Some(name) => components.push(component(name, &path, command)?),
            None => return Err(RenderError::Unexpected { path }),
        }
    }
    Ok(())
}

fn component(name: &str, path: &Path, command: &str) -> Result<Component, RenderError> {
    let text = fs_err::read_to_string(path).map_err(RenderError::Workspace)?;
    let objects = yaml::objects(&text).map_err(|source| RenderError::NotObjects {
        command: command.to_owned(),
        what: name.to_owned(),
        source,
    })?;
    Ok(Component { name: name.to_owned(), objects })
}
