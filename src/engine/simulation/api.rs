use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::fault::Fault;
use crate::cluster::testing::{Answer, Asked, Lines};
use crate::plan::PART_OF;

/// The kinds that are served: group, version, kind, resource, whether they are in namespaces.
const KINDS: [(&str, &str, &str, bool); 10] = [
    ("v1", "ConfigMap", "configmaps", true),
    ("v1", "Secret", "secrets", true),
    ("v1", "Namespace", "namespaces", false),
    ("v1", "Pod", "pods", true),
    ("v1", "Event", "events", true),
    ("v1", "ResourceQuota", "resourcequotas", true),
    ("v1", "PersistentVolumeClaim", "persistentvolumeclaims", true),
    ("apps/v1", "Deployment", "deployments", true),
    ("apps/v1", "ReplicaSet", "replicasets", true),
    ("coordination.k8s.io/v1", "Lease", "leases", true),
];

/// Who else applies what.
pub(super) const SOMEBODY: &str = "somebody";

/// How long a Deployment takes until its pods are ready.
const ROLLOUT: Duration = Duration::from_secs(3);

/// An API server in memory, to the depth that the engine uses it: objects and their versions, watches, server-side apply
/// with its owners, deletion; and of controllers the one that makes Deployments ready.
#[derive(Clone, Default)]
pub(super) struct Api(Arc<Mutex<State>>);

type Managers = BTreeMap<String, Value>;

#[derive(Default)]
struct State {
    /// By the path of each.
    objects: BTreeMap<String, Value>,
    /// What each manager applied last of an object and still owns, by its path.
    applied: BTreeMap<String, Managers>,
    version: u64,
    watches: Vec<(String, UnboundedSender<String>)>,
    requests: usize,
    /// How often somebody else has done something to a layer's objects.
    meddled: usize,
}

impl Api {
    /// Every object, by its path.
    pub(super) fn objects(&self) -> BTreeMap<String, Value> {
        self.0.lock().unwrap().objects.clone()
    }

    pub(super) fn requests(&self) -> usize {
        self.0.lock().unwrap().requests
    }

    pub(super) fn meddled(&self) -> usize {
        self.0.lock().unwrap().meddled
    }

    /// Answers as an API server does, but for what goes wrong.
    pub(super) fn answer(&self, asked: &Asked, fault: Option<Fault>) -> Answer {
        self.0.lock().unwrap().requests += 1;
        let is_watch = asked.query("watch") == Some("true");
        match fault {
            Some(Fault::Busy) => Answer::status(429, "TooManyRequests", "a fault"),
            Some(Fault::Unwell) => Answer::status(503, "ServiceUnavailable", "a fault"),
            Some(Fault::Hangs) => Answer::Hangs,
            Some(Fault::Gone) if is_watch => Answer::status(410, "Expired", "a fault"),
            Some(Fault::Forgotten) if is_watch => Answer::Broken,
            Some(Fault::Forgotten) => {
                self.done(asked);
                Answer::Broken
            }
            Some(Fault::Gone) | None => self.done(asked),
        }
    }

