//! A folder with a kustomization file in, objects or an error out: what `kubectl kustomize` does, but with
//! the file and line of everything that is wrong. Pure: all reading goes through a `Source`.
//!
//! The order of the steps and what each one touches follow kustomize v5.6, the one in kubectl 1.33;
//! `tests/conformance` holds them against that kubectl.

mod build;
mod config;
mod error;
mod fieldpath;
mod fields;
mod fieldspec;
mod generate;
mod gvk;
mod hash;
mod images;
mod kustomization;
mod label_selector;
mod labels;
mod load;
mod names;
mod namespace;
mod order;
mod origin;
mod patch;
mod plugin;
mod refs;
mod replacements;
mod replicas;
mod resource;
mod scalar;
mod schema;
mod scope;
mod shared;
mod source;
mod transform;
mod value_add;
mod vars;
mod warning;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::object::Object;

pub use error::{
    Ambiguity, At, Error, OpenApiProblem, PatchProblem, PatchTarget, PluginProblem, ReplacementProblem,
    SourceProblem, VarProblem,
};
pub use source::{DirSource, EmbeddedSource, FileKind, MapSource, Source};
pub use warning::{Warning, WarningKind};

/// The names under which a kustomization file is looked for.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What a folder renders to.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// In the order that `kubectl kustomize` prints them.
    pub objects: Vec<Located>,
    pub warnings: Vec<Warning>,
}

/// An object and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    pub object: Object,
    /// The file that the object came from; for a generated one, the kustomization file.
    pub file: PathBuf,
    /// The line of the object's document in that file (or of the generator's entry), from 1.
    pub line: Option<usize>,
    /// The namespace that its file names, where a `namespace:` has moved it into another one.
    pub moved_from: Option<String>,
}

impl Located {
    pub fn at(&self) -> At {
        At { file: self.file.clone(), line: self.line }
    }
}

/// A kustomization that is no file of its own but stands in another one, such as a profile.
#[derive(Clone, Copy, Debug)]
pub struct Inline<'a> {
    /// The fields, as in a kustomization file.
    pub fields: &'a Value,
    /// What messages call it: the file it stands in.
    pub file: &'a Path,
    /// The folder that its paths start from and that its files may not leave.
    pub root: &'a Path,
    /// The folder that stands for `resources` where the fields have none.
    pub layer: &'a Path,
}

/// Renders the folder at `path`.
pub fn render(source: &dyn Source, path: &Path) -> Result<Rendered, Error> {
    build::Build::new(source).folder(path)
}

/// Renders an inline kustomization on top of a layer.
pub fn render_inline(source: &dyn Source, inline: &Inline<'_>) -> Result<Rendered, Error> {
    build::Build::new(source).inline(inline)
}
