//! Paths to single fields, `spec.template.spec.containers.[name=web].image`, as replacements and vars write
//! them (kyaml's PathGetter and PathMatcher).

use std::fmt;

use regex::Regex;
use serde_json::{Map, Value};

use super::fieldspec::split;
use super::scalar;

/// A path of field names, list indices (`0`), items by a field (`[name=web]`) or by value (`[=-v]`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldPath(Vec<String>);

/// Why a path leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoWay {
    NotAMapping(String),
    NotAList(String),
    NoSuchItem { index: usize, items: usize },
    NoItem(String),
    Regex(String),
    Wildcard,
}

impl fmt::Display for NoWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAMapping(step) => write!(f, "`{step}` asks for a field of what is no mapping"),
            Self::NotAList(step) => write!(f, "`{step}` asks for an item of what is no list"),
            Self::NoSuchItem { index, items } => write!(f, "there is no item {index} among {items}"),
            Self::NoItem(step) => write!(f, "`{step}` has not the form `[field=value]`"),
            Self::Regex(step) => write!(f, "`{step}` is not a regular expression that matches itself"),
            Self::Wildcard => write!(f, "`*` has no place in the path of a source"),
        }
    }
}

/// What is made where a path leads to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Mapping,
    List,
    Scalar,
}

impl Shape {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Object(_) => Self::Mapping,
            Value::Array(_) => Self::List,
            _ => Self::Scalar,
        }
    }

    fn make(self) -> Value {
        match self {
            Self::Mapping => Value::Object(Map::new()),
            Self::List => Value::Array(Vec::new()),
            Self::Scalar => Value::Null,
        }
    }
}

/// A field that a path led to.
pub(super) struct Found<'v> {
    pub(super) value: &'v mut Value,
    /// Whether the path made it: then it has no type of its own yet.
    pub(super) is_new: bool,
}

impl FieldPath {
    /// `.` parts the steps; in brackets, or after a `\`, it does not.
    pub(super) fn new(text: &str) -> Self {
        let mut steps = Vec::new();
        let mut parts = split(text, '.').into_iter();
        while let Some(mut step) = parts.next() {
            if !step.starts_with('[') || step.ends_with(']') {
                steps.push(step);
                continue;
            }
            for part in parts.by_ref() {
                step = format!("{step}.{part}");
                if step.ends_with(']') {
                    break;
                }
            }
            let is_item = step.contains('=');
            steps.push(if is_item { step } else { step.trim_matches(['[', ']']).to_owned() });
        }
        Self(steps)
    }

    /// The same, where an index may stand right behind a name: `containers[0]`.
    pub(super) fn with_indices(text: &str) -> Self {
        let Self(steps) = Self::new(text);
        let apart = |step: String| match step.strip_suffix(']').and_then(|step| step.rsplit_once('[')) {
            Some((name, index)) if !index.is_empty() && index.bytes().all(|sign| sign.is_ascii_digit()) => {
                let name = Some(name.to_owned()).filter(|name| !name.is_empty());
                name.into_iter().chain([index.to_owned()]).collect()
            }
            _ => vec![step],
        };
        Self(steps.into_iter().flat_map(apart).collect())
    }

    /// The one value at the path.
    pub(super) fn lookup<'v>(&self, value: &'v Value) -> Result<Option<&'v Value>, NoWay> {
        let mut value = value;
        for step in self.0.iter().map(|step| step.trim()).filter(|step| !step.is_empty()) {
            let next = match Step::of(step)? {
                _ if value.is_null() => None,
                Step::Every => return Err(NoWay::Wildcard),
                Step::Field("-") => as_list(value, step)?.last(),
                Step::Field(name) => as_mapping(value, step)?.get(name),
                Step::Index(index) => as_list(value, step)?.get(index),
                Step::Item { field, text } => {
                    as_list(value, step)?.iter().find(|item| has_text(item, field, text))
                }
            };
            match next {
                Some(next) => value = next,
                None => return Ok(None),
            }
        }
        Ok(Some(value))
    }

    /// Hands every field at the path to `visit`, and tells how many there were. With `create`, what is
    /// missing is made.
    pub(super) fn each<E: From<NoWay>>(
        &self,
        value: &mut Value,
        create: Option<Shape>,
        visit: &mut impl FnMut(Found<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        walk(value, &self.0, create, false, visit)
    }
}

enum Step<'s> {
    Every,
    Index(usize),
    Item { field: &'s str, text: &'s str },
    Field(&'s str),
}

impl<'s> Step<'s> {
    fn of(step: &'s str) -> Result<Self, NoWay> {
        if let Ok(index) = step.parse() {
            return Ok(Self::Index(index));
        }
        match step.strip_prefix('[').and_then(|step| step.strip_suffix(']')) {
            Some(item) => match item.split_once('=') {
                Some((field, text)) => Ok(Self::Item { field, text }),
                None => Err(NoWay::NoItem(step.to_owned())),
            },
            None if step == "*" => Ok(Self::Every),
            None => Ok(Self::Field(step)),
        }
    }
}

