use std::fmt;
use std::io;
use std::path::PathBuf;

use serde_json::Value;

use crate::object::yaml::YamlError;

use super::duration::TIME;
use super::{Place, ProfileFile, SetError};

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    #[error("there is no profile `{name}`{}{}", unknown(nearest, known), file_hint(file))]
    Unknown {
        name: String,
        nearest: Option<String>,
        known: Vec<String>,
        /// A file of that name, which was perhaps meant.
        file: Option<PathBuf>,
    },
    #[error("{}{}: cannot be read: {source}", extending(extends), path.display())]
    Unreadable {
        path: PathBuf,
        source: io::Error,
        /// Where another file says that it extends this one.
        extends: Option<Place>,
    },
    #[error("{file}:{}: {} (column {})", error.line, error.message, error.column)]
    NotYaml { file: ProfileFile, error: YamlError },
    #[error("{file}: a profile is one YAML document; here are {found}")]
    NotOneDocument { file: ProfileFile, found: usize },
    #[error("{place}: `extends` goes round in a circle: {}", circle(chain))]
    Circle {
        place: Place,
        /// The first file, what it extends, and so on; the last one is among those before.
        chain: Vec<ProfileFile>,
    },
    /// Everything that is wrong, by file and in the order of the lines; at least one problem.
    #[error("{}", lines(problems))]
    Wrong { problems: Vec<Problem> },
}

impl ProfileError {
    /// Of a file that cannot be read: where another one says that it extends it.
    pub(super) fn extended_at(self, place: &Place) -> Self {
        match self {
            Self::Unreadable { path, source, .. } => {
                Self::Unreadable { path, source, extends: Some(place.clone()) }
            }
            other => other,
        }
    }
}

/// One thing that is wrong in a profile, or in what is laid over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub place: Place,
    /// As a person would write it: `layers[1].timeout`; empty for the whole document.
    pub field: String,
    pub mistake: Mistake,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    Unknown {
        nearest: Option<String>,
        known: Vec<&'static str>,
    },
    Missing {
        expected: &'static str,
    },
    Wrong {
        found: String,
        expected: &'static str,
        nearest: Option<String>,
    },
    /// A time that has no unit, or one in words; `write` is what was most likely meant.
    Time {
        found: String,
        write: Option<String>,
    },
    /// Two fields of which only one may stand.
    Exclusive {
        one: &'static str,
        other: &'static str,
    },
    /// Fields of which at least one must stand.
    OneOf(&'static [&'static str]),
    Repeated {
        value: String,
        first: String,
        first_place: Place,
    },
    Reserved {
        name: String,
    },
    /// No digest of this version is known.
    NotPinned {
        version: String,
    },
    /// A digest stands by a name that no archive of the version has.
    NotAnArchive {
        version: String,
        nearest: Option<String>,
    },
    /// The digest of this archive is part of the program, and is another one.
    OtherDigest {
        pinned: String,
    },
    /// Digests by names, beside archives that bring their own.
    DigestsOfOwnArchives,
    /// An overlay that is a whole document, or that says again what stands elsewhere.
    NotASpec {
        instead: &'static str,
    },
    /// Addons are asked for, but the only archive that is named is istioctl's.
    NoAddonsInArchive,
    /// istioctl has no such profile, but people ask for it.
    NoProductionProfile,
    NothingToDo,
    UnknownParent {
        name: String,
        nearest: Option<String>,
        known: Vec<String>,
    },
    /// What is laid over a profile says what that extends.
    ExtendsFromAbove,
    /// A layer without a path, by which one of a lower document was meant that is almost called so.
    NoSuchLayer {
        name: String,
        nearest: String,
    },
    /// A layer that is to be deleted, and is in no lower document.
    NoLayerToDelete {
        name: String,
        nearest: Option<String>,
    },
    /// An argument that cannot be read.
    Set(SetError),
    /// An argument goes into a value as if it were a mapping.
    NoFields {
        found: String,
    },
    /// An argument goes into a value as if it were a list.
    NoItems {
        found: String,
    },
    /// An argument leaves a gap in a list.
    BeyondEnd {
        index: usize,
        length: usize,
    },
}

