//! The merged document as text, with the origin of each value.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::object::yaml::{key_to_string, leaf_to_string};

use super::document::{Content, Node, step};
use super::file::joined;
use super::{Place, Resolved, layer};

impl Resolved {
    /// The document as YAML that is a profile by itself. Behind each value stands where it was said. Paths that
    /// were said in another folder than the profile's are written as seen from there.
    pub fn to_yaml(&self) -> String {
        yaml(&self.as_one_file())
    }

    /// The same for a profile whose layers were rendered to folders of their own, each at the `path` of its name:
    /// nothing is laid over them any more.
    pub fn to_yaml_of_rendered(&self, path: impl Fn(&str) -> String) -> String {
        let mut document = self.document.clone();
        if let Some(Content::List(layers)) = document.get_mut("layers").map(|layers| &mut layers.content) {
            for layer in layers {
                let path = path(layer.text("name").unwrap_or_default());
                if let Some(node) = layer.get_mut("path") {
                    node.content = Content::Scalar(path.into());
                }
                layer.take("kustomization");
            }
        }
        yaml(&document)
    }

    /// The same for programs: `profile` has the values, `origins` the places of those that have no fields or
    /// items, by JSON pointer.
    pub fn to_json(&self) -> Value {
        let document = self.as_one_file();
        let mut origins = Map::new();
        collect(&mut origins, &document, String::new());
        json!({"profile": document.value(), "origins": origins})
    }

    /// The document as it would stand in the folder of the profile's file.
    fn as_one_file(&self) -> Node {
        let mut document = self.document.clone();
        let home = self.profile.file.folder().unwrap_or(Path::new("."));
        let Some(Content::List(layers)) = document.get_mut("layers").map(|layers| &mut layers.content) else {
            return document;
        };
        for path in layers.iter_mut().filter_map(|layer| layer.get_mut("path")) {
            if let Content::Scalar(Value::String(text)) = &mut path.content
                && layer::is_of_file(Path::new(text))
            {
                *text = seen_from(home, path.place.folder(), text);
            }
        }
        document
    }
}

fn yaml(document: &Node) -> String {
    let mut text = String::new();
    if let Content::Mapping(fields) = &document.content {
        mapping(&mut text, fields, "");
    }
    text
}

/// A path that is written for one folder, written for another.
fn seen_from(home: &Path, folder: &Path, path: &str) -> String {
    let [home, folder] = [home, folder].map(|folder| joined(folder, Path::new("")));
    if home == folder || Path::new(path).is_absolute() {
        return path.to_owned();
    }
    let path = match folder.strip_prefix(&home) {
        Ok(below) if below.is_relative() => PathBuf::from(".").join(joined(below, Path::new(path))),
        _ => {
            let path = joined(&folder, Path::new(path));
            std::path::absolute(&path).unwrap_or(path)
        }
    };
    path.to_string_lossy().into_owned()
}

/// `first` begins the first line, and as many spaces the others.
fn mapping(text: &mut String, fields: &[(String, Node)], first: &str) {
    let indent = " ".repeat(first.len());
    for (at, (key, node)) in fields.iter().enumerate() {
        text.push_str(if at == 0 { first } else { &indent });
        text.push_str(&key_to_string(key));
        text.push(':');
        behind(text, node, indent.len() + 2);
    }
}

fn list(text: &mut String, items: &[Node], indent: usize) {
    for item in items {
        let dash = format!("{}-", " ".repeat(indent));
        match &item.content {
            Content::Mapping(fields) if !fields.is_empty() => mapping(text, fields, &format!("{dash} ")),
            _ => {
                text.push_str(&dash);
                behind(text, item, indent + 2);
            }
        }
    }
}

/// What stands behind a key or a dash; `indent` is for what is in it.
fn behind(text: &mut String, node: &Node, indent: usize) {
    match &node.content {
        Content::Mapping(fields) if !fields.is_empty() => {
            text.push('\n');
            mapping(text, fields, &" ".repeat(indent));
        }
        Content::List(items) if !items.is_empty() => {
            text.push('\n');
            list(text, items, indent);
        }
        _ => leaf(text, node, indent),
    }
}

/// The comment stands in the first line, where a block of several lines may have one too.
fn leaf(text: &mut String, node: &Node, indent: usize) {
    let value = leaf_to_string(&node.value(), indent);
    let (first, others) = value.split_once('\n').unwrap_or((&value, ""));
    text.push_str(&format!(" {first}  # {}\n{others}", comment(&node.place)));
    if !text.ends_with('\n') {
        text.push('\n');
    }
}

/// Whatever an argument or the name of a file holds, a comment ends with its line.
fn comment(place: &Place) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let shown = |c: char| if breaks(c) { c.escape_default().to_string() } else { c.to_string() };
    place.to_string().chars().map(shown).collect()
}

fn collect(origins: &mut Map<String, Value>, node: &Node, pointer: String) {
    match &node.content {
        Content::Mapping(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(key, field)| collect(origins, field, pointer.clone() + &step(key)));
        }
        Content::List(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(at, item)| collect(origins, item, format!("{pointer}/{at}")));
        }
        _ => drop(origins.insert(pointer, node.place.to_string().into())),
    }
}
