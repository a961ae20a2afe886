use std::io;
use std::path::PathBuf;

use crate::istio::release::Digest;

/// Why a bundle cannot be written or used.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("the bundle {} cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },

    #[error("{} cannot be written", path.display())]
    Write { path: PathBuf, source: io::Error },

    #[error("{} is not a bundle of kubestock-install", path.display())]
    NotABundle { path: PathBuf },

    #[error("{} was made by {made_by}, in format {format}; this program reads format {known}", path.display())]
    OtherFormat { path: PathBuf, made_by: String, format: u32, known: u32 },

    #[error("the bundle {} holds `{entry}`, {why}", path.display())]
    Entry { path: PathBuf, entry: String, why: EntryFault },

    #[error("the bundle {} has no `{file}`, which its manifest lists", path.display())]
    Missing { path: PathBuf, file: String },

    /// `wanted` is the archive that this machine and the profile need.
    #[error("the bundle {} holds {}, and {wanted} is needed here", path.display(), holds.as_deref().unwrap_or("no release of Istio"))]
    OtherRelease { path: PathBuf, holds: Option<String>, wanted: String },

    #[error("the bundle {} has bytes after its end", path.display())]
    Trailing { path: PathBuf },
}

/// What is wrong with an entry of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    #[error("which its manifest does not list")]
    NotListed,
    #[error("whose name may not stand in a bundle")]
    Name,
    #[error("which is not a regular file")]
    NotAFile,
    #[error("twice")]
    Twice,
    #[error("with {actual} bytes in place of {expected}")]
    Size { expected: u64, actual: u64 },
    #[error("with SHA-256 {actual} in place of {expected}")]
    Digest { expected: Digest, actual: Digest },
}
