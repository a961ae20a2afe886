//! Strategic merge: mappings are merged, null deletes, and lists of builtin kinds are merged by the keys
//! that their schema names. Directives: `$patch: delete`, `replace` or `merge`, and `$retainKeys`.

use serde_json::{Map, Value};

use super::schema::{self, Field, ListMerge, Type};

const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";

/// The object with the patch merged into it; None if the patch deletes it. The reason of a refusal names
/// the field.
pub(super) fn merge(object: Value, patch: Value) -> Result<Option<Value>, String> {
    let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let schema = schema::of_kind(&text("apiVersion"), &text("kind"));
    value(Some(object), patch, Some(Field::Of(schema)), "")
}

fn value(
    old: Option<Value>,
    patch: Value,
    field: Option<Field>,
    path: &str,
) -> Result<Option<Value>, String> {
    let old = old.filter(|old| !old.is_null());
    match (old, patch) {
        (_, Value::Null) => Ok(None),
        (None, Value::Object(patch)) => mapping(Map::new(), patch, field, path),
        (Some(Value::Object(old)), Value::Object(patch)) => mapping(old, patch, field, path),
        (None, Value::Array(patch)) => list(Vec::new(), patch, field, path),
        (Some(Value::Array(old)), Value::Array(patch)) => list(old, patch, field, path),
        (Some(old @ (Value::Object(_) | Value::Array(_))), patch) => Err(misfit(path, &old, &patch)),
        (Some(old), patch @ (Value::Object(_) | Value::Array(_))) => Err(misfit(path, &old, &patch)),
        (_, patch) => Ok(Some(patch)),
    }
}

fn mapping(
    old: Map<String, Value>,
    mut patch: Map<String, Value>,
    field: Option<Field>,
    path: &str,
) -> Result<Option<Value>, String> {
    let mut merged = match directive(patch.remove(PATCH), path)? {
        Directive::Delete => return Ok(None),
        Directive::Replace => Map::new(),
        Directive::Merge => old,
    };
    let type_ = match field {
        Some(Field::Of(type_) | Field::List(_, type_)) => Some(type_),
        None => None,
    };
    let retained = patch.remove(RETAIN_KEYS);
    for (name, patch) in patch {
        let below = format!("{path}/{name}");
        let field = type_.and_then(|type_| type_.field(&name));
        if let Some(new) = value(merged.remove(&name), patch, field, &below)? {
            merged.insert(name, new);
        }
    }
    if let Some(Value::Array(retained)) = retained {
        merged.retain(|name, _| retained.iter().any(|kept| kept == name));
    }
    Ok(Some(Value::Object(merged)))
}

fn list(
    old: Vec<Value>,
    mut patch: Vec<Value>,
    field: Option<Field>,
    path: &str,
) -> Result<Option<Value>, String> {
    let mut old = old;
    if let Some(at) = patch.iter().position(is_directive_only) {
        let Value::Object(mut item) = patch.remove(at) else { return Ok(None) };
        match directive(item.remove(PATCH), path)? {
            Directive::Delete => return Ok(None),
            Directive::Replace => old.clear(),
            Directive::Merge => {}
        }
    }
    let merged = match field {
        Some(Field::List(ListMerge::ByKeys(keys), item)) => by_keys(old, patch, keys, item, path)?,
        Some(Field::List(ListMerge::AsSet, _)) => as_set(old, patch),
        _ => patch,
    };
    Ok(Some(Value::Array(merged)))
}

/// An item like `- $patch: replace` speaks for its whole list.
fn is_directive_only(item: &Value) -> bool {
    item.as_object().is_some_and(|item| item.len() == 1 && item.contains_key(PATCH))
}

/// The items of the patch come first, in its order, then the others: kustomize's order.
fn by_keys(
    mut old: Vec<Value>,
    patch: Vec<Value>,
    keys: &[&str],
    type_: &'static Type,
    path: &str,
) -> Result<Vec<Value>, String> {
    let mut merged: Vec<Value> = Vec::new();
    for item in patch {
        if item.get(keys[0]).is_none_or(Value::is_null) {
            if old.is_empty() {
                merged.push(item); // Nothing to mistake it for; the API server is to judge.
                continue;
            }
            return Err(format!("an item of `{}` has no `{}`", path.trim_start_matches('/'), keys[0]));
        }
        let is_same = |other: &Value| keys.iter().all(|key| key_of(other, key) == key_of(&item, key));
        let earlier = merged.iter().position(is_same);
        let existing = match earlier {
            Some(at) => Some(merged.remove(at)),
            None => old.iter().position(is_same).map(|at| old.remove(at)),
        };
        let below = format!("{path}/{}", key_of(&item, keys[0]));
        if let Some(new) = value(existing, item, Some(Field::Of(type_)), &below)? {
            merged.insert(earlier.unwrap_or(merged.len()), new);
        }
    }
    merged.append(&mut old);
    Ok(merged)
}

