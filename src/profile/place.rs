use std::cmp::Ordering;
use std::fmt;
use std::path::Path;

use super::ProfileFile;

/// Where a value was said: in a line of a file, or by an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Lines are counted from 1.
    Line { file: ProfileFile, line: usize },
    /// As it stands on the command line: `--set istio.timeout=10m`.
    Argument { flag: &'static str, text: String },
}

impl Place {
    /// What a `./` path that was said here starts from: the folder of the file, or the working directory.
    pub(super) fn folder(&self) -> &Path {
        match self {
            Self::Line { file, .. } => file.folder().unwrap_or(Path::new("")),
            Self::Argument { .. } => Path::new("."),
        }
    }

    /// For a list of mistakes: by file and line. Arguments come last, in the order in which they are found.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let key = |place: &Self| match place {
            Self::Line { file, line } => Some((file.to_string(), *line)),
            Self::Argument { .. } => None,
        };
        match (key(self), key(other)) {
            (Some(a), Some(b)) => a.cmp(&b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { file, line } => write!(f, "{file}:{line}"),
            Self::Argument { flag, text } => write!(f, "{flag} {text}"),
        }
    }
}
