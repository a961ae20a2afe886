use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Object, ObjectId};

/// Objects as they were seen at one moment. Cheap to clone: the objects are shared.
#[derive(Clone, Debug, Default)]
pub struct Snapshot(BTreeMap<ObjectId, Arc<Object>>);

impl Snapshot {
    /// Puts the object in the place of an earlier state of it.
    pub fn insert(&mut self, object: Object) {
        self.0.insert(object.id(), Arc::new(object));
    }

    pub fn remove(&mut self, id: &ObjectId) {
        self.0.remove(id);
    }

    pub fn get(&self, id: &ObjectId) -> Option<&Object> {
        self.0.get(id).map(Arc::as_ref)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Object> {
        self.0.values().map(Arc::as_ref)
    }

    /// All objects of a kind; `group` is empty for core.
    pub fn of_kind<'a>(&'a self, group: &'a str, kind: &'a str) -> impl Iterator<Item = &'a Object> {
        self.iter().filter(move |object| object.is(group, kind))
    }

    /// What `owner` controls: the objects whose `ownerReferences` name its uid.
    pub fn owned_by<'a>(&'a self, owner: &'a Object) -> impl Iterator<Item = &'a Object> {
        let uid = owner.text("/metadata/uid");
        self.iter().filter(move |object| uid.is_some() && is_owned(object, uid))
    }
}

impl Extend<Object> for Snapshot {
    fn extend<I: IntoIterator<Item = Object>>(&mut self, objects: I) {
        objects.into_iter().for_each(|object| self.insert(object));
    }
}

impl FromIterator<Object> for Snapshot {
    fn from_iter<I: IntoIterator<Item = Object>>(objects: I) -> Self {
        let mut snapshot = Self::default();
        snapshot.extend(objects);
        snapshot
    }
}

fn is_owned(object: &Object, uid: Option<&str>) -> bool {
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.is_some_and(|owners| owners.iter().any(|owner| owner["uid"].as_str() == uid))
}
