//! Objects and logs without what should be known to nobody else.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::Object;

const REDACTED: &str = "(redacted)";
const CHANGED: &str = "(redacted, changed)";

/// Annotations that repeat a whole object.
const COPIES: [&str; 1] = ["kubectl.kubernetes.io/last-applied-configuration"];

/// What a name says of a value that is kept from others.
static SECRET_NAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)passw|passphrase|secret|token|credential|api.?key|private.?key|auth").ok()
});

/// Tokens, keys in PEM, passwords in addresses and in `password=...`.
static SECRET_TEXT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let patterns = [
        r"(?P<a>(?i)bearer\s+)[A-Za-z0-9._~+/=-]{8,}",
        r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----",
        r"(?P<b>://[^\s/:@]+:)[^\s/@]+(?P<c>@)",
        r#"(?P<d>(?i)(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key)["']?\s*[=:]\s*["']?)[^\s"',;&]+"#,
    ];
    Regex::new(&patterns.join("|")).ok()
});

/// A text without the secrets that can be told by their form.
pub fn redacted_text(text: &str) -> Cow<'_, str> {
    match SECRET_TEXT.as_ref() {
        Some(secret) => secret.replace_all(text, format!("$a$b$d{REDACTED}$c")),
        None => Cow::Borrowed(REDACTED),
    }
}

/// An object without the values of its Secret or ConfigMap, the variables whose names say that they are kept from
/// others, and what all texts give away by their form; and without what servers keep for themselves.
pub fn redacted(object: &Object) -> Object {
    without_secrets(object, object.is("", "Secret") || object.is("", "ConfigMap"))
}

/// The same for what is compared: the values of a ConfigMap stay, for they are what changes.
pub(super) fn redacted_for_diff(object: &Object) -> Object {
    without_secrets(object, object.is("", "Secret"))
}

/// Two states of an object as [`redacted_for_diff`]. What looks the same only because it is kept from others says
/// in the second that it has changed.
pub(super) fn redacted_change(before: &Object, after: &Object) -> (Object, Object) {
    let (shown_before, mut shown_after) = (redacted_for_diff(before), redacted_for_diff(after));
    for (key, shown) in shown_after.fields_mut() {
        let pointer = format!("/{key}");
        if let (Some(was), Some(is), Some(shown_was)) =
            (before.pointer(&pointer), after.pointer(&pointer), shown_before.pointer(&pointer))
        {
            tell_changes(was, is, shown_was, shown);
        }
    }
    (shown_before, shown_after)
}

fn tell_changes(was: &Value, is: &Value, shown_was: &Value, shown: &mut Value) {
    match (was, is, shown_was, shown) {
        (Value::Object(was), Value::Object(is), Value::Object(shown_was), Value::Object(shown)) => {
            for (key, shown) in shown {
                if let (Some(was), Some(is), Some(shown_was)) =
                    (was.get(key), is.get(key), shown_was.get(key))
                {
                    tell_changes(was, is, shown_was, shown);
                }
            }
        }
        (Value::Array(was), Value::Array(is), Value::Array(shown_was), Value::Array(shown)) => {
            for (place, (is, shown)) in is.iter().zip(shown).enumerate() {
                let before = counterpart(was, is, place);
                if let Some((was, shown_was)) = before.and_then(|at| was.get(at).zip(shown_was.get(at))) {
                    tell_changes(was, is, shown_was, shown);
                }
            }
        }
        (was, is, Value::String(shown_was), Value::String(shown)) if was != is && shown_was == shown => {
            *shown = match shown.as_str() {
                REDACTED => CHANGED.to_owned(),
                text => format!("{} (changed)", text.trim_end()),
            };
        }
        _ => {}
    }
}

/// Where an item of a list was before: the one of its name, where it has one.
fn counterpart(was: &[Value], is: &Value, place: usize) -> Option<usize> {
    match is.get("name") {
        Some(name) => was.iter().position(|item| item.get("name") == Some(name)),
        None => Some(place),
    }
}

fn without_secrets(object: &Object, holds_data: bool) -> Object {
    let mut object = object.clone();
    let fields = object.fields_mut();
    if holds_data {
        for data in ["data", "stringData", "binaryData"] {
            fields.get_mut(data).and_then(Value::as_object_mut).into_iter().flatten().for_each(
                |(_, value)| {
                    *value = REDACTED.into();
                },
            );
        }
    }
    if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            COPIES.iter().for_each(|copy| _ = annotations.remove(*copy));
        }
    }
    fields.values_mut().for_each(redact);
    object
}

fn redact(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(redacted) = redacted_text(text) {
                *text = redacted;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Object(fields) => {
            // A variable of a container: {name, value}.
            let is_secret = fields.get("name").and_then(Value::as_str).is_some_and(is_secret_name);
            if let Some(value) = fields.get_mut("value").filter(|value| is_secret && value.is_string()) {
                *value = REDACTED.into();
            }
            fields.values_mut().for_each(redact);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_secret_name(name: &str) -> bool {
    SECRET_NAME.as_ref().is_none_or(|secret| secret.is_match(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_lose_what_their_form_gives_away() {
        let table = [
            ("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer (redacted)"),
            ("token eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJr.c2ln end", "token (redacted) end"),
            ("postgres://shop:hunter2@db:5432/shop", "postgres://shop:(redacted)@db:5432/shop"),
            ("--password=hunter2 --port=80", "--password=(redacted) --port=80"),
            ("{\"secret\": \"x y\"}", "{\"secret\": \"(redacted) y\"}"),
            ("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----", "(redacted)"),
            ("GET /products/7 200", "GET /products/7 200"),
            ("secret \"db\" not found", "secret \"db\" not found"),
        ];
        for (text, expected) in table {
            assert_eq!(redacted_text(text), expected);
        }
    }

    #[test]
    fn objects_lose_data_and_variables_that_are_kept_from_others() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web", "managedFields": [1],
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "shop"}},
            "spec": {"containers": [{"name": "app", "args": ["--token=abc"],
                "env": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "PORT", "value": "80"}]}]}});
        let redacted_pod = redacted(&Object::new(pod).unwrap());
        let expected = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web", "annotations": {"team": "shop"}},
            "spec": {"containers": [{"name": "app", "args": ["--token=(redacted)"],
                "env": [{"name": "DB_PASSWORD", "value": "(redacted)"}, {"name": "PORT", "value": "80"}]}]}});
        assert_eq!(redacted_pod, Object::new(expected).unwrap());
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"},
            "data": {"password": "aHVudGVyMg=="}});
        let redacted = redacted(&Object::new(secret).unwrap());
        assert_eq!(redacted.pointer("/data/password"), Some(&json!("(redacted)")));
    }
}
