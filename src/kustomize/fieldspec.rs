//! Which fields of which kinds a step touches.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Error;
use super::gvk::Gvk;
use super::resource::Resource;

/// A field in the objects of some kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldSpec {
    pub(super) of: Gvk,
    /// Field names with `/` between them (`\/` for one inside of a name). Lists are walked through; a name
    /// with `[]` is never created.
    pub(super) path: Cow<'static, str>,
    /// Whether to make the field, and what is on the way to it, where it is missing.
    pub(super) create: bool,
}

impl FieldSpec {
    /// A field that is changed where it is.
    pub(super) fn at(of: Gvk, path: impl Into<Cow<'static, str>>) -> Self {
        Self { of, path: path.into(), create: false }
    }

    /// A field that is made where it is missing.
    pub(super) fn made(of: Gvk, path: impl Into<Cow<'static, str>>) -> Self {
        Self { of, path: path.into(), create: true }
    }

    /// Hands the field of an object to `set`, if the object is of this kind and has the field. What is
    /// missing is made into `leaf`, where both the step and the rule allow it.
    pub(super) fn apply(
        &self,
        resource: &mut Resource,
        leaf: Option<Leaf>,
        set: impl FnMut(&mut Value) -> Result<(), NoWay>,
    ) -> Result<(), Error> {
        if self.is_for(resource) { self.apply_to_any(resource, leaf, set) } else { Ok(()) }
    }

    /// Whether the object is of a kind that has the field.
    pub(super) fn is_for(&self, resource: &Resource) -> bool {
        let object = &resource.object;
        self.of.selects(object.group(), object.version(), object.kind())
    }

    /// The same, whatever kind the object is of by now.
    pub(super) fn apply_to_any(
        &self,
        resource: &mut Resource,
        leaf: Option<Leaf>,
        mut set: impl FnMut(&mut Value) -> Result<(), NoWay>,
    ) -> Result<(), Error> {
        self.apply_with_trail(resource, leaf, |field, _| set(field))
    }

    /// The same, where `set` has to know which field it is.
    pub(super) fn apply_with_trail(
        &self,
        resource: &mut Resource,
        leaf: Option<Leaf>,
        mut set: impl FnMut(&mut Value, &Trail<'_>) -> Result<(), NoWay>,
    ) -> Result<(), Error> {
        let steps = split(&self.path, '/');
        let create = leaf.filter(|_| self.create);
        let fields = resource.object.fields_mut();
        walk_map(fields, &steps, create, &Trail::Start, &mut set).map_err(|NoWay| Error::FieldShape {
            at: resource.at(),
            object: resource.name(),
            path: self.path.clone().into_owned(),
        })
    }
}

/// The way from the object to a field.
pub(super) enum Trail<'t> {
    Start,
    Name(&'t Trail<'t>, &'t str),
    Item(&'t Trail<'t>, usize),
}

impl Trail<'_> {
    /// The names and list indices on the way, and one more.
    pub(super) fn steps_to(&self, last: &str) -> Vec<String> {
        let mut steps = self.steps();
        steps.push(last.to_owned());
        steps
    }

    fn steps(&self) -> Vec<String> {
        match self {
            Self::Start => Vec::new(),
            Self::Name(before, name) => before.steps_to(name),
            Self::Item(before, index) => before.steps_to(&index.to_string()),
        }
    }
}

/// What a missing field is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    Mapping,
    Scalar,
}

/// The field, or something on the way to it, is of another shape than the step needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoWay;

/// Adds rules to others, as kustomize does: one is there already if its path is, for kinds that it would
/// select. The path of the first one that contradicts another is the error.
pub(super) fn merge(specs: &mut Vec<FieldSpec>, more: &[FieldSpec]) -> Result<(), String> {
    for spec in more {
        match specs.iter().find(|own| own.path == spec.path && spec.of.selects_all_of(&own.of)) {
            None => specs.push(spec.clone()),
            Some(own) if own.create == spec.create => {}
            Some(_) => return Err(spec.path.clone().into_owned()),
        }
    }
    Ok(())
}

