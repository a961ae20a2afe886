use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER, WARNING};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use kube::Client;
use kube::client::{AuthError, Body};
use serde_json::Value;
use tower::{BoxError, Service};
use url::{Position, Url};

use super::REQUEST_LIMIT;
use super::error::{ApiError, FieldConflict, Subject};

/// One request: where to, with what, and what it is about.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) accept: &'static str,
    pub(super) body: Option<(&'static str, Vec<u8>)>,
    pub(super) subject: &'a Arc<Subject>,
    /// For each attempt.
    pub(super) limit: Duration,
    /// After which errors it is asked again. What may have been done already must not be done twice: never, for all that
    /// writes.
    pub(super) again: fn(&ApiError) -> bool,
}

/// How long is waited before each further attempt, where the server does not ask for more.
const WAITS: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// The longest wait that a server gets by asking for it; whoever has more time tries again himself.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Bytes. A page of the largest objects that etcd takes (1.5 MB) would be thrice that; no server has one.
const LARGEST_ANSWER: usize = 256 << 20;

pub(super) const JSON: &str = "application/json";

impl<'a> Call<'a> {
    pub(super) fn get(path: String, subject: &'a Arc<Subject>) -> Self {
        let again = ApiError::is_transient;
        Self { method: Method::GET, path, accept: JSON, body: None, subject, limit: REQUEST_LIMIT, again }
    }

    pub(super) fn send(method: Method, path: String, value: &Value, subject: &'a Arc<Subject>) -> Self {
        Self { method, ..Self::get(path, subject) }.with_body(JSON, value)
    }

    pub(super) fn with_body(self, content_type: &'static str, value: &Value) -> Self {
        Self { body: Some((content_type, value.to_string().into_bytes())), ..self }.only_once()
    }

    /// For what an error tells of another than the API server.
    pub(super) fn only_once(self) -> Self {
        Self { again: |_| false, ..self }
    }

    /// For what has a body and stores nothing.
    pub(super) fn storing_nothing(self) -> Self {
        Self { again: ApiError::is_transient, ..self }
    }

    pub(super) fn accepting(self, accept: &'static str) -> Self {
        Self { accept, ..self }
    }

    /// The answer as text, with its status where it is a success.
    pub(super) async fn text(self, client: &Client) -> Result<(StatusCode, Bytes), ApiError> {
        for wait in WAITS {
            let error = match self.once(client).await {
                Err(error) if (self.again)(&error) => error,
                answer => return answer,
            };
            tracing::debug!(subject = %self.subject, %error, "asking again");
            let asked = error.retry_after().unwrap_or(wait);
            tokio::time::sleep(asked.clamp(wait, LONGEST_WAIT)).await;
        }
        self.once(client).await
    }

    async fn once(&self, client: &Client) -> Result<(StatusCode, Bytes), ApiError> {
        match tokio::time::timeout(self.limit, self.answer(client)).await {
            Ok(answer) => answer,
            Err(_) => Err(ApiError::TimedOut { subject: self.subject.clone(), after: self.limit }),
        }
    }

    /// The answer as JSON, with its status where it is a success.
    pub(super) async fn json(self, client: &Client) -> Result<(StatusCode, Value), ApiError> {
        let subject = self.subject;
        let (status, bytes) = self.text(client).await?;
        match serde_json::from_slice(&bytes) {
            Ok(value) => Ok((status, value)),
            Err(error) => Err(ApiError::Unreadable { subject: subject.clone(), source: Arc::new(error) }),
        }
    }

    async fn answer(&self, client: &Client) -> Result<(StatusCode, Bytes), ApiError> {
        let subject = self.subject;
        let mut request = Request::builder().method(&self.method).uri(&self.path).header(ACCEPT, self.accept);
        let body = match &self.body {
            Some((content_type, bytes)) => {
                request = request.header(CONTENT_TYPE, *content_type);
                Body::from(bytes.clone())
            }
            None => Body::empty(),
        };
        let request =
            request.body(body).map_err(|error| from_kube(kube::Error::HttpError(error), subject))?;
        let response = client.send(request).await.map_err(|error| from_kube(error, subject))?;
        let (parts, body) = response.into_parts();
        for warning in parts.headers.get_all(WARNING).iter().filter_map(|value| value.to_str().ok()) {
            tracing::debug!(%subject, warning, "the API server warns");
        }
        let bytes = match Limited::new(body, LARGEST_ANSWER).collect().await {
            Ok(answer) => answer.to_bytes(),
            Err(error) => return Err(from_body(error, subject)),
        };
        match parts.status {
            status if status.is_success() => Ok((status, bytes)),
            status => Err(refusal(subject, status, &parts.headers, &bytes)),
        }
    }
}

/// A path of the API: empty segments are left out, all are escaped.
pub(super) fn path<'a>(
    segments: impl IntoIterator<Item = &'a str>,
    query: &[(&str, &str)],
) -> Result<String, url::ParseError> {
    let mut url = Url::parse("http://api/")?;
    if let Ok(mut path) = url.path_segments_mut() {
        path.clear().extend(segments.into_iter().filter(|segment| !segment.is_empty()));
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url[Position::BeforePath..].to_owned())
}

