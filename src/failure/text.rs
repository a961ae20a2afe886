use std::fmt::Write;

use super::Failure;
use crate::cluster::{ApiError, FieldConflict};
use crate::engine::{EngineError, FailedObject, Unready};
use crate::kustomize::At;
use crate::plan::Homeless;

/// How many objects a message lists before it only counts them.
const LISTED: usize = 10;

impl Failure {
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
}

fn engine_text(error: &EngineError) -> String {
    match error {
        EngineError::Apply { layer, failed } => {
            let first =
                format!("{} of layer `{layer}` could not be applied", counted(failed.len(), "object"));
            listed(first, failed, |FailedObject { object, at, error }| {
                format!("{object}{}: {}", placed(at), api_text(error))
            })
        }
        EngineError::NotReady { layer, after, failed, unready } => {
            let verb = if *failed { "has failed" } else { "is not ready" };
            let first = format!("layer `{layer}` {verb} after {} s", after.as_secs());
            listed(first, unready, |Unready { object, at, status, reason }| {
                format!("{object}{}: {}", placed(at), reason.as_ref().unwrap_or(status))
            })
        }
        EngineError::Silent { layer, webhook, after, last } => {
            let after = after.as_secs();
            format!("the webhook `{webhook}` of layer `{layer}` does not answer after {after} s: {last}")
        }
        EngineError::Homeless(homeless) => {
            let first = format!("{} of no namespace", counted(homeless.len(), "object"));
            listed(first, homeless, |Homeless { object, layer, at, .. }| {
                format!("{object} of layer `{layer}`{}", placed(at))
            })
        }
        EngineError::Checks(failed) => {
            let first = format!("{} on the mesh failed", counted(failed.len(), "check"));
            listed(first, failed, |(check, seen)| format!("{check}: {seen}"))
        }
        other => with_causes(other),
    }
}

/// The server's words, with who owns what where fields are in dispute.
fn api_text(error: &ApiError) -> String {
    let ApiError::Conflict { conflicts, .. } = error else { return with_causes(error) };
    listed(with_causes(error), conflicts, |FieldConflict { manager, field }| {
        format!("  {field} is of `{manager}`")
    })
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
