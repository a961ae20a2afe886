//! Which fields of which kinds a step touches.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Error;
use super::resource::Resource;

/// A field in the objects of one kind; an empty group, version or kind stands for any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldSpec {
    pub(super) group: Cow<'static, str>,
    pub(super) version: Cow<'static, str>,
    pub(super) kind: Cow<'static, str>,
    /// Field names with `/` between them (`\/` for one inside of a name). Lists are walked through; a name
    /// with `[]` is never created.
    pub(super) path: Cow<'static, str>,
    /// Whether to make the field, and what is on the way to it, where it is missing.
    pub(super) create: bool,
}

impl FieldSpec {
    pub(super) const fn of(
        group: &'static str,
        kind: &'static str,
        path: &'static str,
        create: bool,
    ) -> Self {
        Self::at_version(group, "", kind, path, create)
    }

    /// The field in the objects of one API version only.
    pub(super) const fn at_version(
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        path: &'static str,
        create: bool,
    ) -> Self {
        let (group, version) = (Cow::Borrowed(group), Cow::Borrowed(version));
        Self { group, version, kind: Cow::Borrowed(kind), path: Cow::Borrowed(path), create }
    }

    fn selects(&self, resource: &Resource) -> bool {
        let object = &resource.object;
        let is = |wanted: &str, actual: &str| wanted.is_empty() || wanted == actual;
        is(&self.kind, object.kind())
            && is(&self.group, object.group())
            && is(&self.version, object.version())
    }

    /// Hands the field of an object to `set`, if the object is of this kind and has the field.
    pub(super) fn apply(
        &self,
        resource: &mut Resource,
        leaf: Leaf,
        set: impl FnMut(&mut Value),
    ) -> Result<(), Error> {
        if self.selects(resource) { self.apply_to_any(resource, leaf, set) } else { Ok(()) }
    }

    /// The same, whatever kind the object is of by now.
    pub(super) fn apply_to_any(
        &self,
        resource: &mut Resource,
        leaf: Leaf,
        mut set: impl FnMut(&mut Value),
    ) -> Result<(), Error> {
        let steps = split(&self.path);
        let create = self.create.then_some(leaf);
        walk_map(resource.object.fields_mut(), &steps, create, &mut set).map_err(|NoWay| Error::FieldShape {
            at: resource.at(),
            object: resource.name(),
            path: self.path.clone().into_owned(),
        })
    }
}

/// What a missing field is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    Mapping,
    Scalar,
}

/// A scalar stands where the path goes on.
struct NoWay;

fn walk(
    value: &mut Value,
    steps: &[String],
    create: Option<Leaf>,
    set: &mut impl FnMut(&mut Value),
) -> Result<(), NoWay> {
    if steps.is_empty() {
        set(value);
        return Ok(());
    }
    match value {
        Value::Null => Ok(()),
        Value::Array(items) => items.iter_mut().try_for_each(|item| walk(item, steps, create, set)),
        Value::Object(map) => walk_map(map, steps, create, set),
        _ => Err(NoWay),
    }
}

fn walk_map(
    map: &mut Map<String, Value>,
    steps: &[String],
    create: Option<Leaf>,
    set: &mut impl FnMut(&mut Value),
) -> Result<(), NoWay> {
    let Some((step, rest)) = steps.split_first() else { return Ok(()) };
    let name = step.strip_suffix("[]").unwrap_or(step);
    let is_missing = map.get(name).is_none_or(Value::is_null);
    if is_missing
        && name == step
        && let Some(leaf) = create
    {
        let is_scalar = rest.is_empty() && leaf == Leaf::Scalar;
        let made = if is_scalar { Value::Null } else { Value::Object(Map::new()) };
        map.insert(name.to_owned(), made);
    }
    match map.get_mut(name) {
        Some(field) => walk(field, rest, create, set),
        None => Ok(()),
    }
}

/// The steps of a path: `a/b\/c` has two.
pub(super) fn split(path: &str) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    let mut is_open = false;
    for part in path.trim_start_matches('/').split('/') {
        match steps.last_mut() {
            Some(last) if is_open => {
                last.pop();
                last.push('/');
                last.push_str(part);
            }
            _ => steps.push(part.to_owned()),
        }
        is_open = part.ends_with('\\');
    }
    steps
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_slash_can_be_part_of_a_name() {
        assert_eq!(split(r"metadata/annotations/a.io\/b/c"), ["metadata", "annotations", "a.io/b", "c"]);
    }

    #[test]
    fn lists_are_walked_through_and_missing_fields_made_where_allowed() {
        let table = [
            ("a/b", true, json!({}), json!({"a": {"b": "set"}})),
            ("a/b", false, json!({}), json!({})),
            ("a/b", true, json!({"a": null}), json!({"a": {"b": "set"}})),
            ("a/b", false, json!({"a": [{"b": 1}, {}]}), json!({"a": [{"b": "set"}, {}]})),
            ("a/b", true, json!({"a": [{"b": 1}, {}]}), json!({"a": [{"b": "set"}, {"b": "set"}]})),
            ("a[]/b", true, json!({}), json!({})),
        ];
        for (path, create, mut value, expected) in table {
            let create = create.then_some(Leaf::Scalar);
            let walked = walk(&mut value, &split(path), create, &mut |field| *field = "set".into());
            assert!(walked.is_ok());
            assert_eq!(value, expected, "{path}");
        }
        assert!(walk(&mut json!({"a": 1}), &split("a/b"), None, &mut |_| {}).is_err());
    }
}
