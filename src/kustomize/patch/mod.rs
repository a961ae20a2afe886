//! `patches`, `patchesStrategicMerge` and `patchesJson6902`: changes to single objects.

mod json6902;
mod schema;
mod strategic;
mod target;

use serde_json::Value;

use crate::object::yaml::{self, Dialect};
use crate::object::{NotAnObject, Object};

use super::error::{PatchTarget, nearest};
use super::fields::Entry;
use super::kustomization::Patch;
use super::load::{self, Folder};
use super::resource::{Resource, ResourceId, Resources};
use super::{At, Error, PatchProblem, Source, Warning, WarningKind};

use json6902::Operations;
use target::Selector;

/// What patching needs beside the patches.
pub(super) struct Patches<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) folder: &'a Folder,
    pub(super) warnings: &'a mut Vec<Warning>,
}

/// The content of a patch: its form tells which kind it is.
enum Content {
    StrategicMerge(Vec<Object>),
    Json6902(Operations),
}

/// What a patch may change beside the content of an object.
#[derive(Clone, Copy, Default)]
struct Allowed {
    name: bool,
    kind: bool,
}

impl Patches<'_> {
    /// `patches`, in order.
    pub(super) fn all(&mut self, patches: &[Patch], resources: &mut Resources) -> Result<(), Error> {
        for patch in patches {
            let (text, at) = self.text(patch)?;
            let allowed = Allowed { name: patch.allow_name_change, kind: patch.allow_kind_change };
            let selector = patch.target.as_ref().map(Selector::new).transpose()?;
            match (content(&text, &at)?, selector) {
                (Content::Json6902(_), None) => {
                    return Err(Error::Patch { at: patch.at.clone(), problem: PatchProblem::NoTarget });
                }
                (Content::Json6902(operations), Some(selector)) => {
                    for resource in self.select(&selector, &patch.at, resources) {
                        resource.remember_name();
                        operations.apply(resource, &at)?;
                    }
                }
                (Content::StrategicMerge(objects), None) => merge_each(objects, &at, allowed, resources)?,
                (Content::StrategicMerge(objects), Some(selector)) => {
                    let [object] = &objects[..] else {
                        let problem = PatchProblem::SeveralForTarget(objects.len());
                        return Err(Error::Patch { at: patch.at.clone(), problem });
                    };
                    for resource in self.select(&selector, &patch.at, resources) {
                        merge(resource, object, &at, allowed)?;
                    }
                }
            }
            resources.list.retain(|resource| !resource.object.fields().is_empty());
            resources.refuse_clash("patches")?;
        }
        Ok(())
    }

    /// `patchesStrategicMerge`: each is a patch's text or the path of one.
    pub(super) fn strategic_merge(
        &mut self,
        entries: &[Entry],
        resources: &mut Resources,
    ) -> Result<(), Error> {
        for entry in entries {
            let (text, at) = match looks_like_path(&entry.text) {
                true => self.file(entry)?,
                false => (entry.text.clone(), entry.at.clone()),
            };
            match content(&text, &at)? {
                Content::StrategicMerge(objects) => merge_each(objects, &at, Allowed::default(), resources)?,
                Content::Json6902(_) => {
                    let problem = PatchProblem::NoPatch("a list belongs under `patches`".into());
                    return Err(Error::Patch { at, problem });
                }
            }
            resources.list.retain(|resource| !resource.object.fields().is_empty());
        }
        Ok(())
    }

    /// `patchesJson6902`.
    pub(super) fn json6902(&mut self, patches: &[Patch], resources: &mut Resources) -> Result<(), Error> {
        for patch in patches {
            let (text, at) = self.text(patch)?;
            let Some(target) = &patch.target else {
                return Err(Error::Patch { at: patch.at.clone(), problem: PatchProblem::NoTarget });
            };
            if target.name.is_none() {
                return Err(Error::MissingField { at: target.at.clone(), field: "name" });
            }
            let Content::Json6902(operations) = content(&text, &at)? else {
                let problem = PatchProblem::NoPatch("an object belongs under `patches`".into());
                return Err(Error::Patch { at, problem });
            };
            let selector = Selector::new(target)?;
            for resource in self.select(&selector, &patch.at, resources) {
                operations.apply(resource, &at)?;
            }
        }
        Ok(())
    }

    /// The text of a patch and its place.
    fn text(&self, patch: &Patch) -> Result<(String, At), Error> {
        let at = patch.at.clone();
        match (&patch.text, &patch.path) {
            (Some(text), None) => Ok((text.clone(), at)),
            (None, Some(path)) => self.file(&Entry { text: path.clone(), at }),
            (None, None) => Err(Error::Patch { at, problem: PatchProblem::NoText }),
            (Some(_), Some(_)) => Err(Error::Patch { at, problem: PatchProblem::TextAndPath }),
        }
    }

    fn file(&self, entry: &Entry) -> Result<(String, At), Error> {
        let (shown, real) = self.folder.file(self.source, entry)?;
        Ok((load::text(self.source, &shown, &real)?, At { file: shown, line: None }))
    }

    /// The objects of a target; where there are none, the patch is surely not meant so.
    fn select<'r>(
        &mut self,
        selector: &'r Selector<'_>,
        at: &At,
        resources: &'r mut Resources,
    ) -> impl Iterator<Item = &'r mut Resource> + use<'r> {
        if !resources.list.iter().any(|resource| selector.selects(resource)) {
            let kind = WarningKind::PatchSelectsNothing { target: selector.to_string() };
            self.warnings.push(Warning { at: at.clone(), kind });
        }
        resources.list.iter_mut().filter(|resource| selector.selects(resource))
    }
}

