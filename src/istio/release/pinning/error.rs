use std::io;
use std::time::Duration;

use crate::istio::release::{Digest, ReleaseError};

/// Why a version cannot be pinned.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    #[error(
        "`{word}` is neither a version in full, such as 1.19.0, nor named as the Istio project names its archives: \
         istio-VERSION-PLATFORM.tar.gz or istioctl-VERSION-PLATFORM.tar.gz, where PLATFORM is linux-amd64, \
         linux-arm64, linux-armv7, osx or osx-arm64"
    )]
    Unnamed { word: String },

    #[error("`{one}` and `{other}` are not of one kind: name one version, or archives of one version")]
    Several { one: String, other: String },

    /// It names the file.
    #[error(transparent)]
    Unreadable(#[from] io::Error),

    /// `origin` is the file or the server that says so. What is known is part of this program, or was said before.
    #[error("{origin} comes with SHA-256 {said}, but {file} is known to have {known}")]
    Contradiction { origin: String, file: String, said: Digest, known: Digest },

    #[error("{url} does not tell the SHA-256 of {file}")]
    NotAChecksum { url: String, file: String },

    #[error("{folder} has no .sha256 file of Istio {version}")]
    NoChecksums { folder: String, version: String },

    #[error("{url} has not answered within {} s", after.as_secs())]
    TooSlow { url: String, after: Duration },

    #[error(transparent)]
    Request(#[from] ReleaseError),

    /// What each source said, in the order in which they were asked; never just one.
    #[error("no source tells the digests of Istio {version}")]
    NowherePublished { version: String, failures: Vec<PinError> },
}
