use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::Value;

use super::link::{Link, owners};
use super::{GroupKind, Object, ObjectId, Packed};

/// Objects as they were seen at one moment, and the ways from one to those that speak of it. Clones share the objects.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    objects: BTreeMap<Arc<ObjectId>, Arc<Held>>,
    /// Each link with who has it: thousands of workloads are not to be asked one by one whether a pod is theirs.
    linked: BTreeSet<(Link, Arc<ObjectId>)>,
    unpacked: Unpacked,
}

/// An object that is held.
#[derive(Debug)]
pub enum Held {
    Whole(Object),
    /// With its tree, as long as somebody looks at it.
    Packed(Packed, OnceLock<Object>),
}

/// Those whose trees are held beside what is packed. A clone leaves them to whom it is made from.
#[derive(Debug, Default)]
struct Unpacked(Mutex<Vec<Arc<ObjectId>>>);

impl Snapshot {
    /// Puts the object in the place of an earlier state of it.
    pub fn insert(&mut self, object: impl Into<Held>) {
        let held = object.into();
        let id = held.id();
        self.take(&id);
        self.linked.extend(held.links().into_iter().map(|link| (link, id.clone())));
        self.objects.insert(id, Arc::new(held));
    }

    pub fn remove(&mut self, id: &ObjectId) -> Option<Packed> {
        self.take(id).map(|held| held.packed())
    }

    pub fn get(&self, id: &ObjectId) -> Option<&Object> {
        self.objects.get_key_value(id).map(|entry| self.open(entry))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Object> {
        self.objects.iter().map(|entry| self.open(entry))
    }

    /// All objects of a kind; `group` is empty for core.
    pub fn of_kind<'a>(&'a self, group: &'a str, kind: &'a str) -> impl Iterator<Item = &'a Object> {
        let wanted = GroupKind { group: group.to_owned(), kind: kind.to_owned() };
        let entries = self.objects.range::<ObjectId, _>(first(wanted.clone())..);
        entries.take_while(move |(id, _)| id.group_kind == wanted).map(|entry| self.open(entry))
    }

    /// What `owner` controls: the objects whose `ownerReferences` name its uid.
    pub fn owned_by(&self, owner: &Object) -> impl Iterator<Item = &Object> + use<'_> {
        let uid = owner.text("/metadata/uid");
        self.with(uid.map(|uid| Link::OwnedBy(uid.into())))
    }

    /// The Events that name this object, or one that had its name before.
    pub fn events_about(&self, object: &Object) -> impl Iterator<Item = &Object> + use<'_> {
        self.with(Some(Link::to_events_of(object)))
    }

    /// The pods of a namespace that are being deleted.
    pub fn ending_pods(&self, namespace: Option<&str>) -> impl Iterator<Item = &Object> + use<'_> {
        self.with(Some(Link::EndingIn(namespace.unwrap_or_default().into())))
    }

    /// What an object speaks of: itself, what owns it, what an Event is about, and what owns that.
    pub fn spoken_of(&self, object: &Object) -> BTreeSet<ObjectId> {
        let mut spoken_of = BTreeSet::from([object.id()]);
        let mut rest = above(object);
        while let Some(id) = rest.pop() {
            if spoken_of.insert(id.clone()) {
                rest.extend(self.get(&id).map(above).unwrap_or_default());
            }
        }
        spoken_of
    }

    /// What speaks of an object: what it owns, what that owns, and the Events about any of them.
    pub fn speaking_of(&self, object: &Object) -> BTreeSet<ObjectId> {
        let mut speaking = BTreeSet::new();
        let mut rest = vec![object];
        while let Some(next) = rest.pop() {
            speaking.extend(self.ids_with(Some(Link::to_events_of(next))).map(|id| ObjectId::clone(id)));
            rest.extend(self.owned_by(next).filter(|owned| speaking.insert(owned.id())));
        }
        speaking
    }

    /// Lets go of the trees of what is packed.
    pub fn pack(&mut self) {
        let objects = &mut self.objects;
        self.unpacked.ids().retain(|id| match objects.get_mut(id).map(Arc::get_mut) {
            Some(Some(Held::Packed(_, tree))) => {
                *tree = OnceLock::new();
                false
            }
            // A clone may still look at it.
            Some(None) => true,
            _ => false,
        });
    }

    fn open<'a>(&'a self, (id, held): (&Arc<ObjectId>, &'a Arc<Held>)) -> &'a Object {
        match held.as_ref() {
            Held::Whole(object) => object,
            Held::Packed(packed, tree) => tree.get_or_init(|| {
                self.unpacked.ids().push(id.clone());
                packed.unpack()
            }),
        }
    }

    fn take(&mut self, id: &ObjectId) -> Option<Arc<Held>> {
        let (id, held) = self.objects.remove_entry(id)?;
        for link in held.links() {
            self.linked.remove(&(link, id.clone()));
        }
        Some(held)
    }

    fn with(&self, link: Option<Link>) -> impl Iterator<Item = &Object> + use<'_> {
        self.ids_with(link).filter_map(|id| self.get(id))
    }

    fn ids_with(&self, link: Option<Link>) -> impl Iterator<Item = &Arc<ObjectId>> + use<'_> {
        link.into_iter().flat_map(|link| {
            let linked = self.linked.range((link.clone(), Arc::new(first(GroupKind::of("", ""))))..);
            linked.take_while(move |(other, _)| *other == link).map(|(_, id)| id)
        })
    }
}

