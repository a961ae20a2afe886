//! A kustomization is its resources, what it generates and its components, then its steps in kustomize's
//! order. Names get their hashes, and references follow names, once at the very end.

mod accumulate;
mod built;
mod plugins;
mod tidy;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::Value;

use crate::object::yaml::{self, Dialect, Lines};

use super::fields::{Document, Fields, Unknown};
use super::kustomization::{Kustomization, OpenApi};
use super::load::{self, Folder};
use super::resource::Resource;
use super::schema::{BUILTIN_VERSION, Definitions, Schema};
use super::{At, Error, Inline, OpenApiProblem, Rendered, Source, Warning, hash, order, origin, refs};

use built::Built;

pub(super) struct Build<'s> {
    source: &'s dyn Source,
    /// The folders that are being built, the outermost first.
    open: Vec<Folder>,
    schema: Rc<Schema>,
    /// The path of the present folder from the outermost one, where origins are noted.
    origin: Option<PathBuf>,
    warnings: Vec<Warning>,
}

/// What a step may ask for beside the objects.
pub(super) struct Context<'c> {
    pub(super) source: &'c dyn Source,
    pub(super) folder: &'c Folder,
    pub(super) schema: Rc<Schema>,
    pub(super) warnings: &'c mut Vec<Warning>,
}

impl<'s> Build<'s> {
    pub(super) fn new(source: &'s dyn Source) -> Self {
        let schema = Rc::new(Schema::builtin());
        Self { source, open: Vec::new(), schema, origin: None, warnings: Vec::new() }
    }

    pub(super) fn folder(mut self, path: &Path) -> Result<Rendered, Error> {
        let folder = Folder::open(self.source, path)?;
        let kustomization = self.read(&folder, None)?;
        let mut built = Built::default();
        self.open.push(folder.clone());
        self.outermost(&kustomization, &folder, &mut built)?;
        self.finish(&kustomization, built)
    }

    pub(super) fn inline(mut self, inline: &Inline<'_>) -> Result<Rendered, Error> {
        let Value::Object(map) = inline.fields else {
            let at = At { file: inline.file.to_owned(), line: None };
            return Err(Error::NoKustomizationDocument { at });
        };
        let (file, lines) = (inline.file.to_owned(), Lines::default());
        let document = Document { file, lines, line: None, unknown: Unknown::Refused };
        let fields = Fields::new(&document, map);
        let mut kustomization = Kustomization::read(&fields, &mut self.warnings)?;
        let folder = Folder::open(self.source, inline.root)?;
        let mut built = Built::default();
        if kustomization.resources.is_none() {
            let layer = Folder::open(self.source, inline.layer)?;
            built = self.sub_folder(layer)?;
            kustomization.resources = Some(Vec::new());
        }
        self.outermost(&kustomization, &folder, &mut built)?;
        self.finish(&kustomization, built)
    }

    fn outermost(
        &mut self,
        kustomization: &Kustomization,
        folder: &Folder,
        built: &mut Built,
    ) -> Result<(), Error> {
        self.origin = kustomization.metadata.is_noted.then(PathBuf::new);
        self.use_schema(&kustomization.openapi, folder)?;
        self.accumulate(kustomization, folder, built)
    }

    /// What is done once, to the objects of all folders together.
    fn finish(mut self, kustomization: &Kustomization, built: Built) -> Result<Rendered, Error> {
        let Built { mut resources, config, vars } = built;
        hash::add_to_names(&mut resources);
        refs::follow(&mut resources, &config.name_reference)?;
        vars.replace(&mut resources, &config.var_reference, &mut self.warnings)?;
        resources.list.retain(|resource| !tidy::is_local(&resource.object));
        order::sort(&mut resources, kustomization.order.as_ref());
        origin::finish(kustomization.metadata, &mut resources);
        resources.list.iter_mut().for_each(|resource| tidy::annotations(&mut resource.object));
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
        let (file, lines) = (file.clone(), first.lines);
        let document = Document { file, lines, line: None, unknown: Unknown::Refused };
        Kustomization::read(&Fields::new(&document, &map), &mut self.warnings)
    }

    /// Takes the schema that a kustomization names, unless another one did so before.
    fn use_schema(&mut self, openapi: &OpenApi, folder: &Folder) -> Result<(), Error> {
        let refuse = |at: &At, problem| Err(Error::OpenApi { at: at.clone(), problem });
        let document = match &openapi.path {
            Some(entry) => Some(load::one_document(self.source, folder, entry)?.1),
            None => None,
        };
        if self.schema.is_chosen() {
            return Ok(());
        }
        match (document, &openapi.version) {
            (Some(_), Some(version)) => refuse(&version.at, OpenApiProblem::PathAndVersion),
            (Some(document), None) => {
                let definitions = document.map(|document| Definitions::read(&document.value));
                self.schema = Rc::new(self.schema.with(definitions.unwrap_or_default()));
                Ok(())
            }
            (None, Some(version)) if version.text == BUILTIN_VERSION => {
                self.schema = Rc::new(Schema::chosen_builtin());
                Ok(())
            }
            (None, Some(version)) if !version.text.is_empty() => {
                let (version, at) = (version.text.clone(), &version.at);
                refuse(at, OpenApiProblem::Version { version, builtin: BUILTIN_VERSION })
            }
            _ => Ok(()),
        }
    }

    /// From the present folder to one that an entry names, where origins are noted; gives what
    /// [`Self::leave`] needs to come back.
    fn enter_origin(&mut self, path: &str) -> Option<PathBuf> {
        let outer = self.origin.clone();
        if let Some(origin) = &mut self.origin {
            *origin = origin::below(origin, path);
        }
        outer
    }
}