fn as_list<'v>(value: &'v Value, step: &str) -> Result<&'v Vec<Value>, NoWay> {
    value.as_array().ok_or_else(|| NoWay::NotAList(step.to_owned()))
}

fn as_mapping<'v>(value: &'v Value, step: &str) -> Result<&'v Map<String, Value>, NoWay> {
    value.as_object().ok_or_else(|| NoWay::NotAMapping(step.to_owned()))
}

/// Whether an item, or its field of this name, is written so.
fn has_text(item: &Value, field: &str, text: &str) -> bool {
    let value = if field.is_empty() { Some(item) } else { item.get(field) };
    value.and_then(scalar::text).is_some_and(|own| own == text)
}

fn walk<E: From<NoWay>>(
    value: &mut Value,
    steps: &[String],
    create: Option<Shape>,
    is_new: bool,
    visit: &mut impl FnMut(Found<'_>) -> Result<(), E>,
) -> Result<usize, E> {
    let Some((step, rest)) = steps.split_first() else {
        visit(Found { value, is_new })?;
        return Ok(1);
    };
    match Step::of(step)? {
        Step::Field(name) => walk_field(value, name, rest, create, visit),
        Step::Index(index) => {
            let mut none = Vec::new();
            let items = list_of(value, step, &mut none)?;
            let is_missing = items.len() == index && create.is_some();
            if let (true, Some(shape)) = (is_missing, create) {
                items.push(shape_for(rest, shape).make());
            }
            let count = items.len();
            match items.get_mut(index) {
                Some(item) => walk(item, rest, create, is_missing, visit),
                None => Err(NoWay::NoSuchItem { index, items: count }.into()),
            }
        }
        Step::Every => {
            let (mut found, mut none) = (0, Vec::new());
            for item in list_of(value, step, &mut none)? {
                found += walk(item, rest, create, false, visit)?;
            }
            Ok(found)
        }
        Step::Item { field, text } => walk_items(value, step, (field, text), rest, create, visit),
    }
}

fn walk_field<E: From<NoWay>>(
    value: &mut Value,
    name: &str,
    rest: &[String],
    create: Option<Shape>,
    visit: &mut impl FnMut(Found<'_>) -> Result<(), E>,
) -> Result<usize, E> {
    let map = match value {
        Value::Object(map) => map,
        // A field below a null: kustomize finds it, if it may make it, and then forgets it.
        Value::Null => {
            let Some(shape) = create else { return Ok(0) };
            return walk(&mut shape_for(rest, shape).make(), rest, create, true, visit);
        }
        _ => return Err(NoWay::NotAMapping(name.to_owned()).into()),
    };
    let is_missing = !map.contains_key(name);
    if let (true, Some(shape)) = (is_missing, create) {
        map.insert(name.to_owned(), shape_for(rest, shape).make());
    }
    match map.get_mut(name) {
        Some(field) => walk(field, rest, create, is_missing, visit),
        None => Ok(0),
    }
}

/// The items whose field, or who themselves, match a regular expression.
fn walk_items<E: From<NoWay>>(
    value: &mut Value,
    step: &str,
    (field, pattern): (&str, &str),
    rest: &[String],
    create: Option<Shape>,
    visit: &mut impl FnMut(Found<'_>) -> Result<(), E>,
) -> Result<usize, E> {
    let no_regex = || NoWay::Regex(step.to_owned());
    let regex = Regex::new(pattern).map_err(|_| no_regex())?;
    let mut none = Vec::new();
    let items = list_of(value, step, &mut none)?;
    let matches = |item: &Value| {
        let value = if field.is_empty() { Some(item) } else { item.get(field) };
        value.and_then(scalar::text).is_some_and(|text| regex.is_match(text.trim()))
    };
    let is_missing = !items.iter().any(matches);
    if is_missing && create.is_some() {
        let made = scalar::plain(pattern);
        let made = if field.is_empty() {
            made
        } else {
            Value::Object([(field.to_owned(), made)].into_iter().collect())
        };
        if !matches(&made) {
            return Err(no_regex().into());
        }
        items.push(made);
    }
    let mut found = 0;
    for item in items.iter_mut().filter(|item| matches(item)) {
        // For an item by its own value the path ends here, whatever stands behind it.
        let rest = if field.is_empty() { &[] } else { rest };
        found += walk(item, rest, create, is_missing, visit)?;
    }
    Ok(found)
}

/// The items of a list. A null has none, and forgets what it is given.
fn list_of<'v>(
    value: &'v mut Value,
    step: &str,
    none: &'v mut Vec<Value>,
) -> Result<&'v mut Vec<Value>, NoWay> {
    match value {
        Value::Array(items) => Ok(items),
        Value::Null => Ok(none),
        _ => Err(NoWay::NotAList(step.to_owned())),
    }
}

/// What a field must be made of so that the path goes on in it.
fn shape_for(rest: &[String], last: Shape) -> Shape {
    match rest.first().map(|step| Step::of(step)) {
        None => last,
        Some(Ok(Step::Index(_) | Step::Item { .. })) => Shape::List,
        Some(_) => Shape::Mapping,
    }
}
