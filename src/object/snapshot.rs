use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::{GroupKind, Object, ObjectId};

/// Objects as they were seen at one moment, and the ways from one to those that speak of it. Clones share the objects.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    objects: BTreeMap<Arc<ObjectId>, Arc<Object>>,
    /// Each link with who has it: thousands of workloads are not to be asked one by one whether a pod is theirs.
    linked: BTreeSet<(Link, Arc<ObjectId>)>,
}

/// What an object says of another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Link {
    /// It is owned by the one with this uid.
    OwnedBy(Box<str>),
    /// It is an Event about this one: `Pod/shop/web`.
    About(Box<str>),
}

impl Snapshot {
    /// Puts the object in the place of an earlier state of it.
    pub fn insert(&mut self, object: impl Into<Arc<Object>>) {
        let object = object.into();
        let id = Arc::new(object.id());
        self.remove(&id);
        self.linked.extend(links(&object).map(|link| (link, id.clone())));
        self.objects.insert(id, object);
    }

    pub fn remove(&mut self, id: &ObjectId) -> Option<Arc<Object>> {
        let (id, object) = self.objects.remove_entry(id)?;
        for link in links(&object) {
            self.linked.remove(&(link, id.clone()));
        }
        Some(object)
    }

    pub fn get(&self, id: &ObjectId) -> Option<&Object> {
        self.objects.get(id).map(Arc::as_ref)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Object> {
        self.objects.values().map(Arc::as_ref)
    }

    /// All objects of a kind; `group` is empty for core.
    pub fn of_kind<'a>(&'a self, group: &'a str, kind: &'a str) -> impl Iterator<Item = &'a Object> {
        let group_kind = GroupKind { group: group.to_owned(), kind: kind.to_owned() };
        let objects =
            self.objects.range::<ObjectId, _>(first(group_kind)..).map(|(_, object)| object.as_ref());
        objects.take_while(move |object| object.is(group, kind))
    }

    /// What `owner` controls: the objects whose `ownerReferences` name its uid.
    pub fn owned_by(&self, owner: &Object) -> impl Iterator<Item = &Object> + use<'_> {
        let uid = owner.text("/metadata/uid");
        self.with(uid.map(|uid| Link::OwnedBy(uid.into())))
    }

    /// The Events that name this object, or one that had its name before.
    pub fn events_about(&self, object: &Object) -> impl Iterator<Item = &Object> + use<'_> {
        self.with(Some(about(object.kind(), object.namespace().unwrap_or_default(), object.name())))
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
            speaking.extend(self.events_about(next).map(Object::id));
            rest.extend(self.owned_by(next).filter(|owned| speaking.insert(owned.id())));
        }
        speaking
    }

    fn with(&self, link: Option<Link>) -> impl Iterator<Item = &Object> + use<'_> {
        let all = link.into_iter().flat_map(|link| {
            let linked = self.linked.range((link.clone(), Arc::new(first(GroupKind::of("", ""))))..);
            linked.take_while(move |(other, _)| *other == link)
        });
        all.filter_map(|(_, id)| self.get(id))
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

fn links(object: &Object) -> impl Iterator<Item = Link> {
    let uids = owners(object).filter_map(|owner| owner["uid"].as_str());
    let owned = uids.map(|uid| Link::OwnedBy(uid.into()));
    let regarded = object.regarded().map(|regarded| {
        let [kind, namespace, name] =
            ["kind", "namespace", "name"].map(|field| regarded[field].as_str().unwrap_or_default());
        about(kind, namespace, name)
    });
    owned.chain(regarded)
}

fn about(kind: &str, namespace: &str, name: &str) -> Link {
    Link::About(format!("{kind}/{namespace}/{name}").into())
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

fn owners(object: &Object) -> impl Iterator<Item = &Value> {
    object.pointer("/metadata/ownerReferences").and_then(Value::as_array).into_iter().flatten()
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
    fn owners_in_a_circle_have_an_end() {
        let shop = Snapshot::from_iter([
            object("v1", "Pod", "a", &owned("v1", "Pod", "b")),
            object("v1", "Pod", "b", &owned("v1", "Pod", "a")),
        ]);
        let one = shop.iter().next().unwrap();
        assert_eq!((shop.spoken_of(one).len(), shop.speaking_of(one).len()), (2, 2));
    }
}
