//! What a kustomization has built so far.

use std::sync::Arc;

use crate::kustomize::config::{self, Config};
use crate::kustomize::kustomization::Kustomization;
use crate::kustomize::load::Folder;
use crate::kustomize::resource::Resources;
use crate::kustomize::vars::Vars;
use crate::kustomize::{At, Error, Source};

/// The objects of a kustomization, and what it and those below it say about their fields.
pub(super) struct Built {
    pub(super) resources: Resources,
    pub(super) config: Arc<Config>,
    pub(super) vars: Vars,
}

impl Default for Built {
    fn default() -> Self {
        Self { resources: Resources::default(), config: Config::builtin(), vars: Vars::default() }
    }
}

impl Built {
    /// Takes over what a folder below has built.
    pub(super) fn add(&mut self, more: Self, at: &At) -> Result<(), Error> {
        self.resources.list.extend(more.resources.list);
        self.merge_config(&more.config, at)?;
        self.vars.take(more.vars)
    }

    /// Adds the fields of `configurations` and `crds` to those that are known.
    pub(super) fn configure(
        &mut self,
        source: &dyn Source,
        folder: &Folder,
        kustomization: &Kustomization,
    ) -> Result<(), Error> {
        let at = &kustomization.at;
        self.merge_config(&Config::builtin(), at)?;
        if !kustomization.configurations.is_empty() {
            let own = config::from_files(source, folder, &kustomization.configurations)?;
            self.merge_config(&Arc::new(own), at)?;
        }
        if !kustomization.crds.is_empty() {
            let own = config::crds::from_files(source, folder, &kustomization.crds)?;
            self.merge_config(&Arc::new(own), at)?;
        }
        Ok(())
    }

    fn merge_config(&mut self, more: &Arc<Config>, at: &At) -> Result<(), Error> {
        let merged = self.config.merged(more);
        self.config = merged.map_err(|path| Error::FieldSpecConflict { at: at.clone(), path })?;
        Ok(())
    }
}
