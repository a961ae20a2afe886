//! What a file in profiles/ may say, what comes of several of them, and what is said of a wrong one.
//! `docs/profiles.md` is the reference.

mod check;
mod document;
mod duration;
mod embedded;
mod error;
mod explain;
mod extends;
mod file;
mod images;
mod istio;
mod layer;
mod merge;
mod mtls;
mod place;
mod resolve;
mod schema;
mod set;
mod shape;
mod sheet;
mod source;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::image::Rules;
use crate::istio::release::{Addon, ReleaseSource};

use document::Node;
use shape::{Entry, Shape};
use sheet::{Field, Sheet};

pub use check::{Check, UnknownCheck};
pub use duration::{NotATime, duration};
pub use embedded::{GITOPS, Summary, embedded, load};
pub use error::{Mistake, Problem, ProfileError};
pub use file::ProfileFile;
pub use mtls::Mtls;
pub use place::Place;
pub use resolve::{Overrides, Resolved, resolve};
pub use schema::schema;
pub use set::SetError;
pub use source::{NotAnAddress, address};

const DESCRIPTION: &str = "one line";

const TOP: &[Entry] = &[
    Entry::optional(extends::EXTENDS, extends::PARENT, Shape::text(".")),
    Entry::optional("description", DESCRIPTION, Shape::text(r"^\s*[^\n]*\s*$")),
    Entry::optional("istio", "the mesh; left out, only the layers are applied", istio::SHAPE),
    Entry::optional("layers", layer::LAYERS, layer::SHAPE),
    Entry::optional("checks", check::CHECKS, check::SHAPE),
    Entry::optional("images", images::IMAGES, images::SHAPE),
    Entry::optional("mtls", mtls::MTLS, mtls::SHAPE),
];

/// What one deployment is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pub name: String,
    /// One line; empty where the file has none.
    pub description: String,
    pub file: ProfileFile,
    /// None where only the layers are applied, on a cluster that has its mesh already or needs none.
    pub istio: Option<Istio>,
    /// In the order in which they are applied.
    pub layers: Vec<Layer>,
    pub checks: Vec<Check>,
    /// Where the images of all layers come from, and which they must be.
    pub images: Rules,
    /// None where the layers' own policy for the whole mesh stays as it is.
    pub mtls: Option<Mtls>,
}

/// The mesh that comes before the layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Istio {
    pub version: String,
    /// One of istioctl's own profiles.
    pub profile: String,
    pub source: ReleaseSource,
    /// A whole IstioOperator document that names the profile, for
    /// [`RenderRequest::overlays`](crate::istio::render::RenderRequest::overlays).
    pub overlay: Value,
    pub addons: Vec<Addon>,
    /// How long the mesh may take to be ready.
    pub timeout: Duration,
}

/// A folder with a kustomization file, and what is laid on top.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// A DNS label, for it is part of names of objects; unique in its profile.
    pub name: String,
    /// As written.
    pub path: PathBuf,
    pub base: LayerBase,
    /// How long applying it and waiting for it may take together.
    pub timeout: Duration,
    pub kustomization: Option<Inline>,
}

/// What the path of a layer starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerBase {
    /// The top of the gitops tree, be it the embedded one or a user's own.
    Tree,
    /// The folder of the file that says the path, or the working directory where an argument does: the path
    /// starts with `./` or `../`, or is absolute and needs none.
    Folder(PathBuf),
}

/// A kustomization on top of a layer's folder. Its paths start where the layer's does.
#[derive(Clone, Debug, PartialEq)]
pub struct Inline {
    /// A mapping, of which no more is known here.
    pub fields: Value,
    pub place: Place,
}

impl Profile {
    /// Whether the mesh begins with plaintext let in.
    pub fn is_permissive(&self) -> bool {
        self.mtls == Some(Mtls::Permissive)
    }

    /// The checks that can be made: while plaintext is let in, nobody is refused for it.
    pub fn provable_checks(&self) -> impl Iterator<Item = Check> {
        self.checks.iter().copied().filter(|check| *check != Check::Mtls || !self.is_permissive())
    }

    /// Whether any check can be made.
    pub fn is_verified(&self) -> bool {
        self.provable_checks().next().is_some()
    }

    /// Reads the merged document; `problems` were found before.
    fn from_document(
        document: &Node,
        file: &ProfileFile,
        problems: Vec<Problem>,
    ) -> Result<Self, ProfileError> {
        let sheet = Sheet::new(document, problems);
        let profile = Self::from_fields(sheet.top(), file);
        match (profile, sheet.into_problems()) {
            (Some(profile), problems) if problems.is_empty() => Ok(profile),
            (_, problems) => Err(ProfileError::Wrong { problems }),
        }
    }

    fn from_fields(top: Field<'_>, file: &ProfileFile) -> Option<Self> {
        let fields = top.mapping(TOP)?;
        // What the files of the profile themselves extend is merged already.
        if let Some(extends) = fields.get(extends::EXTENDS) {
            extends.note(Mistake::ExtendsFromAbove);
        }
        let description = fields.get("description").map_or(Some(String::new()), one_line);
        let istio = fields.get("istio").map_or(Some(None), |istio| istio::read(istio).map(Some));
        let layers = fields.get("layers").map_or(Some(Vec::new()), layer::read_all);
        let checks = fields.get("checks").map_or(Some(Vec::new()), check::read_all);
        let images = fields.get("images").map_or(Some(Rules::default()), images::read);
        let mtls = fields.get("mtls").map_or(Some(None), |mtls| mtls::read(mtls).map(Some));
        if fields.get("istio").is_none() && layers.as_ref().is_some_and(Vec::is_empty) {
            top.note(Mistake::NothingToDo);
        }
        Some(Self {
            name: file.profile_name(),
            description: description?,
            file: file.clone(),
            istio: istio?,
            layers: layers?,
            checks: checks?,
            images: images?,
            mtls: mtls?,
        })
    }
}

fn one_line(field: Field<'_>) -> Option<String> {
    let text = field.text()?.trim();
    if text.contains('\n') {
        return field.wrong(DESCRIPTION);
    }
    Some(text.to_owned())
}

#[cfg(test)]
mod tests;
