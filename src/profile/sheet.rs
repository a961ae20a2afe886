//! Reading fields one by one, and going on after a wrong one: a person wants to hear of all mistakes at once.

use std::cell::RefCell;

use serde_json::{Map, Value};

use crate::object::nearest;

use super::Place;
use super::document::{Node, Places, step};
use super::error::{Mistake, Problem, shown};
use super::shape::Entry;

/// A document, and what was found wrong with it so far.
pub(super) struct Sheet {
    value: Value,
    places: Places,
    /// Of the document as a whole.
    place: Place,
    problems: RefCell<Vec<Problem>>,
}

/// A value in the document, and where it stands. What cannot be read is noted on the sheet and becomes None.
#[derive(Clone)]
pub(super) struct Field<'d> {
    sheet: &'d Sheet,
    /// RFC 6901.
    pointer: String,
    /// As a person would write it.
    path: String,
    pub(super) value: &'d Value,
}

/// The fields of a mapping.
pub(super) struct Fields<'d> {
    here: Field<'d>,
    map: &'d Map<String, Value>,
    entries: &'static [Entry],
}

impl Sheet {
    /// `problems` are those that were found before.
    pub(super) fn new(document: &Node, problems: Vec<Problem>) -> Self {
        let (value, places, place) = (document.value(), document.places(), document.place.clone());
        Self { value, places, place, problems: problems.into() }
    }

    pub(super) fn top(&self) -> Field<'_> {
        Field { sheet: self, pointer: String::new(), path: String::new(), value: &self.value }
    }

    /// By file, in the order of the lines.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by(|a, b| a.place.order(&b.place));
        problems
    }
}

impl<'d> Field<'d> {
    /// Where the value was said; what should be there and is not, where the nearest around it was.
    pub(super) fn place(&self) -> &'d Place {
        self.sheet.places.nearest(&self.pointer).unwrap_or(&self.sheet.place)
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Notes a mistake.
    pub(super) fn note(&self, mistake: Mistake) {
        let problem = Problem { place: self.place().clone(), field: self.path.clone(), mistake };
        self.sheet.problems.borrow_mut().push(problem);
    }

    /// Notes a mistake that leaves nothing to read.
    pub(super) fn refuse<T>(&self, mistake: Mistake) -> Option<T> {
        self.note(mistake);
        None
    }

    /// Notes that the value is not what it must be.
    pub(super) fn wrong<T>(&self, expected: &'static str) -> Option<T> {
        self.refuse(Mistake::Wrong { found: self.shown(), expected, nearest: None })
    }

    pub(super) fn text(&self) -> Option<&'d str> {
        self.text_that_is("text; put it in quotes if it looks like something else")
    }

    /// The text, where whatever is no text is told what it must be.
    pub(super) fn text_that_is(&self, expected: &'static str) -> Option<&'d str> {
        match self.value.as_str() {
            Some(text) => Some(text),
            None => self.wrong(expected),
        }
    }

    /// One of a few words.
    pub(super) fn word(&self, known: &[&str], expected: &'static str) -> Option<&'d str> {
        let text = self.text_that_is(expected)?;
        if known.contains(&text) {
            return Some(text);
        }
        let nearest = nearest(text, known.iter().copied());
        self.refuse(Mistake::Wrong { found: self.shown(), expected, nearest })
    }

    /// A mapping of whatever fields.
    pub(super) fn any_mapping(&self, expected: &'static str) -> Option<&'d Map<String, Value>> {
        match self.value.as_object() {
            Some(map) => Some(map),
            None => self.wrong(expected),
        }
    }

    /// A mapping in which no other fields than these stand.
    pub(super) fn mapping(&self, entries: &'static [Entry]) -> Option<Fields<'d>> {
        let map = self.any_mapping("a mapping")?;
        let fields = Fields { here: self.clone(), map, entries };
        let known: Vec<_> = entries.iter().map(|entry| entry.name).collect();
        for (name, value) in map {
            if !known.contains(&name.as_str()) {
                let nearest = nearest(name, known.iter().copied());
                self.below(name, value).note(Mistake::Unknown { nearest, known: known.clone() });
            }
        }
        Some(fields)
    }

    /// The field of that name in a mapping; nothing is said of one that is not there.
    pub(super) fn peek(&self, name: &str) -> Option<Field<'d>> {
        self.value.as_object()?.get(name).map(|value| self.below(name, value))
    }

    fn below(&self, name: &str, value: &'d Value) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        Field {
            sheet: self.sheet,
            pointer: format!("{}{}", self.pointer, step(name)),
            path: format!("{}{dot}{name}", self.path),
            value,
        }
    }

    pub(super) fn items(&self, expected: &'static str) -> Option<Vec<Field<'d>>> {
        let Some(items) = self.value.as_array() else { return self.wrong(expected) };
        let fields = items.iter().enumerate().map(|(index, value)| Field {
            sheet: self.sheet,
            pointer: format!("{}/{index}", self.pointer),
            path: format!("{}[{index}]", self.path),
            value,
        });
        Some(fields.collect())
    }

    /// The value as a message names it.
    pub(super) fn shown(&self) -> String {
        shown(self.value)
    }
}

impl<'d> Fields<'d> {
    pub(super) fn get(&self, name: &str) -> Option<Field<'d>> {
        self.known(name);
        self.map.get(name).map(|value| self.here.below(name, value))
    }

    pub(super) fn required(&self, name: &str) -> Option<Field<'d>> {
        let entry = self.known(name);
        self.get(name).or_else(|| {
            let expected = entry.map_or("", |entry| entry.meaning);
            self.here.below(name, &Value::Null).refuse(Mistake::Missing { expected })
        })
    }

    /// The entry of a field that is read; every test that reads a profile tells where there is none.
    fn known(&self, name: &str) -> Option<&'static Entry> {
        let entry = self.entries.iter().find(|entry| entry.name == name);
        debug_assert!(entry.is_some(), "`{name}` is read and stands in no table");
        entry
    }
}

/// What was read of a list, if all of it was. Every item is read before one that is wrong spoils the list.
pub(super) fn all<T>(read: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    read.collect::<Vec<_>>().into_iter().collect()
}