/// Sets a single value.
pub(super) fn set_scalar(field: &mut Value, value: impl Into<Value>) -> Result<(), NoWay> {
    match field {
        Value::Object(_) | Value::Array(_) => Err(NoWay),
        _ => {
            *field = value.into();
            Ok(())
        }
    }
}

fn walk(
    value: &mut Value,
    steps: &[String],
    create: Option<Leaf>,
    trail: &Trail<'_>,
    set: &mut impl FnMut(&mut Value, &Trail<'_>) -> Result<(), NoWay>,
) -> Result<(), NoWay> {
    if steps.is_empty() {
        return set(value, trail);
    }
    match value {
        Value::Null => Ok(()),
        Value::Array(items) => {
            let mut items = items.iter_mut().enumerate();
            items.try_for_each(|(at, item)| walk(item, steps, create, &Trail::Item(trail, at), set))
        }
        Value::Object(map) => walk_map(map, steps, create, trail, set),
        _ => Err(NoWay),
    }
}

fn walk_map(
    map: &mut Map<String, Value>,
    steps: &[String],
    create: Option<Leaf>,
    trail: &Trail<'_>,
    set: &mut impl FnMut(&mut Value, &Trail<'_>) -> Result<(), NoWay>,
) -> Result<(), NoWay> {
    let Some((step, rest)) = steps.split_first() else { return Ok(()) };
    let name = step.strip_suffix("[]").unwrap_or(step);
    if name.is_empty() {
        return Err(NoWay);
    }
    let is_list = name != step;
    match (map.get_mut(name), create) {
        (Some(null @ Value::Null), _) if is_list => *null = Value::Array(Vec::new()),
        (None | Some(Value::Null), Some(leaf)) if !is_list => {
            let is_scalar = rest.is_empty() && leaf == Leaf::Scalar;
            let made = if is_scalar { Value::Null } else { Value::Object(Map::new()) };
            map.insert(name.to_owned(), made);
        }
        _ => {}
    }
    match map.get_mut(name) {
        Some(field) => walk(field, rest, create, &Trail::Name(trail, name), set),
        None => Ok(()),
    }
}

/// The steps of a path: `a/b\/c` has two. One delimiter may lead.
pub(super) fn split(path: &str, delimiter: char) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    let mut is_open = false;
    for part in path.strip_prefix(delimiter).unwrap_or(path).split(delimiter) {
        match steps.last_mut() {
            Some(last) if is_open => {
                last.pop();
                last.push(delimiter);
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
        assert_eq!(split(r"metadata/annotations/a.io\/b/c", '/'), ["metadata", "annotations", "a.io/b", "c"]);
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
            ("a[]/b", true, json!({"a": null}), json!({"a": []})),
        ];
        for (path, create, mut value, expected) in table {
            let create = create.then_some(Leaf::Scalar);
            let steps = split(path, '/');
            let walked =
                walk(&mut value, &steps, create, &Trail::Start, &mut |field, _| set_scalar(field, "set"));
            assert!(walked.is_ok());
            assert_eq!(value, expected, "{path}");
        }
        let through_a_number =
            walk(&mut json!({"a": 1}), &split("a/b", '/'), None, &Trail::Start, &mut |_, _| Ok(()));
        assert!(through_a_number.is_err());
    }

    #[test]
    fn a_rule_is_there_already_if_its_path_is_for_kinds_that_it_selects() {
        let pod = |create| FieldSpec { of: Gvk::of("", "v1", "Pod"), path: "a".into(), create };
        let any = FieldSpec::at(Gvk::default(), "a");
        let mut specs = vec![pod(false)];
        merge(&mut specs, &[any.clone(), pod(false)]).unwrap();
        assert_eq!(specs, [pod(false)]);
        assert_eq!(merge(&mut specs, &[pod(true)]), Err("a".into()));
        let mut specs = vec![any.clone()];
        merge(&mut specs, &[pod(true)]).unwrap();
        assert_eq!(specs, [any, pod(true)]);
    }
}
