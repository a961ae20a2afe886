//! Reading what a status says, whatever a controller wrote there: what is missing or of another type than
//! Kubernetes gives it counts as absent.

use jiff::Timestamp;
use serde_json::Value;

use crate::object::Object;

/// One entry of `status.conditions`; absent texts are empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Condition<'a> {
    pub(super) kind: &'a str,
    pub(super) status: &'a str,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
    /// When its status last changed.
    pub(super) since: Option<Timestamp>,
}

impl Condition<'_> {
    pub(super) fn is_true(&self) -> bool {
        self.status == "True"
    }

    pub(super) fn is_false(&self) -> bool {
        self.status == "False"
    }

    /// `Reason: message`, or what there is of it.
    pub(super) fn words(&self) -> String {
        match (self.reason, self.message) {
            (reason, "") => reason.to_owned(),
            ("", message) => message.to_owned(),
            (reason, message) => format!("{reason}: {message}"),
        }
    }
}

pub(super) fn conditions(object: &Object) -> impl Iterator<Item = Condition<'_>> {
    list(object, "/status/conditions").map(|condition| Condition {
        kind: text(condition, "type"),
        status: text(condition, "status"),
        reason: text(condition, "reason"),
        message: text(condition, "message"),
        since: time(text(condition, "lastTransitionTime")),
    })
}

pub(super) fn condition<'a>(object: &'a Object, kind: &str) -> Option<Condition<'a>> {
    conditions(object).find(|condition| condition.kind == kind)
}

/// The items of the list at a JSON pointer; none where there is no list.
pub(super) fn list<'a>(object: &'a Object, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    object.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// The string in a field of a value; empty where there is none.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A time as Kubernetes writes it; None where there is none.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// The whole number at a JSON pointer.
pub(super) fn int(object: &Object, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

/// A number of pods in the status, 0 where the controller has not written it yet.
pub(super) fn count(object: &Object, field: &str) -> i64 {
    int(object, &format!("/status/{field}")).unwrap_or(0)
}
