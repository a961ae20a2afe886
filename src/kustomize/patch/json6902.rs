//! JSON patches (RFC 6902) as the Go package that kustomize uses reads them (evanphx/json-patch, version 4). It asks
//! for less than the RFC: `replace` makes a field that is missing, `copy` takes a missing one for null, an index may
//! count from the end, and what stands before the first slash of a path does not count.

use serde_json::{Map, Number, Value};

use crate::object::Object;

use super::super::resource::Resource;
use super::super::{At, Error, PatchProblem};

/// Beyond this, not every whole number is a float.
const EXACT: u64 = 1 << 53;

/// The operations of a patch, in order.
pub(super) struct Operations {
    list: Vec<Map<String, Value>>,
    at: At,
}

impl Operations {
    pub(super) fn read(items: Vec<Value>, at: At) -> Result<Self, Error> {
        let refuse = |problem| Error::Patch { at: at.clone(), problem };
        if items.is_empty() {
            return Err(refuse(PatchProblem::Empty));
        }
        let operation = |item| match item {
            Value::Object(fields) => Ok(fields),
            other => Err(refuse(PatchProblem::NoPatch(format!("`{other}` is no operation")))),
        };
        let list = items.into_iter().map(operation).collect::<Result<_, _>>()?;
        Ok(Self { list, at })
    }

    /// Does all of them or, where one fails, says which.
    pub(super) fn apply(&self, resource: &mut Resource) -> Result<(), Error> {
        let called = resource.name();
        let refuse = |reason: String| Error::Patch {
            at: self.at.clone(),
            problem: PatchProblem::DoesNotFit { object: called.clone(), reason },
        };
        let mut value = resource.object.to_value();
        resource.note_annotations(&mut value);
        for (at, operation) in self.list.iter().enumerate() {
            run(operation, &mut value).map_err(|reason| {
                refuse(format!("operation {} ({}) fails: {reason}", at + 1, title(operation)))
            })?;
        }
        through_floats(&mut value);
        resource.object = Object::new(value).map_err(|problem| refuse(problem.to_string()))?;
        resource.blanks.clear(); // What was blank is written as null from here on.
        resource.shared.clear();
        Ok(())
    }
}

/// `replace /spec/replicas`.
fn title(operation: &Map<String, Value>) -> String {
    let word = |field| operation.get(field).and_then(Value::as_str).unwrap_or("?");
    format!("{} {}", word("op"), word("path"))
}

fn run(operation: &Map<String, Value>, object: &mut Value) -> Result<(), String> {
    let path = |field: &str| match operation.get(field) {
        Some(Value::String(path)) => Ok(path.as_str()),
        _ => Err(format!("`{field}` is missing or no text")),
    };
    let value = || operation.get("value").cloned().unwrap_or_default();
    match operation.get("op").and_then(Value::as_str).unwrap_or_default() {
        "add" => Target::find(object, path("path")?)?.add(value()),
        "remove" => Target::find(object, path("path")?)?.remove().map(drop),
        "replace" => replace(object, path("path")?, value()),
        "move" => {
            let moved = Target::find(object, path("from")?)?.remove()?;
            Target::find(object, path("path")?)?.add(moved)
        }
        "copy" => {
            let copied = Target::find(object, path("from")?)?.get()?.cloned().unwrap_or_default();
            Target::find(object, path("path")?)?.add(copied)
        }
        "test" => test(object, path("path")?, &value()),
        "" => Err("`op` is missing".into()),
        _ => Err("there is no such operation; it can be add, remove, replace, move, copy or test".into()),
    }
}

fn replace(object: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        *object = value;
        return Ok(());
    }
    Target::find(object, path)?.replace(value)
}

fn test(object: &mut Value, path: &str, expected: &Value) -> Result<(), String> {
    let actual = match path {
        "" => object.clone(),
        path => Target::find(object, path)?.get()?.cloned().unwrap_or_default(),
    };
    if actual == *expected { Ok(()) } else { Err(format!("`{actual}` is there, not `{expected}`")) }
}

