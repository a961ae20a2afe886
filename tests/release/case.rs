//! What the tests of downloads have in common: an archive, a cache, and what became of a run.

use std::io::Write;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use flate2::{Compression, write::GzEncoder};
use kubestock_install::failure::Failure;
use kubestock_install::istio::release::{
    Addon, CaBundle, Digest, Limits, Origin, Progress, Release, ReleaseError, ReleaseSource, Store, Supply,
};
use tar::{Builder, Header};
use tempfile::TempDir;
use url::Url;

/// What passes for istioctl: 100 kB that do not compress.
pub(crate) fn istioctl() -> Vec<u8> {
    let next = |state: &u64| Some(state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407));
    std::iter::successors(Some(1), next).map(|state| (state >> 56) as u8).take(100_000).collect()
}

/// An archive with that istioctl alone.
pub(crate) fn archive() -> Vec<u8> {
    static ARCHIVE: LazyLock<Vec<u8>> = LazyLock::new(|| archive_with(&[("istioctl", &istioctl())]));
    ARCHIVE.clone()
}

/// An archive with these regular files.
pub(crate) fn archive_with(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        tar.append_data(&mut header, path, *content).unwrap();
    }
    gzip(&tar.into_inner().unwrap())
}

pub(crate) fn gzip(tar: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(tar).unwrap();
    gzip.finish().unwrap()
}

/// Another archive of the same size.
pub(crate) fn other_archive() -> Vec<u8> {
    let mut other = istioctl();
    other[70_000..].fill(7);
    let (mut other, length) = (archive_with(&[("istioctl", &other)]), archive().len());
    other.resize(length, 0);
    other
}

/// A source of that archive at this address.
pub(crate) fn at(url: &str) -> ReleaseSource {
    let url: Url = url.parse().unwrap();
    ReleaseSource::from_origin(
        "1.18.0",
        Origin::Own { full: None, istioctl: Some((url, Digest::of(&archive()))) },
    )
}

/// Short enough for a test, and long enough for a machine that is busy.
pub(crate) const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    quiet: Duration::from_secs(1),
    least: 1024,
    retries: 2,
    first_wait: Duration::from_millis(1),
    longest_wait: Duration::from_millis(2500),
    bytes: 1_000_000,
    unpacked: 2_000_000,
    names: 100,
};

/// A cache, and what was told of the runs on it.
pub(crate) struct Cache {
    pub(crate) folder: TempDir,
    pub(crate) limits: Limits,
    pub(crate) ca_bundle: Option<CaBundle>,
    pub(crate) offline: bool,
    told: Mutex<Vec<Progress>>,
}

impl Cache {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        Self { folder, limits: LIMITS, ca_bundle: None, offline: false, told: Mutex::default() }
    }

    pub(crate) fn store(&self) -> Store {
        let (cache, ca_bundle) = (self.folder.path().to_owned(), self.ca_bundle.clone());
        Store::of(&Supply { cache, ca_bundle, offline: self.offline, brought: None })
            .unwrap()
            .with_limits(self.limits)
    }

    pub(crate) async fn obtain(&self, source: &ReleaseSource) -> Result<Release, ReleaseError> {
        self.obtain_with(source, &[]).await
    }

    pub(crate) async fn obtain_with(
        &self,
        source: &ReleaseSource,
        addons: &[Addon],
    ) -> Result<Release, ReleaseError> {
        let progress = |progress| self.told.lock().unwrap().push(progress);
        self.store().obtain(source, addons, &progress).await
    }

    pub(crate) fn all_told(&self) -> Vec<Progress> {
        self.told.lock().unwrap().clone()
    }

    /// What was told that is not of every download.
    pub(crate) fn told(&self) -> Vec<Progress> {
        let is_news = |progress: &Progress| {
            !matches!(progress, Progress::Started { .. } | Progress::Received { .. } | Progress::Unpacking)
        };
        self.all_told().into_iter().filter(is_news).collect()
    }

    /// The names of what lies there, locks aside.
    pub(crate) fn kept(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path().join("istio")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| !name.ends_with(".lock")).collect();
        names.sort();
        names
    }

    /// Where the archive lies while it grows, or is kept.
    pub(crate) fn path(&self, suffix: &str) -> std::path::PathBuf {
        self.folder.path().join("istio").join(format!("{}{suffix}", Digest::of(&archive())))
    }
}

/// That it is the release of the archive, and can be used.
pub(crate) async fn is_right(release: &Release) {
    assert_eq!(std::fs::read(release.istioctl.verified_path().await.unwrap()).unwrap(), istioctl());
}

/// The words that a person reads.
pub(crate) fn words(error: ReleaseError) -> String {
    let failure = Failure::from(error);
    let hint = failure.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    format!("{}{hint}", failure.text())
}
