use serde_json::Value;

use super::super::Live;
use crate::finding::{Code, Finding};
use crate::object::Object;

/// APIs that another server has, and does not give.
pub(super) fn find(live: &Live) -> Vec<Finding> {
    live.objects.of_kind("apiregistration.k8s.io", "APIService").filter_map(of).collect()
}

fn of(api: &Object) -> Option<Finding> {
    let conditions = api.pointer("/status/conditions").and_then(Value::as_array);
    let failing = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition["type"] == "Available" && condition["status"] == "False")?;
    let service = |field: &str| api.text(&format!("/spec/service/{field}")).unwrap_or_default();
    let why = failing["message"].as_str().or(failing["reason"].as_str()).unwrap_or_default();
    let seen =
        format!("is not available, from the Service {}/{}: {why}", service("namespace"), service("name"));
    let hint = "bring the pods behind the Service back, or delete the APIService if who made it is gone: until then \
                namespaces that are deleted do not go, and its kinds are not known";
    Some(Finding::warning(Code::ApiUnavailable, seen, hint).on(api.id()))
}
