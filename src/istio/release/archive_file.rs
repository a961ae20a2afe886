use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use url::Url;

use super::lock::Lock;
use super::{Archive, CopyError, Digest, ReleaseError};

/// A proven archive as a file of the cache, which no other run touches while this lives.
#[derive(Clone, Debug)]
pub struct ArchiveFile {
    /// Its name in a release.
    pub name: String,
    pub path: PathBuf,
    pub sha256: Digest,
    /// Size in bytes.
    pub bytes: u64,
    /// The server or the file that it came from.
    pub(super) from: Url,
    #[allow(dead_code, reason = "held, not read")]
    pub(super) lock: Lock,
}

impl ArchiveFile {
    /// Whether it was on this machine already.
    pub fn was_here(&self) -> bool {
        self.from.scheme() == "file"
    }

    /// The file at `path`, which must be this archive.
    pub(super) fn prove(path: PathBuf, archive: &Archive, lock: Lock) -> Result<Self, ReleaseError> {
        let expected = archive.sha256;
        let (actual, bytes) = Digest::of_file(&path).map_err(|source| ReleaseError::cache(&path, source))?;
        if actual != expected {
            let (url, is_page) = (path.display().to_string(), false);
            return Err(ReleaseError::WrongDigest { url, expected, actual, bytes, is_page });
        }
        let (name, from) = (archive.name.clone(), file_url(&path)?);
        Ok(Self { name, path, sha256: actual, bytes, from, lock })
    }
}

/// A copy of an archive that somebody brought, where nobody else can write; gone when this is dropped.
#[derive(Debug)]
pub(super) struct Copy {
    pub(super) file: NamedTempFile,
    pub(super) sha256: Digest,
    /// Size in bytes.
    pub(super) bytes: u64,
}

impl Copy {
    /// Copies the archive into the folder.
    pub(super) fn of(archive: &Path, folder: &Path) -> Result<Self, ReleaseError> {
        let unreadable = |source| ReleaseError::cache(archive, source);
        let reader = fs_err::File::open(archive).map_err(unreadable)?;
        let in_cache = |source| ReleaseError::cache(folder, source).or_no_room(None);
        let mut file = tempfile::Builder::new().prefix("admitting-").tempfile_in(folder).map_err(in_cache)?;
        let (sha256, bytes) = Digest::of_copy(reader, &mut file).map_err(|error| match error {
            CopyError::Read(source) => unreadable(source),
            CopyError::Write(source) => in_cache(source),
        })?;
        Ok(Self { file, sha256, bytes })
    }
}

/// A file's path as a URL.
pub(super) fn file_url(path: &Path) -> Result<Url, ReleaseError> {
    let absolute = std::path::absolute(path).map_err(|source| ReleaseError::cache(path, source))?;
    let not_absolute = |()| ReleaseError::cache(path, io::ErrorKind::InvalidFilename.into());
    Url::from_file_path(absolute).map_err(not_absolute)
}
