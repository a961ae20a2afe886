//! `patches`, `patchesStrategicMerge` and `patchesJson6902`: changes to single objects.

mod json6902;
mod schema;
mod strategic;
mod target;

use serde_json::Value;

use crate::nearest::nearest;
use crate::object::yaml::{self, Dialect};
use crate::object::{NotAnObject, Object};

use super::error::PatchTarget;
use super::fields::Entry;
use super::kustomization::Patch;
use super::load::{self, Folder};
use super::resource::{Resource, ResourceId, Resources};
use super::{At, Error, PatchProblem, Source, Warning, WarningKind};

use json6902::Operations;
use target::Selector;

pub(super) use target::in_one_line;

/// What patching needs beside the patches.
pub(super) struct Patches<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) folder: &'a Folder,
    pub(super) warnings: &'a mut Vec<Warning>,
}

/// The content of a patch: its form tells which kind it is.
enum Content {
    StrategicMerge(Vec<(PatchObject, At)>),
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
            let text = self.text(patch)?;
            let allowed = Allowed { name: patch.allow_name_change, kind: patch.allow_kind_change };
            let selector = patch.target.as_ref().map(Selector::new).transpose()?;
            match (text.content()?, selector) {
                (Content::Json6902(_), None) => {
                    return Err(Error::Patch { at: patch.at.clone(), problem: PatchProblem::NoTarget });
                }
                (Content::Json6902(operations), Some(selector)) => {
                    for resource in self.select(&selector, &patch.at, resources) {
                        resource.remember_name();
                        operations.apply(resource)?;
                    }
                }
                (Content::StrategicMerge(objects), None) => merge_each(objects, allowed, resources)?,
                (Content::StrategicMerge(objects), Some(selector)) => {
                    let [(object, at)] = &objects[..] else {
                        let problem = PatchProblem::SeveralForTarget(objects.len());
                        return Err(Error::Patch { at: patch.at.clone(), problem });
                    };
                    for resource in self.select(&selector, &patch.at, resources) {
                        merge(resource, object, at, allowed)?;
                    }
                }
            }
            resources.list.retain(|resource| !resource.object.fields().is_empty());
        }
        match patches.is_empty() {
            true => Ok(()),
            false => resources.refuse_clash("patches"),
        }
    }

    /// `patchesStrategicMerge`: each is a patch's text or the path of one.
    pub(super) fn strategic_merge(
        &mut self,
        entries: &[Entry],
        resources: &mut Resources,
    ) -> Result<(), Error> {
        for entry in entries {
            let text = match looks_like_path(&entry.text) {
                true => self.file(entry)?,
                false => Text { text: entry.text.clone(), at: entry.at.clone(), is_file: false },
            };
            match text.content()? {
                Content::StrategicMerge(objects) => merge_each(objects, Allowed::default(), resources)?,
                Content::Json6902(_) => {
                    let problem = PatchProblem::NoPatch("a list belongs under `patches`".into());
                    return Err(text.refuse(problem));
                }
            }
            resources.list.retain(|resource| !resource.object.fields().is_empty());
        }
        Ok(())
    }

    /// `patchesJson6902`.
    pub(super) fn json6902(&mut self, patches: &[Patch], resources: &mut Resources) -> Result<(), Error> {
        for patch in patches {
            let text = self.text(patch)?;
            let Some(target) = &patch.target else {
                return Err(Error::Patch { at: patch.at.clone(), problem: PatchProblem::NoTarget });
            };
            if target.name.is_none() {
                return Err(Error::MissingField { at: target.at.clone(), field: "name" });
            }
            let Content::Json6902(operations) = text.content()? else {
                let problem = PatchProblem::NoPatch("an object belongs under `patches`".into());
                return Err(text.refuse(problem));
            };
            let selector = Selector::new(target)?;
            for resource in self.select(&selector, &patch.at, resources) {
                operations.apply(resource)?;
            }
        }
        Ok(())
    }

    fn text(&self, patch: &Patch) -> Result<Text, Error> {
        let at = patch.at.clone();
        match (&patch.text, &patch.path) {
            (Some(text), None) => Ok(Text { text: text.clone(), at, is_file: false }),
            (None, Some(path)) => self.file(&Entry { text: path.clone(), at }),
            (None, None) => Err(Error::Patch { at, problem: PatchProblem::NoText }),
            (Some(_), Some(_)) => Err(Error::Patch { at, problem: PatchProblem::TextAndPath }),
        }
    }

    fn file(&self, entry: &Entry) -> Result<Text, Error> {
        let (shown, real) = self.folder.file(self.source, entry)?;
        let text = load::text(self.source, &shown, &real)?;
        Ok(Text { text, at: At { file: shown, line: None }, is_file: true })
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

/// The text of a patch and its place: a file, or the entry that holds it.
struct Text {
    text: String,
    at: At,
    is_file: bool,
}

impl Text {
    /// Reads it: objects are strategic merge patches, a list is a JSON patch (in JSON or YAML).
    fn content(&self) -> Result<Content, Error> {
        let documents = yaml::parse_documents_as(&self.text, Dialect::Kustomize);
        let documents = documents.map_err(|error| match self.is_file {
            true => load::yaml_error(&self.at.file, error),
            false => self.refuse(PatchProblem::NoPatch(error.to_string())),
        })?;
        let mut objects = Vec::new();
        for document in documents {
            let mut at = self.at.clone();
            if self.is_file {
                at.line = Some(document.line);
            }
            match document.value {
                Value::Array(items) if objects.is_empty() => {
                    return Operations::read(items, at).map(Content::Json6902);
                }
                value => {
                    let problem = |why: NotAnObject| PatchProblem::NoPatch(why.to_string());
                    let object = PatchObject::read(value)
                        .map_err(|why| Error::Patch { at: at.clone(), problem: problem(why) })?;
                    objects.push((object, at));
                }
            }
        }
        match objects.is_empty() {
            true => Err(self.refuse(PatchProblem::Empty)),
            false => Ok(Content::StrategicMerge(objects)),
        }
    }

    fn refuse(&self, problem: PatchProblem) -> Error {
        Error::Patch { at: self.at.clone(), problem }
    }
}

/// An object that is only a part of one. Where a target says what it is for, it needs no `apiVersion`.
struct PatchObject {
    value: Value,
    id: ResourceId,
}

impl PatchObject {
    fn read(mut value: Value) -> Result<Self, NotAnObject> {
        let has_version = value.get("apiVersion").is_some();
        if let (false, Some(fields)) = (has_version, value.as_object_mut()) {
            fields.insert("apiVersion".into(), UNKNOWN_VERSION.into());
        }
        let object = Object::new(value)?;
        if object.name().is_empty() {
            return Err(NotAnObject::Missing("metadata.name"));
        }
        Ok(Self { id: ResourceId::of(&object), value: object.into_value() })
    }

    /// As messages call it.
    fn name(&self) -> String {
        let ResourceId { group, version, kind, namespace, name } = &self.id;
        let api_version = if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
        let namespace =
            if namespace.is_empty() { String::new() } else { format!(" in namespace {namespace}") };
        format!("{api_version} {kind}/{name}{namespace}")
    }
}

/// Stands for the `apiVersion` that a patch does not give; no object has it.
const UNKNOWN_VERSION: &str = "(no apiVersion)";

/// Patches that name their objects themselves.
fn merge_each(
    objects: Vec<(PatchObject, At)>,
    allowed: Allowed,
    resources: &mut Resources,
) -> Result<(), Error> {
    for (object, at) in objects {
        let refuse = |problem| Error::Patch { at: at.clone(), problem };
        let is_meant = |resource: &&mut Resource| resource.has_id(|known| *known == object.id);
        let mut matches: Vec<&mut Resource> = resources.list.iter_mut().filter(is_meant).collect();
        match &mut matches[..] {
            [resource] => merge(resource, &object, &at, allowed)?,
            [] => {
                let nearest = nearest_object(&object, resources);
                let target = PatchTarget { object: object.name(), nearest };
                return Err(refuse(PatchProblem::NoMatch(Box::new(target))));
            }
            several => {
                let matches = several.iter().map(|resource| resource.at().to_string()).collect();
                return Err(refuse(PatchProblem::SeveralMatches { object: object.name(), matches }));
            }
        }
        resources.list.retain(|resource| !resource.object.fields().is_empty());
    }
    Ok(())
}

/// The object that a patch without a match was perhaps meant for: one of the same kind, whose name,
/// namespace or version is another.
fn nearest_object(patch: &PatchObject, resources: &Resources) -> Option<String> {
    let alike = resources.list.iter().filter(|resource| resource.object.kind() == patch.id.kind);
    let describe = |resource: &Resource| PatchObject { id: resource.id(), value: Value::Null }.name();
    let same_name = |resource: &&Resource| resource.object.name() == patch.id.name;
    let same = alike.clone().find(same_name).map(describe);
    let names: Vec<String> = alike.map(describe).collect();
    same.or_else(|| nearest(&patch.name(), names.iter().map(String::as_str)))
}

/// Merges a patch into an object. Its name, namespace and kind stay, unless the patch may change them.
fn merge(resource: &mut Resource, patch: &PatchObject, at: &At, allowed: Allowed) -> Result<(), Error> {
    if allowed.name || allowed.kind {
        resource.remember_name();
    }
    let before = resource.object.clone();
    let mut patch = patch.value.clone();
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
