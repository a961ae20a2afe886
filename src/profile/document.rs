//! What files and arguments say, as a tree in which each value knows its place. It is merged as such; only the
//! merged document is read as a profile.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::object::yaml::{Dialect, Lines, parse_located};

use super::error::shown;
use super::{Place, ProfileError, ProfileFile};

/// A value, and where it was said.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// For a collection that several have a part in: where it was last added to.
    pub(super) place: Place,
    pub(super) content: Content,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    /// Text, a number, a boolean or null.
    Scalar(Value),
    List(Vec<Node>),
    /// In the order in which the fields were said.
    Mapping(Vec<(String, Node)>),
}

/// The places of a document's values, by JSON pointer (RFC 6901).
#[derive(Clone, Debug, Default)]
pub(super) struct Places(BTreeMap<String, Place>);

impl Node {
    /// The one document of a text.
    pub(super) fn parse(file: &ProfileFile, text: &str) -> Result<Self, ProfileError> {
        let documents = match parse_located(text, Dialect::Apply) {
            Ok(documents) => documents,
            Err(error) => return Err(ProfileError::NotYaml { file: file.clone(), error }),
        };
        match <[_; 1]>::try_from(documents) {
            Ok([document]) => Ok(Text { file, lines: &document.lines }.node(document.value, "")),
            Err(documents) => {
                Err(ProfileError::NotOneDocument { file: file.clone(), found: documents.len() })
            }
        }
    }

    /// A value that was said in one place altogether.
    pub(super) fn new(value: Value, place: &Place) -> Self {
        let content = match value {
            Value::Array(items) => {
                Content::List(items.into_iter().map(|item| Self::new(item, place)).collect())
            }
            Value::Object(map) => {
                Content::Mapping(map.into_iter().map(|(key, value)| (key, Self::new(value, place))).collect())
            }
            scalar => Content::Scalar(scalar),
        };
        Self { place: place.clone(), content }
    }

    pub(super) fn is_null(&self) -> bool {
        self.content == Content::Scalar(Value::Null)
    }

    /// The field of that name in a mapping.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Content::Mapping(fields) = &self.content else { return None };
        fields.iter().find(|(key, _)| key == name).map(|(_, node)| node)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        let Content::Mapping(fields) = &mut self.content else { return None };
        fields.iter_mut().find(|(key, _)| key == name).map(|(_, node)| node)
    }

    /// Takes a field out of a mapping.
    pub(super) fn take(&mut self, name: &str) -> Option<Self> {
        let Content::Mapping(fields) = &mut self.content else { return None };
        let at = fields.iter().position(|(key, _)| key == name)?;
        Some(fields.remove(at).1)
    }

    /// The text of a field, such as the name by which an item of a list is called.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match &self.get(name)?.content {
            Content::Scalar(value) => value.as_str(),
            _ => None,
        }
    }

    /// The value without its places.
    pub(super) fn value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => items.iter().map(Self::value).collect(),
            Content::Mapping(fields) => {
                let fields = fields.iter().map(|(key, node)| (key.clone(), node.value()));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    pub(super) fn places(&self) -> Places {
        let mut places = Places::default();
        places.add(self, String::new());
        places
    }
}

impl Content {
    /// The value as a message names it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Scalar(value) => shown(value),
            Self::List(_) => shown(&Value::Array(Vec::new())),
            Self::Mapping(_) => shown(&Value::Object(Map::new())),
        }
    }
}

/// A step of a JSON pointer.
pub(super) fn step(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// What the parser leaves to be put together.
struct Text<'t> {
    file: &'t ProfileFile,
    lines: &'t Lines,
}

impl Text<'_> {
    fn node(&self, value: Value, pointer: &str) -> Node {
        let content = match value {
            Value::Array(items) => {
                let items = items.into_iter().enumerate();
                Content::List(items.map(|(at, item)| self.node(item, &format!("{pointer}/{at}"))).collect())
            }
            Value::Object(map) => {
                let mut fields: Vec<_> = map.into_iter().collect();
                fields.sort_by_key(|(key, _)| self.line(&format!("{pointer}{}", step(key))));
                let fields = fields.into_iter().map(|(key, value)| {
                    let node = self.node(value, &format!("{pointer}{}", step(&key)));
                    (key, node)
                });
                Content::Mapping(fields.collect())
            }
            scalar => Content::Scalar(scalar),
        };
        Node { place: Place::Line { file: self.file.clone(), line: self.line(pointer) }, content }
    }

    fn line(&self, pointer: &str) -> usize {
        self.lines.nearest(pointer).unwrap_or(1)
    }
}

impl Places {
    fn add(&mut self, node: &Node, pointer: String) {
        match &node.content {
            Content::Scalar(_) => {}
            Content::List(items) => {
                items.iter().enumerate().for_each(|(at, item)| self.add(item, format!("{pointer}/{at}")));
            }
            Content::Mapping(fields) => {
                fields.iter().for_each(|(key, field)| self.add(field, format!("{pointer}{}", step(key))));
            }
        }
        self.0.insert(pointer, node.place.clone());
    }

    /// The place of the value at this pointer, or of the nearest one around it.
    pub(super) fn nearest(&self, pointer: &str) -> Option<&Place> {
        let mut pointer = pointer;
        loop {
            match self.0.get(pointer) {
                Some(place) => return Some(place),
                None => pointer = &pointer[..pointer.rfind('/')?],
            }
        }
    }
}
