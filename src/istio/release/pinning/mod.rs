//! The digests of a version that this program has none of, for `istio.digests` in a profile.

mod checksums;
mod error;
mod subject;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use url::Url;

use super::{ArchiveName, CaBundle, Digest, pinned};
use crate::object::yaml::{key_to_string, leaf_to_string};

pub use checksums::Published;
pub use error::PinError;
pub use subject::Subject;

/// What proves the archives of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    pub version: String,
    /// By the names of the archives.
    pub digests: BTreeMap<String, Digest>,
}

impl Pin {
    /// The digests of archives that are here. They are read to their ends.
    ///
    /// # Errors
    /// [`PinError::Unreadable`], [`PinError::Contradiction`].
    pub fn of_archives(version: &str, archives: &[(ArchiveName, PathBuf)]) -> Result<Self, PinError> {
        let mut pin = Self::nothing(version);
        for (name, path) in archives {
            let (sha256, _) = Digest::of_file(path)?;
            pin.add(name, sha256, || path.display().to_string())?;
        }
        Ok(pin)
    }

    /// The digests that stand beside the archives of a release. The first source that has any is believed: the
    /// mirrors in turn, then the Istio project. `trusted` are authorities beside the system's own.
    ///
    /// # Errors
    /// What each source said, where none has one.
    pub async fn published(
        version: &str,
        mirrors: Vec<Url>,
        trusted: Option<&CaBundle>,
    ) -> Result<Published, PinError> {
        checksums::published(version, mirrors, trusted).await
    }

    /// The part of a profile that says so.
    pub fn to_yaml(&self) -> String {
        let leaf = |text: &str| leaf_to_string(&Value::from(text), 0);
        let mut text = format!("istio:\n  version: {}\n  digests:\n", leaf(&self.version));
        for (name, sha256) in &self.digests {
            text.push_str(&format!("    {}: {}\n", key_to_string(name), leaf(&sha256.to_string())));
        }
        text
    }

    fn nothing(version: &str) -> Self {
        Self { version: version.to_owned(), digests: BTreeMap::new() }
    }

    /// Takes a digest in, unless another one is known of this archive. `origin` is who says so.
    fn add(
        &mut self,
        name: &ArchiveName,
        sha256: Digest,
        origin: impl FnOnce() -> String,
    ) -> Result<(), PinError> {
        let file = name.to_string();
        let known = pinned(&name.version, name.flavour, name.platform).or(self.digests.get(&file).copied());
        match known.filter(|known| *known != sha256) {
            Some(known) => Err(PinError::Contradiction { origin: origin(), file, said: sha256, known }),
            None => {
                self.digests.insert(file, sha256);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
