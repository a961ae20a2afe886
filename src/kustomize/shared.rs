//! Values that stand in several fields and are one. kustomize keeps an object as a tree of YAML nodes, and a label
//! (or annotation) that a step adds to several fields is the same node in all of them: whatever is later written
//! into one of these fields is in the others too, even those that the later step is not for.

use serde_json::{Map, Value};

/// The values of an object that stand in several fields.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared(Vec<Group>);

#[derive(Clone, Debug)]
struct Group {
    value: Value,
    /// Two or more.
    places: Vec<Place>,
}

/// The names and list indices that lead to a field.
pub(super) type Place = Vec<String>;

impl Shared {
    /// Takes note of the fields into which one step put one value.
    pub(super) fn add(&mut self, value: &str, places: Vec<Place>) {
        if places.len() > 1 {
            self.0.push(Group { value: value.into(), places });
        }
    }

    /// Brings what was written into one field of a group into the others; of several, the last in the order of the
    /// names is what stays.
    pub(super) fn follow(&mut self, object: &mut Map<String, Value>) {
        for group in &mut self.0 {
            group.places.retain(|place| get(object, place).is_some());
            let written = group.places.iter().filter(|place| get(object, place) != Some(&group.value)).max();
            let Some(written) = written.and_then(|place| get(object, place)).cloned() else { continue };
            for place in &group.places {
                if let Some(field) = get_mut(object, place) {
                    field.clone_from(&written);
                }
            }
            group.value = written;
        }
        self.0.retain(|group| group.places.len() > 1);
    }

    /// Parts the fields that `is_apart` holds for from the others: they were made anew.
    pub(super) fn part(&mut self, is_apart: impl Fn(&Place) -> bool) {
        for group in &mut self.0 {
            group.places.retain(|place| !is_apart(place));
        }
        self.0.retain(|group| group.places.len() > 1);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

fn get<'v>(fields: &'v Map<String, Value>, place: &[String]) -> Option<&'v Value> {
    let (first, rest) = place.split_first()?;
    rest.iter().try_fold(fields.get(first)?, |value, step| match value {
        Value::Object(fields) => fields.get(step),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

fn get_mut<'v>(fields: &'v mut Map<String, Value>, place: &[String]) -> Option<&'v mut Value> {
    let (first, rest) = place.split_first()?;
    rest.iter().try_fold(fields.get_mut(first)?, |value, step| match value {
        Value::Object(fields) => fields.get_mut(step),
        Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place(path: &str) -> Place {
        path.split('/').map(str::to_owned).collect()
    }

    #[test]
    fn what_is_written_into_one_field_is_in_all_of_them() {
        let mut shared = Shared::default();
        shared.add("a", vec![place("x/0/l"), place("y/l"), place("z/l")]);
        let mut object = json!({ "x": [{ "l": "a" }], "y": { "l": "b" }, "z": { "l": "a" } });
        shared.follow(object.as_object_mut().unwrap());
        assert_eq!(object, json!({ "x": [{ "l": "b" }], "y": { "l": "b" }, "z": { "l": "b" } }));
        shared.part(|place| place[0] == "z");
        object["x"][0]["l"] = "c".into();
        shared.follow(object.as_object_mut().unwrap());
        assert_eq!(object, json!({ "x": [{ "l": "c" }], "y": { "l": "c" }, "z": { "l": "b" } }));
        object["x"] = json!([]);
        shared.follow(object.as_object_mut().unwrap());
        assert!(shared.is_empty());
    }
}
