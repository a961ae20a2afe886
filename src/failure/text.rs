use std::fmt::Write;

use super::Failure;
use crate::cluster::{ApiError, ConnectError, FieldConflict};
use crate::engine::{EngineError, FailedCheck, FailedObject, OpenError, Standing};
use crate::finding::Finding;
use crate::istio::release::{PinError, ReleaseError};
use crate::kustomize::At;
use crate::object::ObjectId;
use crate::plan::Homeless;
use crate::settings::SettingsError;

/// How many objects a message lists before it only counts them.
const LISTED: usize = 10;

impl Failure {
    /// What went wrong, on which object, in which file: the first line by itself, then the details.
    pub fn text(&self) -> String {
        match self {
            Self::Runtime(error) => with_causes(error),
            Self::Output(error) => format!("stdout or the terminal cannot be used: {error}"),
            Self::Settings(SettingsError::Target(error)) | Self::Connect(error) => connect_text(error),
            Self::Settings(error) => with_causes(error),
            Self::Kustomize(error) => error.to_string(),
            Self::Unrendered(error) => format!("layer `{}`: {}", error.layer, error.source),
            Self::NothingToFetch { profile } => {
                format!("the profile `{profile}` installs no Istio, so that there is nothing to fetch")
            }
            Self::NothingToCopy => "no image is moved, so that there is nothing to copy".to_owned(),
            Self::Discovery(error) => with_causes(error),
            Self::NamelessUser => {
                "the API server does not say whom it takes you for: it is older than Kubernetes 1.28"
                    .to_owned()
            }
            Self::Unconfirmed { context, server, why, asked } => {
                let refused = if *asked { "not confirmed" } else { "this needs to be confirmed" };
                format!("{refused}: context `{context}` leads to {server}, and {why}")
            }
            Self::NotRemoved { context, asked } => {
                let refused = if *asked { "not confirmed" } else { "this needs to be confirmed" };
                format!("{refused}: layers are to be removed from `{context}`")
            }
            Self::NotDeleted { cluster, asked } => {
                let refused = if *asked { "not confirmed" } else { "this needs to be confirmed" };
                format!("{refused}: the kind cluster `{cluster}` is to be deleted")
            }
            Self::Logins(error) => with_causes(error),
            Self::Kind(error) => with_causes(error),
            Self::UnknownLayer { name, there } if there.is_empty() => {
                format!(
                    "there is no layer `{name}` in this cluster, nor any other that kubestock-install has applied"
                )
            }
            Self::UnknownLayer { name, there } => {
                format!("there is no layer `{name}` in this cluster; it has {}", there.join(", "))
            }
            Self::CutOff { findings, asked } => {
                let refused = if *asked { "not confirmed" } else { "this needs to be confirmed" };
                format!("{refused}: {}", cut_off(findings))
            }
            Self::Pin(error) => pin_text(error),
            Self::Bundle(error) => with_causes(error),
            Self::Timings { path, source } => {
                format!("the timings cannot be written to {}: {source}", path.display())
            }
            Self::Release(error) => release_text(error),
            Self::Engine(error) => engine_text(error),
            Self::Found { errors, warnings } => {
                let errors = counted(*errors, "error");
                match warnings {
                    0 => format!("{errors} found"),
                    warnings => format!("{errors} and {} found", counted(*warnings, "warning")),
                }
            }
            Self::WouldBeRefused { objects } => format!("{} would be refused", counted(*objects, "object")),
            Self::Open(error) => open_text(error),
            Self::Astray(standing) => astray_text(*standing),
            Self::NothingInstalled => "no installation has left a record in this cluster".to_owned(),
            Self::Interrupted(signal) => format!("interrupted by {}", signal.name()),
        }
    }
}

fn open_text(error: &OpenError) -> String {
    match error {
        OpenError::NoService { nearest: Some(nearest), .. } => format!("{error}; did you mean `{nearest}`?"),
        OpenError::Ambiguous { found, .. } => listed(with_causes(error), found, ObjectId::to_string),
        error => with_causes(error),
    }
}

