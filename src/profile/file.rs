use std::fmt;
use std::path::{Component, Path, PathBuf};

use super::{ProfileError, embedded};

/// What messages call a file, and what the `./` paths in it start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileFile {
    /// One that is part of this program, by its name.
    Embedded(String),
    Path(PathBuf),
}

impl ProfileFile {
    /// What a word means where a profile is named: a file where it has a `/` in it or ends like a YAML file, and
    /// otherwise a profile of this program, which may not be there.
    pub fn named(word: &str) -> Self {
        let is_file = word.contains('/') || [".yaml", ".yml"].iter().any(|end| word.ends_with(end));
        if is_file { Self::Path(word.into()) } else { Self::Embedded(word.to_owned()) }
    }

    /// What the file holds.
    ///
    /// # Errors
    /// [`ProfileError::Unknown`] where no profile of this program has that name, [`ProfileError::Unreadable`].
    pub fn text(&self) -> Result<String, ProfileError> {
        match self {
            Self::Embedded(name) => embedded::text(name).map(str::to_owned),
            Self::Path(path) => std::fs::read_to_string(path).map_err(|source| ProfileError::Unreadable {
                path: path.clone(),
                source,
                extends: None,
            }),
        }
    }

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

    /// What a profile in the file is called.
    pub(super) fn profile_name(&self) -> String {
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

/// A path in a folder, without the `.` that only say "here".
pub(super) fn joined(folder: &Path, path: &Path) -> PathBuf {
    folder.join(path).components().filter(|part| *part != Component::CurDir).collect()
}
