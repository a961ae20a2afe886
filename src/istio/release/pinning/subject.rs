use std::path::{Path, PathBuf};

use super::PinError;
use crate::istio::release::{ArchiveName, is_version};

/// What is to be pinned: one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// As its release has it.
    Version(String),
    /// As these files have it, at least one; their names tell what they are.
    Archives { version: String, archives: Vec<(ArchiveName, PathBuf)> },
}

impl Subject {
    /// What the words of a command line mean: a version, or archives.
    ///
    /// # Errors
    /// [`PinError::Unnamed`], [`PinError::Several`].
    pub fn read(words: &[String]) -> Result<Self, PinError> {
        let mut subject = None;
        for word in words {
            let read = Self::of(word)?;
            subject = Some(match subject {
                None => read,
                Some(earlier) => Self::and(earlier, read)
                    .ok_or_else(|| PinError::Several { one: words[0].clone(), other: word.clone() })?,
            });
        }
        subject.ok_or_else(|| PinError::Unnamed { word: String::new() })
    }

    fn of(word: &str) -> Result<Self, PinError> {
        let is_file = word.contains('/') || word.ends_with(".tar.gz");
        if is_version(word) && !is_file {
            return Ok(Self::Version(word.to_owned()));
        }
        let unnamed = || PinError::Unnamed { word: word.to_owned() };
        let file = Path::new(word).file_name().and_then(|name| name.to_str()).ok_or_else(unnamed)?;
        let name: ArchiveName = file.parse().map_err(|_| unnamed())?;
        Ok(Self::Archives { version: name.version.clone(), archives: vec![(name, word.into())] })
    }

    /// Both, where they are archives of one version.
    fn and(self, other: Self) -> Option<Self> {
        match (self, other) {
            (
                Self::Archives { version, mut archives },
                Self::Archives { version: other_version, archives: others },
            ) if version == other_version => {
                archives.extend(others);
                Some(Self::Archives { version, archives })
            }
            _ => None,
        }
    }
}
