use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::request::chain;
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
    #[error("{subject} is being deleted{}", waiting_for(finalizers))]
    BeingDeleted { subject: Arc<Subject>, finalizers: Vec<String> },

    #[error("the cluster knows no {kind} in {api_version}")]
    UnknownKind { api_version: String, kind: String },

    /// Whether there is such a kind, only a server that does not answer knows.
    #[error("{group_kind}: the API of its group does not answer")]
    Silent { group_kind: GroupKind },

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
            Self::UnknownKind { .. } | Self::Silent { .. } => true,
            Self::BeingDeleted { .. } | Self::Lost { .. } | Self::TimedOut { .. } => true,
            Self::Conflict { .. }
            | Self::Untrusted { .. }
            | Self::Credentials { .. }
            | Self::Unreadable { .. }
            | Self::Nameless { .. }
            | Self::NotRun { .. } => false,
        }
    }

    /// Whether the server, or the way to it, was not well for a moment. Says nothing of what was asked.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(
                *status,
                StatusCode::TOO_MANY_REQUESTS
                    | StatusCode::INTERNAL_SERVER_ERROR
                    | StatusCode::BAD_GATEWAY
                    | StatusCode::SERVICE_UNAVAILABLE
                    | StatusCode::GATEWAY_TIMEOUT
            ),
            Self::Lost { .. } => true,
            _ => false,
        }
    }

    /// The same, of a server that has not been heard of before: one that is not there will not come.
    pub(super) fn is_transient_at_first(&self) -> bool {
        self.is_transient() && !matches!(self, Self::Lost { source, .. } if is_nowhere(source))
    }

    /// How long the server asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether a quota alone refused it. Quotas are counted after all webhooks have answered, and say nothing of them.
    pub fn is_exceeded_quota(&self) -> bool {
        matches!(self, Self::Refused { status: StatusCode::FORBIDDEN, message, .. } if message.contains("exceeded quota"))
    }

    /// Whether the server says that there is no such thing.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: StatusCode::NOT_FOUND, .. })
    }

    /// Whether the object was changed or created by somebody else since it was read.
    pub(super) fn is_race(&self) -> bool {
        matches!(self, Self::Refused { status: StatusCode::CONFLICT, .. })
    }
}

/// `, and waits for its finalizers: a.example/b`, where it has any.
fn waiting_for(finalizers: &[String]) -> String {
    if finalizers.is_empty() {
        return String::new();
    }
    format!(", and waits for its finalizers: {}", finalizers.join(", "))
}

/// Whether there is no such place.
pub(super) fn is_unknown_host(source: &Cause) -> bool {
    // What the resolver says has no kind of its own; the connector wraps it under this name.
    chain(source.as_ref()).any(|cause| cause.to_string() == "dns error")
}

/// How a connection failed, as the system says.
pub(super) fn io_kind(source: &Cause) -> Option<io::ErrorKind> {
    chain(source.as_ref()).find_map(|cause| Some(cause.downcast_ref::<io::Error>()?.kind()))
}

