use std::collections::BTreeSet;

use serde_json::Value;

use crate::object::Object;

/// What changes with every write, or is written by others than who applies.
const NOT_APPLIED: [&str; 5] = [
    ".status",
    ".metadata.managedFields",
    ".metadata.resourceVersion",
    ".metadata.generation",
    ".metadata.creationTimestamp",
];

/// The fields in which a live object differs from what applying the plan's would make of it: paths as the API server
/// writes them, `.spec.template.spec.containers[name="web"].image`. Where a list would get longer or shorter, it is
/// the list.
pub fn drift(live: &Object, applied: &Object) -> Vec<String> {
    let mut fields = Vec::new();
    compare(String::new(), &live.to_value(), &applied.to_value(), &mut fields);
    fields
}

fn compare(path: String, live: &Value, applied: &Value, fields: &mut Vec<String>) {
    if live == applied || NOT_APPLIED.contains(&path.as_str()) {
        return;
    }
    match (live, applied) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let (live, applied) =
                    (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                compare(format!("{path}{}", step(key)), live, applied, fields);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (place, (live, applied)) in a.iter().zip(b).enumerate() {
                compare(format!("{path}[{}]", element(place, live, applied)), live, applied, fields);
            }
        }
        _ => fields.push(path),
    }
}

fn step(key: &str) -> String {
    let is_plain = key.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if is_plain { format!(".{key}") } else { format!("[{key:?}]") }
}

/// An element by its name, where it has kept it.
fn element(place: usize, live: &Value, applied: &Value) -> String {
    match live["name"].as_str() {
        Some(name) if applied["name"] == name => format!("name={name:?}"),
        _ => place.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::yaml::parse_documents;

    const LIVE: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, generation: 3, resourceVersion: '7', labels: {app.kubernetes.io/name: web}}
spec:
  replicas: 1
  template: {spec: {containers: [{name: web, image: 'web:1', args: [a, b]}]}}
status: {replicas: 1}
";

    #[test]
    fn the_fields_that_applying_would_change_are_named() {
        let object = |text: &str| Object::new(parse_documents(text).unwrap().remove(0).value).unwrap();
        let table = [
            ("generation: 3", "generation: 4", ""),
            ("status: {replicas: 1}", "status: {}", ""),
            ("  replicas: 1", "  replicas: 2", ".spec.replicas"),
            ("  replicas: 1", "  paused: true", ".spec.paused .spec.replicas"),
            ("name: web}}", "name: shop}}", ".metadata.labels[\"app.kubernetes.io/name\"]"),
            ("'web:1'", "'web:2'", ".spec.template.spec.containers[name=\"web\"].image"),
            ("{name: web, image", "{name: app, image", ".spec.template.spec.containers[0].name"),
            ("[a, b]", "[a, c]", ".spec.template.spec.containers[name=\"web\"].args[1]"),
            ("[a, b]", "[a]", ".spec.template.spec.containers[name=\"web\"].args"),
        ];
        for (from, to, expected) in table {
            assert!(LIVE.contains(from), "{from}");
            let fields = drift(&object(LIVE), &object(&LIVE.replacen(from, to, 1)));
            assert_eq!(fields.join(" "), expected, "{from} -> {to}");
        }
    }
}
