use std::io;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::{Addon, Digest, Flavour, Platform};
use crate::istio::yaml::UnreadableYaml;

/// Why there is no proven release to use.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    #[error("Istio publishes no archive for {os} on {arch}")]
    UnsupportedPlatform { os: String, arch: String },

    #[error("no digest is known of the {flavour} archive of Istio {version} for {platform}")]
    NoArchive { version: String, flavour: Flavour, platform: Platform },

    /// What each source said, in the order in which they were asked; never just one.
    #[error("no source has the archive with SHA-256 {sha256}")]
    NoneHasIt { sha256: Digest, failures: Vec<ReleaseError> },

    #[error("`{base}` cannot be the folder of a release")]
    WrongBase { base: String, source: url::ParseError },

    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),

    #[error("{url} cannot be fetched")]
    Unreachable { url: String, source: reqwest::Error },

    #[error("{url} answers {status}")]
    Refused { url: String, status: http::StatusCode, retry_after: Option<Duration> },

    #[error("{url} sent nothing for {} s, after {received} bytes", quiet.as_secs())]
    Stalled { url: String, received: u64, quiet: Duration },

    #[error("{url} is larger than the {limit} bytes that an Istio release may have")]
    TooLarge { url: String, limit: u64 },

    #[error("{url} has SHA-256 {actual} ({bytes} bytes), not {expected}")]
    WrongDigest { url: String, expected: Digest, actual: Digest, bytes: u64 },

    #[error("the archive from {url} is not a gzip-compressed tar file that can be read")]
    Unreadable { url: String, source: io::Error },

    #[error("the archive from {url} holds `{entry}`, {why}")]
    UnsafeEntry { url: String, entry: String, why: UnsafeEntry },

    #[error("the archive from {url} has no `{file}`")]
    Missing { url: String, file: String },

    #[error("the cache at {} cannot be used", path.display())]
    Cache { path: PathBuf, source: io::Error },

    #[error("{} has SHA-256 {actual}, not the {expected} that was unpacked", path.display())]
    Tampered { path: PathBuf, expected: Digest, actual: Digest },

    #[error("the addon {0} was not unpacked from this release")]
    NoSuchAddon(Addon),

    #[error("{} cannot be read as Kubernetes objects", path.display())]
    NotObjects { path: PathBuf, source: UnreadableYaml },
}

/// What is wrong with an archive's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsafeEntry {
    #[error("a path that leaves the folder it is unpacked to")]
    Outside,
    #[error("which is not a regular file")]
    NotAFile,
    #[error("twice")]
    Twice,
    #[error("larger than the {0} bytes that it may have")]
    TooLarge(u64),
}

/// A URL as it may be shown: a mirror's may carry a password.
pub(super) fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    // Both fail only for a URL that can carry neither.
    let _ = shown.set_password(None);
    let _ = shown.set_username("");
    shown.into()
}

impl ReleaseError {
    /// Whether the same request may well succeed a moment later.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Refused { status, .. } => {
                status.is_server_error() || *status == http::StatusCode::TOO_MANY_REQUESTS
            }
            // A wrong URL, or a redirect that goes round in circles, stays so.
            Self::Unreachable { source, .. } => !source.is_builder() && !source.is_redirect(),
            Self::Stalled { .. } => true,
            _ => false,
        }
    }

    /// With the cause at the bottom of it; what is between says the same in other words.
    pub(super) fn in_short(&self) -> String {
        let root = std::iter::successors(std::error::Error::source(self), |cause| cause.source()).last();
        root.map_or_else(|| self.to_string(), |root| format!("{self}: {root}"))
    }

    /// How long the server asked to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
