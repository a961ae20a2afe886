use std::collections::BTreeMap;

use url::Url;

use super::{Digest, Flavour, Platform, ReleaseError, pinned};

/// Where the Istio project publishes its releases.
const ISTIO_RELEASES: &str = "https://github.com/istio/istio/releases/download/";

/// One archive: what it must be, and where it may be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Its name in a release.
    pub name: String,
    pub sha256: Digest,
    /// At least one, in the order in which they are tried.
    pub urls: Vec<Url>,
}

/// A release of Istio: who serves it, and what vouches for its archives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseSource {
    pub version: String,
    pub origin: Origin,
    /// Folders that hold the same archives under the same names. They come after an origin that was
    /// named, and before the Istio project. A mirror needs no trust.
    pub mirrors: Vec<Url>,
    /// Digests of published archives by file name, beside those that are part of this program.
    pub digests: BTreeMap<String, Digest>,
}

/// Who serves a release, and whose word is taken for its digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The Istio project itself.
    Istio,
    /// The same archives under the same names in this folder.
    Mirror(Url),
    /// Archives of one's own, with digests of one's own.
    Own { full: Option<(Url, Digest)>, istioctl: Option<(Url, Digest)> },
}

impl ReleaseSource {
    /// A release as the Istio project serves it.
    pub fn istio(version: impl Into<String>) -> Self {
        Self::from_origin(version, Origin::Istio)
    }

    /// A release from there alone, with the digests that are part of this program.
    pub fn from_origin(version: impl Into<String>, origin: Origin) -> Self {
        Self { version: version.into(), origin, mirrors: Vec::new(), digests: BTreeMap::new() }
    }

    /// The archive of this flavour for that platform; the full archive where there is no
    /// istioctl-only one, for it holds istioctl too.
    ///
    /// # Errors
    /// [`ReleaseError::NoArchive`] where no digest is known: an archive that cannot be proven is
    /// not fetched. [`ReleaseError::WrongBase`] where a mirror's URL cannot hold files.
    pub fn archive(&self, flavour: Flavour, platform: Platform) -> Result<Archive, ReleaseError> {
        let choices: &[Flavour] = match flavour {
            Flavour::Full => &[Flavour::Full],
            Flavour::Istioctl => &[Flavour::Istioctl, Flavour::Full],
        };
        for &choice in choices {
            if let Some(sha256) = self.digest(choice, platform) {
                let name = choice.file_name(&self.version, platform);
                return Ok(Archive { name, sha256, urls: self.urls(choice, platform)? });
            }
        }
        Err(ReleaseError::NoArchive { version: self.version.clone(), flavour, platform })
    }

    /// The names of the archives that may serve this platform.
    pub fn file_names(&self, platform: Platform) -> [String; 2] {
        [Flavour::Full, Flavour::Istioctl].map(|flavour| flavour.file_name(&self.version, platform))
    }

    /// What the archive must be, where anybody vouches for it.
    fn digest(&self, flavour: Flavour, platform: Platform) -> Option<Digest> {
        if let Origin::Own { .. } = self.origin {
            return self.origin.own(flavour).map(|(_, sha256)| *sha256);
        }
        let named = self.digests.get(&flavour.file_name(&self.version, platform)).copied();
        named.or_else(|| pinned(&self.version, flavour, platform))
    }

    fn urls(&self, flavour: Flavour, platform: Platform) -> Result<Vec<Url>, ReleaseError> {
        let file = flavour.file_name(&self.version, platform);
        let own = self.origin.own(flavour).map(|(url, _)| Ok(url.clone()));
        own.into_iter().chain(self.folders().iter().map(|folder| in_folder(folder, &file))).collect()
    }

    /// The folders that may have the archives, in the order in which they are asked.
    pub(super) fn folders(&self) -> Vec<String> {
        let mut folders: Vec<String> = self.mirrors.iter().map(Url::to_string).collect();
        match &self.origin {
            Origin::Istio => folders.push(format!("{ISTIO_RELEASES}{}", self.version)),
            Origin::Mirror(base) => folders.insert(0, base.to_string()),
            Origin::Own { .. } => {}
        }
        folders
    }
}

impl Origin {
    fn own(&self, flavour: Flavour) -> Option<&(Url, Digest)> {
        match (self, flavour) {
            (Self::Own { full, .. }, Flavour::Full) => full.as_ref(),
            (Self::Own { istioctl, .. }, Flavour::Istioctl) => istioctl.as_ref(),
            (Self::Istio | Self::Mirror(_), _) => None,
        }
    }
}

