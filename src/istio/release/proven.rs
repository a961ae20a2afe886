use std::path::PathBuf;

use super::receipt::Receipt;
use super::{Addon, Digest, Istioctl, ReleaseError};
use crate::object::Object;

/// A proven release, ready to use.
#[derive(Debug)]
pub struct Release {
    pub version: String,
    pub istioctl: Istioctl,
    pub obtained: Obtained,
    /// The cache entry that it lies in.
    pub(super) folder: PathBuf,
    pub(super) receipt: Receipt,
}

/// How a release was come by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obtained {
    /// It was there, and is still what was unpacked.
    Cached,
    /// Its archive was on this machine already: the size in bytes.
    Unpacked { bytes: u64 },
    /// It was fetched: the archive's size in bytes, and what was wrong with an entry that it
    /// replaced.
    Downloaded { bytes: u64, replaced: Option<String> },
}

impl Release {
    /// The digest of the archive that it was unpacked from.
    pub fn archive_sha256(&self) -> Digest {
        self.receipt.archive_sha256
    }

    /// The objects of an addon, in its file's order. The file is hashed again first.
    ///
    /// # Errors
    /// [`ReleaseError::NoSuchAddon`] where it was not asked for, [`ReleaseError::Tampered`],
    /// [`ReleaseError::NotObjects`].
    pub fn addon(&self, addon: Addon) -> Result<Vec<Object>, ReleaseError> {
        let expected =
            self.receipt.files.get(&addon.file_name()).ok_or(ReleaseError::NoSuchAddon(addon))?.sha256;
        let path = self.folder.join(addon.file_name());
        let bytes = fs_err::read(&path).map_err(|source| ReleaseError::cache(&path, source))?;
        let actual = Digest::of(&bytes);
        if actual != expected {
            return Err(ReleaseError::Tampered { path, expected, actual });
        }
        crate::istio::yaml::objects(&String::from_utf8_lossy(&bytes))
            .map_err(|source| ReleaseError::NotObjects { path, source })
    }
}