    fn done(&self, asked: &Asked) -> Answer {
        match asked.path.as_str() {
            "/api" => return discovery("APIVersions", json!({"versions": ["v1"]})),
            "/apis" => return groups(),
            "/api/v1" | "/apis/apps/v1" | "/apis/coordination.k8s.io/v1" => return resources(&asked.path),
            path if path.ends_with("selfsubjectrulesreviews") => {
                let all = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]});
                return Answer::Json(201, json!({"status": {"resourceRules": [all], "incomplete": false}}));
            }
            path if path.ends_with("selfsubjectaccessreviews") => {
                return Answer::Json(201, json!({"status": {"allowed": true}}));
            }
            _ => {}
        }
        let Some(place) = Place::of(&asked.path) else { return not_found() };
        let mut state = self.0.lock().unwrap();
        match (&asked.method, &place.name) {
            (&Method::GET, None) if asked.query("watch") == Some("true") => state.watch(asked),
            (&Method::GET, None) => state.list(&place, asked),
            (&Method::GET, Some(_)) => {
                state.objects.get(&asked.path).map_or_else(not_found, |it| Answer::ok(it.clone()))
            }
            (&Method::POST, None) => state.create(&place, asked),
            (&Method::PUT, Some(_)) => state.replace(asked),
            (&Method::DELETE, Some(_)) => state.delete(asked),
            (&Method::PATCH, Some(_)) => {
                let answer = state.apply(&place, asked);
                drop(state);
                self.roll_out(&asked.path);
                answer
            }
            _ => Answer::status(405, "MethodNotAllowed", "no such method"),
        }
    }

    /// The Deployment controller: a while after each change, all pods are ready.
    fn roll_out(&self, path: &str) {
        if !path.contains("/deployments/") {
            return;
        }
        let (api, path) = (self.clone(), path.to_owned());
        tokio::spawn(async move {
            tokio::time::sleep(ROLLOUT).await;
            let mut state = api.0.lock().unwrap();
            let Some(mut object) = state.objects.get(&path).cloned() else { return };
            let (generation, replicas) =
                (object["metadata"]["generation"].clone(), object["spec"]["replicas"].as_u64().unwrap_or(1));
            let status = json!({"observedGeneration": generation, "replicas": replicas, "updatedReplicas": replicas,
                "readyReplicas": replicas, "availableReplicas": replicas, "conditions": [
                    {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
                    {"type": "Available", "status": "True"}]});
            if object["status"] != status {
                object["status"] = status;
                state.store(&path, object, false);
            }
        });
    }

    /// A controller writes something of its own into one of the objects.
    pub(super) fn touch(&self, which: u64) {
        let mut state = self.0.lock().unwrap();
        let paths: Vec<String> = state.objects.keys().cloned().collect();
        let Some(path) = one_of(&paths, which) else { return };
        let mut object = state.objects[path].clone();
        object["metadata"]["annotations"]["controller"] = which.to_string().into();
        state.store(path, object, false);
    }

    /// Somebody else takes the value of a ConfigMap for his own, by force.
    pub(super) fn take(&self, which: u64) {
        let paths = self.members("/configmaps/");
        let Some(path) = one_of(&paths, which) else { return };
        let name = path.rsplit('/').next();
        let value = format!("of somebody else: {which}");
        let taken = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"value": value}});
        let query = [("fieldManager", SOMEBODY), ("force", "true")];
        self.meddle(Method::PATCH, path, &query, taken);
    }

    /// Somebody else deletes an object of a layer.
    pub(super) fn remove(&self, which: u64) {
        let paths = self.members("/");
        let Some(path) = one_of(&paths, which) else { return };
        self.meddle(Method::DELETE, path, &[], Value::Null);
    }

    fn meddle(&self, method: Method, path: &str, query: &[(&str, &str)], body: Value) {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.done(&Asked { method, path: path.to_owned(), query, headers: HeaderMap::new(), body });
        self.0.lock().unwrap().meddled += 1;
    }

    /// The paths of what belongs to a layer.
    fn members(&self, part: &str) -> Vec<String> {
        let objects = self.objects();
        let members = objects.into_iter().filter(|(path, object)| path.contains(part) && is_member(object));
        members.map(|(path, _)| path).collect()
    }
}

/// Where an object is.
struct Place {
    collection: String,
    api_version: &'static str,
    kind: &'static str,
    namespace: Option<String>,
    name: Option<String>,
}