impl Held {
    fn id(&self) -> Arc<ObjectId> {
        match self {
            Self::Whole(object) => Arc::new(object.id()),
            Self::Packed(packed, _) => packed.id().clone(),
        }
    }

    fn packed(&self) -> Packed {
        match self {
            Self::Whole(object) => object.into(),
            Self::Packed(packed, _) => packed.clone(),
        }
    }

    fn links(&self) -> Vec<Link> {
        match self {
            Self::Whole(object) => Link::all_of(object).collect(),
            Self::Packed(packed, _) => packed.links().to_vec(),
        }
    }
}

impl From<Object> for Held {
    fn from(object: Object) -> Self {
        Self::Whole(object)
    }
}

impl From<Packed> for Held {
    fn from(packed: Packed) -> Self {
        Self::Packed(packed, OnceLock::new())
    }
}

impl Unpacked {
    fn ids(&self) -> MutexGuard<'_, Vec<Arc<ObjectId>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Unpacked {
    fn clone(&self) -> Self {
        Self::default()
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

/// What all objects of a kind come after.
fn first(group_kind: GroupKind) -> ObjectId {
    ObjectId { group_kind, namespace: None, name: String::new() }
}

/// What owns the object, or what it is an Event about.
fn above(object: &Object) -> Vec<ObjectId> {
    let of_owner = |owner: &Value| ObjectId {
        group_kind: GroupKind::of(&text(owner, "apiVersion"), &text(owner, "kind")),
        namespace: object.namespace().map(str::to_owned),
        name: text(owner, "name"),
    };
    owners(object).chain(object.regarded()).map(of_owner).collect()
}

fn text(fields: &Value, field: &str) -> String {
    fields[field].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(api_version: &str, kind: &str, name: &str, more: &Value) -> Object {
        let mut object = json!({"apiVersion": api_version, "kind": kind,
            "metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}")}});
        json_patch::merge(&mut object, more);
        Object::new(object).unwrap()
    }

    fn owned(api_version: &str, kind: &str, name: &str) -> Value {
        let owner =
            json!({"apiVersion": api_version, "kind": kind, "name": name, "uid": format!("uid-{name}")});
        json!({"metadata": {"ownerReferences": [owner]}})
    }

    fn shop() -> Snapshot {
        let about = json!({"involvedObject": {"kind": "Pod", "apiVersion": "v1", "namespace": "shop", "name": "web-1-a"}});
        Snapshot::from_iter([
            object("apps/v1", "Deployment", "web", &json!({})),
            object("apps/v1", "ReplicaSet", "web-1", &owned("apps/v1", "Deployment", "web")),
            object("v1", "Pod", "web-1-a", &owned("apps/v1", "ReplicaSet", "web-1")),
            object("v1", "Pod", "web-1-b", &owned("apps/v1", "ReplicaSet", "web-1")),
            object("v1", "Event", "pulled", &about),
        ])
    }