/// The URL of a file in a folder.
pub(super) fn in_folder(folder: &str, file: &str) -> Result<Url, ReleaseError> {
    // Without the slash, joining would replace the folder's last segment.
    let folder = format!("{}/", folder.trim_end_matches('/'));
    let url = Url::parse(&folder).and_then(|folder| folder.join(file));
    url.map_err(|source| ReleaseError::WrongBase { base: folder, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive_of(origin: Origin, flavour: Flavour, platform: Platform) -> Option<String> {
        let source = ReleaseSource::from_origin("1.18.0", origin);
        source.archive(flavour, platform).ok().map(|archive| archive.urls[0].to_string())
    }

    #[test]
    fn a_release_comes_from_the_istio_project_unless_said_otherwise() {
        let url = archive_of(Origin::Istio, Flavour::Istioctl, Platform::LinuxArm64);
        let expected =
            "https://github.com/istio/istio/releases/download/1.18.0/istioctl-1.18.0-linux-arm64.tar.gz";
        assert_eq!(url.as_deref(), Some(expected));
    }

    #[test]
    fn a_mirror_is_a_folder_with_or_without_its_slash() {
        for base in ["http://mirror.test/istio/1.18.0", "http://mirror.test/istio/1.18.0/"] {
            let origin = Origin::Mirror(base.parse().unwrap());
            let url = archive_of(origin, Flavour::Full, Platform::LinuxAmd64);
            assert_eq!(
                url.as_deref(),
                Some("http://mirror.test/istio/1.18.0/istio-1.18.0-linux-amd64.tar.gz")
            );
        }
    }

    #[test]
    fn the_full_archive_stands_in_for_an_istioctl_archive_that_is_not_there() {
        let url = archive_of(Origin::Istio, Flavour::Istioctl, Platform::OsxArm64);
        assert!(url.is_some_and(|url| url.ends_with("/istio-1.18.0-osx-arm64.tar.gz")));
    }

    #[test]
    fn an_istioctl_archive_never_stands_in_for_the_full_one() {
        let own = ("http://mirror.test/istioctl.tar.gz".parse().unwrap(), Digest::of(b""));
        let origin = Origin::Own { full: None, istioctl: Some(own) };
        assert_eq!(archive_of(origin, Flavour::Full, Platform::LinuxAmd64), None);
    }

    #[test]
    fn a_named_origin_comes_before_the_mirrors_and_the_istio_project_after_them() {
        let own = ("http://own.test/istio.tar.gz".parse().unwrap(), Digest::of(b""));
        let file = "istio-1.18.0-linux-amd64.tar.gz";
        let project = format!("https://github.com/istio/istio/releases/download/1.18.0/{file}");
        let [a, b, named] = ["a", "b", "named"].map(|host| format!("http://{host}.test/{file}"));
        let table = [
            (Origin::Istio, vec![a.as_str(), &b, &project]),
            (Origin::Mirror("http://named.test".parse().unwrap()), vec![&named, &a, &b]),
            (Origin::Own { full: Some(own), istioctl: None }, vec!["http://own.test/istio.tar.gz", &a, &b]),
        ];
        for (origin, expected) in table {
            let mirrors = ["http://a.test", "http://b.test/"].map(|url| url.parse().unwrap()).to_vec();
            let source = ReleaseSource { mirrors, ..ReleaseSource::from_origin("1.18.0", origin) };
            let archive = source.archive(Flavour::Full, Platform::LinuxAmd64).unwrap();
            assert_eq!(archive.urls.iter().map(Url::as_str).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_digest_by_its_archives_name_vouches_for_another_version() {
        let (sha256, platform) = (Digest::of(b"1.19.0"), Platform::LinuxAmd64);
        let digests = BTreeMap::from([(Flavour::Full.file_name("1.19.0", platform), sha256)]);
        let source = ReleaseSource { digests, ..ReleaseSource::istio("1.19.0") };
        assert_eq!(source.archive(Flavour::Istioctl, platform).unwrap().sha256, sha256);
        assert!(source.archive(Flavour::Full, Platform::Osx).is_err());
    }

    #[test]
    fn a_version_without_a_digest_is_not_fetched() {
        let refused = ReleaseSource::istio("1.19.0").archive(Flavour::Full, Platform::LinuxAmd64);
        assert!(matches!(refused, Err(ReleaseError::NoArchive { .. })));
    }
}
