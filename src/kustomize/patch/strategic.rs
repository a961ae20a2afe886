//! Strategic merge as kustomize does it (kyaml's walk and merge2): mappings are merged, null deletes, and
//! lists of known kinds are merged by the keys that their schema names. Of Kubernetes' directives it knows
//! `$patch` alone; all others stay in the object.

mod list;

use serde_json::{Map, Value};

use super::super::schema::{Merge, Schema, Type};

const PATCH: &str = "$patch";

/// The object with the patch merged into it; None if the patch deletes it. The reason of a refusal names
/// the field.
pub(super) fn merge(object: Value, patch: Value, schema: &Schema) -> Result<Option<Value>, String> {
    let place = Place { type_: schema.of_value(Some(&object)), merge: Merge::Plain, path: "" };
    Ok(Merger { schema }.value(Some(object), Theirs::Other(patch), place)?.map(Merged::value))
}

/// Takes the fields out of an object that have nothing behind their colon, as a merge does that comes across
/// them. A null that is written stays.
pub(super) fn drop_blank(object: &mut Value, blanks: &[String], schema: &Schema) {
    let type_ = schema.of_value(Some(object));
    for blank in blanks {
        let steps: Vec<String> =
            blank.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
        remove_blank(object, &steps, type_, &Merge::Plain);
    }
}

fn remove_blank(value: &mut Value, steps: &[String], type_: Option<Type<'_>>, merge: &Merge) {
    let Some((step, rest)) = steps.split_first() else { return };
    match value {
        Value::Object(map) if rest.is_empty() && map.get(step).is_some_and(Value::is_null) => {
            map.remove(step);
        }
        Value::Object(map) => {
            let field = type_.and_then(|type_| type_.field(step));
            let merge = field.as_ref().map_or(Merge::Plain, |field| field.merge.clone());
            if let Some(value) = map.get_mut(step) {
                remove_blank(value, rest, field.and_then(|field| field.type_), &merge);
            }
        }
        Value::Array(items) if *merge != Merge::Plain => {
            if let Some(item) = step.parse().ok().and_then(|index: usize| items.get_mut(index)) {
                remove_blank(item, rest, type_, &Merge::Plain);
            }
        }
        _ => {}
    }
}

/// What came out, and whose it is. kustomize merges in place: what is the object's own is changed where it
/// stands.
#[derive(Debug, PartialEq)]
enum Merged {
    Own(Value),
    FromPatch(Value),
}

impl Merged {
    fn value(self) -> Value {
        match self {
            Self::Own(value) | Self::FromPatch(value) => value,
        }
    }
}

/// What the patch has where the object has something.
enum Theirs<T> {
    Nothing,
    /// The very same: what the patch adds or puts in the place of another is merged with itself. That takes nulls
    /// and directives out of it.
    Same,
    Other(T),
}

/// Where in the object a value stands, and what is known of it.
struct Place<'s, 'p> {
    type_: Option<Type<'s>>,
    merge: Merge,
    path: &'p str,
}

struct Merger<'s> {
    schema: &'s Schema,
}

impl<'s> Merger<'s> {
    fn value(
        &self,
        own: Option<Value>,
        theirs: Theirs<Value>,
        place: Place<'s, '_>,
    ) -> Result<Option<Merged>, String> {
        let ours = own.as_ref().filter(|value| !value.is_null());
        let other = match &theirs {
            Theirs::Other(value) if !value.is_null() => Some(value),
            _ => None,
        };
        let form = match (ours, other) {
            // A null that is written stays, unless the patch says null too.
            (None, None) => return Ok(own.filter(|_| matches!(theirs, Theirs::Nothing)).map(Merged::Own)),
            (Some(ours), Some(other)) if Form::of(ours) != Form::of(other) => {
                return Err(misfit(place.path, ours, other));
            }
            (Some(one), _) | (None, Some(one)) => Form::of(one),
        };
        match form {
            Form::Mapping => self.mapping(own, theirs, place),
            Form::List if place.merge != Merge::Plain => self.list(own, theirs, place),
            _ => Ok(match theirs {
                Theirs::Other(Value::Null) => None,
                Theirs::Other(patch) => Some(Merged::FromPatch(patch)),
                Theirs::Nothing | Theirs::Same => own.map(Merged::Own),
            }),
        }
    }

