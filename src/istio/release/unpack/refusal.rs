use std::io;

use url::Url;

use crate::istio::release::ReleaseError;
use crate::istio::release::error::shown;

/// The size in bytes that what stands before an entry may have: a long name, or extended headers.
pub(super) const EXTENSION_LIMIT: u64 = 64 * 1024;
/// The length in bytes that a path in an archive may have.
pub(super) const PATH_LIMIT: usize = 512;

/// What is wrong with an archive's entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsafeEntry {
    #[error("a path that leaves the folder it is unpacked to")]
    Outside,
    #[error("a link to `{0}`, which leaves the folder it is unpacked to")]
    LinkOutside(String),
    #[error("which is not a regular file")]
    NotAFile,
    #[error("a device or a pipe")]
    Device,
    #[error("which is of no kind that is known (`{}`)", .0.escape_ascii())]
    Unknown(u8),
    #[error("a file with holes")]
    Sparse,
    #[error("which would run with another's rights (mode {0:o})")]
    Privileged(u32),
    #[error("twice")]
    Twice,
    #[error("and `{0}`, which are the same where capitals do not count")]
    SameButForCase(String),
    #[error("as a folder and as something else")]
    FolderAndNot,
    #[error("which is named like a folder")]
    NamedLikeAFolder,
    #[error("with content where there can be none")]
    HasContent,
    #[error("a name that is no text")]
    NotText,
    #[error("a name of more than {PATH_LIMIT} bytes")]
    LongName,
    #[error("with a header of more than {EXTENSION_LIMIT} bytes before it")]
    LongHeader,
    #[error("in no form that is known")]
    UnknownForm,
    #[error("with headers before it that contradict each other, or cannot be read")]
    Contradictory,
    #[error("larger than the {0} bytes that it may have")]
    TooLarge(u64),
}

/// What is wrong with an archive as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsafeArchive {
    #[error("breaks off before its end")]
    BreaksOff,
    #[error("goes on behind its end")]
    GoesOn,
    #[error("holds more than {0} files and folders")]
    TooMany(usize),
    #[error("unpacks to more than {0} bytes")]
    TooMuch(u64),
}

/// Why an archive is not unpacked, whoever served it.
#[derive(Debug)]
pub(super) enum Refusal {
    Unreadable(io::Error),
    Entry { name: String, why: UnsafeEntry },
    Archive(UnsafeArchive),
}

impl Refusal {
    pub(super) fn of_archive_from(self, url: &Url) -> ReleaseError {
        let url = shown(url);
        match self {
            Self::Unreadable(source) => ReleaseError::Unreadable { url, source },
            Self::Entry { name, why } => ReleaseError::UnsafeEntry { url, entry: name, why },
            Self::Archive(why) => ReleaseError::UnsafeArchive { url, why },
        }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}
