use http::StatusCode;

use super::Failure;
use crate::cluster::{ApiError, ConnectError};
use crate::engine::{EngineError, FailedObject};
use crate::istio::release::ReleaseError;
use crate::istio::render::RenderError;
use crate::settings::SettingsError;

impl Failure {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unconfirmed { asked: false, .. } => "give --yes if this is the cluster that you mean",
            Self::Interrupted(_) => {
                "what was applied stays; run the same command again, and it goes on where it stopped"
            }
            Self::Connect(error) | Self::Settings(SettingsError::Target(error)) => {
                return connect_hint(error);
            }
            Self::Release(error) => release_hint(error)?,
            Self::Engine(error) => return engine_hint(error),
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

fn connect_hint(error: &ConnectError) -> Option<String> {
    let contexts = |contexts: &[String]| match contexts {
        [] => "it has none; a cluster's own tool writes one (`kind export kubeconfig`, say)".to_owned(),
        some => format!("there are {}; choose with --context", some.join(", ")),
    };
    Some(match error {
        ConnectError::NoKubeconfig { looked_at } => {
            let files: Vec<String> = looked_at.iter().map(|path| path.display().to_string()).collect();
            format!("looked at {}; name one with --kubeconfig, or start a cluster", files.join(", "))
        }
        ConnectError::NoCurrentContext { contexts: known } => contexts(known),
        ConnectError::UnknownContext { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
        ConnectError::UnknownContext { contexts: known, .. } => contexts(known),
        ConnectError::NothingListens { .. }
        | ConnectError::Unreachable { .. }
        | ConnectError::UnknownHost { .. }
        | ConnectError::TimedOut { .. } => {
            "is the cluster running, and is this its context? `kubectl config current-context` tells"
                .to_owned()
        }
        ConnectError::Unauthorized { .. } | ConnectError::Credentials { .. } => {
            "log in again with the tool that made this context".to_owned()
        }
        _ => return None,
    })
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
