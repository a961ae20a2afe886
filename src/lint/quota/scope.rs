use serde_json::Value;

use super::Asking;
use crate::object::Object;

/// Whether a quota counts these pods (`pkg/quota/v1/evaluator/core/pods.go`, podMatchesScopeFunc).
pub(super) fn counts(quota: &Object, asking: &Asking<'_>) -> bool {
    let named = quota.pointer("/spec/scopes").and_then(Value::as_array).into_iter().flatten();
    let mut named = named.filter_map(Value::as_str);
    let selected = quota.pointer("/spec/scopeSelector/matchExpressions").and_then(Value::as_array);
    let is_in = |requirement: &Value| match requirement["scopeName"].as_str() {
        Some("PriorityClass") => is_of_priority(requirement, asking),
        Some(scope) => is_in_scope(scope, asking),
        None => false,
    };
    named.all(|scope| is_in_scope(scope, asking)) && selected.into_iter().flatten().all(is_in)
}

fn is_in_scope(scope: &str, asking: &Asking<'_>) -> bool {
    let Some(spec) = asking.pods.spec else { return false };
    let ends = spec["activeDeadlineSeconds"].is_u64();
    match scope {
        "Terminating" => ends,
        "NotTerminating" => !ends,
        "BestEffort" => asking.each.is_best_effort(),
        "NotBestEffort" => !asking.each.is_best_effort(),
        "PriorityClass" => spec["priorityClassName"].is_string(),
        "CrossNamespacePodAffinity" => has_cross_namespace_affinity(&spec["affinity"]),
        _ => false,
    }
}

fn is_of_priority(requirement: &Value, asking: &Asking<'_>) -> bool {
    let class = asking.pods.spec.and_then(|spec| spec["priorityClassName"].as_str());
    let mut values = requirement["values"].as_array().into_iter().flatten();
    match requirement["operator"].as_str() {
        Some("In") => class.is_some() && values.any(|value| value.as_str() == class),
        Some("NotIn") => class.is_none() || !values.any(|value| value.as_str() == class),
        Some("Exists") => class.is_some(),
        Some("DoesNotExist") => class.is_none(),
        _ => false,
    }
}

fn has_cross_namespace_affinity(affinity: &Value) -> bool {
    let crosses = |term: &Value| {
        !term["namespaceSelector"].is_null()
            || term["namespaces"].as_array().is_some_and(|names| !names.is_empty())
    };
    ["podAffinity", "podAntiAffinity"].iter().any(|kind| {
        let items = |field: &str| affinity[kind][field].as_array().into_iter().flatten();
        items("requiredDuringSchedulingIgnoredDuringExecution").any(crosses)
            || items("preferredDuringSchedulingIgnoredDuringExecution")
                .any(|term| crosses(&term["podAffinityTerm"]))
    })
}
