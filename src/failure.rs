//! At the top: every room's error in words for a person, with a hint and an exit code.

use std::fmt::Write;
use std::io;

use http::StatusCode;

use crate::cluster::{ApiError, ConnectError};
use crate::engine::{EngineError, FailedObject, Unready};
use crate::istio::release::ReleaseError;
use crate::istio::render::RenderError;
use crate::kustomize;
use crate::plan::{Homeless, Unrendered};
use crate::settings::SettingsError;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub enum Failure {
    Runtime(io::Error),
    /// stdout or the terminal cannot be written to, or read from.
    Output(io::Error),
    Settings(SettingsError),
    /// A folder does not render.
    Kustomize(Box<kustomize::Error>),
    Unrendered(Unrendered),
    NothingToFetch {
        profile: String,
    },
    Connect(ConnectError),
    Discovery(ApiError),
    /// The cluster is not on this machine; `asked` where a person said no.
    Unconfirmed {
        context: String,
        server: String,
        why: String,
        asked: bool,
    },
    Release(ReleaseError),
    Engine(Box<EngineError>),
    Interrupted(Signal),
}

/// A signal that asks a run to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Interrupt,
    Terminate,
}

impl Signal {
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }

    /// 128 and the signal's number, as a shell has it.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// How many objects a message lists before it only counts them.
const LISTED: usize = 10;

impl Failure {
    /// The exit code for what clap refuses, too.
    pub const USAGE: u8 = 2;

