//! Why the server would not let an object be as its layer has it, as a finding.

use http::StatusCode;

use crate::cluster::{ApiError, FieldConflict};
use crate::event::HeldField;
use crate::finding::{Code, Finding};
use crate::object::{ObjectId, redacted_text};
use crate::plan::Placed;

/// How the API server says that a field stays as it was made (`apimachinery/pkg/api/validation`, and the kinds
/// that word it themselves: Service, RoleBinding, StatefulSet).
const IMMUTABLE: [&str; 5] = [
    "immutable",
    "may not change",
    "may not be changed",
    "cannot change roleRef",
    "updates to statefulset spec for fields other than",
];

pub(super) fn finding(placed: &Placed, error: &ApiError) -> Finding {
    let object = placed.object.id();
    let found = match error {
        ApiError::Conflict { conflicts, .. } => held(conflicts),
        ApiError::Refused { status: StatusCode::UNPROCESSABLE_ENTITY, message, .. }
            if is_immutable(message) =>
        {
            immutable(&object, message)
        }
        error => refused(&object, error),
    };
    found.on(object).at(placed.at.clone())
}

/// The fields that others hold, where these are why.
pub(super) fn conflicts(error: &ApiError) -> Vec<HeldField> {
    let ApiError::Conflict { conflicts, .. } = error else { return Vec::new() };
    let held = |conflict: &FieldConflict| HeldField {
        manager: conflict.manager.clone(),
        field: conflict.field.clone(),
    };
    conflicts.iter().map(held).collect()
}

fn held(conflicts: &[FieldConflict]) -> Finding {
    let fields = conflicts.iter().map(|FieldConflict { manager, field }| format!("{field} (`{manager}`)"));
    let seen =
        format!("others hold fields of it with other values: {}", fields.collect::<Vec<_>>().join(", "));
    let hint = "leave these fields out of the layer, or have who manages them give them up; --force-conflicts takes them";
    Finding::error(Code::FieldsHeld, seen, hint)
}

fn is_immutable(message: &str) -> bool {
    IMMUTABLE.iter().any(|words| message.contains(words))
}

fn immutable(object: &ObjectId, message: &str) -> Finding {
    // `Deployment.apps "web" is invalid: spec.selector: Invalid value: {...}: field is immutable`
    let what = message.split_once(" is invalid: ").map_or(message, |(_, what)| what);
    let namespace = object.namespace.as_ref().map(|name| format!(" -n {name}")).unwrap_or_default();
    let (kind, name) = (object.group_kind.to_string().to_lowercase(), &object.name);
    let hint = format!(
        "have the layer say of this field what the cluster has; or delete the object, and what it holds with it, for the \
         next run to make it anew: `kubectl delete {kind} {name}{namespace}`"
    );
    Finding::error(Code::FieldImmutable, format!("cannot be changed: {}", redacted_text(what)), hint)
}

fn refused(object: &ObjectId, error: &ApiError) -> Finding {
    let text = error.to_string();
    let mut words = text.strip_prefix(&object.to_string()).unwrap_or(&text).trim_start_matches([':', ' ']);
    if object.group_kind.kind == "Secret" {
        // What does not fit the schema is quoted: `.stringData.pin: expected string, got &{1234}`.
        words = words.split(", got ").next().unwrap_or_default();
    }
    let seen = format!("the server would refuse it: {}", redacted_text(words));
    Finding::error(Code::ObjectRefused, seen, "an installation would end with the same")
}
