use std::path::{Path, PathBuf};

use super::{Layer, Placed, mtls};
use crate::kustomize::{self, DirSource, EmbeddedSource, Inline, Rendered, Source, Warning, WarningKind};
use crate::profile::{self, LayerBase, Place, Profile, ProfileFile};

/// The gitops tree that the paths of a profile's layers start from.
#[derive(Clone, Debug)]
pub enum Tree {
    /// The one in this binary.
    Embedded,
    Folder(PathBuf),
}

/// A layer of a profile that does not render.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct Unrendered {
    pub layer: String,
    #[source]
    pub source: Box<kustomize::Error>,
}

/// Layers, and what is no reason not to use them.
pub type RenderedLayers = (Vec<Layer>, Vec<Warning>);

/// Renders the profile's layers, each with its inline kustomization on top.
pub fn render(profile: &Profile, tree: &Tree) -> Result<RenderedLayers, Unrendered> {
    let mut warnings = Vec::new();
    let mut layers = Vec::new();
    for layer in &profile.layers {
        let rendered = render_one(layer, tree)
            .map_err(|source| Unrendered { layer: layer.name.clone(), source: Box::new(source) })?;
        warnings.extend(rendered.warnings.into_iter().filter(|warning| !is_for_other_trees(layer, warning)));
        let mut objects: Vec<Placed> = rendered.objects.into_iter().map(Placed::from).collect();
        if let Some(mode) = profile.mtls {
            mtls::set(mode, profile, &mut objects);
        }
        layers.push(Layer::new(&layer.name, objects, layer.timeout));
    }
    Ok((layers, warnings))
}

/// What a profile of this program lays over a tree is for any: that this one has no such object tells nothing.
fn is_for_other_trees(layer: &profile::Layer, warning: &Warning) -> bool {
    let Some(profile::Inline { place, .. }) = &layer.kustomization else { return false };
    matches!(place, Place::Line { file: ProfileFile::Embedded(_), .. })
        && matches!(warning.kind, WarningKind::PatchSelectsNothing { .. })
        && warning.at.file == Path::new(&place.to_string())
}

fn render_one(layer: &profile::Layer, tree: &Tree) -> Result<Rendered, kustomize::Error> {
    let embedded = EmbeddedSource(&profile::GITOPS);
    let (source, root): (&dyn Source, &Path) = match (&layer.base, tree) {
        (LayerBase::Tree, Tree::Embedded) => (&embedded, Path::new("")),
        (LayerBase::Tree, Tree::Folder(folder)) => (&DirSource, folder),
        (LayerBase::Folder(folder), _) => (&DirSource, folder),
    };
    let path = root.join(&layer.path);
    let Some(profile::Inline { fields, place }) = &layer.kustomization else {
        return kustomize::render(source, &path);
    };
    let file = PathBuf::from(place.to_string());
    kustomize::render_inline(source, &Inline { fields, file: &file, root, layer: &path })
}