    fn names<'a>(objects: impl Iterator<Item = &'a Object>) -> Vec<String> {
        objects.map(|object| object.name().to_owned()).collect()
    }

    #[test]
    fn one_way_leads_to_what_speaks_of_an_object_and_one_to_what_it_speaks_of() {
        let shop = shop();
        let get = |kind, name| {
            shop.of_kind(if kind == "ReplicaSet" { "apps" } else { "" }, kind).find(|o| o.name() == name)
        };
        let (set, pod, event) = (get("ReplicaSet", "web-1"), get("Pod", "web-1-a"), get("Event", "pulled"));
        assert_eq!(names(shop.owned_by(set.unwrap())), ["web-1-a", "web-1-b"]);
        assert_eq!(names(shop.events_about(pod.unwrap())), ["pulled"]);
        assert_eq!(names(shop.events_about(set.unwrap())), [""; 0]);
        let web = shop.of_kind("apps", "Deployment").next().unwrap();
        let speaking: Vec<String> = shop.speaking_of(web).iter().map(ToString::to_string).collect();
        assert_eq!(
            speaking,
            ["Event/shop/pulled", "Pod/shop/web-1-a", "Pod/shop/web-1-b", "ReplicaSet/shop/web-1"]
        );
        let spoken_of: Vec<String> = shop.spoken_of(event.unwrap()).iter().map(ToString::to_string).collect();
        assert_eq!(
            spoken_of,
            ["Event/shop/pulled", "Pod/shop/web-1-a", "Deployment/shop/web", "ReplicaSet/shop/web-1"]
        );
    }

    #[test]
    fn a_kind_is_all_of_its_objects_and_none_of_another_group() {
        let mut shop = shop();
        shop.insert(object("other.example/v1", "Pod", "web-1-c", &json!({})));
        assert_eq!(names(shop.of_kind("", "Pod")), ["web-1-a", "web-1-b"]);
    }

    #[test]
    fn what_has_changed_its_owner_or_is_gone_is_not_its_owners_any_more() {
        let mut shop = shop();
        let set = object("apps/v1", "ReplicaSet", "web-1", &json!({}));
        shop.insert(object("v1", "Pod", "web-1-a", &json!({})));
        assert_eq!(names(shop.owned_by(&set)), ["web-1-b"]);
        let gone = object("v1", "Pod", "web-1-b", &json!({})).id();
        assert!(shop.remove(&gone).is_some() && shop.remove(&gone).is_none());
        assert_eq!(names(shop.owned_by(&set)), [""; 0]);
    }

    #[test]
    fn what_is_packed_reads_the_same_and_has_a_tree_only_while_it_is_looked_at() {
        let whole = shop();
        let mut packed = Snapshot::default();
        whole.iter().for_each(|object| packed.insert(Packed::from(object)));
        let trees = |snapshot: &Snapshot| {
            let has_tree =
                |held: &&Arc<Held>| matches!(held.as_ref(), Held::Packed(_, tree) if tree.get().is_some());
            snapshot.objects.values().filter(has_tree).count()
        };
        assert_eq!(trees(&packed), 0);
        assert_eq!(packed.iter().collect::<Vec<_>>(), whole.iter().collect::<Vec<_>>());
        let web = whole.of_kind("apps", "Deployment").next().unwrap();
        assert_eq!(packed.speaking_of(web), whole.speaking_of(web));
        assert_eq!(trees(&packed), 5);
        let clone = packed.clone();
        packed.pack();
        assert_eq!((trees(&packed), clone.iter().count()), (5, 5), "the clone has the same trees");
        drop(clone);
        packed.pack();
        assert_eq!(trees(&packed), 0);
        // One that is replaced while it is looked at is not looked at any more.
        let pod = whole.of_kind("", "Pod").next().unwrap();
        assert_eq!(packed.get(&pod.id()), Some(pod));
        packed.insert(Packed::from(pod));
        assert_eq!(packed.get(&pod.id()), Some(pod));
        packed.pack();
        assert_eq!((trees(&packed), packed.unpacked.ids().len()), (0, 0));
    }

    #[test]
    fn a_pod_on_its_way_out_is_found_by_its_namespace() {
        let mut shop = shop();
        let deleted = json!({"metadata": {"deletionTimestamp": "2026-11-27T10:00:00Z"}});
        shop.insert(object("v1", "Pod", "web-1-b", &deleted));
        shop.insert(object("v1", "Secret", "web", &deleted));
        assert_eq!(names(shop.ending_pods(Some("shop"))), ["web-1-b"]);
        assert_eq!(names(shop.ending_pods(Some("other"))), [""; 0]);
    }

    #[test]
    fn owners_in_a_circle_have_an_end() {
        let shop = Snapshot::from_iter([
            object("v1", "Pod", "a", &owned("v1", "Pod", "b")),
            object("v1", "Pod", "b", &owned("v1", "Pod", "a")),
        ]);
        let one = shop.iter().next().unwrap();
        assert_eq!((shop.spoken_of(one).len(), shop.speaking_of(one).len()), (2, 2));
    }
}
