//! The recursion: a kustomization is its resources, what it generates and its components, then its steps in
//! kustomize's order. Names get their hashes, and references follow names, once at the very end.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::object::Object;
use crate::object::yaml::{self, Dialect, Lines};

use super::fields::{Document, Entry, Fields};
use super::kustomization::Kustomization;
use super::load::{self, Folder};
use super::resource::{Resource, Resources};
use super::{
    At, Error, FileKind, Inline, Rendered, Source, Warning, generate, hash, images, labels, names, namespace,
    order, patch, refs, replicas,
};

/// An object with this annotation is there for tools, not for the cluster.
const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";

pub(super) struct Build<'s> {
    source: &'s dyn Source,
    /// The folders that are being built, the outermost first.
    open: Vec<Folder>,
    warnings: Vec<Warning>,
}

impl<'s> Build<'s> {
    pub(super) fn new(source: &'s dyn Source) -> Self {
        Self { source, open: Vec::new(), warnings: Vec::new() }
    }

    pub(super) fn folder(mut self, path: &Path) -> Result<Rendered, Error> {
        let folder = Folder::open(self.source, path)?;
        let kustomization = self.read(&folder, None)?;
        let mut resources = Resources::default();
        self.open.push(folder.clone());
        self.accumulate(&kustomization, &folder, &mut resources)?;
        self.finish(&kustomization, resources)
    }

    pub(super) fn inline(mut self, inline: &Inline<'_>) -> Result<Rendered, Error> {
        let Value::Object(map) = inline.fields else {
            let at = At { file: inline.file.to_owned(), line: None };
            return Err(Error::NoKustomizationDocument { at });
        };
        let document = Document { file: inline.file.to_owned(), lines: Lines::default() };
        let fields = Fields::new(&document, map);
        let mut kustomization = Kustomization::read(&fields, &mut self.warnings)?;
        let folder = Folder::open(self.source, inline.root)?;
        let mut resources = Resources::default();
        if kustomization.resources.is_none() {
            let layer = Folder::open(self.source, inline.layer)?;
            resources.list = self.sub_folder(layer)?;
            kustomization.resources = Some(Vec::new());
        }
        self.accumulate(&kustomization, &folder, &mut resources)?;
        self.finish(&kustomization, resources)
    }

    /// What is done once, to the objects of all folders together.
    fn finish(self, kustomization: &Kustomization, mut resources: Resources) -> Result<Rendered, Error> {
        hash::add_to_names(&mut resources);
        refs::follow(&mut resources)?;
        resources.list.retain(|resource| {
            resource.object.annotation(LOCAL_CONFIG).is_none_or(|is_local| is_local == "false")
        });
        resources.list.iter_mut().for_each(|resource| tidy_annotations(&mut resource.object));
        order::sort(&mut resources, kustomization.order);
        let objects = resources.list.into_iter().map(Resource::into_located).collect();
        Ok(Rendered { objects, warnings: self.warnings })
    }

    fn read(&mut self, folder: &Folder, from: Option<&At>) -> Result<Kustomization, Error> {
        let name = folder.kustomization_file(self.source, from)?;
        let file = super::source::normal(&folder.shown.join(&name));
        let text = load::text(self.source, &file, &folder.real.join(&name))?;
        let at = |line| At { file: file.clone(), line };
        let documents =
            yaml::parse_located(&text, Dialect::Apply).map_err(|error| load::yaml_error(&file, error))?;
        let mut documents = documents.into_iter();
        let (first, second) = (documents.next(), documents.next());
        if let Some(second) = second {
            return Err(Error::NoKustomizationDocument { at: at(Some(second.line)) });
        }
        let Some(first) = first else { return Err(Error::Empty { at: at(None) }) };
        let Value::Object(map) = first.value else {
            return Err(Error::NoKustomizationDocument { at: at(Some(first.line)) });
        };
        let document = Document { file: file.clone(), lines: first.lines };
        Kustomization::read(&Fields::new(&document, &map), &mut self.warnings)
    }

