use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::image::Reference;
use crate::object::Object;

/// What a pull secret is good for (`pkg/credentialprovider/secrets`, `config.go`).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    /// Registries, or paths on them, as they are written.
    For(BTreeSet<String>),
    /// Nothing, and why.
    Unusable(String),
}

/// The types of Secret that a kubelet reads, each with its key.
const FORMS: [(&str, &str); 2] =
    [("kubernetes.io/dockerconfigjson", ".dockerconfigjson"), ("kubernetes.io/dockercfg", ".dockercfg")];

impl Credentials {
    pub(super) fn read(secret: &Object) -> Self {
        let kind = secret.text("/type").unwrap_or("Opaque");
        let Some((_, key)) = FORMS.iter().find(|(form, _)| *form == kind) else {
            return Self::Unusable(format!("its type is `{kind}`, not `{}`", FORMS[0].0));
        };
        match text(secret, key).map(|text| registries(key, &text)) {
            None => Self::Unusable(format!("it has no key `{key}`")),
            Some(Err(why)) => Self::Unusable(format!("its `{key}` {why}")),
            Some(Ok(registries)) => Self::For(registries.into_keys().collect()),
        }
    }

    pub(super) fn are_for(&self, image: &Reference) -> bool {
        match self {
            Self::For(registries) => registries.iter().any(|registry| image.is_at(registry)),
            Self::Unusable(_) => false,
        }
    }
}

/// What stands under the key, without its encoding; empty for what is none.
fn text(secret: &Object, key: &str) -> Option<String> {
    if let Some(plain) = secret.pointer("/stringData").and_then(|data| data[key].as_str()) {
        return Some(plain.to_owned());
    }
    let encoded = secret.pointer("/data")?.get(key)?.as_str().unwrap_or_default();
    let decoded = STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    Some(decoded.unwrap_or_default())
}

/// The registries that have a user and a password, or why the kubelet takes none of it.
fn registries(key: &str, text: &str) -> Result<BTreeMap<String, Value>, &'static str> {
    let whole: Value = serde_json::from_str(text).map_err(|_| "is no JSON")?;
    let entries = if key == FORMS[0].1 { &whole["auths"] } else { &whole };
    let entries = entries.as_object().ok_or("has no `auths`")?;
    let mut registries = BTreeMap::new();
    for (registry, entry) in entries {
        match has_user(entry) {
            Some(true) => _ = registries.insert(registry.clone(), entry.clone()),
            Some(false) => {}
            None => return Err("has an `auth` that is not `user:password` in base64"),
        }
    }
    if registries.is_empty() { Err("has no credentials for any registry") } else { Ok(registries) }
}

/// None where what is said of the user cannot be read.
fn has_user(entry: &Value) -> Option<bool> {
    let is_said = |field: &str| entry[field].as_str().is_some_and(|text| !text.is_empty());
    match entry["auth"].as_str().filter(|auth| !auth.is_empty()) {
        Some(auth) => STANDARD.decode(auth.trim_end_matches('\0')).ok()?.contains(&b':').then_some(true),
        None => Some(is_said("username") || is_said("identitytoken") || is_said("registrytoken")),
    }
}

/// A pull secret with the registries that it is for, and nothing that lets anybody in; what no kubelet could read
/// comes out as such.
pub(in super::super) fn without_credentials(secret: &Object) -> Map<String, Value> {
    let form = FORMS.iter().find(|(form, _)| secret.text("/type") == Some(*form));
    let Some((_, key)) = form else { return Map::new() };
    let Some(Ok(registries)) = text(secret, key).map(|text| registries(key, &text)) else {
        return Map::new();
    };
    let nobody = json!({"username": "redacted"});
    let entries: Map<String, Value> =
        registries.into_keys().map(|registry| (registry, nobody.clone())).collect();
    let whole = if *key == FORMS[0].1 { json!({"auths": entries}) } else { Value::Object(entries) };
    Map::from_iter([((*key).to_owned(), STANDARD.encode(whole.to_string()).into())])
}
