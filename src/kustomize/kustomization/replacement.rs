//! Reading `replacements`: which value goes where.

use crate::kustomize::fieldpath::FieldPath;
use crate::kustomize::fields::{Entry, Fields};
use crate::kustomize::{At, Error, ReplacementProblem};

use super::{Target, read};

/// Where a value of a name goes by itself.
const NAME: &str = "metadata.name";

/// An entry of `replacements`.
#[derive(Clone, Debug)]
pub(in crate::kustomize) enum ReplacementEntry {
    Inline(Box<Replacement>),
    /// A file with one replacement or a list of them.
    File(Entry),
}

/// A value that is copied from one object into fields of others.
#[derive(Clone, Debug)]
pub(in crate::kustomize) struct Replacement {
    pub(in crate::kustomize) source: SourceField,
    pub(in crate::kustomize) targets: Vec<TargetFields>,
    pub(in crate::kustomize) at: At,
}

#[derive(Clone, Debug)]
pub(in crate::kustomize) struct SourceField {
    /// The object, by exact words.
    pub(in crate::kustomize) object: Target,
    pub(in crate::kustomize) path: Path,
    pub(in crate::kustomize) part: Option<Part>,
}

#[derive(Clone, Debug)]
pub(in crate::kustomize) struct TargetFields {
    /// The objects, by exact words.
    pub(in crate::kustomize) select: Target,
    pub(in crate::kustomize) reject: Vec<Target>,
    pub(in crate::kustomize) paths: Vec<Path>,
    pub(in crate::kustomize) part: Option<Part>,
    pub(in crate::kustomize) create: bool,
    pub(in crate::kustomize) at: At,
}

/// A path as it is written, and what it means.
#[derive(Clone, Debug)]
pub(in crate::kustomize) struct Path {
    pub(in crate::kustomize) text: String,
    pub(in crate::kustomize) steps: FieldPath,
}

impl Path {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), steps: FieldPath::new(text) }
    }
}

/// One part of a text that a delimiter cuts into pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kustomize) struct Part {
    pub(in crate::kustomize) delimiter: String,
    pub(in crate::kustomize) index: i64,
}

pub(in crate::kustomize) fn entry(fields: &Fields<'_>) -> Result<ReplacementEntry, Error> {
    fields.allow(&["source", "targets", "path"])?;
    let refuse = |problem| Error::Replacement { at: fields.here(), problem: Box::new(problem) };
    match fields.text("path")?.filter(|path| !path.is_empty()) {
        Some(_) if fields.has("source") || fields.has("targets") => {
            Err(refuse(ReplacementProblem::PathAndInline))
        }
        Some(text) => Ok(ReplacementEntry::File(Entry { text, at: fields.at("path") })),
        None => replacement(fields).map(|inline| ReplacementEntry::Inline(Box::new(inline))),
    }
}

pub(in crate::kustomize) fn replacement(fields: &Fields<'_>) -> Result<Replacement, Error> {
    fields.allow(&["source", "targets"])?;
    let Some(source) = fields.child("source")? else {
        return Err(Error::MissingField { at: fields.here(), field: "source" });
    };
    if !fields.has("targets") {
        return Err(Error::MissingField { at: fields.here(), field: "targets" });
    }
    let targets = read::each(fields, "targets", target)?;
    Ok(Replacement { source: self::source(&source)?, targets, at: fields.here() })
}

fn source(fields: &Fields<'_>) -> Result<SourceField, Error> {
    fields.allow(&["group", "version", "kind", "name", "namespace", "fieldPath", "options"])?;
    let path = fields.text("fieldPath")?.filter(|path| !path.is_empty());
    Ok(SourceField {
        object: read::target_words(fields)?,
        path: Path::new(path.as_deref().unwrap_or(NAME)),
        part: options(fields)?.0,
    })
}

fn target(fields: &Fields<'_>) -> Result<TargetFields, Error> {
    fields.allow(&["select", "reject", "fieldPaths", "options"])?;
    let Some(select) = fields.child("select")? else {
        return Err(Error::MissingField { at: fields.here(), field: "select" });
    };
    let mut paths: Vec<Path> =
        fields.texts("fieldPaths")?.iter().map(|entry| Path::new(&entry.text)).collect();
    if paths.is_empty() {
        paths.push(Path::new(NAME));
    }
    let (part, create) = options(fields)?;
    Ok(TargetFields {
        select: read::target(&select)?,
        reject: read::each(fields, "reject", read::target)?,
        paths,
        part,
        create,
        at: fields.here(),
    })
}

/// The part of a text that is meant, and whether missing fields are made.
fn options(fields: &Fields<'_>) -> Result<(Option<Part>, bool), Error> {
    let Some(options) = fields.child("options")? else { return Ok((None, false)) };
    options.allow(&["delimiter", "index", "encoding", "create"])?;
    let delimiter = options.text("delimiter")?.filter(|delimiter| !delimiter.is_empty());
    let index = options.integer("index")?.unwrap_or(0);
    Ok((delimiter.map(|delimiter| Part { delimiter, index }), options.flag("create")?))
}
