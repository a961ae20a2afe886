//! What a cluster showed, as lines of JSON: `{"at": seconds, "object": {...}}` for one that is new or changed, with
//! `gone` in the place of `object` for one that is not there any more. Objects are kept as far as the rules read them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use kubestock_install::object::{Object, Snapshot};
use serde_json::{Map, Value, json};

pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(format!("tests/situations/recordings/{name}.jsonl"))
}

#[derive(Default)]
pub(crate) struct Recorder {
    known: BTreeMap<String, Value>,
    lines: String,
}

impl Recorder {
    /// Notes what has changed since the last time.
    pub(crate) fn note(&mut self, at: Duration, snapshot: &Snapshot) {
        let at = (at.as_secs_f64() * 10.0).round() / 10.0;
        let now: BTreeMap<String, Value> =
            snapshot.iter().map(|object| (key(object), kept(object))).collect();
        let gone: Vec<String> = self.known.keys().filter(|key| !now.contains_key(*key)).cloned().collect();
        for key in gone {
            self.known.remove(&key);
            self.lines += &format!("{}\n", json!({"at": at, "gone": key}));
        }
        for (key, object) in now {
            if self.known.get(&key) != Some(&object) {
                self.lines += &format!("{}\n", json!({"at": at, "object": object}));
                self.known.insert(key, object);
            }
        }
    }

    pub(crate) fn keep(&self, name: &str) {
        std::fs::create_dir_all(path(name).parent().unwrap()).unwrap();
        std::fs::write(path(name), &self.lines).unwrap();
    }
}

/// The states of a recording, in their order.
pub(crate) fn states(text: &str) -> Vec<(Duration, Snapshot)> {
    let mut snapshot = Snapshot::default();
    let mut states: Vec<(Duration, Snapshot)> = Vec::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let at = Duration::from_secs_f64(line["at"].as_f64().unwrap());
        match line.get("object") {
            Some(object) => snapshot.insert(Object::new(object.clone()).unwrap()),
            None => {
                let gone = line["gone"].as_str().unwrap();
                let id = snapshot.iter().find(|object| key(object) == gone).map(Object::id).unwrap();
                snapshot.remove(&id);
            }
        }
        match states.last_mut() {
            Some((last, state)) if *last == at => *state = snapshot.clone(),
            _ => states.push((at, snapshot.clone())),
        }
    }
    states
}

fn key(object: &Object) -> String {
    object.id().to_string()
}

const METADATA: [&str; 9] = [
    "name",
    "namespace",
    "uid",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "finalizers",
    "ownerReferences",
    "annotations",
];
const SPEC: [&str; 9] = [
    "replicas",
    "paused",
    "progressDeadlineSeconds",
    "updateStrategy",
    "strategy",
    "nodeName",
    "volumes",
    "completions",
    "backoffLimit",
];
const CONTAINER: [&str; 4] = ["name", "image", "resources", "restartPolicy"];
const EVENT: [&str; 9] = [
    "type",
    "reason",
    "message",
    "count",
    "lastTimestamp",
    "firstTimestamp",
    "eventTime",
    "series",
    "involvedObject",
];

fn kept(object: &Object) -> Value {
    let whole = object.to_value();
    let mut kept = pick(&whole, &["apiVersion", "kind", "status"]);
    kept.insert("metadata".into(), Value::Object(pick(&whole["metadata"], &METADATA)));
    if let Some(annotations) = kept["metadata"].get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.retain(|name, _| name == "deployment.kubernetes.io/revision");
    }
    if object.kind() == "Event" {
        kept.append(&mut pick(&whole, &EVENT));
        return Value::Object(kept);
    }
    let mut spec = pick(&whole["spec"], &SPEC);
    for containers in ["initContainers", "containers"] {
        if let Some(list) = whole["spec"].get(containers).and_then(Value::as_array) {
            let list = list.iter().map(|container| Value::Object(pick(container, &CONTAINER)));
            spec.insert(containers.into(), list.collect());
        }
    }
    if let Some(volumes) = spec.get_mut("volumes").and_then(Value::as_array_mut) {
        volumes.retain(|volume| volume.get("projected").is_none());
    }
    kept.insert("spec".into(), Value::Object(spec));
    Value::Object(kept)
}

fn pick(value: &Value, names: &[&str]) -> Map<String, Value> {
    let picked = names.iter().filter_map(|name| Some(((*name).to_owned(), value.get(name)?.clone())));
    picked.collect()
}
