use std::fs::File;
use std::io;
use std::path::Path;

use super::BundleError;
use super::write::Written;
use crate::istio::release::Digest;

/// Writes a file whole or not at all, readable by this user alone.
///
/// # Errors
/// [`BundleError::Write`], also where a device or a folder is there already: what is renamed onto it would take its
/// place.
pub(super) fn write_whole(
    path: &Path,
    fill: impl FnOnce(&File) -> io::Result<()>,
) -> Result<Written, BundleError> {
    let unwritable = |source| BundleError::Write { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    // Told by itself, without the name of the unfinished file.
    std::fs::metadata(folder).map_err(unwritable)?;
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        return Err(unwritable(io::Error::other("it is there already, and is no regular file")));
    }
    let partial = tempfile::Builder::new().prefix(".kubestock-install-bundle-").tempfile_in(folder);
    let partial = partial.map_err(unwritable)?;
    fill(partial.as_file()).and_then(|()| partial.as_file().sync_all()).map_err(unwritable)?;
    let (sha256, bytes) = Digest::of_file(partial.path()).map_err(unwritable)?;
    partial.persist(path).map_err(|error| unwritable(error.error))?;
    Ok(Written { sha256, bytes })
}
