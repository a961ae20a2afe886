use serde_json::{Map, Value};

/// Whether a LabelSelector takes something with these labels; one that is empty takes everything.
pub(super) fn selects(selector: Option<&Value>, labels: &Map<String, Value>) -> bool {
    let Some(selector) = selector else { return true };
    let pairs = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let expressions = selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
    pairs.into_iter().all(|(key, value)| labels.get(key) == Some(value))
        && expressions.into_iter().all(|expression| holds(expression, labels))
}

/// An expression of an operator that is not known holds for nothing, as the API server would refuse it.
fn holds(expression: &Value, labels: &Map<String, Value>) -> bool {
    let value = expression.get("key").and_then(Value::as_str).and_then(|key| labels.get(key));
    let values = expression.get("values").and_then(Value::as_array);
    let is_in = value.is_some_and(|value| values.is_some_and(|values| values.contains(value)));
    match expression.get("operator").and_then(Value::as_str) {
        Some("In") => is_in,
        Some("NotIn") => !is_in,
        Some("Exists") => value.is_some(),
        Some("DoesNotExist") => value.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_selector_takes_what_the_api_server_takes() {
        let labels = json!({"app": "shop", "tier": "web"});
        let expression = |key: &str, operator: &str, values: &[&str]| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        let cases = [
            (json!({}), true),
            (json!({"matchLabels": {"app": "shop"}}), true),
            (json!({"matchLabels": {"app": "shop", "tier": "db"}}), false),
            (expression("app", "In", &["shop", "other"]), true),
            (expression("app", "In", &["other"]), false),
            (expression("gone", "In", &["shop"]), false),
            (expression("app", "NotIn", &["shop"]), false),
            (expression("gone", "NotIn", &["shop"]), true),
            (expression("app", "Exists", &[]), true),
            (expression("app", "DoesNotExist", &[]), false),
            (expression("app", "Near", &["shop"]), false),
        ];
        for (selector, taken) in cases {
            assert_eq!(selects(Some(&selector), labels.as_object().unwrap()), taken, "{selector}");
        }
    }
}
