use std::collections::{BTreeMap, HashMap, HashSet};

use super::connect::Cluster;
use super::objects::METADATA_LIST;
use crate::object::{Object, ObjectId};

/// What the server had of one object when it was last looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seen<'a> {
    /// Nobody has looked.
    Unknown,
    Absent,
    /// Whole, or its metadata alone.
    There(&'a Object),
}

/// What the server had of many objects, read by a few lists in the place of a request for each.
#[derive(Debug, Default)]
pub struct Sight {
    there: HashMap<ObjectId, Object>,
    /// The kinds and namespaces whose lists came to their end: what is not there is not in the cluster.
    complete: HashSet<Room>,
}

/// Where a list is asked for: the API version, the kind and the namespace.
type Room = (String, String, Option<String>);

/// A page of a list costs the server about as much as so many objects that are asked for by name.
const A_PAGE_IN_OBJECTS: usize = 50;

impl Sight {
    pub fn of(&self, object: &Object) -> Seen<'_> {
        match self.there.get(&object.id()) {
            Some(live) => Seen::There(live),
            None if self.complete.contains(&room(object)) => Seen::Absent,
            None => Seen::Unknown,
        }
    }
}

impl Cluster {
    /// Looks at many objects at once, where that is less work than to look at each. Those that `members` picks by their
    /// labels are read whole, of the others it is told whether they are there. What cannot be listed stays unknown: no
    /// error, for whoever needs to know will ask for the object itself.
    pub async fn look(&self, objects: &[&Object], members: Option<&str>) -> Sight {
        let mut rooms: BTreeMap<Room, Vec<&Object>> = BTreeMap::new();
        objects.iter().for_each(|object| rooms.entry(room(object)).or_default().push(object));
        let looks = rooms.into_iter().map(|(room, objects)| self.look_into(room, objects, members));
        let mut sight = Sight::default();
        for seen in futures::future::join_all(looks).await {
            sight.there.extend(seen.there);
            sight.complete.extend(seen.complete);
        }
        sight
    }

    async fn look_into(&self, room: Room, objects: Vec<&Object>, members: Option<&str>) -> Sight {
        let mut sight = Sight::default();
        let (version, kind, namespace) = &room;
        if self.is_namespaced(version, kind) != Some(namespace.is_some()) {
            return sight;
        }
        let namespace = namespace.as_deref();
        if let Some(members) = members {
            let members = self.list(version, kind, namespace, Some(members)).await.unwrap_or_default();
            sight.there.extend(members.into_iter().map(|object| (object.id(), object)));
        }
        let missing = objects.iter().filter(|object| !sight.there.contains_key(&object.id())).count();
        let pages = self.pages(version, kind, namespace, None, METADATA_LIST, missing / A_PAGE_IN_OBJECTS);
        if let Ok(others) = pages.await {
            for object in others {
                sight.there.entry(object.id()).or_insert(object);
            }
            sight.complete.insert(room);
        }
        sight
    }
}

fn room(object: &Object) -> Room {
    (object.api_version().to_owned(), object.kind().to_owned(), object.namespace().map(str::to_owned))
}