fn looks_like_path(text: &str) -> bool {
    !text.contains('\n') && !text.trim_start().starts_with('{') && !text.contains(": ")
}

/// Reads a patch: objects are strategic merge patches, a list is a JSON patch (in JSON or YAML).
fn content(text: &str, at: &At) -> Result<Content, Error> {
    let refuse = |problem| Error::Patch { at: at.clone(), problem };
    let documents = yaml::parse_documents_as(text, Dialect::Kustomize).map_err(|error| match at.line {
        None => load::yaml_error(&at.file, error),
        Some(_) => refuse(PatchProblem::NoPatch(error.to_string())),
    })?;
    let mut objects = Vec::new();
    for document in documents {
        match document.value {
            Value::Array(items) if objects.is_empty() => {
                return Operations::read(items, at).map(Content::Json6902);
            }
            value => {
                objects.push(object(value).map_err(|why| refuse(PatchProblem::NoPatch(why.to_string())))?)
            }
        }
    }
    match objects.is_empty() {
        true => Err(refuse(PatchProblem::Empty)),
        false => Ok(Content::StrategicMerge(objects)),
    }
}

fn object(value: Value) -> Result<Object, NotAnObject> {
    let object = Object::new(value)?;
    if object.name().is_empty() { Err(NotAnObject::Missing("metadata.name")) } else { Ok(object) }
}

/// Patches that name their objects themselves.
fn merge_each(
    objects: Vec<Object>,
    at: &At,
    allowed: Allowed,
    resources: &mut Resources,
) -> Result<(), Error> {
    for object in objects {
        let id = ResourceId::of(&object);
        let refuse = |problem| Error::Patch { at: at.clone(), problem };
        let is_meant = |resource: &&mut Resource| resource.has_id(|known| *known == id);
        let mut matches: Vec<&mut Resource> = resources.list.iter_mut().filter(is_meant).collect();
        match &mut matches[..] {
            [resource] => merge(resource, &object, at, allowed)?,
            [] => {
                let nearest = nearest_object(&object, resources);
                let target = PatchTarget { object: object.id().to_string(), nearest };
                return Err(refuse(PatchProblem::NoMatch(Box::new(target))));
            }
            several => {
                let matches = several.iter().map(|resource| resource.at().to_string()).collect();
                return Err(refuse(PatchProblem::SeveralMatches {
                    object: object.id().to_string(),
                    matches,
                }));
            }
        }
        resources.list.retain(|resource| !resource.object.fields().is_empty());
    }
    Ok(())
}

/// The object that a patch without a match was perhaps meant for: one of the same kind, whose name,
/// namespace or version is another.
fn nearest_object(patch: &Object, resources: &Resources) -> Option<String> {
    let alike = resources.list.iter().filter(|resource| resource.object.kind() == patch.kind());
    let describe = |object: &Object| format!("{} {}", object.api_version(), object.id());
    let names: Vec<String> = alike.map(|resource| describe(&resource.object)).collect();
    let same_name = |name: &&String| name.ends_with(&format!("/{}", patch.name()));
    let wanted = describe(patch);
    names.iter().find(same_name).cloned().or_else(|| nearest(&wanted, names.iter().map(String::as_str)))
}

/// Merges a patch into an object. Its name, namespace and kind stay, unless the patch may change them.
fn merge(resource: &mut Resource, patch: &Object, at: &At, allowed: Allowed) -> Result<(), Error> {
    if allowed.name || allowed.kind {
        resource.remember_name();
    }
    let before = resource.object.clone();
    let mut patch = patch.to_value();
    patch["apiVersion"] = before.api_version().into();
    let refuse = |reason: String| Error::Patch {
        at: at.clone(),
        problem: PatchProblem::DoesNotFit { object: resource.name(), reason },
    };
    let merged = strategic::merge(before.to_value(), patch).map_err(refuse)?;
    let fields = resource.object.fields_mut();
    *fields = match merged {
        Some(Value::Object(fields)) if !fields.is_empty() => fields,
        _ => Default::default(),
    };
    if fields.is_empty() {
        return Ok(()); // `$patch: delete` for the whole object.
    }
    if !allowed.kind {
        fields.insert("kind".into(), before.kind().into());
    }
    let metadata = fields.entry("metadata").or_insert_with(|| Value::Object(Default::default()));
    if !allowed.name {
        metadata["name"] = before.name().into();
    }
    match (before.namespace(), metadata.as_object_mut()) {
        (Some(namespace), Some(metadata)) => _ = metadata.insert("namespace".into(), namespace.into()),
        (None, Some(metadata)) => _ = metadata.remove("namespace"),
        _ => {}
    }
    Ok(())
}
