//! What a file in profiles/ may say, and what is said of a wrong one. `docs/profiles.md` is the reference.

mod check;
mod duration;
mod embedded;
mod error;
mod istio;
mod layer;
mod sheet;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::istio::release::{Addon, ReleaseSource};
use crate::object::yaml::{Dialect, parse_located};

use sheet::{Field, Sheet};

pub use check::{Check, UnknownCheck};
pub use duration::{NotATime, duration};
pub use embedded::{GITOPS, Summary, embedded, load};
pub use error::{Mistake, Problem, ProfileError};
pub use istio::{NotAnAddress, address};

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
}

/// Where a profile was read: what messages call it, and what `./` paths start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileFile {
    /// One that is part of this program, by its name.
    Embedded(String),
    Path(PathBuf),
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
    /// The fields of a kustomization on top of the folder: a mapping, of which no more is known here. Its paths
    /// start where the layer's does.
    pub kustomization: Option<Value>,
    /// Where the layer stands in the profile's file, from 1.
    pub line: usize,
}

/// What the path of a layer starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerBase {
    /// The top of the gitops tree, be it the embedded one or a user's own.
    Tree,
    /// The folder of the profile's file: the path starts with `./` or `../`, or is absolute and needs none.
    Profile,
}

/// The profile that a file holds, named for the file.
///
/// # Errors
/// [`ProfileError::Unreadable`], or what [`Profile::parse`] says.
pub fn read(path: &Path) -> Result<Profile, ProfileError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ProfileError::Unreadable { path: path.to_owned(), source })?;
    Profile::parse(ProfileFile::Path(path.to_owned()), &text)
}

impl Profile {
    /// The profile that a text says.
    ///
    /// # Errors
    /// [`ProfileError::NotYaml`] for text that cannot be read at all; otherwise [`ProfileError::Wrong`] with
    /// everything that is wrong with it, in the order of the lines.
    pub fn parse(file: ProfileFile, text: &str) -> Result<Self, ProfileError> {
        let documents = match parse_located(text, Dialect::Apply) {
            Ok(documents) => documents,
            Err(error) => return Err(ProfileError::NotYaml { file, error }),
        };
        let [document] = &documents[..] else {
            return Err(ProfileError::NotOneDocument { file, found: documents.len() });
        };
        let sheet = Sheet::new(&file, &document.lines);
        let profile = Self::from_fields(sheet.top(&document.value), &file);
        match (profile, sheet.into_problems()) {
            (Some(profile), problems) if problems.is_empty() => Ok(profile),
            (_, problems) => Err(ProfileError::Wrong { file, problems }),
        }
    }

    fn from_fields(top: Field<'_>, file: &ProfileFile) -> Option<Self> {
        let fields = top.mapping(&["description", "istio", "layers", "checks"])?;
        let description = fields.get("description").map_or(Some(String::new()), one_line);
        let istio = fields.get("istio").map_or(Some(None), |istio| istio::read(istio).map(Some));
        let layers = fields.get("layers").map_or(Some(Vec::new()), layer::read_all);
        let checks = fields.get("checks").map_or(Some(Vec::new()), check::read_all);
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
        })
    }
}

fn one_line(field: Field<'_>) -> Option<String> {
    let text = field.text()?.trim();
    if text.contains('\n') {
        return field.wrong("one line");
    }
    Some(text.to_owned())
}

impl ProfileFile {
    /// The folder of the file; None where the profile is part of this program.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Embedded(_) => None,
            Self::Path(path) => match path.parent() {
                Some(folder) if folder != Path::new("") => Some(folder),
                _ => Some(Path::new(".")),
            },
        }
    }

    fn profile_name(&self) -> String {
        match self {
            Self::Embedded(name) => name.clone(),
            Self::Path(path) => path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        }
    }
}

impl fmt::Display for ProfileFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(name) => write!(f, "profiles/{name}.yaml"),
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests;