/// Whether nobody listens there, or there is no such place.
fn is_nowhere(source: &Cause) -> bool {
    is_unknown_host(source) || io_kind(source) == Some(io::ErrorKind::ConnectionRefused)
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::testing::{Answer, cluster};
    use crate::cluster::{Mode, testing};
    use crate::object::Object;

    /// A refusal as an API server words it.
    fn refused(code: u16, reason: &str, message: &str) -> (u16, Value) {
        (
            code,
            json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}),
        )
    }

    async fn applying(code: u16, body: Value) -> ApiError {
        let cluster = cluster(move |asked| match asked.method.as_str() {
            "GET" => Answer::not_found("deployments.apps"),
            _ => Answer::Json(code, body.clone()),
        });
        cluster.apply(&testing::deployment("web"), Mode::Persist).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_refusal_passes_if_something_else_is_still_on_its_way() {
        let passing = [
            // A webhook that was installed a moment ago.
            refused(
                500,
                "InternalError",
                "Internal error occurred: failed calling webhook \"rev.validation.istio.io\": failed to call webhook: Post \"https://istiod.istio-system.svc:443/validate?timeout=10s\": dial tcp 10.96.7.1:443: connect: connection refused",
            ),
            refused(
                500,
                "InternalError",
                "Internal error occurred: failed calling webhook \"validation.istio.io\": failed to call webhook: Post \"https://istiod.istio-system.svc:443/validate?timeout=10s\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
            ),
            refused(
                500,
                "InternalError",
                "Internal error occurred: failed calling webhook \"validation.istio.io\": failed to call webhook: Post \"https://istiod.istio-system.svc:443/validate?timeout=10s\": no endpoints available for service \"istiod\"",
            ),
            // Something of the control plane is busy or moving.
            refused(
                429,
                "TooManyRequests",
                "the server has received too many requests and has asked us to try again later",
            ),
            refused(500, "", "etcdserver: leader changed"),
            refused(500, "", "etcdserver: request timed out"),
            refused(503, "ServiceUnavailable", "the server is currently unable to handle the request"),
            refused(
                504,
                "Timeout",
                "Timeout: request did not complete within requested timeout - context deadline exceeded",
            ),
            // Controllers have not caught up.
            refused(404, "NotFound", "namespaces \"kubestock-staging\" not found"),
            refused(404, "NotFound", "the server could not find the requested resource"),
            refused(
                403,
                "Forbidden",
                "deployments.apps \"web\" is forbidden: unable to create new content in namespace kubestock-staging because it is being terminated",
            ),
            refused(
                403,
                "Forbidden",
                "pods \"web\" is forbidden: status unknown for quota: compute, resources: limits.cpu,pods",
            ),
            refused(
                403,
                "Forbidden",
                "pods \"web\" is forbidden: error looking up service account kubestock-staging/web: serviceaccount \"web\" not found",
            ),
            // Somebody was faster.
            refused(409, "AlreadyExists", "deployments.apps \"web\" already exists"),
            refused(409, "AlreadyExists", "object is being deleted: deployments.apps \"web\" already exists"),
            refused(
                409,
                "Conflict",
                "Operation cannot be fulfilled on deployments.apps \"web\": the object has been modified; please apply your changes to the latest version and try again",
            ),
            refused(410, "Expired", "The provided continue parameter is too old"),
        ];
        let lasting = [
            refused(
                400,
                "BadRequest",
                "admission webhook \"validation.istio.io\" denied the request: configuration is invalid: domain name \"\" invalid",
            ),
            refused(401, "Unauthorized", "Unauthorized"),
            refused(
                403,
                "Forbidden",
                "deployments.apps \"web\" is forbidden: User \"me\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"kubestock-staging\"",
            ),
            refused(
                403,
                "Forbidden",
                "pods \"web\" is forbidden: exceeded quota: compute, requested: limits.cpu=2, used: limits.cpu=8, limited: limits.cpu=8",
            ),
            refused(404, "NotFound", "deployments.apps \"web\" not found"),
            refused(422, "Invalid", "Deployment.apps \"web\" is invalid: spec.selector: Required value"),
            refused(
                500,
                "",
                "failed to create typed patch object (kubestock-staging/web; apps/v1, Kind=Deployment): .spec.replica: field not declared in schema",
            ),
            refused(501, "", "not implemented"),
        ];
        for (passes, answers) in [(true, passing.as_slice()), (false, lasting.as_slice())] {
            for (code, body) in answers {
                let error = applying(*code, body.clone()).await;
                assert_eq!(error.passes(), passes, "{code} {body} is {error:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_field_of_another_manager_is_a_conflict_that_does_not_pass() {
        let error = applying(
            409,
            json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": "Apply failed with 2 conflicts: conflicts with \"kubectl-edit\" using apps/v1: ...",
                "reason": "Conflict",
                "details": {"causes": [
                    {"reason": "FieldManagerConflict", "field": ".spec.replicas",
                     "message": "conflict with \"kubectl-edit\" using apps/v1"},
                    {"reason": "FieldManagerConflict", "field": ".spec.paused",
                     "message": "conflict with \"kube-controller-manager\" with subresource \"scale\" using apps/v1"},
                ]},
                "code": 409,
            }),
        )
        .await;
        assert!(!error.passes());
        let ApiError::Conflict { conflicts, .. } = error else { panic!("{error:?}") };
        let told: Vec<_> = conflicts.iter().map(|c| (c.manager.as_str(), c.field.as_str())).collect();
        assert_eq!(told, [("kubectl-edit", ".spec.replicas"), ("kube-controller-manager", ".spec.paused")]);
    }

    #[tokio::test]
    async fn a_refusal_is_told_in_the_servers_words() {
        let (code, body) = refused(422, "Invalid", "spec.selector: Required value");
        let error = applying(code, body).await;
        assert_eq!(error.to_string(), "Deployment/ns/web: spec.selector: Required value");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_in_front_of_the_api_is_heard_too() {
        let mut headers = http::HeaderMap::new();
        headers.insert("retry-after", "7".parse().unwrap());
        let answer = Answer::Text(429, "Too many requests, please try again later.\n".into(), headers);
        let cluster = cluster(move |_| answer.clone());
        let error = cluster.get(&testing::deployment("web")).await.unwrap_err();
        assert!(error.passes());
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(error.to_string(), "Deployment/ns/web: Too many requests, please try again later.");
    }

    #[tokio::test(start_paused = true)]
    async fn a_status_says_when_to_come_again() {
        let body = json!({"kind": "Status", "reason": "TooManyRequests", "message": "later",
                          "details": {"retryAfterSeconds": 3}});
        assert_eq!(applying(429, body).await.retry_after(), Some(Duration::from_secs(3)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_does_not_answer_is_not_waited_for() {
        let cluster = cluster(|_| Answer::Hangs);
        let error = cluster.get(&testing::deployment("web")).await.unwrap_err();
        assert!(matches!(error, ApiError::TimedOut { after, .. } if after == crate::cluster::REQUEST_LIMIT));
        assert!(error.passes());
    }

    #[tokio::test]
    async fn no_request_is_ever_about_all_objects_by_mistake() {
        let cluster = cluster(|asked| panic!("{asked:?}"));
        let nameless = Object::new(json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"generateName": "web-", "namespace": "ns"},
        }));
        let nameless = nameless.unwrap();
        assert!(matches!(
            cluster.delete(&nameless, crate::cluster::Cascade::Background).await,
            Err(ApiError::Nameless { .. })
        ));
        assert!(matches!(cluster.get(&nameless).await, Err(ApiError::Nameless { .. })));
        assert!(matches!(cluster.apply(&nameless, Mode::Persist).await, Err(ApiError::Nameless { .. })));
    }
}
