use serde_json::{Map, Value};

use super::evidence::{OF_EVENTS, REVISION, is_pod_ready};
use crate::object::Object;

/// What is read of the metadata of Events, and of pods that are ready.
const METADATA: [&str; 7] =
    ["creationTimestamp", "deletionTimestamp", "finalizers", "name", "namespace", "ownerReferences", "uid"];

/// What is read of that of workloads besides.
const OF_WORKLOADS: [&str; 3] = ["annotations", "generation", "resourceVersion"];

/// What is read of the spec of pods and of their containers.
const OF_PODS: [&str; 5] = ["containers", "initContainers", "nodeName", "restartPolicy", "volumes"];
const OF_CONTAINERS: [&str; 4] = ["image", "name", "resources", "restartPolicy"];

/// Volumes of other sources are never what is missing.
const SOURCES: [&str; 3] = ["configMap", "persistentVolumeClaim", "secret"];

/// What is read of the status of pods and of their containers.
const OF_STATUS: [&str; 6] =
    ["conditions", "containerStatuses", "initContainerStatuses", "message", "phase", "reason"];
const OF_CONTAINER_STATUS: [&str; 6] = ["image", "lastState", "name", "ready", "restartCount", "state"];

/// The object without what nothing here asks of it, for thousands are held at once: what pods are to be made of says nothing
/// of how they are, and of a pod that is ready nothing is to be explained.
pub fn essence(mut object: Object) -> Object {
    let is_owned_pod = object.is("", "Pod") && is_owned(&object);
    let is_ready_pod = is_owned_pod && is_pod_ready(&object);
    let is_event = object.regarded().is_some();
    let makes_pods = object.pointer("/spec/template").is_some();
    let fields = object.fields_mut();
    if is_event {
        keep(fields, &OF_EVENTS);
        keep_at(&mut object, "/metadata", &METADATA);
    } else if is_ready_pod {
        keep(fields, &["apiVersion", "kind", "metadata", "status"]);
        keep_at(&mut object, "/metadata", &METADATA);
        keep_at(&mut object, "/status", &["conditions", "phase"]);
        if let Some(Value::Array(conditions)) = object.pointer_mut("/status/conditions") {
            conditions.retain(|condition| condition["type"] == "Ready");
        }
    } else if is_owned_pod {
        keep_at(&mut object, "/metadata", &METADATA);
        keep_at(&mut object, "/spec", &OF_PODS);
        keep_of_each(&mut object, &["/spec/containers", "/spec/initContainers"], &OF_CONTAINERS);
        if let Some(Value::Array(volumes)) = object.pointer_mut("/spec/volumes") {
            volumes.retain(|volume| SOURCES.iter().any(|source| volume.get(source).is_some()));
        }
        keep_at(&mut object, "/status", &OF_STATUS);
        let statuses = ["/status/containerStatuses", "/status/initContainerStatuses"];
        keep_of_each(&mut object, &statuses, &OF_CONTAINER_STATUS);
    } else if makes_pods {
        keep_at(&mut object, "/metadata", &[&METADATA[..], &OF_WORKLOADS].concat());
        keep_at(&mut object, "/metadata/annotations", &[REVISION]);
        if let Some(Value::Object(spec)) = object.pointer_mut("/spec") {
            let unread = ["selector", "strategy", "template", "volumeClaimTemplates"];
            unread.iter().for_each(|field| _ = spec.remove(*field));
        }
    }
    object
}

/// One that nobody owns may be what is waited for.
fn is_owned(object: &Object) -> bool {
    object.pointer("/metadata/ownerReferences").is_some()
}

fn keep_at(object: &mut Object, pointer: &str, wanted: &[&str]) {
    if let Some(Value::Object(fields)) = object.pointer_mut(pointer) {
        keep(fields, wanted);
    }
}

fn keep_of_each(object: &mut Object, lists: &[&str], wanted: &[&str]) {
    for list in lists {
        if let Some(Value::Array(items)) = object.pointer_mut(list) {
            items.iter_mut().filter_map(Value::as_object_mut).for_each(|item| keep(item, wanted));
        }
    }
}

fn keep(fields: &mut Map<String, Value>, wanted: &[&str]) {
    fields.retain(|field, _| wanted.contains(&field.as_str()));
}
