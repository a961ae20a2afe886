use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::download::{Download, Fetched};
use super::lock::Lock;
use super::receipt::{ISTIOCTL, Receipt};
use super::unpack::unpack;
use super::{
    Addon, Archive, Digest, Flavour, Istioctl, Limits, Platform, Progress, ReleaseError, ReleaseSource,
    download,
};
use crate::object::Object;

/// The releases that were proven and unpacked before: `CACHE/istio/<archive's sha256>/`.
///
/// Keyed by digest, so that what a profile asks for and what is found cannot differ. The archive is
/// deleted once it is unpacked: it would double the space, and the receipt beside the files proves
/// them as well.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    platform: Platform,
    limits: Limits,
}

/// A proven release, ready to use.
#[derive(Debug)]
pub struct Release {
    pub version: String,
    pub istioctl: Istioctl,
    pub obtained: Obtained,
    /// The cache entry that it lies in.
    folder: PathBuf,
    receipt: Receipt,
}

/// How a release was come by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obtained {
    /// It was there, and is still what was unpacked.
    Cached,
    /// It was fetched: the archive's size in bytes, and what was wrong with an entry that it
    /// replaced.
    Downloaded { bytes: u64, replaced: Option<String> },
}

impl Store {
    /// The store in this cache folder, for the platform that this program runs on. Nothing is
    /// created before the first release is obtained.
    ///
    /// # Errors
    /// [`ReleaseError::UnsupportedPlatform`].
    pub fn new(cache: &Path) -> Result<Self, ReleaseError> {
        Ok(Self { folder: cache.join("istio"), platform: Platform::current()?, limits: Limits::default() })
    }

