use std::path::{Path, PathBuf};

use url::Url;

use super::archive_file::{ArchiveFile, Copy, file_url};
use super::download::{Download, Partial, client};
use super::entry::{Cached, check, put_in_place};
use super::error::shown;
use super::files::{blocking, create_private, is_private};
use super::lock::Lock;
use super::receipt::{ISTIOCTL, Receipt};
use super::{
    Addon, Archive, CaBundle, Digest, Flavour, Istioctl, Lacking, Limits, Obtained, Platform, Progress,
    Release, ReleaseError, ReleaseSource, Supply,
};

/// The releases that were proven and unpacked before: `CACHE/istio/<archive's sha256>/`.
///
/// Keyed by digest, so that what a profile asks for and what is found cannot differ. An archive is
/// deleted once it is unpacked: it would double the space, and the receipt beside the files proves
/// them as well. One that somebody put there as `<its sha256>.tar.gz` stays, and serves in the place of
/// a download once its digest is found right.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    platform: Platform,
    limits: Limits,
    trusted: Option<CaBundle>,
    offline: bool,
}

/// An archive as a file, and how it came there.
enum Brought {
    /// It was put there, and stays.
    Kept(ArchiveFile),
    /// It was fetched into this file, which is to be kept or deleted.
    Fetched(ArchiveFile, Partial),
}

impl Store {
    /// The store in this cache folder, for the platform that this program runs on. Nothing is
    /// created before the first release is obtained.
    ///
    /// # Errors
    /// [`ReleaseError::UnsupportedPlatform`].
    pub fn new(cache: &Path) -> Result<Self, ReleaseError> {
        Ok(Self {
            folder: cache.join("istio"),
            platform: Platform::current()?,
            limits: Limits::default(),
            trusted: None,
            offline: false,
        })
    }

    /// The store that a person asked for.
    ///
    /// # Errors
    /// [`ReleaseError::UnsupportedPlatform`].
    pub fn of(supply: &Supply) -> Result<Self, ReleaseError> {
        let (trusted, offline) = (supply.ca_bundle.clone(), supply.offline);
        Ok(Self { trusted, offline, ..Self::new(&supply.cache)? })
    }

    /// The same store for another machine: its archives can be had, and its istioctl cannot be run.
    pub fn for_platform(self, platform: Platform) -> Self {
        Self { platform, ..self }
    }

