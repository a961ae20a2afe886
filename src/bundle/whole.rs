use std::fs::File;
use std::io;
use std::path::Path;

use super::BundleError;
use super::write::Written;
use crate::istio::release::Digest;
use crate::whole::{self, Readers};

/// Writes a file whole or not at all, readable by this user alone.
///
/// # Errors
/// [`BundleError::Write`].
pub(super) fn write_whole(
    path: &Path,
    fill: impl FnOnce(&File) -> io::Result<()>,
) -> Result<Written, BundleError> {
    let written = whole::write(path, Readers::Owner, |partial| {
        fill(partial.as_file())?;
        let (sha256, bytes) = Digest::of_file(partial.path())?;
        Ok(Written { sha256, bytes })
    });
    written.map_err(|source| BundleError::Write { path: path.to_owned(), source })
}