    fn mapping(
        &self,
        own: Option<Value>,
        theirs: Theirs<Value>,
        place: Place<'s, '_>,
    ) -> Result<Option<Merged>, String> {
        let Place { type_, path, .. } = place;
        let other = if let Theirs::Other(value) = &theirs { Some(value) } else { None };
        let type_ =
            type_.or_else(|| self.schema.of_value(own.as_ref())).or_else(|| self.schema.of_value(other));
        let own_merged = |fields| Ok(Some(Merged::Own(fields)));
        let added = |fields| Ok(Some(Merged::FromPatch(self.fields(fields, Theirs::Same, type_, path)?)));
        match (own, theirs) {
            (_, Theirs::Other(Value::Null)) => Ok(None),
            (Some(Value::Object(own)), Theirs::Nothing) => {
                own_merged(self.fields(own, Theirs::Nothing, type_, path)?)
            }
            (Some(Value::Object(mut own)), Theirs::Same) => {
                match directive(own.remove(PATCH).as_ref(), path)? {
                    Some(Directive::Delete) => Ok(None),
                    _ => own_merged(self.fields(own, Theirs::Same, type_, path)?),
                }
            }
            (Some(Value::Object(own)), Theirs::Other(Value::Object(mut patch))) => {
                match directive(patch.remove(PATCH).as_ref(), path)? {
                    None | Some(Directive::Merge) => {
                        own_merged(self.fields(own, Theirs::Other(patch), type_, path)?)
                    }
                    Some(Directive::Delete) => Ok(None),
                    Some(Directive::Replace) => added(patch),
                }
            }
            (_, Theirs::Other(Value::Object(mut patch))) => {
                // Here an unknown directive is no error, and stays.
                match directive(patch.get(PATCH), path) {
                    Ok(Some(Directive::Delete)) => return Ok(None),
                    Ok(Some(_)) => _ = patch.remove(PATCH),
                    Ok(None) | Err(_) => {}
                }
                added(patch)
            }
            (own, _) => Ok(own.map(Merged::Own)),
        }
    }

    fn fields(
        &self,
        mut own: Map<String, Value>,
        mut theirs: Theirs<Map<String, Value>>,
        type_: Option<Type<'s>>,
        path: &str,
    ) -> Result<Value, String> {
        let mut names: Vec<String> = own.keys().cloned().collect();
        if let Theirs::Other(patch) = &theirs {
            names.extend(patch.keys().filter(|name| !own.contains_key(*name)).cloned());
        }
        for name in names {
            let theirs = match &mut theirs {
                Theirs::Nothing => Theirs::Nothing,
                Theirs::Same => Theirs::Same,
                Theirs::Other(patch) => patch.remove(&name).map_or(Theirs::Nothing, Theirs::Other),
            };
            let ours = match own.get_mut(&name) {
                // Nothing in here can change.
                Some(ours) if matches!(theirs, Theirs::Nothing) && Form::of(ours) == Form::Single => continue,
                Some(ours) => Some(ours.take()),
                None => None,
            };
            let below = format!("{path}/{name}");
            let (merge, type_) = match type_.and_then(|type_| type_.field(&name)) {
                Some(field) => (field.merge, field.type_),
                None => (Merge::Plain, None),
            };
            match self.value(ours, theirs, Place { type_, merge, path: &below })? {
                Some(merged) => _ = own.insert(name, merged.value()),
                None => _ = own.remove(&name),
            }
        }
        Ok(Value::Object(own))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Mapping,
    List,
    Single,
}

impl Form {
    fn of(value: &Value) -> Self {
        match value {
            Value::Object(_) => Self::Mapping,
            Value::Array(_) => Self::List,
            _ => Self::Single,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Directive {
    Delete,
    Replace,
    Merge,
}

fn directive(value: Option<&Value>, path: &str) -> Result<Option<Directive>, String> {
    let Some(value) = value else { return Ok(None) };
    match value.as_str().unwrap_or_default() {
        "merge" => Ok(Some(Directive::Merge)),
        "replace" => Ok(Some(Directive::Replace)),
        "delete" => Ok(Some(Directive::Delete)),
        other => {
            Err(format!("`{}` asks for `$patch: {other}`; it can be delete, replace or merge", shown(path)))
        }
    }
}

fn misfit(path: &str, own: &Value, patch: &Value) -> String {
    let name = |value: &Value| match Form::of(value) {
        Form::Mapping => "a mapping",
        Form::List => "a list",
        Form::Single => "a single value",
    };
    format!("`{}` is {}, and the patch has {} there", shown(path), name(own), name(patch))
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
        merge(object, patch, &Schema::builtin()).unwrap().unwrap()
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
                "a list without a key is replaced",
                json!({"tolerations": [{"key": "a"}]}),
                json!({"tolerations": [{"key": "b"}]}),
                json!({"tolerations": [{"key": "b"}]}),
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
            (json!({"containers": [{"name": "a", "$patch": "dlete"}]}), "$patch: dlete"),
        ];
        for (patch, reason) in table {
            let error = merge(old.clone(), deployment(patch), &Schema::builtin()).unwrap_err();
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

    #[test]
    fn fields_with_nothing_behind_their_colon_are_dropped_where_the_merge_goes() {
        let mut object = deployment(json!({
            "containers": [{"name": "a", "env": null}, {"name": "b", "command": null}],
            "tolerations": [{"key": null}],
        }));
        let pod = "/spec/template/spec";
        let blanks = [format!("{pod}/containers/0/env"), format!("{pod}/tolerations/0/key")];
        drop_blank(&mut object, &blanks, &Schema::builtin());
        let expected = deployment(json!({
            "containers": [{"name": "a"}, {"name": "b", "command": null}],
            "tolerations": [{"key": null}],
        }));
        assert_eq!(object, expected);
    }
}
