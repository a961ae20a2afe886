//! The generators, steps and validators of a kustomization: those that its fields stand for, then those that
//! documents ask for.

use std::path::{Path, PathBuf};

use crate::kustomize::fields::Entry;
use crate::kustomize::generate::Generation;
use crate::kustomize::kustomization::Kustomization;
use crate::kustomize::load::{self, Folder};
use crate::kustomize::origin::{self, Configuration, Origin};
use crate::kustomize::resource::{Resource, Resources};
use crate::kustomize::transform::Transformer;
use crate::kustomize::{Error, PluginProblem, plugin, transform};

use super::{Build, Built, Context};

/// What a validator may mark an object with.
const VALIDATED_BY: &str = "validated-by";

impl Build<'_> {
    pub(super) fn generate(
        &mut self,
        kustomization: &Kustomization,
        folder: &Folder,
        built: &mut Built,
    ) -> Result<(), Error> {
        for generator in &kustomization.generators {
            let generation = Generation::Data(generator.clone());
            let origin = self.origin_of_field(kustomization, generation.kind());
            generation.run(self.source, folder, origin.as_ref(), &mut built.resources)?;
        }
        for asked in self.asked(&kustomization.generating, kustomization, folder)? {
            let origin = self.origin_of_document(&asked);
            plugin::generator(&asked)?.run(self.source, folder, origin.as_ref(), &mut built.resources)?;
        }
        Ok(())
    }

    pub(super) fn transform(
        &mut self,
        kustomization: &Kustomization,
        folder: &Folder,
        built: &mut Built,
    ) -> Result<(), Error> {
        for step in transform::of(kustomization, &built.config, &self.context(folder))? {
            let origin = self.origin_of_field(kustomization, step.kind());
            self.run(&[step], origin, folder, &mut built.resources)?;
        }
        for asked in self.asked(&kustomization.transforming, kustomization, folder)? {
            let steps = plugin::transformers(&asked, &self.context(folder))?;
            let origin = self.origin_of_document(&asked);
            self.run(&steps, origin, folder, &mut built.resources)?;
        }
        Ok(())
    }

    /// A validator is a step that changes nothing, or the kustomization is refused.
    pub(super) fn validate(
        &mut self,
        kustomization: &Kustomization,
        folder: &Folder,
        built: &mut Built,
    ) -> Result<(), Error> {
        for asked in self.asked(&kustomization.validating, kustomization, folder)? {
            let before = built.resources.clone();
            let steps = plugin::transformers(&asked, &self.context(folder))?;
            self.run(&steps, None, folder, &mut built.resources)?;
            if let Some(object) = first_change(&before, &built.resources) {
                let (kind, problem) = (asked.object.kind().into(), PluginProblem::Changes { object });
                return Err(Error::Plugin { at: asked.at(), kind, problem });
            }
        }
        Ok(())
    }

    fn run(
        &mut self,
        steps: &[Transformer],
        origin: Option<Origin>,
        folder: &Folder,
        resources: &mut Resources,
    ) -> Result<(), Error> {
        for step in steps {
            step.run(&mut self.context(folder), resources)?;
        }
        if let Some(origin) = origin {
            origin.write_as_step(resources);
        }
        Ok(())
    }

    fn context<'c>(&'c mut self, folder: &'c Folder) -> Context<'c> {
        let schema = self.schema.clone();
        Context { source: self.source, folder, schema, warnings: &mut self.warnings }
    }

    /// The documents of a list: those that stand in the list itself, then those of its files and folders.
    fn asked(
        &mut self,
        entries: &[Entry],
        kustomization: &Kustomization,
        folder: &Folder,
    ) -> Result<Vec<Resource>, Error> {
        let mut asked = Built::default();
        let (paths, texts): (Vec<Entry>, Vec<Entry>) =
            entries.iter().cloned().partition(|entry| load::looks_like_path(&entry.text));
        for entry in texts {
            let mut more = load::objects(&entry.at.file, &entry.text)?;
            for resource in &mut more {
                resource.line = entry.at.line;
                if let Some(here) = &self.origin {
                    Origin::File(file_of(kustomization, here)).write(&mut resource.object);
                }
            }
            asked.resources.list.extend(more);
        }
        self.resources(&paths, folder, &mut asked)?;
        Ok(asked.resources.list)
    }

    fn origin_of_field(&self, kustomization: &Kustomization, kind: &str) -> Option<Origin> {
        let file = file_of(kustomization, self.origin.as_ref()?);
        Some(Origin::Configured { file, by: Configuration::builtin(kind) })
    }

    fn origin_of_document(&self, asked: &Resource) -> Option<Origin> {
        self.origin.as_ref()?;
        let file = origin::file_of(&asked.object)?;
        Some(Origin::Configured { file, by: Configuration::of(&asked.object) })
    }
}

/// The kustomization's own file, from the outermost folder.
fn file_of(kustomization: &Kustomization, here: &Path) -> PathBuf {
    origin::below(here, kustomization.at.file.file_name().unwrap_or_default())
}

/// The first object that is not what it was.
fn first_change(before: &Resources, after: &Resources) -> Option<String> {
    let is_same = |(old, new): &(&Resource, &Resource)| {
        let mut new = (*new).clone();
        new.object.remove_label(VALIDATED_BY);
        old.object == new.object && old.past_ids().eq(new.past_ids())
    };
    let pairs = before.list.iter().zip(&after.list);
    let changed = pairs.clone().find(|pair| !is_same(pair)).map(|(old, _)| old.name());
    let gone = || before.list.get(after.list.len()).map(Resource::name);
    changed.or_else(gone)
}
