//! From `kubectl apply` to server-side apply.
//!
//! kubectl's client-side apply owns fields under a manager of its own. Left there, a field that is removed from
//! a manifest would stay in the cluster for ever, since two managers own it and only one lets go. So these
//! fields are moved to us before we apply, as kubectl does in its own migration: this is `csaupgrade` of
//! client-go (util/csaupgrade/upgrade.go), on the JSON form of the sets of fields.

use http::Method;
use serde_json::{Map, Value, json};

use super::FIELD_MANAGER;
use super::apply::METADATA_ONLY;
use super::connect::Cluster;
use super::error::ApiError;
use super::objects::Place;
use super::request::Call;
use crate::object::Object;

pub(super) const KUBECTL_APPLY: &str = "kubectl-client-side-apply";

const JSON_PATCH: &str = "application/json-patch+json";

/// How often the move is tried while others change the object.
const ATTEMPTS: usize = 5;

impl Cluster {
    /// Moves what kubectl's client-side apply owns of a live object to us. False where that is nothing.
    pub(super) async fn take_over(&self, place: &Place, live: &Object) -> Result<bool, ApiError> {
        let Some(mut patch) = patch(live) else { return Ok(false) };
        let mut attempts = 1;
        while let Err(error) = self.move_fields(place, &patch).await {
            if !error.is_race() || attempts == ATTEMPTS {
                return Err(error);
            }
            attempts += 1;
            // Somebody else may have moved them, or deleted the object.
            let newer = self.live(place, METADATA_ONLY).await?;
            let Some(newer) = newer.as_ref().and_then(self::patch) else { break };
            patch = newer;
        }
        Ok(true)
    }

    async fn move_fields(&self, place: &Place, patch: &Value) -> Result<(), ApiError> {
        let query = [("fieldManager", FIELD_MANAGER)];
        let call = Call::get(place.path(&query)?, &place.subject).with_body(JSON_PATCH, patch);
        (Call { method: Method::PATCH, ..call }).text(self.client()).await?;
        Ok(())
    }
}

/// Whether there is anything to move: a real run changes such an object even where its fields stay as they are.
pub(super) fn is_applied_by_kubectl(live: &Object) -> bool {
    patch(live).is_some()
}

/// The JSON patch that moves the fields, if the object is still as it was read; None where there are none.
fn patch(live: &Object) -> Option<Value> {
    let entries = live.pointer("/metadata/managedFields")?.as_array()?;
    let moved = moved(entries)?;
    Some(json!([
        { "op": "replace", "path": "/metadata/managedFields", "value": moved },
        { "op": "replace", "path": "/metadata/resourceVersion", "value": live.text("/metadata/resourceVersion") },
    ]))
}

/// The entries with kubectl's in ours. None where kubectl has none.
fn moved(entries: &[Value]) -> Option<Vec<Value>> {
    let theirs = entries.iter().position(is_theirs)?;
    let mut moved = entries.to_vec();
    // Where we never applied, kubectl's latest entry (the first: they are sorted) becomes ours.
    let ours = entries.iter().position(is_ours).unwrap_or(theirs);
    let version = &entries[ours]["apiVersion"];
    let mut fields = entries[ours]["fieldsV1"].as_object().cloned().unwrap_or_default();
    // Sets of different versions cannot be united: those of other versions are given up.
    let united = entries.iter().find(|entry| is_theirs(entry) && entry["apiVersion"] == *version);
    if let Some(Value::Object(theirs)) = united.map(|entry| &entry["fieldsV1"]) {
        fields = union(fields, theirs);
    }
    remove(
        &mut fields,
        &["f:metadata", "f:annotations", "f:kubectl.kubernetes.io/last-applied-configuration"],
    );

    moved[ours]["manager"] = FIELD_MANAGER.into();
    moved[ours]["operation"] = "Apply".into();
    moved[ours]["fieldsV1"] = Value::Object(fields);
    moved.retain(|entry| !is_theirs(entry));
    Some(moved)
}

fn is_theirs(entry: &Value) -> bool {
    is_entry(entry, KUBECTL_APPLY, "Update")
}

pub(super) fn is_ours(entry: &Value) -> bool {
    is_entry(entry, FIELD_MANAGER, "Apply")
}

fn is_entry(entry: &Value, manager: &str, operation: &str) -> bool {
    let of_object = entry["subresource"].as_str().unwrap_or_default().is_empty();
    entry["manager"] == manager && entry["operation"] == operation && of_object
}

/// The union of two sets of fields (`FieldsV1`). Each key is a step of a path. An empty map below it says that
/// the path ends there; one with more steps says so only if it has the key `.` too.
fn union(mut fields: Map<String, Value>, others: &Map<String, Value>) -> Map<String, Value> {
    for (step, theirs) in others {
        let united = match (fields.remove(step), theirs) {
            (Some(Value::Object(ours)), Value::Object(theirs)) => Value::Object(match () {
                () if ours.is_empty() == theirs.is_empty() => union(ours, theirs),
                () => {
                    let mut both = union(ours, theirs);
                    both.insert(".".to_owned(), json!({}));
                    both
                }
            }),
            (_, theirs) => theirs.clone(),
        };
        fields.insert(step.clone(), united);
    }
    fields
}