    /// Adds what the kustomization brings to `resources` and changes them all: for a component these are
    /// also the objects of the kustomization that includes it.
    fn accumulate(
        &mut self,
        kustomization: &Kustomization,
        folder: &Folder,
        resources: &mut Resources,
    ) -> Result<(), Error> {
        for entry in kustomization.resources.iter().flatten() {
            let more = match folder.kind(self.source, entry) {
                Some(FileKind::File) => {
                    let (shown, real) = folder.file(self.source, entry)?;
                    load::objects(&shown, &load::text(self.source, &shown, &real)?)?
                }
                Some(FileKind::Dir) => {
                    let base = self.enter(folder.folder(self.source, entry)?, &entry.at)?;
                    self.sub_folder_of(base, entry)?
                }
                None => return Err(folder.not_found(self.source, entry)),
            };
            resources.list.extend(more);
        }
        resources.refuse_duplicates()?;
        for generator in &kustomization.generators {
            generate::run(self.source, folder, generator, resources)?;
        }
        for entry in &kustomization.components {
            if folder.kind(self.source, entry).is_none() {
                return Err(folder.not_found(self.source, entry));
            }
            let base = self.enter(folder.folder(self.source, entry)?, &entry.at)?;
            self.component(base, entry, resources)?;
        }
        self.transform(kustomization, folder, resources)
    }

    fn transform(
        &mut self,
        kustomization: &Kustomization,
        folder: &Folder,
        resources: &mut Resources,
    ) -> Result<(), Error> {
        let mut patches = patch::Patches { source: self.source, folder, warnings: &mut self.warnings };
        patches.strategic_merge(&kustomization.patches_strategic_merge, resources)?;
        patches.all(&kustomization.patches, resources)?;
        namespace::set(kustomization.namespace.as_deref(), resources)?;
        names::add_prefix(&kustomization.name_prefix, resources)?;
        names::add_suffix(&kustomization.name_suffix, resources)?;
        labels::add(kustomization, resources)?;
        labels::annotate(&kustomization.common_annotations, resources)?;
        let mut patches = patch::Patches { source: self.source, folder, warnings: &mut self.warnings };
        patches.json6902(&kustomization.patches_json6902, resources)?;
        replicas::set(&kustomization.replicas, resources)?;
        images::set(&kustomization.images, resources, &mut self.warnings)
    }

    /// The objects of a folder under `resources`.
    fn sub_folder_of(&mut self, base: Folder, entry: &Entry) -> Result<Vec<Resource>, Error> {
        let kustomization = self.read(&base, Some(&entry.at))?;
        if kustomization.is_component {
            return Err(wrong_list(entry, "Component", "components"));
        }
        let mut resources = Resources::default();
        self.accumulate(&kustomization, &base, &mut resources)?;
        self.open.pop();
        Ok(resources.list)
    }

    fn sub_folder(&mut self, base: Folder) -> Result<Vec<Resource>, Error> {
        let entry =
            Entry { text: base.shown.display().to_string(), at: At { file: base.shown.clone(), line: None } };
        self.open.push(base.clone());
        self.sub_folder_of(base, &entry)
    }

    fn component(&mut self, base: Folder, entry: &Entry, resources: &mut Resources) -> Result<(), Error> {
        if self.source.kind(&base.real) == Some(FileKind::File) {
            return Err(Error::FileForFolder { path: base.shown });
        }
        let kustomization = self.read(&base, Some(&entry.at))?;
        if !kustomization.is_component {
            return Err(wrong_list(entry, "Kustomization", "resources"));
        }
        self.accumulate(&kustomization, &base, resources)?;
        self.open.pop();
        Ok(())
    }

    /// Opens a folder below the present ones. One that is, or lies around, an open folder is refused: that
    /// is kustomize's rule, and without it a circle would have no end.
    fn enter(&mut self, folder: Folder, at: &At) -> Result<Folder, Error> {
        let is_around = |open: &Folder| open.real.starts_with(&folder.real) || folder.real == Path::new(".");
        if let Some(first) = self.open.iter().position(is_around) {
            let mut folders: Vec<PathBuf> =
                self.open[first..].iter().map(|open| open.shown.clone()).collect();
            folders.push(folder.shown);
            return Err(Error::Cycle { at: at.clone(), folders });
        }
        self.open.push(folder.clone());
        Ok(folder)
    }
}

fn wrong_list(entry: &Entry, kind: &'static str, field: &'static str) -> Error {
    Error::WrongList { at: entry.at.clone(), path: entry.text.clone(), kind, field }
}

/// Annotations come out as text, and an empty mapping of them not at all: kustomize keeps notes of its own
/// there, and rewrites the mapping when it takes them out.
fn tidy_annotations(object: &mut Object) {
    let metadata = object.fields_mut().get_mut("metadata").and_then(Value::as_object_mut);
    let Some(metadata) = metadata else { return };
    let Some(annotations) = metadata.get_mut("annotations") else { return };
    for value in annotations.as_object_mut().into_iter().flat_map(|annotations| annotations.values_mut()) {
        if value.is_number() || value.is_boolean() {
            *value = value.to_string().into();
        }
    }
    if annotations.is_null() || annotations.as_object().is_some_and(|annotations| annotations.is_empty()) {
        metadata.remove("annotations");
    }
}
