use std::collections::BTreeSet;

use serde_json::Value;

use super::Right;
use crate::object::Object;

const GROUP: &str = "rbac.authorization.k8s.io";

/// Whether an object gives rights to others.
pub fn is_granting(object: &Object) -> bool {
    object.group() == GROUP
}

/// What a Role gives in its namespace. Who may not do all of this himself may not make the Role
/// (k8s.io/kubernetes, pkg/registry/rbac/role/policybased). Rules for paths are left to the server.
pub fn granted(role: &Object) -> BTreeSet<Right> {
    let rules = role.pointer("/rules").and_then(Value::as_array).into_iter().flatten();
    rules.flat_map(|rule| each(rule, role.namespace())).collect()
}

fn each(rule: &Value, namespace: Option<&str>) -> Vec<Right> {
    let texts = |field: &str| -> Vec<String> {
        let list = rule.get(field).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|text| text.as_str().map(str::to_owned)).collect()
    };
    let mut rights = Vec::new();
    for group in texts("apiGroups") {
        for resource in texts("resources") {
            let right = |verb: String| Right::new(namespace, &group, resource.clone(), &verb);
            rights.extend(texts("verbs").into_iter().map(right));
        }
    }
    rights
}