impl Place {
    fn of(path: &str) -> Option<Self> {
        let rest = KINDS.iter().map(|(version, ..)| {
            let root = if version.contains('/') { "apis" } else { "api" };
            (*version, path.strip_prefix(&format!("/{root}/{version}/")))
        });
        let (version, rest) = rest.into_iter().find_map(|(version, rest)| Some((version, rest?)))?;
        let parts: Vec<&str> = rest.split('/').collect();
        let (namespace, parts) = match parts.as_slice() {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest.to_vec()),
            all => (None, all.to_vec()),
        };
        let (resource, name) = (parts.first()?, parts.get(1));
        let (api_version, kind, ..) =
            KINDS.iter().copied().find(|(of, _, plural, _)| *of == version && plural == resource)?;
        let collection = match name {
            Some(name) => path.strip_suffix(&format!("/{name}"))?.to_owned(),
            None => path.to_owned(),
        };
        let (namespace, name) = (namespace.map(str::to_owned), name.map(|name| (*name).to_owned()));
        Some(Self { collection, api_version, kind, namespace, name })
    }

    /// Whether the object at this path is of the collection, which may be of all namespaces.
    fn holds(&self, path: &str) -> bool {
        holds(&self.collection, path)
    }
}

fn holds(collection: &str, path: &str) -> bool {
    let is_name = |rest: &str| rest.strip_prefix('/').is_some_and(|name| !name.contains('/'));
    let (root, resource) = collection.rsplit_once('/').unwrap_or_default();
    let in_a_namespace = || {
        let (_, rest) = path.strip_prefix(root)?.strip_prefix("/namespaces/")?.split_once('/')?;
        rest.strip_prefix(resource).map(is_name)
    };
    path.strip_prefix(collection).is_some_and(is_name) || in_a_namespace().unwrap_or(false)
}

