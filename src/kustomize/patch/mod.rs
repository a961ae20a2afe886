//! `patches`, `patchesStrategicMerge` and `patchesJson6902`: changes to single objects.

mod content;
mod json6902;
mod strategic;
mod target;

use std::rc::Rc;

use serde_json::{Map, Value};

use crate::object::nearest;

use super::build::Context;
use super::error::PatchTarget;
use super::fields::Entry;
use super::kustomization::Patch;
use super::load::{self, Folder};
use super::resource::{Resource, Resources};
use super::schema::Schema;
use super::{At, Error, PatchProblem, Source, Warning, WarningKind};

use content::{Content, PatchObject, Text};
pub(super) use target::{Selector, in_one_line};

/// What patching needs beside the patches.
pub(super) struct Patches<'a> {
    source: &'a dyn Source,
    folder: &'a Folder,
    schema: Rc<Schema>,
    warnings: &'a mut Vec<Warning>,
}

/// What a patch may change beside the content of an object.
#[derive(Clone, Copy, Default)]
struct Allowed {
    name: bool,
    kind: bool,
}

impl<'a> Patches<'a> {
    pub(super) fn new(context: &'a mut Context<'_>) -> Self {
        let Context { source, folder, schema, warnings } = context;
        Self { source: *source, folder, schema: schema.clone(), warnings }
    }

    /// An entry of `patches`.
    pub(super) fn any(&mut self, patch: &Patch, resources: &mut Resources) -> Result<(), Error> {
        let mut text = self.text(patch)?;
        if !text.is_file {
            text.text = text.text.trim().to_owned();
        }
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
                resources.refuse_clash("patches")?;
            }
            (Content::StrategicMerge(objects), None) => {
                merge_each(objects, allowed, &self.schema, resources)?;
            }
            (Content::StrategicMerge(objects), Some(selector)) => {
                let [(object, at)] = &objects[..] else {
                    let problem = PatchProblem::SeveralForTarget(objects.len());
                    return Err(Error::Patch { at: patch.at.clone(), problem });
                };
                let (object, schema) = (object.for_target(), self.schema.clone());
                for resource in self.select(&selector, &patch.at, resources) {
                    merge(resource, &object, at, allowed, &schema)?;
                }
            }
        }
        resources.drop_empty();
        if allowed.name || allowed.kind { resources.refuse_clash("patches") } else { Ok(()) }
    }

    /// `patchesStrategicMerge`: each is a patch's text or the path of one.
    pub(super) fn strategic_merge(
        &mut self,
        entries: &[Entry],
        resources: &mut Resources,
    ) -> Result<(), Error> {
        for entry in entries {
            let text = match load::looks_like_path(&entry.text) {
                true => self.file(entry)?,
                false => Text { text: entry.text.clone(), at: entry.at.clone(), is_file: false },
            };
            match text.content()? {
                Content::StrategicMerge(objects) => {
                    let objects = objects.into_iter().map(|(object, at)| (object.for_target(), at));
                    merge_each(objects.collect(), Allowed::default(), &self.schema, resources)?;
                }
                Content::Json6902(_) => {
                    let problem = PatchProblem::NoPatch("a list belongs under `patches`".into());
                    return Err(text.refuse(problem));
                }
            }
        }
        Ok(())
    }

    /// An entry of `patchesJson6902`.
    pub(super) fn json6902(&mut self, patch: &Patch, resources: &mut Resources) -> Result<(), Error> {
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

/// Patches that name their objects themselves.
fn merge_each(
    objects: Vec<(PatchObject, At)>,
    allowed: Allowed,
    schema: &Schema,
    resources: &mut Resources,
) -> Result<(), Error> {
    for (object, at) in objects {
        let refuse = |problem| Error::Patch { at: at.clone(), problem };
        let is_meant = |resource: &&mut Resource| resource.has_id(|known| *known == object.id);
        let mut matches: Vec<&mut Resource> = resources.list.iter_mut().filter(is_meant).collect();
        match &mut matches[..] {
            [resource] => merge(resource, &object, &at, allowed, schema)?,
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
        resources.drop_empty();
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
fn merge(
    resource: &mut Resource,
    patch: &PatchObject,
    at: &At,
    allowed: Allowed,
    schema: &Schema,
) -> Result<(), Error> {
    if allowed.name || allowed.kind {
        resource.remember_name();
    }
    let (called, object) = (resource.name(), &resource.object);
    let (kind, name) = (object.kind().to_owned(), object.name().to_owned());
    let namespace = object.namespace().map(str::to_owned);
    let mut value = patch.value.clone();
    value["apiVersion"] = object.api_version().into();
    let mut object = Value::Object(std::mem::take(resource.object.fields_mut()));
    strategic::drop_blank(&mut object, &resource.blanks, schema);
    let merged = strategic::merge(object, value, schema).map_err(|reason| Error::Patch {
        at: at.clone(),
        problem: PatchProblem::DoesNotFit { object: called, reason },
    })?;
    let Some(Value::Object(mut fields)) = merged.filter(|merged| merged != &Value::Object(Map::new())) else {
        return Ok(()); // `$patch: delete` for the whole object.
    };
    if !allowed.kind {
        fields.insert("kind".into(), kind.into());
    }
    let metadata = fields.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(metadata) = metadata {
        if !allowed.name {
            metadata.insert("name".into(), name.into());
        }
        match namespace {
            Some(namespace) => _ = metadata.insert("namespace".into(), namespace.into()),
            None => _ = metadata.remove("namespace"),
        }
    }
    *resource.object.fields_mut() = fields;
    resource.shared.part(|place| patch.replaces(place));
    resource.follow_shared();
    if patch.clears_annotations() {
        resource.forget();
    }
    Ok(())
}
