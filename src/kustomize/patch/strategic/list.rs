//! Lists that are merged item by item. What happens to items without their key follows from kyaml's
//! ElementSetter, so strange as it is.

use serde_json::{Map, Value};

use crate::kustomize::scalar;
use crate::kustomize::schema::Merge;

use super::{Directive, Merged, Merger, PATCH, Place, Theirs, directive};

impl<'s> Merger<'s> {
    pub(super) fn list(
        &self,
        own: Option<Value>,
        theirs: Theirs<Value>,
        place: Place<'s, '_>,
    ) -> Result<Option<Merged>, String> {
        let mut lists = match (own, theirs) {
            (_, Theirs::Other(Value::Null)) => return Ok(None),
            (Some(Value::Array(own)), Theirs::Nothing) => Lists { own, theirs: Theirs::Nothing },
            (Some(Value::Array(mut own)), Theirs::Same) => match whole_list(&mut own, place.path)? {
                Directive::Delete => return Ok(None),
                Directive::Replace | Directive::Merge => Lists { own, theirs: Theirs::Same },
            },
            (Some(Value::Array(own)), Theirs::Other(Value::Array(mut patch))) => {
                match whole_list(&mut patch, place.path)? {
                    Directive::Delete => return Ok(None),
                    Directive::Replace => Lists { own: patch, theirs: Theirs::Same },
                    Directive::Merge => Lists { own, theirs: Theirs::Other(patch) },
                }
            }
            (_, Theirs::Other(Value::Array(patch))) => Lists { own: patch, theirs: Theirs::Same },
            _ => return Ok(None),
        };
        let keys = match &place.merge {
            Merge::List(keys) if !keys.is_empty() => keys.clone(),
            _ => vec![String::new()], // The items themselves tell each other apart.
        };
        let is_own = !matches!(lists.theirs, Theirs::Same);
        let merged = Value::Array(self.items(&mut lists, &keys, &place)?);
        Ok(Some(if is_own { Merged::Own(merged) } else { Merged::FromPatch(merged) }))
    }

    fn items(&self, lists: &mut Lists, keys: &[String], place: &Place<'s, '_>) -> Result<Vec<Value>, String> {
        let all = lists.values(keys);
        let Some(last) = all.last() else { return Ok(std::mem::take(&mut lists.own)) };
        let mut made = Vec::new();
        for values in &all {
            let item = Selector::of(&all, values, keys);
            match self.item(lists, &item, place)? {
                Some(value) => item.set(&mut made, Some(value))?,
                None => item.set(&mut lists.own, None)?,
            }
        }
        Selector::of(&all, last, keys).append(&mut made, std::mem::take(&mut lists.own))?;
        Ok(made)
    }

    /// The item of both lists that is told apart so, merged.
    fn item(
        &self,
        lists: &mut Lists,
        selector: &Selector,
        place: &Place<'s, '_>,
    ) -> Result<Option<Value>, String> {
        let exact = Selector::of(std::slice::from_ref(&selector.values), &selector.values, &selector.keys);
        let at = lists.own.iter().position(|item| exact.matches(item));
        let own = at.map(|at| lists.own[at].clone());
        let theirs = match &lists.theirs {
            Theirs::Nothing => Theirs::Nothing,
            Theirs::Same => Theirs::Same,
            Theirs::Other(patch) => {
                let item = patch.iter().find(|item| exact.matches(item));
                item.cloned().map_or(Theirs::Nothing, Theirs::Other)
            }
        };
        let below = format!("{}/{}", place.path, selector.values.join("/"));
        let merged =
            self.value(own, theirs, Place { type_: place.type_, merge: Merge::Plain, path: &below })?;
        let is_in_place = matches!(lists.theirs, Theirs::Same) || matches!(merged, Some(Merged::Own(_)));
        let Some(mut value) = merged.map(Merged::value).filter(|value| !is_nothing(value)) else {
            return Ok(None);
        };
        if let Value::Object(fields) = &mut value {
            selector.fill(fields);
        }
        if let (true, Some(at)) = (is_in_place, at) {
            lists.own[at] = value.clone();
        }
        Ok(Some(value))
    }
}

/// The two lists that are merged.
struct Lists {
    own: Vec<Value>,
    theirs: Theirs<Vec<Value>>,
}

impl Lists {
    /// What tells the items apart, each once, those of the patch first.
    fn values(&self, keys: &[String]) -> Vec<Vec<String>> {
        let patch = match &self.theirs {
            Theirs::Other(patch) => patch.as_slice(),
            Theirs::Nothing | Theirs::Same => &[],
        };
        let mut all: Vec<Vec<String>> = Vec::new();
        for values in patch.iter().chain(&self.own).map(|item| values_of(item, keys)) {
            if !all.contains(&values) {
                all.push(values);
            }
        }
        if keys.len() > 1 {
            complete(&mut all);
        }
        all
    }
}

