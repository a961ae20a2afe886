use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{GroupKind, ObjectId, group_of};

/// One Kubernetes object of any kind: a JSON object that has `apiVersion`, `kind` and a name
/// (or a `generateName`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Object(Map<String, Value>);

/// Why a value is no Kubernetes object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnObject {
    #[error("not a mapping")]
    NotAMapping,
    #[error("`{0}` is missing or not a string")]
    Missing(&'static str),
}

impl TryFrom<Value> for Object {
    type Error = NotAnObject;

    fn try_from(value: Value) -> Result<Self, NotAnObject> {
        Self::new(value)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        object.into_value()
    }
}

impl Object {
    /// Takes any JSON value that has the three fields every object has.
    pub fn new(value: Value) -> Result<Self, NotAnObject> {
        let Value::Object(map) = value else {
            return Err(NotAnObject::NotAMapping);
        };
        let is_text = |value: Option<&Value>| value.and_then(Value::as_str).is_some_and(|s| !s.is_empty());
        for field in ["apiVersion", "kind"] {
            if !is_text(map.get(field)) {
                return Err(NotAnObject::Missing(field));
            }
        }
        let metadata = map.get("metadata");
        let is_named = ["name", "generateName"].iter().any(|key| is_text(metadata.and_then(|m| m.get(key))));
        if !is_named {
            return Err(NotAnObject::Missing("metadata.name"));
        }
        Ok(Self(map))
    }

    pub fn api_version(&self) -> &str {
        self.text("/apiVersion").unwrap_or_default()
    }

    pub fn kind(&self) -> &str {
        self.text("/kind").unwrap_or_default()
    }

    pub fn name(&self) -> &str {
        self.text("/metadata/name").unwrap_or_default()
    }

    pub fn namespace(&self) -> Option<&str> {
        self.text("/metadata/namespace").filter(|namespace| !namespace.is_empty())
    }

    /// The API group, empty for core.
    pub fn group(&self) -> &str {
        group_of(self.api_version())
    }

    /// The version without its group: `v1` of `apps/v1`.
    pub fn version(&self) -> &str {
        self.api_version().rsplit('/').next().unwrap_or_default()
    }

    pub fn group_kind(&self) -> GroupKind {
        GroupKind::of(self.api_version(), self.kind())
    }

    pub fn id(&self) -> ObjectId {
        ObjectId {
            group_kind: self.group_kind(),
            namespace: self.namespace().map(str::to_owned),
            name: self.name().to_owned(),
        }
    }

    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group() == group && self.kind() == kind
    }

    pub fn label(&self, key: &str) -> Option<&str> {
        self.metadata_entry("labels", key)
    }

    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata_entry("annotations", key)
    }

    /// Whether it is on its way out.
    pub fn is_being_deleted(&self) -> bool {
        self.text("/metadata/deletionTimestamp").is_some_and(|time| !time.is_empty())
    }

    /// What has to be done before the object is gone; each is taken away by who does it.
    pub fn finalizers(&self) -> Vec<&str> {
        let finalizers = self.pointer("/metadata/finalizers").and_then(Value::as_array);
        finalizers.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// What an Event is about: `involvedObject` of core/v1, `regarding` of events.k8s.io/v1.
    pub fn regarded(&self) -> Option<&Value> {
        let is_event = self.kind() == "Event" && matches!(self.group(), "" | "events.k8s.io");
        let about =
            is_event.then(|| ["involvedObject", "regarding"].iter().find_map(|field| self.0.get(*field)));
        about.flatten().filter(|about| !about.is_null())
    }

    /// Whether this manager has applied the object, server-side.
    pub fn is_applied_by(&self, manager: &str) -> bool {
        let entries = self.pointer("/metadata/managedFields").and_then(Value::as_array);
        let mut entries = entries.into_iter().flatten();
        entries.any(|entry| entry["manager"] == manager && entry["operation"] == "Apply")
    }

    /// Sets `metadata.labels[key]`, making the mapping where there is none.
    pub fn set_label(&mut self, key: &str, value: &str) {
        self.set_metadata_entry("labels", key, value);
    }

    pub fn remove_label(&mut self, key: &str) {
        let labels = self.metadata_mut().get_mut("labels").and_then(Value::as_object_mut);
        labels.and_then(|labels| labels.remove(key));
    }

    /// Sets `metadata.annotations[key]`, making the mapping where there is none.
    pub fn set_annotation(&mut self, key: &str, value: &str) {
        self.set_metadata_entry("annotations", key, value);
    }

    pub fn set_namespace(&mut self, namespace: &str) {
        self.metadata_mut().insert("namespace".into(), namespace.into());
    }

    /// The value at a JSON pointer (RFC 6901).
    pub fn pointer(&self, pointer: &str) -> Option<&Value> {
        let mut parts = pointer.strip_prefix('/')?.splitn(2, '/');
        let first = self.0.get(parts.next()?)?;
        match parts.next() {
            Some(rest) => first.pointer(&format!("/{rest}")),
            None => Some(first),
        }
    }

    /// The string at a JSON pointer (RFC 6901).
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.pointer(pointer).and_then(Value::as_str)
    }

    /// The value at a JSON pointer (RFC 6901), to be changed.
    pub fn pointer_mut(&mut self, pointer: &str) -> Option<&mut Value> {
        let mut parts = pointer.strip_prefix('/')?.splitn(2, '/');
        let first = self.0.get_mut(parts.next()?)?;
        match parts.next() {
            Some(rest) => first.pointer_mut(&format!("/{rest}")),
            None => Some(first),
        }
    }

    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    pub fn fields_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }

    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    pub fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }

    fn metadata_entry(&self, map: &str, key: &str) -> Option<&str> {
        self.0.get("metadata")?.get(map)?.get(key)?.as_str()
    }

    fn set_metadata_entry(&mut self, map: &str, key: &str, value: &str) {
        let entries = self.metadata_mut().entry(map).or_insert(Value::Null);
        as_map(entries).insert(key.into(), value.into());
    }

    fn metadata_mut(&mut self) -> &mut Map<String, Value> {
        as_map(self.0.entry("metadata").or_insert(Value::Null))
    }
}

/// The mapping in a value; what is no mapping (`labels: null`, say) becomes an empty one.
fn as_map(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("just made a mapping"),
    }
}
