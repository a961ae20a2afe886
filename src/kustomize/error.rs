use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::object::NotAnObject;
use crate::object::yaml::YamlError;

use super::FILE_NAMES;

/// A place in a file: `FILE:LINE` where the line is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct At {
    pub file: PathBuf,
    /// From 1.
    pub line: Option<usize>,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file.display()),
            None => write!(f, "{}", self.file.display()),
        }
    }
}

/// Why a folder does not render.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}: cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: is not UTF-8 text", path.display())]
    NotText { path: PathBuf },
    #[error("{}: there is no such folder{}", path.display(), hint(nearest))]
    NoFolder { path: PathBuf, nearest: Option<String> },
    #[error("{}: is a file; give the folder that its kustomization file is in", path.display())]
    FileForFolder { path: PathBuf },
    #[error("{}: holds no kustomization file ({}){}", from(at, path), FILE_NAMES.join(", "), hint(nearest))]
    NoKustomization { at: Option<At>, path: PathBuf, nearest: Option<String> },
    #[error("{}: holds several kustomization files ({}); keep one", path.display(), names.join(", "))]
    SeveralKustomizations { path: PathBuf, names: Vec<&'static str> },
    #[error("{}:{}: {} (column {})", file.display(), error.line, error.message, error.column)]
    Yaml { file: PathBuf, error: YamlError },

    #[error("{at}: this kustomization is empty")]
    Empty { at: At },
    #[error("{at}: a kustomization is one document with fields")]
    NoKustomizationDocument { at: At },
    #[error("{at}: there is no field `{field}`{}", hint(nearest))]
    UnknownField { at: At, field: String, nearest: Option<String> },
    #[error("{at}: `{field}` must be {expected}")]
    WrongType { at: At, field: String, expected: &'static str },
    #[error("{at}: `{field}` is `{value}`; it must be {expected}")]
    WrongValue { at: At, field: String, value: String, expected: &'static str },
    #[error("{at}: `{field}` is missing")]
    MissingField { at: At, field: &'static str },

    #[error("{at}: `{path}` does not exist{}", hint(nearest))]
    NotFound { at: At, path: String, nearest: Option<String> },
    #[error("{at}: `{url}` is not on this machine; copy it into the repository and name the copy")]
    Remote { at: At, url: String },
    #[error("{at}: `{path}` is absolute; a folder is named relative to the kustomization")]
    AbsoluteFolder { at: At, path: String },
    #[error("{at}: `{path}` lies outside of {}; only folders may", root.display())]
    Outside { at: At, path: String, root: PathBuf },
    #[error("{at}: kustomizations run in a circle: {}", chain(folders))]
    Cycle { at: At, folders: Vec<PathBuf> },
    #[error("{at}: `{path}` is a {kind}; name it under `{field}`")]
    WrongList { at: At, path: String, kind: &'static str, field: &'static str },

    #[error("{at}: not a Kubernetes object: {problem}")]
    NotAnObject { at: At, problem: NotAnObject },
    #[error("{second}: {object} is {}", twice(first, second))]
    Duplicate { object: String, first: At, second: At },
    #[error("{second}: becomes {object} by `{field}`, and so does the object in {first}")]
    Clash { field: &'static str, object: String, first: At, second: At },
    #[error("{at}: {object}: `{path}`, or what stands on the way to it, is not of the form that this needs")]
    FieldShape { at: At, object: String, path: String },
    #[error("{at}: `{path}` is both created and not created where it is missing; `create` must say the same")]
    FieldSpecConflict { at: At, path: String },
    #[error("{at}: {object}: `{path}` is missing or no text, and so it names nothing")]
    NoName { at: At, object: String, path: String },
    #[error("{at}: {}: `{}` in `{}` may mean any of {}", .0.object, .0.name, .0.path, .0.candidates.join(", "), at = .0.at)]
    AmbiguousReference(Box<Ambiguity>),

    #[error("{at}: {problem}")]
    Patch { at: At, problem: PatchProblem },
    #[error("{at}: `{field}` is not a regular expression: {problem}")]
    Regex { at: At, field: String, problem: String },
    #[error("{at}: `{selector}` is not a selector of the form `a=b,c!=d,e in (f,g),h,!i`")]
    Selector { at: At, selector: String },
    #[error(
        "{at}: no Deployment, StatefulSet, ReplicaSet or ReplicationController is named `{name}`{}",
        hint(nearest)
    )]
    NoReplicas { at: At, name: String, nearest: Option<String> },

    #[error("{at}: {problem}")]
    Replacement { at: At, problem: Box<ReplacementProblem> },

    #[error("{at}: var `{name}`: {problem}")]
    Var { at: At, name: String, problem: VarProblem },
    #[error("{at}: {kind} {problem}")]
    Plugin { at: At, kind: String, problem: PluginProblem },
    #[error("{at}: `{field}` takes Helm charts, and helm is not run here; list what `helm template` prints")]
    Helm { at: At, field: String },
    #[error("{at}: {problem}")]
    OpenApi { at: At, problem: OpenApiProblem },

    #[error("{at}: {problem}")]
    GeneratorSource { at: At, problem: SourceProblem },
    #[error("{at}: key `{key}` of `{name}` is given twice")]
    RepeatedKey { at: At, name: String, key: String },
    #[error("{at}: {object} is also in {other}; say `behavior: merge` or `behavior: replace`")]
    GeneratedExists { at: At, object: String, other: At },
    #[error("{at}: several objects are or once were {object}: {}", places(others))]
    GeneratedAmbiguous { at: At, object: String, others: Vec<At> },
    #[error("{at}: there is no {object} to merge with or to replace")]
    GeneratedMissing { at: At, object: String },
}

/// A name that several renamed objects once had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ambiguity {
    pub at: At,
    /// The object that refers.
    pub object: String,
    /// The field that holds the name.
    pub path: String,
    pub name: String,
    /// Namespace and present name of each.
    pub candidates: Vec<String>,
}

/// What is wrong with a patch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchProblem {
    #[error("a patch is given by either `patch` or `path`")]
    NoText,
    #[error("`patch` and `path` cannot both be given")]
    TextAndPath,
    #[error("the patch is empty")]
    Empty,
    #[error("the patch is neither an object (strategic merge) nor a list of operations (JSON 6902): {0}")]
    NoPatch(String),
    #[error("a list of operations needs a `target`")]
    NoTarget,
    #[error("a target takes one patch, and here are {0}")]
    SeveralForTarget(usize),
    #[error("no resource matches this patch of {}{}", .0.object, hint(&.0.nearest))]
    NoMatch(Box<PatchTarget>),
    #[error("this patch of {object} matches several resources: {}", matches.join(", "))]
    SeveralMatches { object: String, matches: Vec<String> },
    #[error("the patch does not fit {object}: {reason}")]
    DoesNotFit { object: String, reason: String },
}

