use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{LoginError, helper};
use crate::image::{Login, Logins, registry_host};

/// `~/.docker/config.json`, or podman's `auth.json`: what matters of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Configuration {
    auths: BTreeMap<String, Entry>,
    /// The helper for all registries.
    creds_store: Option<String>,
    /// Helpers for single ones.
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

/// The logins that a configuration has for these hosts. As docker does it, a helper is asked first: the host's own, or the
/// one for all; what it does not have may stand in the file.
///
/// # Errors
/// Where the file is none, or a helper fails; that there is no login is no error.
pub async fn logins(path: &Path, hosts: &BTreeSet<String>) -> Result<Logins, LoginError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| LoginError::Unreadable { path: path.to_owned(), source })?;
    let configuration: Configuration = serde_json::from_str(&text)
        .map_err(|error| LoginError::NotAConfiguration { path: path.to_owned(), line: error.line() })?;
    let mut logins = Logins::default();
    for host in hosts {
        let server = if host == "docker.io" { "https://index.docker.io/v1/" } else { host };
        if let Some(name) = configuration.helper(host).filter(|name| !name.is_empty()) {
            if !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
                return Err(LoginError::NotAHelper { path: path.to_owned(), name: name.to_owned() });
            }
            if let Some(login) = helper::get(name, server).await? {
                logins.insert(server, login);
                continue;
            }
        }
        for (registry, entry) in
            configuration.auths.iter().filter(|(written, _)| registry_host(written) == host)
        {
            if let Some(login) = entry.login(path, registry)? {
                logins.insert(registry, login);
            }
        }
    }
    Ok(logins)
}

impl Configuration {
    fn helper(&self, host: &str) -> Option<&str> {
        let own = self.cred_helpers.iter().find(|(written, _)| registry_host(written) == host);
        own.map(|(_, name)| name).or(self.creds_store.as_ref()).map(String::as_str)
    }
}

impl Entry {
    /// None where the file only says that a helper has it.
    fn login(&self, path: &Path, registry: &str) -> Result<Option<Login>, LoginError> {
        let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(auth) = some(&self.auth) {
            let decoded = STANDARD.decode(auth.trim_end_matches('\0')).ok();
            let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
            let login = text.as_deref().and_then(|text| text.split_once(':')).map(|(username, password)| {
                Login { username: username.to_owned(), password: password.trim_end_matches('\0').to_owned() }
            });
            let wrong = || LoginError::NotAnAuth { path: path.to_owned(), registry: registry.to_owned() };
            let login = login.ok_or_else(wrong)?;
            if !login.password.is_empty() || self.identitytoken.is_none() {
                return Ok(Some(login));
            }
        }
        match (some(&self.username), some(&self.password), some(&self.identitytoken)) {
            (Some(username), Some(password), _) => Ok(Some(Login { username, password })),
            (_, _, Some(_)) => Err(LoginError::IdentityToken { registry: registry.to_owned() }),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    async fn of(text: &str, hosts: &[&str]) -> Result<Logins, LoginError> {
        let (_folder, path) = configuration(text);
        logins(&path, &hosts.iter().map(|host| (*host).to_owned()).collect()).await
    }

    #[tokio::test]
    async fn what_the_file_has_for_a_host_is_taken_and_nothing_else() {
        let text = r#"{"auths": {
            "https://index.docker.io/v1/": {"auth": "bWU6aHVudGVyMg=="},
            "ghcr.io/shop": {"username": "robot", "password": "pw"},
            "other.example": {"auth": "bWU6aHVudGVyMg=="},
            "empty.example": {}
        }, "HttpHeaders": {"User-Agent": "x"}}"#;
        let found = of(text, &["docker.io", "ghcr.io", "empty.example", "nowhere.example"]).await.unwrap();
        assert_eq!(format!("{found:?}"), r#"{"ghcr.io/shop", "https://index.docker.io/v1/"}"#);
        let image = "shop/web:1".parse().unwrap();
        let registries: Vec<&str> = found.for_image(&image).collect();
        assert_eq!(
            found.to_docker_config(registries),
            r#"{"auths":{"https://index.docker.io/v1/":{"auth":"bWU6aHVudGVyMg==","password":"hunter2","username":"me"}}}"#
        );
        assert!(found.for_image(&"ghcr.io/another/web:1".parse().unwrap()).next().is_none());
    }

    #[tokio::test]
    async fn what_is_wrong_is_told_without_a_piece_of_it() {
        let table = [
            (r#"{"auths": "hunter2"}"#, "config.json:1: this is no configuration of docker's"),
            (r#"{"auths": {"a.example": {"auth": "hunter2"}}}"#, "an `auth` for a.example that is not"),
            (r#"{"auths": {"a.example": {"identitytoken": "hunter2"}}}"#, "is an identity token"),
            (r#"{"credsStore": "../evil"}"#, "`../evil` is no name of a credential helper"),
        ];
        for (text, expected) in table {
            let told = of(text, &["a.example"]).await.unwrap_err().to_string();
            assert!(told.contains(expected) && !told.contains("hunter2"), "{told}");
        }
    }
}