    /// The same store with other bounds on its downloads.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// A proven release with istioctl and these addons: from the cache where its files are still
    /// what was unpacked, else fetched. Where no addon is asked for, the small archive serves, and
    /// so does a full one that is already here.
    ///
    /// Cancel-safe: dropping the future leaves at most a `.partial` file and an unpacking that ends
    /// by itself.
    ///
    /// # Errors
    /// See [`ReleaseError`]; after any of them, nothing unproven is left where it could be used.
    pub async fn obtain(
        &self,
        source: &ReleaseSource,
        addons: &[Addon],
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Release, ReleaseError> {
        let archive = source.archive(Flavour::holding(addons), self.platform)?;
        create_private(&self.folder).map_err(|source| cache_error(&self.folder, source))?;
        if archive.flavour == Flavour::Istioctl
            && let Ok(full) = source.archive(Flavour::Full, self.platform)
            && let Cached::Sound(receipt) = self.cached(full.sha256, addons).await?
        {
            return Ok(self.release(source, full.sha256, receipt, Obtained::Cached));
        }
        let lock = Lock::take(&self.path(archive.sha256, ".lock"), progress).await?;
        let replaced = match self.cached(archive.sha256, addons).await? {
            Cached::Sound(receipt) => {
                return Ok(self.release(source, archive.sha256, receipt, Obtained::Cached));
            }
            Cached::Absent => None,
            Cached::Unsound(why) => Some(why),
        };
        let receipt = self.fetch(&archive, addons, lock, progress).await?;
        let obtained = Obtained::Downloaded { bytes: receipt.archive_bytes, replaced };
        Ok(self.release(source, archive.sha256, receipt, obtained))
    }

    /// Downloads, proves, unpacks and puts in place; the lock is held to the end of it.
    async fn fetch(
        &self,
        archive: &Archive,
        addons: &[Addon],
        lock: Lock,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Receipt, ReleaseError> {
        let client = download::client(&self.limits)?;
        let partial = self.path(archive.sha256, ".partial");
        let download =
            Download { client: &client, archive, partial: &partial, limits: &self.limits, progress };
        let fetched = download.fetch().await?;
        progress(Progress::Unpacking);
        let proven = self.path(archive.sha256, ".tar.gz");
        fs_err::rename(&partial, &proven).map_err(|source| cache_error(&proven, source))?;
        let (sha256, addons) = (archive.sha256, addons.to_vec());
        let (unpacking, entry) = (self.path(archive.sha256, ".unpacking"), self.path(archive.sha256, ""));
        blocking(entry.clone(), move || {
            let _held_to_the_end = lock;
            let unpacked = put_in_place(sha256, &fetched, &addons, &proven, &unpacking, &entry);
            let deleted = remove(&proven).map_err(|source| cache_error(&proven, source));
            unpacked.and_then(|receipt| deleted.map(|()| receipt))
        })
        .await
    }

    /// What the cache has under this digest, with the addons that are asked for.
    async fn cached(&self, sha256: Digest, addons: &[Addon]) -> Result<Cached, ReleaseError> {
        let (entry, addons) = (self.path(sha256, ""), addons.to_vec());
        blocking(entry.clone(), move || Ok(check(&entry, sha256, &addons))).await
    }

    fn release(
        &self,
        source: &ReleaseSource,
        archive: Digest,
        receipt: Receipt,
        obtained: Obtained,
    ) -> Release {
        let folder = self.path(archive, "");
        // `check` and `unpack` both insist on istioctl; a digest of nothing would fit no file.
        let sha256 = receipt.files.get(ISTIOCTL).map_or_else(|| Digest::of(b""), |file| file.sha256);
        let istioctl = Istioctl::new(folder.join(ISTIOCTL), sha256);
        Release { version: source.version.clone(), istioctl, obtained, folder, receipt }
    }

    fn path(&self, sha256: Digest, suffix: &str) -> PathBuf {
        self.folder.join(format!("{sha256}{suffix}"))
    }
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
        let bytes = fs_err::read(&path).map_err(|source| cache_error(&path, source))?;
        let actual = Digest::of(&bytes);
        if actual != expected {
            return Err(ReleaseError::Tampered { path, expected, actual });
        }
        crate::istio::yaml::objects(&String::from_utf8_lossy(&bytes))
            .map_err(|source| ReleaseError::NotObjects { path, source })
    }
}

enum Cached {
    Absent,
    /// There is something, and why it cannot be used.
    Unsound(String),
    Sound(Receipt),
}

/// Compares an entry with its receipt, reading every file.
fn check(entry: &Path, sha256: Digest, addons: &[Addon]) -> Cached {
    if !entry.exists() {
        return Cached::Absent;
    }
    let receipt = match Receipt::read(entry) {
        Ok(receipt) if receipt.archive_sha256 == sha256 => receipt,
        Ok(_) => return Cached::Unsound(format!("{} has another archive's receipt", entry.display())),
        Err(error) => return Cached::Unsound(error.to_string()),
    };
    let asked = addons.iter().map(|addon| addon.file_name()).chain([ISTIOCTL.to_owned()]);
    for file in asked {
        if !receipt.files.contains_key(&file) {
            return Cached::Unsound(format!("{} has no {file}", entry.display()));
        }
    }
    for (file, expected) in &receipt.files {
        let path = entry.join(file);
        match Digest::of_file(&path) {
            Ok((actual, _)) if actual == expected.sha256 => {}
            Ok(_) => return Cached::Unsound(format!("{} is not what was unpacked", path.display())),
            Err(error) => return Cached::Unsound(error.to_string()),
        }
    }
    Cached::Sound(receipt)
}

/// Unpacks beside the entry and renames, so that an entry is whole or not there.
fn put_in_place(
    archive_sha256: Digest,
    fetched: &Fetched,
    addons: &[Addon],
    proven: &Path,
    unpacking: &Path,
    entry: &Path,
) -> Result<Receipt, ReleaseError> {
    // Left by a run that was killed.
    remove(unpacking).map_err(|source| cache_error(unpacking, source))?;
    create_private(unpacking).map_err(|source| cache_error(unpacking, source))?;
    let placed = unpack(proven, &fetched.url, unpacking, addons).and_then(|files| {
        let receipt = Receipt { archive_sha256, archive_bytes: fetched.bytes, files };
        receipt
            .write(unpacking)
            .and_then(|()| remove(entry))
            .and_then(|()| fs_err::rename(unpacking, entry))
            .map_err(|source| cache_error(entry, source))?;
        Ok(receipt)
    });
    if placed.is_err() {
        // What went wrong is worth more than that this does too.
        let _ = remove(unpacking);
    }
    placed
}

/// Makes a folder that only this user can enter, and its parents.
fn create_private(folder: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs_err::set_permissions(folder, PermissionsExt::from_mode(0o700))
}

/// Removes a file or a folder, if it is there.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs_err::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs_err::remove_dir_all(path),
        Ok(_) => fs_err::remove_file(path),
        Err(error) => Err(error),
    };
    removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// Runs what reads and writes much off the runtime's threads.
async fn blocking<T: Send + 'static>(
    path: PathBuf,
    work: impl FnOnce() -> Result<T, ReleaseError> + Send + 'static,
) -> Result<T, ReleaseError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panic| Err(cache_error(&path, io::Error::other(panic))))
}

fn cache_error(path: &Path, source: io::Error) -> ReleaseError {
    ReleaseError::Cache { path: path.to_owned(), source }
}
