//! The recursion: from a kustomization into the folders that it names.

use std::path::{Path, PathBuf};

use crate::kustomize::fields::Entry;
use crate::kustomize::kustomization::Kustomization;
use crate::kustomize::load::{self, Folder};
use crate::kustomize::origin::{self, Origin};
use crate::kustomize::{At, Error, FileKind};

use super::{Build, Built};

impl Build<'_> {
    /// Adds what the kustomization brings to what is `built` and changes it all: for a component this is
    /// also what the kustomization has that includes it.
    pub(super) fn accumulate(
        &mut self,
        kustomization: &Kustomization,
        folder: &Folder,
        built: &mut Built,
    ) -> Result<(), Error> {
        self.resources(kustomization.resources.as_deref().unwrap_or_default(), folder, built)?;
        built.configure(self.source, folder, kustomization)?;
        self.generate(kustomization, folder, built)?;
        for entry in &kustomization.components {
            if folder.kind(self.source, entry).is_none() {
                return Err(folder.not_found(self.source, entry));
            }
            let base = self.enter(folder.folder(self.source, entry)?, &entry.at)?;
            self.component(base, entry, built)?;
        }
        self.transform(kustomization, folder, built)?;
        self.validate(kustomization, folder, built)?;
        built.vars.declare(&kustomization.vars, &mut built.resources)
    }

    /// Adds the objects of files, and what folders build.
    pub(super) fn resources(
        &mut self,
        entries: &[Entry],
        folder: &Folder,
        built: &mut Built,
    ) -> Result<(), Error> {
        for entry in entries {
            match folder.kind(self.source, entry) {
                Some(FileKind::File) => {
                    let (shown, real) = folder.file(self.source, entry)?;
                    let mut more = load::objects(&shown, &load::text(self.source, &shown, &real)?)?;
                    if let Some(here) = &self.origin {
                        let origin = Origin::File(origin::below(here, &entry.text));
                        more.iter_mut().for_each(|resource| origin.write(&mut resource.object));
                    }
                    self.schema.note(more.iter().map(|resource| &resource.object));
                    built.resources.list.extend(more);
                }
                Some(FileKind::Dir) => {
                    let base = self.enter(folder.folder(self.source, entry)?, &entry.at)?;
                    built.add(self.sub_folder_of(base, entry)?, &entry.at)?;
                }
                None => return Err(folder.not_found(self.source, entry)),
            }
        }
        built.resources.refuse_duplicates()
    }

    /// What a folder under `resources` builds.
    fn sub_folder_of(&mut self, base: Folder, entry: &Entry) -> Result<Built, Error> {
        let kustomization = self.read(&base, Some(&entry.at))?;
        self.use_schema(&kustomization.openapi, &base)?;
        if kustomization.is_component {
            return Err(wrong_list(entry, "Component", "components"));
        }
        let outer = self.enter_origin(&entry.text);
        let mut built = Built::default();
        self.accumulate(&kustomization, &base, &mut built)?;
        self.origin = outer;
        self.open.pop();
        Ok(built)
    }

    pub(super) fn sub_folder(&mut self, base: Folder) -> Result<Built, Error> {
        let entry =
            Entry { text: base.shown.display().to_string(), at: At { file: base.shown.clone(), line: None } };
        self.open.push(base.clone());
        self.sub_folder_of(base, &entry)
    }

    fn component(&mut self, base: Folder, entry: &Entry, built: &mut Built) -> Result<(), Error> {
        if self.source.kind(&base.real) == Some(FileKind::File) {
            return Err(Error::FileForFolder { path: base.shown });
        }
        let kustomization = self.read(&base, Some(&entry.at))?;
        self.use_schema(&kustomization.openapi, &base)?;
        if !kustomization.is_component {
            return Err(wrong_list(entry, "Kustomization", "resources"));
        }
        let outer = self.enter_origin(&entry.text);
        self.accumulate(&kustomization, &base, built)?;
        self.origin = outer;
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
