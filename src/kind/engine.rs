use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use super::{KindError, Machine};
use crate::child::{self, ChildError};

/// How long an engine may take to say what it runs on; Docker Desktop is slow while it starts.
const ANSWER: Duration = Duration::from_secs(30);

/// The variable by which kind chooses.
pub(super) const CHOICE: &str = "KIND_EXPERIMENTAL_PROVIDER";

/// What runs the containers that are kind's nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Docker,
    Nerdctl,
    Podman,
}

impl Engine {
    /// In the order in which kind looks for them.
    const ALL: [Self; 3] = [Self::Docker, Self::Nerdctl, Self::Podman];

    pub fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Nerdctl => "nerdctl",
            Self::Podman => "podman",
        }
    }

    /// The first that answers, and the machine that it runs on: of all, or only the one that the user has chosen. kind
    /// takes the first that is installed, running or not.
    pub(super) async fn find() -> Result<(Self, Machine), KindError> {
        let chosen = std::env::var(CHOICE).ok().filter(|chosen| !chosen.is_empty());
        let chosen = chosen.map(|chosen| chosen.parse::<Self>()).transpose()?;
        let mut silent = None;
        for engine in Self::ALL.into_iter().filter(|engine| chosen.is_none_or(|chosen| chosen == *engine)) {
            match engine.ask().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(error) => silent = silent.or(Some(error)),
            }
        }
        Err(silent.unwrap_or(KindError::Missing { kind: false, engine: true }))
    }

    /// None where it is not installed.
    async fn ask(self) -> Result<Option<(Self, Machine)>, KindError> {
        let mut command = Command::new(self.name());
        command.args(["info", "--format", "{{json .}}"]);
        let ended = match child::run(&mut command, b"", ANSWER).await {
            Err(ChildError::Start(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(KindError::Child { command: format!("{self} info"), source });
            }
            Ok(ended) => ended,
        };
        let info: Value = serde_json::from_slice(&ended.stdout).unwrap_or_default();
        // The client of docker has ended well at times although there was no server.
        let error = info["ServerErrors"].get(0).and_then(Value::as_str);
        if !ended.status.success() || error.is_some() {
            let said =
                if ended.said().is_empty() { error.unwrap_or_default().to_owned() } else { ended.said() };
            return Err(KindError::Silent { engine: self, said });
        }
        // `docker` may be podman's stand-in for it.
        let engine = if info["host"].is_object() { Self::Podman } else { self };
        Ok(Some((engine, Machine::of(&info))))
    }
}

impl FromStr for Engine {
    type Err = KindError;

    fn from_str(text: &str) -> Result<Self, KindError> {
        let named = Self::ALL.into_iter().find(|engine| engine.name() == text);
        named.ok_or_else(|| KindError::UnknownEngine(text.to_owned()))
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