/// The place that the last step of a path leads to.
enum Target<'v> {
    Field(&'v mut Map<String, Value>, String),
    Item(&'v mut Vec<Value>, String),
}

impl<'v> Target<'v> {
    fn find(object: &'v mut Value, path: &str) -> Result<Self, String> {
        let steps: Vec<String> =
            path.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
        let Some((last, way)) = steps.split_last() else { return Err("a path begins with a slash".into()) };
        let mut around = object;
        for step in way {
            around = match around {
                Value::Object(fields) => fields.get_mut(step),
                Value::Array(items) => {
                    let at = index(step, items.len(), items.len())?;
                    items.get_mut(at)
                }
                _ => None,
            }
            .ok_or_else(|| format!("there is no `{step}`"))?;
        }
        match around {
            Value::Object(fields) => Ok(Self::Field(fields, last.clone())),
            Value::Array(items) => Ok(Self::Item(items, last.clone())),
            _ => Err(format!("what is around `{last}` is neither a mapping nor a list")),
        }
    }

    /// None for a field that is missing.
    fn get(&self) -> Result<Option<&Value>, String> {
        match self {
            Self::Field(fields, name) => Ok(fields.get(name)),
            Self::Item(items, step) => Ok(items.get(index(step, items.len(), items.len())?)),
        }
    }

    fn add(self, value: Value) -> Result<(), String> {
        match self {
            Self::Field(fields, name) => _ = fields.insert(name, value),
            Self::Item(items, step) if step == "-" => items.push(value),
            Self::Item(items, step) => {
                let at = index(&step, items.len() + 1, items.len())?;
                items.insert(at, value);
            }
        }
        Ok(())
    }

    fn replace(self, value: Value) -> Result<(), String> {
        match self {
            Self::Field(fields, name) => _ = fields.insert(name, value),
            Self::Item(items, step) => {
                let at = index(&step, items.len(), items.len())?;
                items[at] = value;
            }
        }
        Ok(())
    }

    fn remove(self) -> Result<Value, String> {
        match self {
            Self::Field(fields, name) => fields.remove(&name).ok_or_else(|| format!("there is no `{name}`")),
            Self::Item(items, step) => {
                let at = index(&step, items.len(), items.len())?;
                Ok(items.remove(at))
            }
        }
    }
}

/// The place that a step means among so many; -1 is the last of them.
fn index(step: &str, places: usize, items: usize) -> Result<usize, String> {
    let at: isize = step.parse().map_err(|_| format!("`{step}` is no index of a list"))?;
    let from_end = || places.checked_sub(at.unsigned_abs());
    let at = if at < 0 { from_end() } else { usize::try_from(at).ok() };
    at.filter(|at| *at < places).ok_or_else(|| format!("there is no item {step} among {items}"))
}

/// All numbers become floats on the way through Go's JSON, and large ones are rounded.
fn through_floats(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(through_floats),
        Value::Array(items) => items.iter_mut().for_each(through_floats),
        Value::Number(number) if !number.is_f64() => {
            let size = number.as_i64().map_or_else(|| number.as_u64(), |number| Some(number.unsigned_abs()));
            if size.is_some_and(|size| size > EXACT)
                && let Some(rounded) = number.as_f64()
            {
                let whole = format!("{rounded:.0}").parse().ok();
                *number = whole.or_else(|| Number::from_f64(rounded)).unwrap_or_else(|| number.clone());
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(object: Value, operation: Value) -> Result<Value, String> {
        let mut object = object;
        run(operation.as_object().unwrap(), &mut object).map(|()| object)
    }

    #[test]
    fn operations_do_what_they_do_in_go() {
        let table = [
            (json!({"op": "add", "path": "/b", "value": 1}), json!({"a": [1, 2], "b": 1})),
            (json!({"op": "add", "path": "/b"}), json!({"a": [1, 2], "b": null})),
            (json!({"op": "add", "path": "/a/-", "value": 3}), json!({"a": [1, 2, 3]})),
            (json!({"op": "add", "path": "/a/2", "value": 3}), json!({"a": [1, 2, 3]})),
            (json!({"op": "add", "path": "/a/-1", "value": 3}), json!({"a": [1, 2, 3]})),
            (json!({"op": "add", "path": "/a/0", "value": 3}), json!({"a": [3, 1, 2]})),
            (json!({"op": "replace", "path": "/b", "value": 1}), json!({"a": [1, 2], "b": 1})),
            (json!({"op": "replace", "path": "/a/-1", "value": 3}), json!({"a": [1, 3]})),
            (json!({"op": "replace", "path": "", "value": {}}), json!({})),
            (json!({"op": "remove", "path": "/a/-2"}), json!({"a": [2]})),
            (json!({"op": "move", "from": "/a/0", "path": "/b"}), json!({"a": [2], "b": 1})),
            (json!({"op": "copy", "from": "/none", "path": "/b"}), json!({"a": [1, 2], "b": null})),
            (json!({"op": "copy", "from": "/a", "path": "/b~1c"}), json!({"a": [1, 2], "b/c": [1, 2]})),
            (json!({"op": "test", "path": "/none", "value": null}), json!({"a": [1, 2]})),
            (json!({"op": "remove", "path": "x/a"}), json!({})),
        ];
        for (operation, expected) in table {
            assert_eq!(patched(json!({"a": [1, 2]}), operation.clone()), Ok(expected), "{operation}");
        }
    }

    #[test]
    fn operations_that_fit_nothing_say_why() {
        let table = [
            (json!({"op": "add", "path": "/a/4", "value": 3}), "there is no item 4 among 2"),
            (json!({"op": "replace", "path": "/a/2", "value": 3}), "there is no item 2 among 2"),
            (json!({"op": "remove", "path": "/b"}), "there is no `b`"),
            (json!({"op": "remove", "path": "/a/x"}), "`x` is no index of a list"),
            (json!({"op": "add", "path": "/b/c", "value": 1}), "there is no `b`"),
            (json!({"op": "add", "path": "/a/0/c"}), "what is around `c` is neither a mapping nor a list"),
            (json!({"op": "test", "path": "/a/0", "value": 2}), "`1` is there, not `2`"),
            (json!({"op": "add", "path": ""}), "a path begins with a slash"),
            (json!({"op": "add"}), "`path` is missing or no text"),
            (json!({"path": "/a"}), "`op` is missing"),
        ];
        for (operation, reason) in table {
            assert_eq!(patched(json!({"a": [1, 2]}), operation.clone()), Err(reason.into()), "{operation}");
        }
    }

    #[test]
    fn large_numbers_are_rounded_as_floats_are() {
        let mut value = json!([9_007_199_254_740_993_i64, -5, 9_007_199_254_740_992_i64]);
        through_floats(&mut value);
        assert_eq!(value, json!([9_007_199_254_740_992_i64, -5, 9_007_199_254_740_992_i64]));
    }
}
