//! Typed reading of a mapping: every refusal names the file and line of the field.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::object::nearest;
use crate::object::yaml::Lines;

use super::{At, Error};

/// The document that fields are read from.
#[derive(Clone, Debug)]
pub(super) struct Document {
    /// As messages call it.
    pub(super) file: PathBuf,
    pub(super) lines: Lines,
    /// Where it begins, for what has no line of its own.
    pub(super) line: Option<usize>,
    pub(super) unknown: Unknown,
}

/// What becomes of a field that means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// In a kustomization, as kustomize does.
    Refused,
    /// In the files that it names; kustomize reads them less strictly.
    Ignored,
}

impl Document {
    fn at(&self, pointer: &str) -> At {
        At { file: self.file.clone(), line: self.lines.nearest(pointer).or(self.line) }
    }
}

/// One word of a list, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) text: String,
    pub(super) at: At,
}

/// A mapping in a document.
#[derive(Clone, Debug)]
pub(super) struct Fields<'d> {
    document: &'d Document,
    pointer: String,
    map: &'d Map<String, Value>,
}

impl<'d> Fields<'d> {
    pub(super) fn new(document: &'d Document, map: &'d Map<String, Value>) -> Self {
        Self { document, pointer: String::new(), map }
    }

    /// The mapping that a document is, or each of those that it lists.
    pub(super) fn one_or_list(document: &'d Document, value: &'d Value) -> Result<Vec<Self>, Error> {
        let below = |pointer: String, value: &'d Value| match value {
            Value::Object(map) => Ok(Self { document, pointer, map }),
            _ => {
                let (at, expected) = (document.at(&pointer), "a mapping or a list of mappings");
                Err(Error::WrongType { at, field: "this document".into(), expected })
            }
        };
        match value {
            Value::Array(items) => {
                items.iter().enumerate().map(|(index, item)| below(format!("/{index}"), item)).collect()
            }
            value => Ok(vec![below(String::new(), value)?]),
        }
    }

    /// The place of the mapping itself.
    pub(super) fn here(&self) -> At {
        self.document.at(&self.pointer)
    }

    pub(super) fn at(&self, field: &str) -> At {
        self.document.at(&self.below(field))
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.get(field).is_some()
    }

    /// Refuses every field that is not among `known`, unless the document ignores them.
    pub(super) fn allow(&self, known: &[&str]) -> Result<(), Error> {
        if self.document.unknown == Unknown::Ignored {
            return Ok(());
        }
        for field in self.map.keys().map(String::as_str) {
            if !known.iter().any(|known| known.eq_ignore_ascii_case(field)) {
                let nearest = nearest(field, known.iter().copied());
                return Err(Error::UnknownField { at: self.at(field), field: field.into(), nearest });
            }
        }
        Ok(())
    }

    pub(super) fn text(&self, field: &str) -> Result<Option<String>, Error> {
        self.read(field, "text; put it in quotes if it looks like something else", |value| {
            value.as_str().map(str::to_owned)
        })
    }

    pub(super) fn flag(&self, field: &str) -> Result<bool, Error> {
        Ok(self.read(field, "true or false", Value::as_bool)?.unwrap_or(false))
    }

    pub(super) fn integer(&self, field: &str) -> Result<Option<i64>, Error> {
        self.read(field, "a whole number", Value::as_i64)
    }

    /// A list of anything.
    pub(super) fn values(&self, field: &str) -> Result<&'d [Value], Error> {
        Ok(self.read(field, "a list", Value::as_array)?.map_or(&[], Vec::as_slice))
    }

    /// A list of words.
    pub(super) fn texts(&self, field: &str) -> Result<Vec<Entry>, Error> {
        let items = self.read(field, "a list", Value::as_array)?;
        let entries = items.into_iter().flatten().enumerate().map(|(index, item)| {
            let at = self.document.at(&format!("{}/{index}", self.below(field)));
            match item.as_str() {
                Some(text) => Ok(Entry { text: text.to_owned(), at }),
                None => Err(Error::WrongType { at, field: field.into(), expected: "a list of texts" }),
            }
        });
        entries.collect()
    }

    /// A mapping from words to words.
    pub(super) fn pairs(&self, field: &str) -> Result<BTreeMap<String, String>, Error> {
        let Some(pairs) = self.child(field)? else { return Ok(BTreeMap::new()) };
        let pair = |key: &String| Ok((key.clone(), pairs.text(key)?.unwrap_or_default()));
        pairs.map.keys().map(pair).collect()
    }

    /// A mapping below this one.
    pub(super) fn child(&self, field: &str) -> Result<Option<Fields<'d>>, Error> {
        let map = self.read(field, "a mapping", Value::as_object)?;
        Ok(map.map(|map| Fields { document: self.document, pointer: self.below(field), map }))
    }

    /// A list of mappings.
    pub(super) fn items(&self, field: &str) -> Result<Vec<Fields<'d>>, Error> {
        let items = self.read(field, "a list", Value::as_array)?;
        let fields = items.into_iter().flatten().enumerate().map(|(index, item)| {
            let pointer = format!("{}/{index}", self.below(field));
            match item.as_object() {
                Some(map) => Ok(Fields { document: self.document, pointer, map }),
                None => {
                    let at = self.document.at(&pointer);
                    Err(Error::WrongType { at, field: field.into(), expected: "a list of mappings" })
                }
            }
        });
        fields.collect()
    }

    fn read<T>(
        &self,
        field: &str,
        expected: &'static str,
        take: impl FnOnce(&'d Value) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let Some(value) = self.get(field) else { return Ok(None) };
        match take(value) {
            Some(taken) => Ok(Some(taken)),
            None => Err(Error::WrongType { at: self.at(field), field: field.into(), expected }),
        }
    }

    /// A null is as good as nothing. A name is the same in capital letters and in small ones, as it is to kustomize,
    /// which reads with Go's JSON decoder and writes `fieldpath` itself where it means `fieldPath`.
    fn get(&self, field: &str) -> Option<&'d Value> {
        let alike =
            || self.map.iter().find(|(name, _)| name.eq_ignore_ascii_case(field)).map(|(_, value)| value);
        self.map.get(field).or_else(alike).filter(|value| !value.is_null())
    }

    fn below(&self, field: &str) -> String {
        format!("{}/{}", self.pointer, field.replace('~', "~0").replace('/', "~1"))
    }
}
