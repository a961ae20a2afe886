use url::Url;

use super::{Digest, Flavour, Platform, ReleaseError, pinned};

/// Where the Istio project publishes its releases.
const ISTIO_RELEASES: &str = "https://github.com/istio/istio/releases/download/";

/// One archive: where it is, and what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    pub flavour: Flavour,
    pub url: Url,
    pub sha256: Digest,
}

/// A release of Istio, and who serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseSource {
    pub version: String,
    pub origin: Origin,
}

/// Who serves a release, and whose word is taken for its digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The Istio project itself, with the digests that are part of this program.
    Istio,
    /// The same archives under the same names in this folder: a mirror needs no trust.
    Mirror(Url),
    /// Archives of one's own, with digests of one's own.
    Own { full: Option<(Url, Digest)>, istioctl: Option<(Url, Digest)> },
}

impl ReleaseSource {
    /// A release as the Istio project serves it.
    pub fn istio(version: impl Into<String>) -> Self {
        Self { version: version.into(), origin: Origin::Istio }
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
            if let Some((url, sha256)) = self.locate(choice, platform)? {
                return Ok(Archive { flavour: choice, url, sha256 });
            }
        }
        Err(ReleaseError::NoArchive { version: self.version.clone(), flavour, platform })
    }

    fn locate(&self, flavour: Flavour, platform: Platform) -> Result<Option<(Url, Digest)>, ReleaseError> {
        let version = &self.version;
        let folder = match &self.origin {
            Origin::Istio => format!("{ISTIO_RELEASES}{version}/"),
            // Without the slash, joining would replace the folder's last segment.
            Origin::Mirror(base) => format!("{}/", base.as_str().trim_end_matches('/')),
            Origin::Own { full, istioctl } => {
                let own = if flavour == Flavour::Full { full } else { istioctl };
                return Ok(own.clone());
            }
        };
        let Some(sha256) = pinned(version, flavour, platform) else {
            return Ok(None);
        };
        let url = Url::parse(&folder)
            .and_then(|folder| folder.join(&flavour.file_name(version, platform)))
            .map_err(|source| ReleaseError::WrongBase { base: folder, source })?;
        Ok(Some((url, sha256)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive_of(origin: Origin, flavour: Flavour, platform: Platform) -> Option<String> {
        let source = ReleaseSource { version: "1.18.0".into(), origin };
        source.archive(flavour, platform).ok().map(|archive| archive.url.to_string())
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
    fn a_version_without_a_digest_is_not_fetched() {
        let refused = ReleaseSource::istio("1.19.0").archive(Flavour::Full, Platform::LinuxAmd64);
        assert!(matches!(refused, Err(ReleaseError::NoArchive { .. })));
    }
}
