//! What the cache does with files and folders.

use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::ReleaseError;

/// Makes a folder that only this user can enter, and its parents.
pub(super) fn create_private(folder: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs_err::set_permissions(folder, PermissionsExt::from_mode(0o700))
}

/// Whether nobody but this user and root can change what is in the folder.
pub(crate) fn is_private(folder: &Path) -> bool {
    let own = [0, rustix::process::geteuid().as_raw()];
    std::fs::metadata(folder).is_ok_and(|found| own.contains(&found.uid()) && found.mode() & 0o022 == 0)
}

/// Removes a file or a folder, if it is there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs_err::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs_err::remove_dir_all(path),
        Ok(_) => fs_err::remove_file(path),
        Err(error) => Err(error),
    };
    removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// Writes a file whole or not at all.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut file = fs_err::File::create(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    rename(&beside, path)
}

/// Renames within a folder, for good: after a loss of power too, either name is there.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs_err::rename(from, to)?;
    to.parent().map_or(Ok(()), sync)
}

/// Brings what was written to a file, or to a folder's list of names, to the disk.
pub(super) fn sync(path: &Path) -> io::Result<()> {
    fs_err::File::open(path)?.sync_all()
}

/// The bytes that this user can still write where the path lies; None where the file system does not tell.
pub(super) fn free(path: &Path) -> Option<u64> {
    let told = path.ancestors().find_map(|path| rustix::fs::statvfs(path).ok())?;
    // Some network and user-space file systems leave all of it at 0.
    (told.f_blocks > 0).then(|| told.f_bavail.saturating_mul(told.f_frsize))
}

/// Runs what reads and writes much off the runtime's threads. `path` is named if it panics.
pub(super) async fn blocking<T: Send + 'static>(
    path: PathBuf,
    work: impl FnOnce() -> Result<T, ReleaseError> + Send + 'static,
) -> Result<T, ReleaseError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panic| Err(ReleaseError::cache(&path, io::Error::other(panic))))
}
