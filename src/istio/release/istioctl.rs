use std::path::{Path, PathBuf};

use super::{Digest, ReleaseError};

/// An istioctl out of a proven archive.
#[derive(Clone, Debug)]
pub struct Istioctl {
    path: PathBuf,
    sha256: Digest,
}

impl Istioctl {
    /// An istioctl at `path` that must have this digest each time it is run.
    pub fn new(path: PathBuf, sha256: Digest) -> Self {
        Self { path, sha256 }
    }

    pub fn sha256(&self) -> Digest {
        self.sha256
    }

    /// The path, once what stands there is found to be what was unpacked. It is read anew each
    /// time, for it is about to be run: about 0.1 s for 90 MB.
    ///
    /// # Errors
    /// [`ReleaseError::Tampered`] with both digests, [`ReleaseError::Cache`] where it cannot be read.
    pub async fn verified_path(&self) -> Result<&Path, ReleaseError> {
        let path = self.path.clone();
        let hashed = tokio::task::spawn_blocking(move || Digest::of_file(&path)).await;
        let (actual, _) = hashed
            .map_err(std::io::Error::other)
            .flatten()
            .map_err(|source| ReleaseError::Cache { path: self.path.clone(), source })?;
        if actual != self.sha256 {
            return Err(ReleaseError::Tampered { path: self.path.clone(), expected: self.sha256, actual });
        }
        Ok(&self.path)
    }
}