/// `2 objects are missing, 1 is not ready`
fn astray_text(standing: Standing) -> String {
    let Standing { missing, not_ready, differing, held, unknown } = standing;
    let parts = [
        (missing, "missing"),
        (not_ready, "not ready"),
        (differing, "not as planned"),
        (held, "held by others"),
        (unknown, "of unknown state"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0).enumerate().map(|(place, (number, what))| {
        let noun = if place == 0 { counted(*number, "object") } else { number.to_string() };
        format!("{noun} {} {what}", if *number == 1 { "is" } else { "are" })
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// What a STRICT policy would cut off, a line each.
pub(crate) fn cut_off(findings: &[Finding]) -> String {
    let mut text = "a STRICT mesh would cut off what runs in this cluster today".to_owned();
    for finding in findings.iter().take(LISTED) {
        let _ = write!(text, "\n  {}: {finding}", finding.label());
    }
    if findings.len() > LISTED {
        let _ = write!(text, "\n  and {} more", findings.len() - LISTED);
    }
    text
}

fn connect_text(error: &ConnectError) -> String {
    match error {
        // They say it all; what the connector says besides is how it came to know.
        ConnectError::NothingListens { .. } | ConnectError::TimedOut { .. } => error.to_string(),
        // The parser goes on to quote the lines around, and they may hold a token.
        ConnectError::UnreadableKubeconfig { .. } => {
            with_causes(error).lines().next().unwrap_or_default().to_owned()
        }
        error => with_causes(error),
    }
}

fn release_text(error: &ReleaseError) -> String {
    match error {
        ReleaseError::NoneHasIt { failures, .. } => {
            listed(with_causes(error), failures, |failure| with_causes(failure))
        }
        ReleaseError::Offline(lacking) => {
            let from = lacking.urls.iter().map(|url| format!("it can be had from {url}"));
            let at = format!("it is looked for at {}", lacking.place.display());
            let sha256 = format!("its SHA-256 is {}", lacking.sha256);
            let lines: Vec<String> =
                lacking.wrong.iter().cloned().chain([sha256]).chain(from).chain([at]).collect();
            listed(error.to_string(), &lines, String::clone)
        }
        error => with_causes(error),
    }
}

fn pin_text(error: &PinError) -> String {
    match error {
        PinError::NowherePublished { failures, .. } => listed(error.to_string(), failures, pin_text),
        PinError::Request(error) => release_text(error),
        error => with_causes(error),
    }
}

fn engine_text(error: &EngineError) -> String {
    match error {
        EngineError::Apply { layer, failed } => {
            let first =
                format!("{} of layer `{layer}` could not be applied", counted(failed.len(), "object"));
            listed(first, failed, |FailedObject { object, at, error }| {
                format!("{object}{}: {}", placed(at), api_text(object, error))
            })
        }
        EngineError::NotReady { layer, after, failed, findings } => {
            let verb = if *failed { "has failed" } else { "is not ready" };
            let first = format!("layer `{layer}` {verb} after {} s", after.as_secs());
            listed(first, findings, |finding| {
                format!("{}: {finding}\n    hint: {}", finding.label(), finding.hint)
            })
        }
        EngineError::NotRemoved { layer, failed } => {
            let first =
                format!("{} of layer `{layer}` could not be removed", counted(failed.len(), "object"));
            listed(first, failed, |FailedObject { object, error, .. }| {
                format!("{object}: {}", api_text(object, error))
            })
        }
        EngineError::NotGone { layer, findings } => {
            let first = format!("{} of layer `{layer}` are not gone", counted(findings.len(), "object"));
            listed(first, findings, |finding| {
                format!("{}: {finding}\n    hint: {}", finding.label(), finding.hint)
            })
        }
        EngineError::Immutable(findings) => {
            let first = "objects have fields that stay as they were made".to_owned();
            listed(first, findings, |finding| format!("{}: {finding}", finding.label()))
        }
        EngineError::Rights(findings) => {
            let first = "the user may not do all that is to be done".to_owned();
            listed(first, findings, |finding| format!("{}: {finding}", finding.label()))
        }
        EngineError::Silent { layer, webhook, after, last } => {
            let after = after.as_secs();
            format!("the webhook `{webhook}` of layer `{layer}` has not answered within {after} s: {last}")
        }
        EngineError::Homeless(homeless) => {
            let names = if homeless.len() == 1 { "names" } else { "name" };
            let first = format!("{} {names} no namespace", counted(homeless.len(), "object"));
            listed(first, homeless, |Homeless { object, layer, at, .. }| {
                format!("{object} of layer `{layer}`{}", placed(at))
            })
        }
        EngineError::Checks(failed) => {
            let first = format!("{} on the mesh failed", counted(failed.len(), "check"));
            listed(first, failed, |FailedCheck { check, seen }| format!("{check}: {seen}"))
        }
        EngineError::Release(error) => release_text(error),
        EngineError::LeaseLost => {
            "this run has lost its Lease: another one may have begun, so this one does not go on writing"
                .to_owned()
        }
        other => with_causes(other),
    }
}

/// The server's words without the object, which stands before them already; with who manages what where
/// fields are in dispute.
fn api_text(object: &ObjectId, error: &ApiError) -> String {
    if let ApiError::Conflict { conflicts, .. } = error {
        return listed(
            "others manage fields of it".to_owned(),
            conflicts,
            |FieldConflict { manager, field }| format!("  {field}, by `{manager}`"),
        );
    }
    let text = with_causes(error);
    match text.strip_prefix(&object.to_string()) {
        Some(rest) => rest.trim_start_matches([':', ' ']).to_owned(),
        None => text,
    }
}

/// The place in a file that an object came from, in brackets.
fn placed(at: &Option<At>) -> String {
    at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default()
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

/// What HTTP libraries say around a cause: no more than that it went through them.
const WRAPPERS: [&str; 5] = [
    "ServiceError",
    "client error",
    "error sending request",
    "error decoding response body",
    "error reading a body from connection",
];

/// An error and all that caused it, where the causes are not in its own words already.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let words = source.to_string();
        if !text.contains(&words) && !WRAPPERS.iter().any(|wrapper| words.starts_with(wrapper)) {
            let _never_fails = write!(text, ": {words}");
        }
        cause = source.source();
    }
    text
}
