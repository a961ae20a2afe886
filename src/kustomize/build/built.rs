//! What a kustomization has built so far.

use std::sync::Arc;

use crate::kustomize::config::{self, Config};
use crate::kustomize::kustomization::Kustomization;
use crate::kustomize::load::Folder;
use crate::kustomize::resource::Resources;
use crate::kustomize::vars::Vars;
use crate::kustomize::{At, Error, Source};

/// The objects of a kustomization, and what it and those below it say about their fields.
#[derive(Default)]
pub(super) struct Built {
    pub(super) resources: Resources,
    pub(super) config: Arc<Config>,
    pub(super) vars: Vars,
}

impl Built {
    /// Takes over what a folder below has built.
    pub(super) fn add(&mut self, more: Self, at: &At) -> Result<(), Error> {
        self.resources.list.extend(more.resources.list);
        self.merge_config(&more.config, at)?;
        self.vars.take(more.vars)
    }

    /// Adds the fields of `configurations`, kustomize's own that are not there by then, and those of `crds`.
    pub(super) fn configure(
        &mut self,
        source: &dyn Source,
        folder: &Folder,
        kustomization: &Kustomization,
    ) -> Result<(), Error> {
        let at = &kustomization.at;
        let own = config::from_files(source, folder, &kustomization.configurations)?;
        let with_builtin = Arc::new(own).merged(&Config::builtin());
        let with_builtin = with_builtin.map_err(|path| Error::FieldSpecConflict { at: at.clone(), path })?;
        self.merge_config(&with_builtin, at)?;
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