/// The text of a key. A port without a protocol is a TCP port, so it is the same as one that says so.
fn key_of(item: &Value, key: &str) -> String {
    match item.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(value) if !value.is_null() => value.to_string(),
        _ if key == "protocol" => "TCP".into(),
        _ => String::new(),
    }
}

fn as_set(old: Vec<Value>, patch: Vec<Value>) -> Vec<Value> {
    let mut merged: Vec<Value> = Vec::new();
    for item in patch.into_iter().chain(old) {
        if !merged.contains(&item) {
            merged.push(item);
        }
    }
    merged
}

enum Directive {
    Delete,
    Replace,
    Merge,
}

fn directive(value: Option<Value>, path: &str) -> Result<Directive, String> {
    match value.as_ref().map(|value| value.as_str().unwrap_or_default()) {
        None | Some("merge") => Ok(Directive::Merge),
        Some("replace") => Ok(Directive::Replace),
        Some("delete") => Ok(Directive::Delete),
        Some(other) => {
            Err(format!("`{}` asks for `$patch: {other}`; it can be delete, replace or merge", shown(path)))
        }
    }
}

fn misfit(path: &str, old: &Value, patch: &Value) -> String {
    let kind = |value: &Value| match value {
        Value::Object(_) => "a mapping",
        Value::Array(_) => "a list",
        _ => "a single value",
    };
    format!("`{}` is {}, and the patch has {} there", shown(path), kind(old), kind(patch))
}

fn shown(path: &str) -> &str {
    match path.trim_start_matches('/') {
        "" => "the object",
        path => path,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(pod: Value) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": pod}}})
    }

    fn patched(object: Value, patch: Value) -> Value {
        merge(object, patch).unwrap().unwrap()
    }

    #[test]
    fn pods_are_merged_by_the_keys_of_their_lists() {
        let table = [
            (
                "items are found by their key, and those of the patch come first",
                json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}),
                json!({"containers": [{"name": "b", "image": "2"}]}),
                json!({"containers": [{"name": "b", "image": "2"}, {"name": "a", "image": "1"}]}),
            ),
            (
                "an item can be deleted",
                json!({"containers": [{"name": "a"}, {"name": "b"}]}),
                json!({"containers": [{"name": "b", "$patch": "delete"}]}),
                json!({"containers": [{"name": "a"}]}),
            ),
            (
                "a list can be replaced",
                json!({"containers": [{"name": "a"}, {"name": "b"}]}),
                json!({"containers": [{"$patch": "replace"}, {"name": "c"}]}),
                json!({"containers": [{"name": "c"}]}),
            ),
            (
                "a port without a protocol is a TCP port",
                json!({"containers": [{"name": "a", "ports": [{"containerPort": 80, "protocol": "TCP"}]}]}),
                json!({"containers": [{"name": "a", "ports": [{"containerPort": 80, "name": "web"}]}]}),
                json!({"containers": [
                    {"name": "a", "ports": [{"containerPort": 80, "protocol": "TCP", "name": "web"}]},
                ]}),
            ),
            (
                "a list without a key is replaced",
                json!({"tolerations": [{"key": "a"}]}),
                json!({"tolerations": [{"key": "b"}]}),
                json!({"tolerations": [{"key": "b"}]}),
            ),
            (
                "retained keys are all that is left",
                json!({"volumes": [{"name": "v", "emptyDir": {}}]}),
                json!({"volumes": [{"name": "v", "$retainKeys": ["name", "secret"], "secret": {}}]}),
                json!({"volumes": [{"name": "v", "secret": {}}]}),
            ),
            (
                "directives and nulls in what is new mean what they say",
                json!({}),
                json!({"securityContext": {"a": null, "b": {"$patch": "delete"}, "c": {"$patch": "merge", "d": 1}}}),
                json!({"securityContext": {"c": {"d": 1}}}),
            ),
        ];
        for (name, old, patch, expected) in table {
            assert_eq!(patched(deployment(old), deployment(patch)), deployment(expected), "{name}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_field() {
        let old = deployment(json!({"containers": [{"name": "a"}]}));
        let table = [
            (json!({"containers": {"name": "a"}}), "spec/template/spec/containers"),
            (json!({"containers": [{"image": "x"}]}), "has no `name`"),
            (json!({"containers": [{"name": "a", "$patch": "dlete"}]}), "$patch: dlete"),
        ];
        for (patch, reason) in table {
            let error = merge(old.clone(), deployment(patch)).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn kinds_without_a_schema_have_their_lists_replaced() {
        let object = |hosts: Value| json!({"apiVersion": "networking.istio.io/v1beta1", "kind": "VirtualService", "spec": {"hosts": hosts, "http": [{"name": "a"}]}});
        let patch = json!({"spec": {"hosts": ["b"]}});
        assert_eq!(patched(object(json!(["a"])), patch), object(json!(["b"])));
    }

    #[test]
    fn finalizers_are_a_set() {
        let object = |finalizers: Value| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"finalizers": finalizers}});
        assert_eq!(
            patched(object(json!(["a", "b"])), object(json!(["c", "a"]))),
            object(json!(["c", "a", "b"]))
        );
    }
}