impl State {
    fn store(&mut self, path: &str, mut object: Value, is_new: bool) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.tell(path, if is_new { "ADDED" } else { "MODIFIED" }, &object);
        self.objects.insert(path.to_owned(), object.clone());
        object
    }

    fn tell(&mut self, path: &str, what: &str, object: &Value) {
        let line = json!({"type": what, "object": object}).to_string() + "\n";
        self.watches.retain(|(collection, told)| !holds(collection, path) || told.send(line.clone()).is_ok());
    }

    fn watch(&mut self, asked: &Asked) -> Answer {
        let since: u64 = asked.query("resourceVersion").and_then(|text| text.parse().ok()).unwrap_or(0);
        if since < self.version {
            // What happened meanwhile is not kept.
            return Answer::status(410, "Expired", "too old resource version");
        }
        let (tell, told) = unbounded_channel();
        self.watches.push((asked.path.clone(), tell));
        Answer::Stream(Lines::of(told))
    }

    fn list(&self, place: &Place, asked: &Asked) -> Answer {
        let selector = asked.query("labelSelector").and_then(|selector| selector.split_once('='));
        let is_picked = |object: &&Value| {
            selector.is_none_or(|(label, value)| object["metadata"]["labels"][label] == value)
        };
        let of_kind = self.objects.iter().filter(|(path, _)| place.holds(path)).map(|(_, object)| object);
        let items: Vec<&Value> = of_kind.filter(is_picked).collect();
        let metadata = json!({"resourceVersion": self.version.to_string()});
        let kind = format!("{}List", place.kind);
        Answer::ok(
            json!({"kind": kind, "apiVersion": place.api_version, "metadata": metadata, "items": items}),
        )
    }

    fn is_there(&self, place: &Place) -> bool {
        let namespace = place.namespace.as_ref().map(|name| format!("/api/v1/namespaces/{name}"));
        namespace.is_none_or(|namespace| self.objects.contains_key(&namespace))
    }

    fn create(&mut self, place: &Place, asked: &Asked) -> Answer {
        let name = asked.body["metadata"]["name"].as_str().unwrap_or_default();
        let path = format!("{}/{name}", place.collection);
        if !self.is_there(place) {
            return Answer::status(404, "NotFound", "namespaces \"it\" not found");
        }
        if self.objects.contains_key(&path) {
            return Answer::status(409, "AlreadyExists", "it already exists");
        }
        let mut object = asked.body.clone();
        object["metadata"]["uid"] = format!("uid-{}", self.version).into();
        Answer::Json(201, self.store(&path, object, true))
    }

    fn replace(&mut self, asked: &Asked) -> Answer {
        let Some(live) = self.objects.get(&asked.path) else { return not_found() };
        if live["metadata"]["resourceVersion"] != asked.body["metadata"]["resourceVersion"] {
            return Answer::status(409, "Conflict", "the object has been modified");
        }
        Answer::ok(self.store(&asked.path, asked.body.clone(), false))
    }

    fn delete(&mut self, asked: &Asked) -> Answer {
        let Some(object) = self.objects.get(&asked.path).cloned() else { return not_found() };
        let uid = &asked.body["preconditions"]["uid"];
        if !uid.is_null() && *uid != object["metadata"]["uid"] {
            return Answer::status(409, "Conflict", "another object has its name");
        }
        // With a namespace goes what is in it, of whatever group.
        let inside = asked.path.strip_prefix("/api/v1").map(|namespace| format!("{namespace}/"));
        let is_inside = |path: &str| inside.as_ref().is_some_and(|inside| path.contains(inside));
        let paths = self.objects.keys();
        let gone: Vec<String> =
            paths.filter(|path| **path == asked.path || is_inside(path)).cloned().collect();
        for path in gone {
            if let Some(object) = self.objects.remove(&path) {
                self.version += 1;
                self.applied.remove(&path);
                self.tell(&path, "DELETED", &object);
            }
        }
        Answer::ok(json!({"kind": "Status", "status": "Success"}))
    }

    /// Server-side apply: what the manager applied before and does not now is taken away, and what another one has
    /// applied with another value is a conflict.
    fn apply(&mut self, place: &Place, asked: &Asked) -> Answer {
        let manager = asked.query("fieldManager").unwrap_or_default().to_owned();
        let (force, dry) = (asked.query("force") == Some("true"), asked.query("dryRun").is_some());
        if !self.is_there(place) {
            return Answer::status(404, "NotFound", "namespaces \"it\" not found");
        }
        let mut wanted = asked.body.clone();
        let locked =
            wanted["metadata"].as_object_mut().and_then(|metadata| metadata.remove("resourceVersion"));
        let before = self.objects.get(&asked.path).cloned();
        if let (Some(locked), Some(before)) = (&locked, &before)
            && *locked != before["metadata"]["resourceVersion"]
        {
            return Answer::status(409, "Conflict", "the object has been modified");
        }
        let mut after =
            before.clone().unwrap_or_else(|| json!({"metadata": {"uid": format!("uid-{}", self.version)}}));
        let mut managers = self.applied.get(&asked.path).cloned().unwrap_or_default();
        let previous = managers.remove(&manager);
        for (other, theirs) in &mut managers {
            let fields = clashes(&after, theirs, &wanted, "");
            if !fields.is_empty() && !force {
                return conflict(other, &fields);
            }
            fields.iter().for_each(|field| forget(theirs, field));
        }
        if let Some(previous) = previous {
            take_away(&mut after, &previous, &wanted, &managers.values().collect::<Vec<_>>());
        }
        json_patch::merge(&mut after, &wanted);
        managers.insert(manager, wanted);
        after["metadata"]["managedFields"] =
            managers.iter().map(|(name, applied)| owned(name, applied)).collect();
        if before.as_ref().is_none_or(|before| before["spec"] != after["spec"]) {
            let generation = after["metadata"]["generation"].as_u64().unwrap_or(0);
            after["metadata"]["generation"] = (generation + 1).into();
        }
        if dry || before.as_ref() == Some(&after) {
            return Answer::ok(after);
        }
        self.applied.insert(asked.path.clone(), managers);
        let is_new = before.is_none();
        Answer::Json(if is_new { 201 } else { 200 }, self.store(&asked.path, after, is_new))
    }
}

/// The fields that another one has applied and that would get another value.
fn clashes(live: &Value, theirs: &Value, wanted: &Value, path: &str) -> Vec<String> {
    match (theirs, wanted) {
        (Value::Object(theirs), Value::Object(wanted)) => wanted
            .iter()
            .filter_map(|(key, wanted)| {
                let inner = format!("{path}.{key}");
                Some(clashes(live.get(key)?, theirs.get(key)?, wanted, &inner))
            })
            .flatten()
            .collect(),
        (_, wanted) if live == wanted => Vec::new(),
        _ => vec![path.to_owned()],
    }
}

