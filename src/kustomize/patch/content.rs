//! What a patch says: its form tells whether it is a strategic merge or a JSON patch.

use serde_json::Value;

use crate::kustomize::resource::ResourceId;
use crate::kustomize::{At, Error, PatchProblem, load, scalar};
use crate::object::yaml::{self, Annotations, Document};
use crate::object::{NotAnObject, Object};

use super::json6902::Operations;

/// The content of a patch: its form tells which kind it is.
pub(super) enum Content {
    StrategicMerge(Vec<(PatchObject, At)>),
    Json6902(Operations),
}

/// The text of a patch and its place: a file, or the entry that holds it.
pub(super) struct Text {
    pub(super) text: String,
    pub(super) at: At,
    pub(super) is_file: bool,
}

impl Text {
    /// Reads it: objects are strategic merge patches, a list is a JSON patch (in JSON or YAML).
    pub(super) fn content(&self) -> Result<Content, Error> {
        if self.text.starts_with('[') {
            let items = serde_json::from_str(&self.text).map_err(|error| {
                let why = format!("what begins with `[` must be JSON: {error}; in YAML begin with `- op:`");
                self.refuse(PatchProblem::NoPatch(why))
            })?;
            return Operations::read(items, self.at_line(1)).map(Content::Json6902);
        }
        if let Ok(documents) = yaml::parse_documents(&self.text)
            && let Some(Document { line, value: Value::Array(items) }) = documents.into_iter().next()
        {
            return Operations::read(items, self.at_line(line)).map(Content::Json6902);
        }
        let documents = yaml::parse_manifests(&self.text, Annotations::TextOrNull);
        let documents = documents.map_err(|error| match self.is_file {
            true => load::yaml_error(&self.at.file, error),
            false => self.refuse(PatchProblem::NoPatch(error.to_string())),
        })?;
        let mut objects = Vec::new();
        for document in documents {
            let at = self.at_line(document.line);
            let problem = |why: NotAnObject| PatchProblem::NoPatch(why.to_string());
            let object = PatchObject::read(document.value)
                .map_err(|why| Error::Patch { at: at.clone(), problem: problem(why) })?;
            objects.push((object, at));
        }
        match objects.is_empty() {
            true => Err(self.refuse(PatchProblem::Empty)),
            false => Ok(Content::StrategicMerge(objects)),
        }
    }

    /// The place of a line of the text: that of the entry where the text stands in one.
    fn at_line(&self, line: usize) -> At {
        if self.is_file { At { line: Some(line), ..self.at.clone() } } else { self.at.clone() }
    }

    pub(super) fn refuse(&self, problem: PatchProblem) -> Error {
        Error::Patch { at: self.at.clone(), problem }
    }
}

/// An object that is only a part of one. Where a target says what it is for, it needs no `apiVersion`.
pub(super) struct PatchObject {
    pub(super) value: Value,
    pub(super) id: ResourceId,
}

impl PatchObject {
    fn read(mut value: Value) -> Result<Self, NotAnObject> {
        let has_version = value.get("apiVersion").is_some();
        if let (false, Some(fields)) = (has_version, value.as_object_mut()) {
            fields.insert("apiVersion".into(), UNKNOWN_VERSION.into());
        }
        let object = Object::new(value)?;
        if object.name().is_empty() {
            return Err(NotAnObject::Missing("metadata.name"));
        }
        Ok(Self { id: ResourceId::of(&object), value: object.into_value() })
    }

    /// As kustomize takes it for a target: all labels and annotations are text, and so null takes none away.
    pub(super) fn for_target(&self) -> Self {
        let mut value = self.value.clone();
        if let Some(Value::Object(metadata)) = value.get_mut("metadata") {
            for field in ["labels", "annotations"] {
                match metadata.get_mut(field) {
                    Some(Value::Object(pairs)) if !pairs.is_empty() => pairs
                        .values_mut()
                        .for_each(|value| *value = scalar::text(value).unwrap_or_default().into()),
                    _ => _ = metadata.remove(field),
                }
            }
        }
        Self { value, id: self.id.clone() }
    }

    /// Whether it takes all annotations away.
    pub(super) fn clears_annotations(&self) -> bool {
        let clears =
            |value: &Value| value.is_null() || matches!(value["$patch"].as_str(), Some("replace" | "delete"));
        let metadata = self.value.get("metadata");
        let annotations = metadata.and_then(|metadata| metadata.get("annotations"));
        clears(&self.value) || metadata.is_some_and(clears) || annotations.is_some_and(clears)
    }

    /// Whether it has something else for what is around a field: a list, or a mapping with `$patch` in it.
    pub(super) fn replaces(&self, place: &[String]) -> bool {
        let mut value = Some(&self.value);
        for step in place {
            match value {
                Some(Value::Object(fields)) if fields.contains_key("$patch") => return true,
                Some(Value::Object(fields)) => value = fields.get(step),
                Some(Value::Array(_)) => return true,
                _ => return false,
            }
        }
        false
    }

    /// As messages call it.
    pub(super) fn name(&self) -> String {
        let ResourceId { group, version, kind, namespace, name } = &self.id;
        let api_version = if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
        let namespace =
            if namespace.is_empty() { String::new() } else { format!(" in namespace {namespace}") };
        format!("{api_version} {kind}/{name}{namespace}")
    }
}

/// Stands for the `apiVersion` that a patch does not give; no object has it.
const UNKNOWN_VERSION: &str = "(no apiVersion)";