    /// As `docs/exit-codes.md` lists them.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Runtime(_) | Self::Output(_) => 1,
            Self::Settings(SettingsError::Target(_)) => 3,
            Self::Settings(_) | Self::Kustomize(_) | Self::Unrendered(_) => Self::USAGE,
            Self::NothingToFetch { .. } => Self::USAGE,
            Self::Connect(_) | Self::Discovery(_) | Self::Unconfirmed { .. } => 3,
            Self::Release(_) => 4,
            Self::Engine(error) => match error.as_ref() {
                EngineError::Homeless(_) => Self::USAGE,
                EngineError::Api { .. } | EngineError::LeaseLost => 3,
                EngineError::Release(_) => 4,
                EngineError::Istio(_) | EngineError::Kubeconfig(_) => 5,
                EngineError::Apply { .. } | EngineError::Own(_) => 6,
                EngineError::NotReady { .. } | EngineError::Silent { .. } => 7,
                EngineError::Checks(_) => 8,
                EngineError::Interrupted => Signal::Interrupt.exit_code(),
            },
            Self::Interrupted(signal) => signal.exit_code(),
        }
    }

    /// What went wrong, on which object, in which file: the first line by itself, then the details.
    pub fn text(&self) -> String {
        match self {
            Self::Runtime(error) => with_causes(error),
            Self::Output(error) => format!("the terminal cannot be used: {error}"),
            Self::Settings(error) => with_causes(error),
            Self::Kustomize(error) => error.to_string(),
            Self::Unrendered(error) => format!("layer `{}`: {}", error.layer, error.source),
            Self::NothingToFetch { profile } => {
                format!("the profile `{profile}` installs no Istio, so that there is nothing to fetch")
            }
            Self::Connect(error) => with_causes(error),
            Self::Discovery(error) => with_causes(error),
            Self::Unconfirmed { context, server, why, asked } => {
                let refused = if *asked { "not confirmed" } else { "this needs to be confirmed" };
                format!("{refused}: context `{context}` leads to {server}, and {why}")
            }
            Self::Release(error) => with_causes(error),
            Self::Engine(error) => engine_text(error),
            Self::Interrupted(signal) => format!("interrupted by {}", signal.name()),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unconfirmed { asked: false, .. } => "give --yes if this is the cluster that you mean",
            Self::Interrupted(_) => {
                "what was applied stays; run the same command again, and it goes on where it stopped"
            }
            Self::Release(error) => release_hint(error)?,
            Self::Engine(error) => return engine_hint(error),
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

fn engine_text(error: &EngineError) -> String {
    match error {
        EngineError::Apply { layer, failed } => {
            let first =
                format!("{} of layer `{layer}` could not be applied", counted(failed.len(), "object"));
            listed(first, failed, |FailedObject { object, at, error }| {
                let at = at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
                format!("{object}{at}: {}", with_causes(error))
            })
        }
        EngineError::NotReady { layer, after, failed, unready } => {
            let verb = if *failed { "has failed" } else { "is not ready" };
            let first = format!("layer `{layer}` {verb} after {} s", after.as_secs());
            listed(first, unready, |Unready { object, at, status, reason }| {
                let at = at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
                format!("{object}{at}: {}", reason.as_ref().unwrap_or(status))
            })
        }
        EngineError::Silent { layer, webhook, after, last } => {
            let after = after.as_secs();
            format!("the webhook `{webhook}` of layer `{layer}` does not answer after {after} s: {last}")
        }
        EngineError::Homeless(homeless) => {
            let first = format!("{} of no namespace", counted(homeless.len(), "object"));
            listed(first, homeless, |Homeless { object, layer, at, .. }| {
                let at = at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
                format!("{object} of layer `{layer}`{at}")
            })
        }
        EngineError::Checks(failed) => {
            let first = format!("{} on the mesh failed", counted(failed.len(), "check"));
            listed(first, failed, |(check, seen)| format!("{check}: {seen}"))
        }
        other => with_causes(other),
    }
}

fn engine_hint(error: &EngineError) -> Option<String> {
    let again = "run the same command again: what is applied already is left as it is";
    match error {
        EngineError::Release(error) => release_hint(error).map(str::to_owned),
        EngineError::Apply { failed, .. } => Some(apply_hint(failed).unwrap_or(again).to_owned()),
        EngineError::NotReady { failed: true, .. } => {
            Some("waiting longer would not mend it; once it is mended, run the same command again".to_owned())
        }
        EngineError::NotReady { layer, .. } | EngineError::Silent { layer, .. } => Some(format!(
            "where `{layer}` only needs more time, run the same command again, or give it more with --timeout"
        )),
        EngineError::Homeless(_) => {
            Some("write `namespace:` into each, or into the kustomization file of their folder".to_owned())
        }
        EngineError::LeaseLost => Some(again.to_owned()),
        EngineError::Istio(RenderError::TimedOut { .. }) => Some(again.to_owned()),
        _ => None,
    }
}

fn apply_hint(failed: &[FailedObject]) -> Option<&'static str> {
    failed.iter().find_map(|failed| match &failed.error {
        ApiError::Conflict { .. } => Some(
            "another tool manages these fields; take them out of the layer, or let that tool give them up",
        ),
        ApiError::Refused { status: StatusCode::FORBIDDEN, message, .. }
            if message.contains("exceeded quota") =>
        {
            Some("raise the ResourceQuota, or lower what the layer asks for")
        }
        ApiError::Refused { status: StatusCode::FORBIDDEN, message, .. } if message.contains("cannot") => {
            Some("this user may not do that in the cluster; an administrator can, or can grant it")
        }
        ApiError::UnknownKind { .. } => {
            Some("the cluster does not know this kind; install what defines it (its CRD) first")
        }
        _ => None,
    })
}

fn release_hint(error: &ReleaseError) -> Option<&'static str> {
    match error {
        ReleaseError::WrongDigest { .. } => Some(
            "nothing of it was kept or run; a proxy or a mirror may have changed it, or the digest in the profile \
             is of another file",
        ),
        ReleaseError::Unreachable { .. } | ReleaseError::Stalled { .. } => Some(
            "check the network and the proxy (HTTPS_PROXY); or fetch it where there is a network \
             (`kubestock-install fetch --cache-dir DIR`) and bring DIR here",
        ),
        ReleaseError::NoArchive { .. } => {
            Some("name its own `source` with a digest under `istio:` in the profile")
        }
        ReleaseError::Cache { .. } => Some("give another folder with --cache-dir"),
        ReleaseError::Tampered { .. } => Some("delete the folder, and it is fetched again"),
        _ => None,
    }
}

/// A line, and under it each item on a line of its own, the first few.
fn listed<T>(first: String, items: &[T], line: impl Fn(&T) -> String) -> String {
    let mut text = first;
    for item in items.iter().take(LISTED) {
        let _never_fails = write!(text, "\n  {}", line(item));
    }
    if items.len() > LISTED {
        let _never_fails = write!(text, "\n  and {} more", items.len() - LISTED);
    }
    text
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// An error and all that caused it, where the causes are not in its own words already.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let words = source.to_string();
        if !text.contains(&words) {
            let _never_fails = write!(text, ": {words}");
        }
        cause = source.source();
    }
    text
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::Settings(error)
    }
}

impl From<kustomize::Error> for Failure {
    fn from(error: kustomize::Error) -> Self {
        Self::Kustomize(Box::new(error))
    }
}

impl From<Unrendered> for Failure {
    fn from(error: Unrendered) -> Self {
        Self::Unrendered(error)
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        Self::Connect(error)
    }
}

impl From<ReleaseError> for Failure {
    fn from(error: ReleaseError) -> Self {
        Self::Release(error)
    }
}
