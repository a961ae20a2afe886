//! Single values seen as the text they are in YAML: what a text written into a field becomes there.

use serde_json::Value;

use crate::object::yaml::{self, Dialect};

/// The text of a single value; None for a mapping or a list.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(_) | Value::Array(_) => None,
        other => Some(other.to_string()),
    }
}

/// What a text means that is written into a field without quotes.
pub(super) fn plain(text: &str) -> Value {
    if text.contains('\n') {
        return text.into(); // kustomize writes it as a block, which is always text.
    }
    yaml::plain_word(text, Dialect::Kustomize).unwrap_or_else(|| text.into())
}

/// Writes a text into a field of a certain type, which it keeps: a text stays one, a number takes only
/// numbers. Gives the type's name where it does not fit.
pub(super) fn assign(field: &mut Value, text: &str) -> Result<(), &'static str> {
    let meant = plain(text);
    let (fits, type_) = match field {
        Value::String(_) => {
            *field = text.into();
            return Ok(());
        }
        Value::Number(number) if number.is_f64() => (meant.is_number(), "a number"),
        Value::Number(_) => (meant.is_i64() || meant.is_u64(), "a whole number"),
        Value::Bool(_) => (meant.is_boolean(), "true or false"),
        Value::Null => (meant.is_null(), "null"),
        Value::Object(_) => (false, "a mapping"),
        Value::Array(_) => (false, "a list"),
    };
    if !fits {
        return Err(type_);
    }
    *field = meant;
    Ok(())
}