/// An answer that is no success, as an error. The body is a `Status`, or what a proxy or a handler in front
/// of the API wrote.
fn refusal(subject: &Arc<Subject>, code: StatusCode, headers: &HeaderMap, body: &[u8]) -> ApiError {
    let status: Value = serde_json::from_slice(body).unwrap_or_default();
    let told = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let retry_after = told.or_else(|| status["details"]["retryAfterSeconds"].as_u64().filter(|s| *s > 0));
    refusal_from_status(subject, code, &status, retry_after.map(Duration::from_secs)).unwrap_or_else(|| {
        ApiError::Refused {
            subject: subject.clone(),
            status: code,
            reason: code.canonical_reason().unwrap_or_default().to_owned(),
            message: match String::from_utf8_lossy(body).trim() {
                "" => code.to_string(),
                text => text.chars().take(1000).collect(),
            },
            retry_after: told.map(Duration::from_secs),
        }
    })
}

/// None where the value is no `Status`.
fn refusal_from_status(
    subject: &Arc<Subject>,
    code: StatusCode,
    status: &Value,
    retry_after: Option<Duration>,
) -> Option<ApiError> {
    if status["kind"] != "Status" {
        return None;
    }
    let conflicts = field_conflicts(status);
    if code == StatusCode::CONFLICT && !conflicts.is_empty() {
        return Some(ApiError::Conflict { subject: subject.clone(), conflicts });
    }
    Some(ApiError::Refused {
        subject: subject.clone(),
        status: code,
        reason: status["reason"].as_str().unwrap_or_default().to_owned(),
        message: status["message"].as_str().unwrap_or_default().to_owned(),
        retry_after,
    })
}

/// The causes of a refused server-side apply; their message is
/// `conflict with "MANAGER" using apps/v1` (conflict.go in k8s.io/apimachinery).
fn field_conflicts(status: &Value) -> Vec<FieldConflict> {
    let causes = status["details"]["causes"].as_array().into_iter().flatten();
    causes
        .filter(|cause| cause["reason"] == "FieldManagerConflict")
        .map(|cause| {
            let message = cause["message"].as_str().unwrap_or_default();
            FieldConflict {
                manager: message.split('"').nth(1).unwrap_or(message).to_owned(),
                field: cause["field"].as_str().unwrap_or_default().to_owned(),
            }
        })
        .collect()
}

/// What the client says of a request that got no answer, or of a watch or an upgrade that was refused.
pub(super) fn from_kube(error: kube::Error, subject: &Arc<Subject>) -> ApiError {
    let subject = subject.clone();
    if let kube::Error::Api(status) = &error {
        let code = StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return ApiError::Refused {
            subject,
            status: code,
            reason: status.reason.clone(),
            message: status.message.clone(),
            retry_after: None,
        };
    }
    if chain(&error).any(|cause| cause.is::<NoAnswer>()) {
        return ApiError::TimedOut { subject, after: REQUEST_LIMIT };
    }
    if chain(&error).any(|cause| cause.is::<AuthError>()) {
        return ApiError::Credentials { subject, source: Arc::new(error) };
    }
    if is_distrusted(&error) {
        return ApiError::Untrusted { subject, source: Arc::new(error) };
    }
    match error {
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) | kube::Error::HttpError(_) => {
            ApiError::Unreadable { subject, source: Arc::new(error) }
        }
        error => ApiError::Lost { subject, source: Arc::new(error) },
    }
}

/// What broke an answer off.
fn from_body(error: BoxError, subject: &Arc<Subject>) -> ApiError {
    match error.downcast::<kube::Error>() {
        Ok(error) => from_kube(*error, subject),
        Err(error) => ApiError::Unreadable { subject: subject.clone(), source: Arc::from(error) },
    }
}

/// Whether it is the server's certificate that no connection came about for.
pub(super) fn is_distrusted(error: &kube::Error) -> bool {
    let is_of_it = |cause: &(dyn StdError + 'static)| {
        matches!(
            cause.downcast_ref(),
            Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented)
        )
    };
    chain(error).any(is_of_it)
}

/// An error and all that it comes from. An `io::Error` hides what it wraps from `source`, so that is looked
/// into as well.
pub(super) fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}

/// Bounds the time to an answer's head for whatever goes through the client: what `Call` does for itself
/// holds also for watches and upgrades, whose bodies have no end.
#[derive(Clone, Debug)]
pub(super) struct Bounded<S>(pub(super) S);

/// No answer came within [`REQUEST_LIMIT`].
#[derive(Debug, thiserror::Error)]
#[error("no answer within {} s", REQUEST_LIMIT.as_secs())]
pub(super) struct NoAnswer;

impl<S, B> Service<Request<Body>> for Bounded<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<B>, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let answer = self.0.call(request);
        Box::pin(async move {
            match tokio::time::timeout(REQUEST_LIMIT, answer).await {
                Ok(answer) => answer,
                Err(_) => Err(NoAnswer.into()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;
    use crate::cluster::testing::{Answer, Lines, cluster};

    #[tokio::test]
    async fn an_answer_without_an_end_is_read_no_further_than_any_could_be() {
        let cluster = cluster(|_| {
            let (tell, told) = unbounded_channel();
            let mebibyte = " ".repeat(1 << 20);
            (0..=LARGEST_ANSWER >> 20).for_each(|_| tell.send(mebibyte.clone()).unwrap());
            Answer::Stream(Lines::of(told))
        });
        let error = cluster.list("v1", "ConfigMap", None, None).await.unwrap_err();
        assert!(matches!(error, ApiError::Unreadable { .. }), "{error:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_without_an_end_ends() {
        let page = serde_json::json!({"metadata": {"continue": "more"}, "items": []});
        let cluster = cluster(move |_| Answer::ok(page.clone()));
        let error = cluster.list("v1", "ConfigMap", None, None).await.unwrap_err();
        assert!(matches!(error, ApiError::Unreadable { .. }), "{error:?}");
    }
}