/// Takes one path out of a set, and what is empty without it: left empty, it would say that the path ends there.
fn remove(fields: &mut Map<String, Value>, path: &[&str]) {
    let [step, rest @ ..] = path else { return };
    if rest.is_empty() {
        fields.remove(*step);
    } else if let Some(Value::Object(below)) = fields.get_mut(*step).filter(|below| **below != json!({})) {
        remove(below, rest);
        if below.is_empty() {
            fields.remove(*step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: &str, api_version: &str, fields: Value) -> Value {
        json!({
            "manager": manager, "operation": operation, "apiVersion": api_version,
            "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields,
        })
    }

    #[test]
    fn the_entry_of_kubectl_becomes_ours_without_its_annotation() {
        let others = entry("kube-controller-manager", "Update", "apps/v1", json!({"f:spec": {"f:x": {}}}));
        let theirs = entry(
            KUBECTL_APPLY,
            "Update",
            "apps/v1",
            json!({
                "f:metadata": { "f:annotations": {
                    ".": {}, "f:kubectl.kubernetes.io/last-applied-configuration": {}, "f:mine": {},
                }},
                "f:spec": {"f:replicas": {}},
            }),
        );
        let ours = entry(
            FIELD_MANAGER,
            "Apply",
            "apps/v1",
            json!({
                "f:metadata": { "f:annotations": { ".": {}, "f:mine": {} }},
                "f:spec": {"f:replicas": {}},
            }),
        );
        assert_eq!(moved(&[theirs, others.clone()]), Some(vec![ours, others]));
    }

    #[test]
    fn an_entry_that_is_ours_already_takes_in_kubectls_of_the_same_version() {
        let entries = [
            entry(KUBECTL_APPLY, "Update", "apps/v1beta1", json!({"f:spec": {"f:old": {}}})),
            entry(FIELD_MANAGER, "Apply", "apps/v1", json!({"f:spec": {"f:replicas": {}}})),
            entry(KUBECTL_APPLY, "Update", "apps/v1", json!({"f:spec": {"f:paused": {}}})),
        ];
        let ours =
            entry(FIELD_MANAGER, "Apply", "apps/v1", json!({"f:spec": {"f:paused": {}, "f:replicas": {}}}));
        assert_eq!(moved(&entries), Some(vec![ours]));
    }

    #[test]
    fn an_object_that_kubectl_never_applied_is_left_alone() {
        let mut scale = entry(KUBECTL_APPLY, "Update", "apps/v1", json!({"f:spec": {"f:replicas": {}}}));
        scale["subresource"] = "scale".into();
        let entries = [
            entry(FIELD_MANAGER, "Apply", "apps/v1", json!({"f:spec": {"f:replicas": {}}})),
            entry(KUBECTL_APPLY, "Apply", "apps/v1", json!({"f:spec": {"f:replicas": {}}})),
            entry("kubectl-edit", "Update", "apps/v1", json!({"f:spec": {"f:replicas": {}}})),
            scale,
        ];
        assert_eq!(moved(&entries), None);
        assert_eq!(moved(&[]), None);
    }

    #[test]
    fn a_union_holds_every_path_of_both_sets() {
        for (ours, theirs, both) in [
            (json!({"f:a": {}}), json!({"f:b": {}}), json!({"f:a": {}, "f:b": {}})),
            (json!({"f:a": {}}), json!({"f:a": {}}), json!({"f:a": {}})),
            (
                json!({"f:a": {"f:x": {}}}),
                json!({"f:a": {"f:y": {}}}),
                json!({"f:a": {"f:x": {}, "f:y": {}}}),
            ),
            (json!({"f:a": {}}), json!({"f:a": {"f:y": {}}}), json!({"f:a": {".": {}, "f:y": {}}})),
            (json!({"f:a": {"f:y": {}}}), json!({"f:a": {}}), json!({"f:a": {".": {}, "f:y": {}}})),
            (
                json!({"f:c": {"k:{\"name\":\"web\"}": {".": {}, "f:image": {}}}}),
                json!({"f:c": {"k:{\"name\":\"web\"}": {"f:args": {}}}}),
                json!({"f:c": {"k:{\"name\":\"web\"}": {".": {}, "f:args": {}, "f:image": {}}}}),
            ),
        ] {
            let (Value::Object(a), Value::Object(b)) = (ours, theirs) else { panic!("sets are maps") };
            assert_eq!(Value::Object(union(a, &b)), both);
        }
    }

    #[test]
    fn what_is_empty_without_a_removed_path_goes_with_it() {
        for (before, after) in [
            (json!({"f:a": {"f:b": {"f:c": {}}}, "f:z": {}}), json!({"f:z": {}})),
            (json!({"f:a": {".": {}, "f:b": {"f:c": {}}}}), json!({"f:a": {".": {}}})),
            (json!({"f:a": {}}), json!({"f:a": {}})),
            (json!({"f:a": {"f:b": {}}}), json!({"f:a": {"f:b": {}}})),
        ] {
            let Value::Object(mut fields) = before else { panic!("sets are maps") };
            remove(&mut fields, &["f:a", "f:b", "f:c"]);
            assert_eq!(Value::Object(fields), after);
        }
    }

    #[test]
    fn the_move_holds_only_for_the_version_that_was_read() {
        let live = Object::new(json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {
                "name": "web", "resourceVersion": "42",
                "managedFields": [entry(KUBECTL_APPLY, "Update", "apps/v1", json!({"f:spec": {}}))],
            },
        }));
        let patch = patch(&live.unwrap()).unwrap();
        assert_eq!(patch[1], json!({"op": "replace", "path": "/metadata/resourceVersion", "value": "42"}));
    }
}