fn conflict(manager: &str, fields: &[String]) -> Answer {
    let cause = |field: &String| {
        json!({"reason": "FieldManagerConflict", "field": field,
            "message": format!("conflict with \"{manager}\" using v1")})
    };
    let causes: Vec<Value> = fields.iter().map(cause).collect();
    Answer::Json(409, json!({"kind": "Status", "reason": "Conflict", "details": {"causes": causes}}))
}

/// Takes a field, `.data.value`, out of what a manager has applied.
fn forget(applied: &mut Value, field: &str) {
    let (parent, name) = field.rsplit_once('.').unwrap_or(("", field));
    let parent = applied.pointer_mut(&parent.replace('.', "/"));
    if let Some(parent) = parent.and_then(Value::as_object_mut) {
        parent.remove(name);
    }
}

/// What was applied before and is not wanted now goes, but for what others have applied too.
fn take_away(live: &mut Value, previous: &Value, wanted: &Value, others: &[&Value]) {
    let (Value::Object(live), Value::Object(previous)) = (live, previous) else { return };
    for (key, previous) in previous {
        let others: Vec<&Value> = others.iter().filter_map(|theirs| theirs.get(key)).collect();
        match (live.get_mut(key), wanted.get(key)) {
            (_, None) if others.is_empty() => _ = live.remove(key),
            (Some(inner), Some(wanted)) => take_away(inner, previous, wanted, &others),
            (Some(inner), None) => take_away(inner, previous, &Value::Null, &others),
            (None, _) => {}
        }
    }
}

/// An entry of `managedFields`: who owns which fields, whatever their values. What names the object is nobody's.
fn owned(manager: &str, applied: &Value) -> Value {
    let version = &applied["apiVersion"];
    let mut fields = applied.clone();
    for (pointer, names) in [("", ["apiVersion", "kind"]), ("/metadata", ["name", "namespace"])] {
        if let Some(Value::Object(map)) = fields.pointer_mut(pointer) {
            names.iter().for_each(|name| _ = map.remove(*name));
        }
    }
    json!({"manager": manager, "operation": "Apply", "apiVersion": version, "fieldsV1": shape(&fields)})
}

fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (format!("f:{key}"), shape(value))).collect()
        }
        _ => json!({}),
    }
}

pub(super) fn is_member(object: &Value) -> bool {
    object["metadata"]["labels"][PART_OF].is_string()
}

fn one_of(paths: &[String], which: u64) -> Option<&String> {
    paths.get(usize::try_from(which).ok()?.checked_rem(paths.len())?)
}

fn not_found() -> Answer {
    Answer::not_found("it")
}

fn discovery(kind: &str, more: Value) -> Answer {
    let mut list = json!({"kind": kind});
    json_patch::merge(&mut list, &more);
    Answer::ok(list)
}

fn groups() -> Answer {
    let group = |name: &str| {
        let version = json!({"groupVersion": format!("{name}/v1"), "version": "v1"});
        json!({"name": name, "versions": [version]})
    };
    let groups = ["apps", "coordination.k8s.io"].map(group);
    discovery("APIGroupList", json!({"groups": groups}))
}

fn resources(path: &str) -> Answer {
    let version = path.trim_start_matches("/apis/").trim_start_matches("/api/");
    let of_version = KINDS.iter().filter(|(of, ..)| *of == version);
    let resources: Vec<Value> = of_version
        .map(|(_, kind, name, namespaced)| {
            let resource: Map<String, Value> = Map::from_iter([
                ("name".to_owned(), (*name).into()),
                ("singularName".to_owned(), "".into()),
                ("namespaced".to_owned(), (*namespaced).into()),
                ("kind".to_owned(), (*kind).into()),
                ("verbs".to_owned(), json!([])),
            ]);
            Value::Object(resource)
        })
        .collect();
    discovery("APIResourceList", json!({"groupVersion": version, "resources": resources}))
}
