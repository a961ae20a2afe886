//! The tables of the readers as a JSON Schema: draft 7, which every editor knows.

use serde_json::{Map, Value, json};

use super::TOP;
use super::extends::EXTENDS;
use super::merge::PATCH;
use super::shape::{Entry, Shape};

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum File {
    /// A profile that extends nothing: what must be there is there.
    Whole,
    /// One that is laid over another: it need not say all, and null removes what the other says.
    Part,
}

/// The schema of a profile's file. Under `definitions/part` it has that of a file which is given with `-f`.
///
/// It tells what is told by looking at one file. What follows from several, or from what the program knows, such as
/// the versions that it has digests of, only [`resolve`](super::resolve) tells.
pub fn schema() -> Value {
    let anything_to_do =
        json!([{"required": ["istio"]}, {"required": ["layers"], "properties": {"layers": {"minItems": 1}}}]);
    let mut whole = mapping(own(), File::Whole);
    whole["anyOf"] = anything_to_do;
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A profile of kubestock-install",
        "description": "docs/profiles.md is the reference",
        "if": {"required": [EXTENDS]},
        "then": {"$ref": "#/definitions/extending"},
        "else": {"$ref": "#/definitions/whole"},
        "definitions": {
            "whole": whole,
            "extending": extending(),
            "part": mapping(own(), File::Part),
        },
    })
}

/// All that a profile says by itself.
fn own() -> impl Iterator<Item = &'static Entry> {
    TOP.iter().filter(|entry| entry.name != EXTENDS)
}

/// A part that also says what it is laid over.
fn extending() -> Value {
    let reference = |entry: &Entry| json!({"$ref": format!("#/definitions/part/properties/{}", entry.name)});
    let mut properties: Map<String, Value> =
        own().map(|entry| (entry.name.to_owned(), reference(entry))).collect();
    let parent = TOP.iter().filter(|entry| entry.name == EXTENDS);
    properties.extend(parent.map(|entry| (entry.name.to_owned(), described(entry, File::Whole))));
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

fn mapping(entries: impl Iterator<Item = &'static Entry>, file: File) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    // A layer is only deleted over another profile's.
    for entry in entries.filter(|entry| entry.name != PATCH || file == File::Part) {
        properties.insert(entry.name.to_owned(), described(entry, file));
        if entry.is_required && file == File::Whole {
            required.push(entry.name);
        }
    }
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn described(entry: &'static Entry, file: File) -> Value {
    let mut schema = value(&entry.shape, file);
    if file == File::Part {
        schema = json!({"anyOf": [schema, {"type": "null"}]});
    }
    schema["description"] = entry.meaning.into();
    schema
}

fn value(shape: &'static Shape, file: File) -> Value {
    match shape {
        Shape::Text { like, except: [] } => json!({"type": "string", "pattern": like}),
        Shape::Text { like, except } => json!({"type": "string", "pattern": like, "not": {"enum": except}}),
        Shape::Word(words) => json!({"enum": words}),
        Shape::List(item) => json!({"type": "array", "items": value(item, file)}),
        Shape::Mapping { fields, one_of } => {
            let mut schema = mapping(fields.iter(), file);
            if !one_of.is_empty() && file == File::Whole {
                let some = |group: &&[&str]| -> Value {
                    group.iter().map(|name| json!({"required": [name]})).collect::<Vec<_>>().into()
                };
                schema["oneOf"] = one_of.iter().map(|group| json!({"anyOf": some(group)})).collect();
            }
            schema
        }
        Shape::Named { names, values } => json!({
            "type": "object",
            "propertyNames": {"pattern": names},
            "additionalProperties": value(values, file),
        }),
        Shape::Foreign { except: [] } => json!({"type": "object"}),
        Shape::Foreign { except } => json!({"type": "object", "propertyNames": {"not": {"enum": except}}}),
    }
}
