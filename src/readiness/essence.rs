use serde_json::{Map, Value};

use super::evidence::{OF_EVENTS, is_pod_ready};
use crate::object::Object;

/// What is read of the metadata of a pod that is ready, and of an Event.
const METADATA: [&str; 7] =
    ["creationTimestamp", "deletionTimestamp", "finalizers", "name", "namespace", "ownerReferences", "uid"];

/// The object without what nothing here asks of it, for thousands are held at once: what pods are to be made of says nothing
/// of how they are, and of a pod that is ready nothing is to be explained.
pub fn essence(mut object: Object) -> Object {
    let is_ready_pod = object.is("", "Pod") && is_owned(&object) && is_pod_ready(&object);
    let is_event = object.regarded().is_some();
    let fields = object.fields_mut();
    if is_event {
        keep(fields, &OF_EVENTS);
        keep_in(fields, "metadata", &METADATA);
    } else if is_ready_pod {
        keep(fields, &["apiVersion", "kind", "metadata", "status"]);
        keep_in(fields, "metadata", &METADATA);
        keep_in(fields, "status", &["conditions", "phase"]);
        if let Some(Value::Array(conditions)) = object.pointer_mut("/status/conditions") {
            conditions.retain(|condition| condition["type"] == "Ready");
        }
    } else if let Some(Value::Object(spec)) = fields.get_mut("spec") {
        // Pods have none of these.
        let of_pods = ["selector", "template", "volumeClaimTemplates"];
        of_pods.iter().for_each(|field| _ = spec.remove(*field));
    }
    object
}

/// One that nobody owns may be what is waited for.
fn is_owned(object: &Object) -> bool {
    object.pointer("/metadata/ownerReferences").is_some()
}

fn keep_in(fields: &mut Map<String, Value>, field: &str, wanted: &[&str]) {
    if let Some(Value::Object(within)) = fields.get_mut(field) {
        keep(within, wanted);
    }
}

fn keep(fields: &mut Map<String, Value>, wanted: &[&str]) {
    fields.retain(|field, _| wanted.contains(&field.as_str()));
}
