//! The suffix of a generated object's name: a hash of its content, so that pods restart when it changes.
//! It must be the one that kubectl computes, or an object applied by either would exist twice.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::object::Object;

use super::resource::Resources;

/// How many signs of the hash a name gets.
const SIGNS: usize = 10;

pub(super) fn add_to_names(resources: &mut Resources) {
    for resource in resources.list.iter_mut().filter(|resource| resource.needs_hash) {
        let suffix = suffix(&resource.object);
        resource.remember_name();
        resource.set_name(format!("{}-{suffix}", resource.object.name()));
    }
}

fn suffix(object: &Object) -> String {
    let content = go_json(&hashed_content(object));
    let hash = Sha256::digest(content.as_bytes());
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.chars().take(SIGNS).map(unambiguous).collect()
}

/// The fields that count, as kustomize's hasher picks them; a missing one is an empty text. The name is one
/// of them, but kustomize looks for it in the wrong place, so it is always empty.
fn hashed_content(object: &Object) -> Value {
    let field = |pointer: &str| object.pointer(pointer).cloned().unwrap_or_else(|| "".into());
    let mut content = json!({ "kind": object.kind(), "name": "", "data": field("/data") });
    let (extra, pointer) = match object.kind() {
        "Secret" => ("stringData", "/stringData"),
        _ => ("binaryData", "/binaryData"),
    };
    if object.kind() == "Secret" {
        content["type"] = field("/type");
    }
    if let Some(Value::Object(map)) = object.pointer(pointer) {
        content[extra] = map.clone().into();
    }
    content
}

/// Signs that look or sound like others are replaced, so that no hash spells a word.
fn unambiguous(sign: char) -> char {
    match sign {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        other => other,
    }
}

/// JSON as Go writes it: what could end a script in HTML is escaped.
fn go_json(value: &Value) -> String {
    let plain = value.to_string();
    let mut escaped = String::with_capacity(plain.len());
    for sign in plain.chars() {
        match sign {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => escaped.push_str(&format!("\\u{:04x}", sign as u32)),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_is_kubectls() {
        // Recorded from `kubectl kustomize` v1.32.
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "long"}, "type": "Opaque",
            "data": {
                "a": "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYW\nFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh\n",
                "weird key!": "MQ==",
            },
        });
        assert_eq!(suffix(&Object::new(secret).unwrap()), "dkm5tkhdf6");
    }

    #[test]
    fn json_is_escaped_as_go_escapes_it() {
        assert_eq!(go_json(&json!({"a": "<b>&\u{2028}\n\u{8}"})), r#"{"a":"\u003cb\u003e\u0026\u2028\n\b"}"#);
    }
}