/// A value as a message names it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::Bool(flag) => format!("the boolean {flag}"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("`{}`", text.escape_debug()),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        let field = match self.field.as_str() {
            "" => "the profile".to_owned(),
            field => format!("`{field}`"),
        };
        match &self.mistake {
            Mistake::Unknown { nearest: Some(nearest), .. } => {
                write!(f, "there is no field {field}; did you mean `{nearest}`?")
            }
            Mistake::Unknown { nearest: None, known } => {
                write!(f, "there is no field {field}; known here: {}", known.join(", "))
            }
            Mistake::Missing { expected } => write!(f, "{field} is missing: {expected}"),
            Mistake::Wrong { found, expected, nearest } => {
                write!(f, "{field} is {found}; it must be {expected}")?;
                nearest.as_ref().map_or(Ok(()), |nearest| write!(f, "; did you mean `{nearest}`?"))
            }
            Mistake::Time { found, write: Some(write) } => {
                write!(f, "{field} is {found}; a time is written like 90s, 2m or 1h30m: write {write}")
            }
            Mistake::Time { found, write: None } => {
                write!(f, "{field} is {found}; it must be {TIME}")
            }
            Mistake::Exclusive { one, other } => {
                write!(f, "{field} has both `{one}` and `{other}`; keep one")
            }
            Mistake::OneOf(fields) => write!(f, "{field} needs one of {}", fields.join(", ")),
            Mistake::Repeated { value, first, first_place } => {
                write!(f, "{field} is {value}, and so is `{first}` ({first_place})")
            }
            Mistake::Reserved { name } => {
                write!(f, "{field} is `{name}`, which is a layer of the installer's own; choose another name")
            }
            Mistake::NotPinned { version } => write!(
                f,
                "{field} is `{version}`, of which no digests are known; \
                 `kubestock-install pin {version}` prints them for `istio.digests`"
            ),
            Mistake::NotAnArchive { version, nearest } => {
                write!(f, "{field} names no archive of Istio {version}; ")?;
                match nearest {
                    Some(nearest) => write!(f, "did you mean `{nearest}`?"),
                    None => write!(f, "one is named like istio-{version}-linux-amd64.tar.gz"),
                }
            }
            Mistake::OtherDigest { pinned } => write!(
                f,
                "{field} is not the digest that the Istio project published, {pinned}; \
                 an archive of your own stands in `istio.source`"
            ),
            Mistake::DigestsOfOwnArchives => write!(
                f,
                "{field} say nothing of the archives in `istio.source`, which have their `sha256` there; \
                 leave them out"
            ),
            Mistake::NotASpec { instead } => write!(f, "{field} does not belong here: {instead}"),
            Mistake::NoAddonsInArchive => write!(
                f,
                "{field} need the full release archive, and `istio.source` names istioctl's only; \
                 add `istio.source.archive`"
            ),
            Mistake::NoProductionProfile => write!(
                f,
                "{field} is `production`, which is no profile of istioctl's; \
                 write `default`, which Istio means for production"
            ),
            Mistake::NothingToDo => write!(f, "{field} says neither `istio` nor `layers`: nothing to do"),
            Mistake::UnknownParent { name, nearest, known } => write!(
                f,
                "{field} is `{name}`, which is no profile of this program{}; a file is written as ./{name}.yaml",
                unknown(nearest, known)
            ),
            Mistake::ExtendsFromAbove => {
                write!(f, "{field} stands in a profile's own file, not in what is laid over it; leave it out")
            }
            Mistake::NoSuchLayer { name, nearest } => write!(
                f,
                "{field}: there is no layer `{name}` to change; did you mean `{nearest}`? \
                 a new one needs a `path`"
            ),
            Mistake::NoLayerToDelete { name, nearest } => {
                let meant = nearest.as_ref().map(|nearest| format!("; did you mean `{nearest}`?"));
                let meant = meant.unwrap_or_default();
                write!(f, "{field}: there is no layer `{name}` below to delete{meant}")
            }
            Mistake::Set(error) => write!(f, "{error}"),
            Mistake::NoFields { found } => write!(f, "{field} is {found}, and has no fields to set"),
            Mistake::NoItems { found } => write!(f, "{field} is {found}, and has no items to set"),
            Mistake::BeyondEnd { index, length } => write!(
                f,
                "{field} has {length} items, and [{index}] would leave a gap; the next one is [{length}]"
            ),
        }
    }
}

fn unknown(nearest: &Option<String>, known: &[String]) -> String {
    let meant = nearest.as_ref().map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"));
    format!("{meant} (there are {})", known.join(", "))
}

fn file_hint(file: &Option<PathBuf>) -> String {
    let hint = |file: &PathBuf| format!("; to use the file, say `install --profile {}`", file.display());
    file.as_ref().map_or_else(String::new, hint)
}

fn extending(extends: &Option<Place>) -> String {
    extends.as_ref().map_or_else(String::new, |place| format!("{place}: `extends`: "))
}

fn circle(chain: &[ProfileFile]) -> String {
    let files: Vec<String> = chain.iter().map(ProfileFile::to_string).collect();
    files.join(" extends ")
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}
