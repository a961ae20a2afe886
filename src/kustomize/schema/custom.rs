//! Types from an OpenAPI document that `openapi` names.

use std::collections::HashMap;

use serde_json::Value;

use super::{Field, Merge, Type};

const KINDS: &str = "x-kubernetes-group-version-kind";
const STRATEGY: &str = "x-kubernetes-patch-strategy";
const MERGE_KEY: &str = "x-kubernetes-patch-merge-key";
const MAP_KEYS: &str = "x-kubernetes-list-map-keys";

/// How many references may follow each other: a circle has no end.
const REFERENCES: usize = 32;

/// The definitions of a document, by name and by kind.
#[derive(Clone, Debug, Default)]
pub(in crate::kustomize) struct Definitions {
    definitions: Value,
    /// The name of the definition of a kind, by `apiVersion` and `kind`.
    by_kind: HashMap<(String, String), String>,
}

impl Definitions {
    pub(in crate::kustomize) fn read(document: &Value) -> Self {
        let definitions = document.get("definitions").cloned().unwrap_or_default();
        let mut by_kind = HashMap::new();
        for (name, definition) in definitions.as_object().into_iter().flatten() {
            for kind in definition.get(KINDS).and_then(Value::as_array).into_iter().flatten() {
                let text = |field| kind.get(field).and_then(Value::as_str).unwrap_or_default();
                let api_version = match text("group") {
                    "" => text("version").to_owned(),
                    group => format!("{group}/{}", text("version")),
                };
                by_kind.insert((api_version, text("kind").to_owned()), name.clone());
            }
        }
        Self { definitions, by_kind }
    }

    pub(super) fn of_kind(&self, api_version: &str, kind: &str) -> Option<CustomType<'_>> {
        let name = self.by_kind.get(&(api_version.to_owned(), kind.to_owned()))?;
        Some(CustomType { schema: self.definitions.get(name)?, all: self })
    }

    /// A schema, or the one that it refers to.
    fn resolve<'d>(&'d self, schema: &'d Value) -> Option<&'d Value> {
        let mut schema = schema;
        for _ in 0..REFERENCES {
            let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return Some(schema) };
            schema = self.definitions.get(reference.strip_prefix("#/definitions/")?)?;
        }
        None
    }
}

/// A type of such a document.
#[derive(Clone, Copy, Debug)]
pub(in crate::kustomize) struct CustomType<'d> {
    schema: &'d Value,
    all: &'d Definitions,
}

impl<'d> CustomType<'d> {
    pub(super) fn field(self, name: &str) -> Option<Field<'d>> {
        let own = self.schema.get("properties").and_then(|properties| properties.get(name));
        let any = self.schema.get("additionalProperties").filter(|any| any.is_object());
        let field = self.all.resolve(own.or(any)?)?;
        let type_ = |schema| Type::Custom(CustomType { schema, all: self.all });
        let text = |extension| field.get(extension).and_then(Value::as_str);
        if !text(STRATEGY).is_some_and(|strategy| strategy.split(',').any(|one| one == "merge")) {
            return Some(Field { merge: Merge::Plain, type_: Some(type_(field)) });
        }
        let map_keys = field.get(MAP_KEYS).and_then(Value::as_array);
        let keys: Vec<String> = match map_keys {
            Some(keys) => keys.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            None => text(MERGE_KEY).into_iter().map(str::to_owned).collect(),
        };
        let items = field.get("items").and_then(|items| self.all.resolve(items));
        Some(Field { merge: Merge::List(keys), type_: items.map(type_) })
    }
}
