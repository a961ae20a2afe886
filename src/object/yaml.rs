//! YAML as kubectl reads and writes it.
//!
//! Kubernetes' YAML is YAML 1.1 with exceptions, and kubectl has two readers that disagree: the one behind
//! `kubectl apply -f` takes `yes` for a boolean, the one inside `kubectl kustomize` takes it for a string.
//! [`Dialect`] names them. What both agree on is that `0644` is 420 and `1e3` is 1000.

mod emit;
mod folded;
mod parse;
mod scalar;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::Object;

use parse::Notes;

/// Which of kubectl's two readers decides what an unquoted word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `kubectl apply -f`: `yes`, `on`, `y` and their opposites are booleans; a date is a string.
    Apply,
    /// `kubectl kustomize`: `yes` is a string; a date becomes a timestamp's text.
    Kustomize,
}

/// One document of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The line of its first key or item, from 1.
    pub line: usize,
    pub value: Value,
}

/// A document as kustomize reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct ManifestDocument {
    /// The line of its first key or item, from 1.
    pub line: usize,
    pub value: Value,
    /// The JSON pointers (RFC 6901) of the fields that have nothing behind their colon. They are null, but to
    /// kustomize not the same as a null that is written.
    pub blanks: Vec<String>,
}

/// What the values of an object's annotations are to kustomize.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Annotations {
    /// Text, just as it is written: so in an object.
    Text,
    /// The same, but for null, which takes an annotation away: so in a patch.
    TextOrNull,
}

/// A document that also knows the line of each of its fields.
#[derive(Clone, Debug, PartialEq)]
pub struct LocatedDocument {
    pub line: usize,
    pub value: Value,
    pub lines: Lines,
}

/// The lines of a document's fields, by JSON pointer (RFC 6901).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines(BTreeMap<String, usize>);

impl Lines {
    /// The line of the field at this pointer, or of the nearest field around it.
    pub fn nearest(&self, pointer: &str) -> Option<usize> {
        let mut pointer = pointer;
        loop {
            if let Some(line) = self.0.get(pointer) {
                return Some(*line);
            }
            pointer = &pointer[..pointer.rfind('/')?];
        }
    }
}

/// Text that is no YAML, or YAML that Kubernetes cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct YamlError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub message: String,
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

/// The documents of a text, as `kubectl apply -f` reads them; empty ones are left out.
///
/// Refused: tabs as indentation, a key given twice in one mapping, numbers that JSON cannot hold, and
/// anchors that unfold to more than a million values.
pub fn parse_documents(text: &str) -> Result<Vec<Document>, YamlError> {
    parse_documents_as(text, Dialect::Apply)
}

/// The documents of a text in either dialect.
pub fn parse_documents_as(text: &str, dialect: Dialect) -> Result<Vec<Document>, YamlError> {
    let documents = parse::parse(text, dialect, Annotations::Text, Notes::None)?;
    Ok(documents.into_iter().map(|d| Document { line: d.line, value: d.value }).collect())
}

/// The documents of a text as `kubectl kustomize` reads objects and patches.
pub fn parse_manifests(text: &str, annotations: Annotations) -> Result<Vec<ManifestDocument>, YamlError> {
    let documents = parse::parse(text, Dialect::Kustomize, annotations, Notes::Blanks)?;
    let of = |d: parse::Read| ManifestDocument { line: d.line, value: d.value, blanks: d.blanks };
    Ok(documents.into_iter().map(of).collect())
}

/// The documents of a text with the line of every field: for files whose mistakes are told by line.
pub fn parse_located(text: &str, dialect: Dialect) -> Result<Vec<LocatedDocument>, YamlError> {
    let documents = parse::parse(text, dialect, Annotations::Text, Notes::Lines)?;
    let of = |d: parse::Read| LocatedDocument { line: d.line, value: d.value, lines: d.lines };
    Ok(documents.into_iter().map(of).collect())
}

/// What a word means that stands alone and without quotes; None for a number that JSON cannot hold.
pub fn plain_word(word: &str, dialect: Dialect) -> Option<Value> {
    scalar::resolve(word, dialect)
}

/// A value as YAML text: sorted keys, two spaces, sequences level with their key, quotes only where they
/// are needed, `|` for several lines. It is what `kubectl kustomize` prints, and ends with a newline.
pub fn to_string(value: &Value) -> String {
    emit::emit(value)
}

/// A value without fields or items, as it stands behind a key: on one line, however long, or as a literal block
/// whose lines begin at `indent`, two beyond the key. It ends without a newline, except in such a block.
pub fn leaf_to_string(value: &Value, indent: usize) -> String {
    emit::emit_leaf(value, indent)
}

/// A key of a mapping, quoted where it must be.
pub fn key_to_string(key: &str) -> String {
    emit::emit_key(key)
}

/// Objects as one YAML stream, with `---` between them.
pub fn objects_to_string<'a>(objects: impl IntoIterator<Item = &'a Object>) -> String {
    let texts: Vec<String> = objects.into_iter().map(|object| to_string(&object.to_value())).collect();
    texts.join("---\n")
}
