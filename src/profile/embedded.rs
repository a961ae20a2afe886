//! The profiles and the layers that are part of this program.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use crate::object::nearest;

use super::{Overrides, Profile, ProfileError, ProfileFile, resolve};

/// The gitops tree that the embedded profiles' layers stand in.
pub static GITOPS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/gitops");

/// By name; the one that people try first stands first.
const PROFILES: [(&str, &str); 4] = [
    ("demo", include_str!("../../profiles/demo.yaml")),
    ("laptop", include_str!("../../profiles/laptop.yaml")),
    ("production", include_str!("../../profiles/production.yaml")),
    ("minimal", include_str!("../../profiles/minimal.yaml")),
];

/// An embedded profile in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub name: &'static str,
    pub description: String,
}

/// The profiles that are part of this program.
pub fn embedded() -> Vec<Summary> {
    let summary = |(name, _)| {
        let description = load(name).map(|profile| profile.description).unwrap_or_default();
        Summary { name, description }
    };
    PROFILES.into_iter().map(summary).collect()
}

/// The embedded profile of that name.
///
/// # Errors
/// [`ProfileError::Unknown`], which names the nearest one.
pub fn load(name: &str) -> Result<Profile, ProfileError> {
    Ok(resolve(&ProfileFile::Embedded(name.to_owned()), &Overrides::default())?.profile)
}

/// The file of that name, as it stands in the repository.
pub(super) fn text(name: &str) -> Result<&'static str, ProfileError> {
    let profile = PROFILES.into_iter().find(|(known, _)| *known == name);
    profile.map(|(_, text)| text).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> ProfileError {
    let known = PROFILES.map(|(known, _)| known);
    ProfileError::Unknown {
        name: name.to_owned(),
        nearest: nearest(name, known),
        known: known.map(str::to_owned).to_vec(),
        file: file_named(name),
    }
}

/// The file that somebody meant who wrote its name where a profile's name stands.
fn file_named(name: &str) -> Option<PathBuf> {
    let candidates = [name.to_owned(), format!("{name}.yaml"), format!("{name}.yml")];
    let file = candidates.iter().map(Path::new).find(|path| path.is_file())?;
    let is_plain = file.components().count() == 1 && !file.is_absolute();
    Some(if is_plain { Path::new(".").join(file) } else { file.to_owned() })
}