/// Takes an item like `- $patch: replace` out of a list; it speaks for the whole of it.
fn whole_list(patch: &mut Vec<Value>, path: &str) -> Result<Directive, String> {
    let mut mappings = patch.iter().filter_map(Value::as_object);
    let Some(item) = mappings.find(|item| item.contains_key(PATCH)).filter(|item| item.len() == 1) else {
        return Ok(Directive::Merge);
    };
    let word = item[PATCH].clone();
    let directive = directive(Some(&word), path)?.unwrap_or(Directive::Merge);
    patch.retain(|item| item.get(PATCH) != Some(&word));
    Ok(directive)
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

/// What tells an item apart; an empty text for a key that it does not have.
fn values_of(item: &Value, keys: &[String]) -> Vec<String> {
    let text = |key: &String| {
        let value = if key.is_empty() { Some(item) } else { item.get(key) };
        value.filter(|value| !value.is_null()).map(own_text).unwrap_or_default()
    };
    keys.iter().map(text).collect()
}

/// Items that agree in what both have are one: a port without a protocol is the port with one.
fn complete(all: &mut [Vec<String>]) {
    for i in 0..all.len() {
        for j in 0..all.len() {
            if let Some(both) = united(&all[i], &all[j]) {
                all[i].clone_from(&both);
                all[j] = both;
            }
        }
    }
}

fn united(a: &[String], b: &[String]) -> Option<Vec<String>> {
    let one = |(a, b): (&String, &String)| match (a.as_str(), b.as_str()) {
        _ if a == b => Some(a.clone()),
        ("", other) | (other, "") => Some(other.to_owned()),
        _ => None,
    };
    let both: Option<Vec<String>> = a.iter().zip(b).map(one).collect();
    both.filter(|_| a.iter().zip(b).any(|(a, b)| a == b))
}

/// The keys and values that an item is found by.
struct Selector {
    keys: Vec<String>,
    values: Vec<String>,
}

impl Selector {
    /// Keys that no item has do not count; if none has any, all do.
    fn of(all: &[Vec<String>], values: &[String], keys: &[String]) -> Self {
        let is_used = |at: &usize| all.iter().any(|values| !values[*at].is_empty());
        let mut places: Vec<usize> = (0..keys.len()).filter(is_used).collect();
        if places.is_empty() {
            places = (0..keys.len()).collect();
        }
        Self {
            keys: places.iter().map(|at| keys[*at].clone()).collect(),
            values: places.iter().map(|at| values[*at].clone()).collect(),
        }
    }

    /// Whether the items are found by themselves.
    fn is_for_singles(&self) -> bool {
        self.keys.first().is_some_and(String::is_empty)
    }

    fn matches(&self, item: &Value) -> bool {
        if self.is_for_singles() {
            return own_text(item) == self.values[0];
        }
        let is =
            |(key, value): (&String, &String)| item.get(key).is_some_and(|field| own_text(field) == *value);
        item.is_object() && self.keys.iter().zip(&self.values).all(is)
    }

    /// Gives an item the keys that it lacks.
    fn fill(&self, item: &mut Map<String, Value>) {
        for (key, value) in self.keys.iter().zip(&self.values) {
            if !value.is_empty() && !item.contains_key(key) {
                item.insert(key.clone(), scalar::plain(value));
            }
        }
    }

    /// Puts an item in the place of those that it replaces, or behind all others; without one, takes them
    /// out.
    fn set(&self, list: &mut Vec<Value>, item: Option<Value>) -> Result<(), String> {
        let finds_mappings =
            !self.is_for_singles() && self.values.first().is_some_and(|value| !value.is_empty());
        let mut is_found = false;
        let mut kept = Vec::with_capacity(list.len() + 1);
        for old in std::mem::take(list) {
            if is_nothing(&old) {
                continue;
            }
            if finds_mappings && !old.is_object() {
                kept.push(old);
            } else if self.replaces(&old)? {
                is_found = true;
                kept.extend(item.clone());
            } else if !self.values.is_empty() {
                kept.push(old);
            }
        }
        kept.extend(item.filter(|item| !is_found && !item.is_null()));
        *list = kept;
        Ok(())
    }

    /// Whether the item gives way. An empty value stands for any.
    fn replaces(&self, item: &Value) -> Result<bool, String> {
        match item {
            _ if self.values.is_empty() => Ok(false),
            Value::Object(_) | Value::Array(_) if self.is_for_singles() => {
                Err("a list of single values has others in it".into())
            }
            _ if self.is_for_singles() => Ok(own_text(item) == self.values[0]),
            Value::Object(fields) => Ok(self.keys.iter().zip(&self.values).all(|(key, value)| {
                fields.get(key).is_some_and(|field| value.is_empty() || own_text(field) == *value)
            })),
            _ => Err("a list of mappings has others in it".into()),
        }
    }

    /// Puts the items of the object behind those that were made; one that was made already stays in its
    /// place there.
    fn append(&self, made: &mut Vec<Value>, own: Vec<Value>) -> Result<(), String> {
        for item in own {
            if !self.is_for_singles() && !item.is_object() {
                return Err("a list of mappings has others in it".into());
            }
            let mut values = Vec::new();
            for key in &self.keys {
                match if key.is_empty() { Some(&item) } else { item.get(key) } {
                    Some(value) => values.push(own_text(value)),
                    None => made.push(item.clone()),
                }
            }
            let selector = Self { keys: self.keys.clone(), values };
            if self.keys.len() > 1 {
                selector.set(made, None)?;
            }
            selector.set(made, Some(item))?;
        }
        Ok(())
    }
}

/// The text of a single value as it is written; nothing for others.
fn own_text(value: &Value) -> String {
    scalar::text(value).unwrap_or_default()
}