/// The object that a patch names, and the one that was perhaps meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchTarget {
    pub object: String,
    pub nearest: Option<String>,
}

/// What is wrong with a replacement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplacementProblem {
    #[error("a replacement is given by either `path` or `source` and `targets`")]
    PathAndInline,
    #[error("no resource is the source ({selector})")]
    NoSource { selector: String },
    #[error("several resources may be the source ({selector}): {}", objects.join(", "))]
    SeveralSources { selector: String, objects: Vec<String> },
    #[error("{object}: the source's field `{path}` is missing or empty")]
    EmptySource { object: String, path: String },
    #[error("{object}: there is no field `{path}`; `options: {{create: true}}` makes it")]
    NoField { object: String, path: String },
    #[error("{object}: `{path}` leads nowhere: {reason}")]
    NoWay { object: String, path: String, reason: String },
    #[error("{object}: a `delimiter` needs a single value, and `{path}` is none")]
    NotSingle { object: String, path: String },
    #[error("{object}: `{path}` has no part {index}: `{text}`")]
    NoPart { object: String, path: String, index: i64, text: String },
    #[error("{object}: `{path}` holds {type_}, and `{text}` is none")]
    Type { object: String, path: String, text: String, type_: &'static str },
}

/// What is wrong with a var.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VarProblem {
    #[error("is also declared in {first}")]
    Twice { first: At },
    #[error("may be about any of {}", objects.join(", "))]
    SeveralObjects { objects: Vec<String> },
    #[error("no resource is the one that it is about")]
    NoObject,
    #[error("{object} has no field `{path}`")]
    NoField { object: String, path: String },
}

/// Why a document under `generators`, `transformers` or `validators` asks in vain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PluginProblem {
    #[error(
        "is a program or a container, and neither is run here; run it yourself and list what it prints under \
         `resources`, or use one of kustomize's own (apiVersion: builtin)"
    )]
    Foreign,
    #[error("is none of kustomize's own plugins{}", hint(nearest))]
    Unknown { nearest: Option<String> },
    #[error(
        "takes Helm charts, and helm is not run here; list what `helm template` prints under `resources`"
    )]
    Helm,
    #[error("makes objects; it belongs under `generators`")]
    NoTransformer,
    #[error("changes objects; it belongs under `transformers`")]
    NoGenerator,
    #[error("must say under `fieldSpecs` what it changes, such as `path: metadata/name`")]
    NoFieldSpecs,
    #[error("is under `validators`, and changes {object}")]
    Changes { object: String },
}

/// What is wrong with `openapi`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenApiProblem {
    #[error("`openapi` takes a `path` or a `version`, not both")]
    PathAndVersion,
    #[error("the schema of Kubernetes `{version}` is not built in; {builtin} is")]
    Version { version: String, builtin: &'static str },
}

/// What is wrong with a source of a generator. A literal is not repeated: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceProblem {
    #[error("a literal has the form `key=value`")]
    Literal,
    #[error("`{0}` must have the form `path` or `key=path`")]
    File(String),
    #[error("{}:{line}: is not UTF-8 text", file.display())]
    NotText { file: PathBuf, line: usize },
}

fn hint(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"))
}

fn twice(first: &At, second: &At) -> String {
    match first == second {
        true => "loaded twice: two of the folders below bring the same file".into(),
        false => format!("also in {first}"),
    }
}

fn places(places: &[At]) -> String {
    places.iter().map(At::to_string).collect::<Vec<_>>().join(", ")
}

/// A folder, and who named it.
fn from(at: &Option<At>, path: &Path) -> String {
    at.as_ref().map_or_else(|| path.display().to_string(), |at| format!("{at}: {}", path.display()))
}

fn chain(folders: &[PathBuf]) -> String {
    let names: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    names.join(" -> ")
}
