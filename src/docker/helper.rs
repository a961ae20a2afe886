use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use super::LoginError;
use crate::child;
use crate::image::Login;

/// How long a helper may take: it may ask a person to unlock something.
const ANSWER: Duration = Duration::from_secs(60);

/// What a helper says where it has nothing (`credentials/error.go` of docker-credential-helpers).
const NOT_FOUND: &str = "credentials not found in native keychain";

/// The user by which an identity token is told from a password.
const TOKEN: &str = "<token>";

/// Asks the helper of this name for the login of a registry; None where it has none.
pub(super) async fn get(name: &str, registry: &str) -> Result<Option<Login>, LoginError> {
    let helper = format!("docker-credential-{name}");
    let asked = child::run(Command::new(&helper).arg("get"), registry.as_bytes(), ANSWER).await;
    let ended = asked.map_err(|source| LoginError::Helper {
        helper: helper.clone(),
        registry: registry.to_owned(),
        source,
    })?;
    let refused = |said: String| LoginError::Refused { helper, registry: registry.to_owned(), said };
    if !ended.status.success() {
        // Helpers say why on stdout, where a login would be.
        let text = ended.text();
        return if text.trim() == NOT_FOUND { Ok(None) } else { Err(refused(ended.status.to_string())) };
    }
    let answer: Value = serde_json::from_slice(&ended.stdout).unwrap_or_default();
    match (answer["Username"].as_str(), answer["Secret"].as_str()) {
        (Some(TOKEN), Some(_)) => Err(LoginError::IdentityToken { registry: registry.to_owned() }),
        (Some(username), Some(secret)) => {
            Ok(Some(Login { username: username.to_owned(), password: secret.to_owned() }))
        }
        _ => Err(refused("its answer has no `Username` and `Secret`".to_owned())),
    }
}
