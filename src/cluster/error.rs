use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::object::{GroupKind, ObjectId};

/// What a request was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Object(ObjectId),
    /// All objects of a kind, in one namespace or in all.
    Kind {
        group_kind: GroupKind,
        namespace: Option<String>,
    },
    /// What is no object: `/version`, a list of kinds.
    Path(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(id) => id.fmt(f),
            Self::Kind { group_kind, namespace: Some(namespace) } => {
                write!(f, "{group_kind} in {namespace}")
            }
            Self::Kind { group_kind, namespace: None } => group_kind.fmt(f),
            Self::Path(path) => f.write_str(path),
        }
    }
}

/// A field that another manager owns with another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldConflict {
    pub manager: String,
    /// As the server writes it: `.spec.replicas`.
    pub field: String,
}

/// Where an error below came from, kept for `Error::source`.
pub(super) type Cause = Arc<dyn Error + Send + Sync>;

/// Why a request to the API server did not do what it was to do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ApiError {
    /// The server said no; `reason` is its word for a program, `message` for a person.
    #[error("{subject}: {message}")]
    Refused {
        subject: Arc<Subject>,
        status: StatusCode,
        reason: String,
        message: String,
        retry_after: Option<Duration>,
    },

    /// Other field managers own what would be changed, and nothing was.
    #[error("{subject}: {} of its fields belong to others", conflicts.len())]
    Conflict { subject: Arc<Subject>, conflicts: Vec<FieldConflict> },

    /// The object is on its way out: what is applied to it now would go with it.
    #[error("{subject} is being deleted")]
    BeingDeleted { subject: Arc<Subject> },

    #[error("the cluster knows no {kind} in {api_version}")]
    UnknownKind { api_version: String, kind: String },

    /// The connection could not be made, or broke.
    #[error("{subject}: the connection to the API server was lost")]
    Lost { subject: Arc<Subject>, source: Cause },

    #[error("{subject}: the API server did not answer within {} s", after.as_secs())]
    TimedOut { subject: Arc<Subject>, after: Duration },

    #[error("{subject}: the API server's certificate is not trusted")]
    Untrusted { subject: Arc<Subject>, source: Cause },

    #[error("{subject}: there are no credentials to send")]
    Credentials { subject: Arc<Subject>, source: Cause },

    #[error("{subject}: the API server's answer cannot be read")]
    Unreadable { subject: Arc<Subject>, source: Cause },

    /// An object without a name can be created, but not read, applied or deleted.
    #[error("a {group_kind} without a name")]
    Nameless { group_kind: GroupKind },

    /// The command could not be started in the container.
    #[error("{subject}: {message}")]
    NotRun { subject: Arc<Subject>, message: String },
}

impl ApiError {
    /// Whether the same request may well succeed a moment later, with nobody doing anything about it.
    pub fn passes(&self) -> bool {
        match self {
            Self::Refused { subject, status, reason, message, .. } => {
                refusal_passes(subject, *status, reason, message)
            }
            // The CustomResourceDefinition may have been created a moment ago.
            Self::UnknownKind { .. } => true,
            Self::BeingDeleted { .. } | Self::Lost { .. } | Self::TimedOut { .. } => true,
            Self::Conflict { .. }
            | Self::Untrusted { .. }
            | Self::Credentials { .. }
            | Self::Unreadable { .. }
            | Self::Nameless { .. }
            | Self::NotRun { .. } => false,
        }
    }

    /// How long the server asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the server says that there is no such thing.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: StatusCode::NOT_FOUND, .. })
    }

    /// Whether the object was changed or created by somebody else since it was read.
    pub(super) fn is_race(&self) -> bool {
        matches!(self, Self::Refused { status: StatusCode::CONFLICT, .. })
    }
}

/// Refusals that the API server gives while something else is still on its way.
fn refusal_passes(subject: &Subject, status: StatusCode, reason: &str, message: &str) -> bool {
    match status {
        // Admission (plugins of the API server) meets what controllers have not made yet.
        StatusCode::FORBIDDEN => {
            message.contains("because it is being terminated")
                || message.contains("status unknown for quota")
                || message.contains("error looking up service account")
        }
        // The object itself is not there, and will not come by asking; a namespace that it is in, or a
        // kind that is being established, will.
        StatusCode::NOT_FOUND => {
            reason != "NotFound"
                || message.starts_with("the server could not find the requested resource")
                || (message.starts_with("namespaces ") && !is_namespace(subject))
        }
        // `AlreadyExists` is the race of two creations, `Conflict` that of two changes; a field that has
        // another owner is an `ApiError::Conflict`.
        StatusCode::CONFLICT => true,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS | StatusCode::GONE => true,
        // Server-side apply answers 500 to a field that the schema does not have
        // (structuredmerge.go in k8s.io/apimachinery).
        StatusCode::INTERNAL_SERVER_ERROR => !message.contains("failed to create typed patch object"),
        StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED => false,
        status => status.is_server_error(),
    }
}

fn is_namespace(subject: &Subject) -> bool {
    matches!(subject, Subject::Object(id) if id.group_kind.kind == "Namespace" && id.group_kind.group.is_empty())
}
