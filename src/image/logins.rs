use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::Reference;

/// Who we are to registries: by the registry, or a path on it, as docker's configuration writes it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Logins(BTreeMap<String, Login>);

/// A user and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    pub username: String,
    pub password: String,
}

impl Logins {
    pub fn insert(&mut self, registry: impl Into<String>, login: Login) {
        self.0.insert(registry.into(), login);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that an image is pulled with.
    pub fn for_image<'a>(&'a self, image: &'a Reference) -> impl Iterator<Item = &'a str> {
        self.0.keys().map(String::as_str).filter(|registry| image.is_at(registry))
    }

    /// These of them, as the text of a pull secret.
    pub fn to_docker_config<'a>(&self, registries: impl IntoIterator<Item = &'a str>) -> String {
        let entry = |registry: &str| {
            let Login { username, password } = self.0.get(registry)?;
            let auth = STANDARD.encode(format!("{username}:{password}"));
            Some((registry.to_owned(), json!({"username": username, "password": password, "auth": auth})))
        };
        let entries: Map<String, Value> = registries.into_iter().filter_map(entry).collect();
        json!({"auths": entries}).to_string()
    }
}

impl fmt::Debug for Logins {
    /// Without what lets anybody in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}
