use serde_json::{Value, json};

use crate::object::Object;

/// An object with these further fields.
pub(super) fn object(
    api_version: &str,
    kind: &str,
    name: &str,
    namespace: Option<&str>,
    more: &Value,
) -> Object {
    let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
    if let Some(namespace) = namespace {
        object["metadata"]["namespace"] = namespace.into();
    }
    json_patch::merge(&mut object, more);
    Object::new(object).unwrap()
}