    /// The same store with other bounds on its downloads.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// A proven release with istioctl and these addons: from the cache where its files are still
    /// what was unpacked, else from an archive that was put there, else fetched. Where no addon is asked
    /// for, the small archive serves, and so does a full one that is already here.
    ///
    /// Cancel-safe: dropping the future leaves at most a `.partial` file, which the next run goes on
    /// with, and an unpacking that ends by itself.
    ///
    /// # Errors
    /// See [`ReleaseError`]; after any of them, nothing unproven is left where it could be used.
    pub async fn obtain(
        &self,
        source: &ReleaseSource,
        addons: &[Addon],
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Release, ReleaseError> {
        let choices = self.choices(source, addons)?;
        for archive in &choices {
            // Without a lock, for the cache may be one that can only be read.
            if self.is_ours(archive.sha256)
                && let Cached::Sound(receipt) = self.cached(archive.sha256, addons).await?
            {
                return Ok(self.release(source, receipt, Obtained::Cached));
            }
        }
        let is_kept = |archive: &&Archive| self.kept(archive.sha256).exists();
        let archive = choices.iter().find(is_kept).unwrap_or(&choices[0]);
        let lock = self.lock(archive, progress).await?;
        let replaced = match self.cached(archive.sha256, addons).await? {
            Cached::Sound(receipt) => return Ok(self.release(source, receipt, Obtained::Cached)),
            Cached::Absent => None,
            Cached::Unsound(why) => Some(why),
        };
        match self.bring(archive, lock, replaced.as_deref(), progress).await? {
            Brought::Kept(file) => {
                let obtained = Obtained::Unpacked { bytes: file.bytes };
                let receipt = self.unpack(file, addons, progress).await?;
                Ok(self.release(source, receipt, obtained))
            }
            Brought::Fetched(file, partial) => {
                let obtained = Obtained::Downloaded { bytes: file.bytes, replaced };
                let unpacked = self.unpack(file, addons, progress).await;
                partial.delete()?;
                Ok(self.release(source, unpacked?, obtained))
            }
        }
    }

    /// The proven archive itself, for what is to be brought elsewhere. It stays in the cache.
    ///
    /// # Errors
    /// See [`ReleaseError`]; after any of them, nothing unproven is left where it could be used.
    pub async fn archive(
        &self,
        source: &ReleaseSource,
        addons: &[Addon],
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<ArchiveFile, ReleaseError> {
        let archive = source.archive(Flavour::holding(addons), self.platform)?;
        let lock = self.lock(&archive, progress).await?;
        match self.bring(&archive, lock, None, progress).await? {
            Brought::Kept(file) => Ok(file),
            Brought::Fetched(file, partial) => {
                let path = self.kept(archive.sha256);
                partial.keep_as(&path)?;
                Ok(ArchiveFile { path, ..file })
            }
        }
    }

    /// A proven release from an archive that somebody brought. It is copied first to where nobody else can
    /// write, and proven and unpacked there like one that was fetched.
    ///
    /// # Errors
    /// [`ReleaseError::WrongDigest`] where it is none of the archives that would serve, and others as
    /// for [`Store::obtain`].
    pub async fn admit(
        &self,
        source: &ReleaseSource,
        addons: &[Addon],
        brought: &Path,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Release, ReleaseError> {
        let choices = self.choices(source, addons)?;
        create_private(&self.folder).map_err(|source| ReleaseError::cache(&self.folder, source))?;
        let (folder, from) = (self.folder.clone(), brought.to_owned());
        let copy = blocking(folder.clone(), move || Copy::of(&from, &folder)).await?;
        let Some(archive) = choices.iter().find(|archive| archive.sha256 == copy.sha256) else {
            return Err(ReleaseError::WrongDigest {
                url: brought.display().to_string(),
                expected: choices[0].sha256,
                actual: copy.sha256,
                bytes: copy.bytes,
                is_page: false,
            });
        };
        let lock = self.lock(archive, progress).await?;
        if let Cached::Sound(receipt) = self.cached(archive.sha256, addons).await? {
            return Ok(self.release(source, receipt, Obtained::Cached));
        }
        let obtained = Obtained::Unpacked { bytes: copy.bytes };
        let (path, sha256, bytes) = (copy.file.path().to_owned(), copy.sha256, copy.bytes);
        let (name, from) = (archive.name.clone(), file_url(brought)?);
        let file = ArchiveFile { name, path, sha256, bytes, from, lock };
        let receipt = self.unpack(file, addons, progress).await?;
        Ok(self.release(source, receipt, obtained))
    }

    /// The archives that hold what is asked for: the one to fetch, then one that serves as well where it
    /// is here already.
    fn choices(&self, source: &ReleaseSource, addons: &[Addon]) -> Result<Vec<Archive>, ReleaseError> {
        let asked = source.archive(Flavour::holding(addons), self.platform)?;
        let full = source.archive(Flavour::Full, self.platform).ok();
        let full = full.filter(|full| full.sha256 != asked.sha256);
        Ok([asked].into_iter().chain(full).collect())
    }

    /// Keeps other runs from the archive, and waits for one that has it.
    async fn lock(
        &self,
        archive: &Archive,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Lock, ReleaseError> {
        create_private(&self.folder).map_err(|source| ReleaseError::cache(&self.folder, source))?;
        Lock::take(&self.path(archive.sha256, ".lock"), progress).await
    }

    /// The archive as a proven file: the one that was put there, or one that is fetched. `replaced` is
    /// what is wrong with an entry of it.
    async fn bring(
        &self,
        archive: &Archive,
        lock: Lock,
        replaced: Option<&str>,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Brought, ReleaseError> {
        let (kept, sha256) = (self.kept(archive.sha256), archive.sha256);
        let mut wrong: Vec<String> = replaced.map(str::to_owned).into_iter().collect();
        if kept.exists() {
            let (expected, held) = (archive.clone(), lock.clone());
            match blocking(kept.clone(), move || ArchiveFile::prove(kept, &expected, held)).await {
                Ok(file) => return Ok(Brought::Kept(file)),
                Err(error) => {
                    wrong.push(error.in_short());
                    progress(Progress::Elsewhere { why: error.in_short(), wrong_file: true });
                }
            }
        }
        let mut partial = Partial::open(self.path(sha256, ".partial"), lock.clone()).await?;
        match self.complete(archive, &mut partial, wrong, progress).await {
            Ok(from) => {
                let (name, path, bytes) = (archive.name.clone(), partial.path().to_owned(), partial.bytes());
                Ok(Brought::Fetched(ArchiveFile { name, path, sha256, bytes, from, lock }, partial))
            }
            Err(error) => {
                if partial.bytes() == 0 {
                    partial.delete()?;
                }
                Err(error)
            }
        }
    }

    /// Fetches what the partial file lacks; returns who had it. `wrong` is what cannot be used of what is
    /// there already.
    async fn complete(
        &self,
        archive: &Archive,
        partial: &mut Partial,
        wrong: Vec<String>,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Url, ReleaseError> {
        if partial.digest() == archive.sha256 {
            return file_url(partial.path());
        }
        if self.offline {
            return Err(ReleaseError::Offline(Box::new(Lacking {
                file: archive.name.clone(),
                sha256: archive.sha256,
                urls: archive.urls.iter().map(shown).collect(),
                place: self.kept(archive.sha256),
                wrong,
            })));
        }
        let client = client(&self.limits, self.trusted.as_ref())?;
        let (sha256, limits) = (archive.sha256, &self.limits);
        let download = Download { client: &client, sha256, limits, progress };
        download.fetch(&archive.urls, partial).await
    }

    /// Unpacks a proven archive and puts what was in it in place; the lock is held to the end of it.
    async fn unpack(
        &self,
        archive: ArchiveFile,
        addons: &[Addon],
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Receipt, ReleaseError> {
        progress(Progress::Unpacking);
        let (addons, limits) = (addons.to_vec(), self.limits);
        let (unpacking, entry) = (self.path(archive.sha256, ".unpacking"), self.path(archive.sha256, ""));
        blocking(entry.clone(), move || put_in_place(&archive, &addons, &limits, &unpacking, &entry)).await
    }

    /// What the cache has under this digest, with the addons that are asked for.
    async fn cached(&self, sha256: Digest, addons: &[Addon]) -> Result<Cached, ReleaseError> {
        let (entry, addons) = (self.path(sha256, ""), addons.to_vec());
        blocking(entry.clone(), move || Ok(check(&entry, sha256, &addons))).await
    }

    /// Whether nobody else can have changed the entry.
    fn is_ours(&self, sha256: Digest) -> bool {
        is_private(&self.folder) && is_private(&self.path(sha256, ""))
    }

    fn release(&self, source: &ReleaseSource, receipt: Receipt, obtained: Obtained) -> Release {
        let folder = self.path(receipt.archive_sha256, "");
        // `check` and `unpack` both insist on istioctl; a digest of nothing would fit no file.
        let sha256 = receipt.files.get(ISTIOCTL).map_or_else(|| Digest::of(b""), |file| file.sha256);
        let istioctl = Istioctl::new(folder.join(ISTIOCTL), sha256);
        Release { version: source.version.clone(), istioctl, obtained, folder, receipt }
    }

    /// Where an archive lies that is kept.
    fn kept(&self, sha256: Digest) -> PathBuf {
        self.path(sha256, ".tar.gz")
    }

    fn path(&self, sha256: Digest, suffix: &str) -> PathBuf {
        self.folder.join(format!("{sha256}{suffix}"))
    }
}
