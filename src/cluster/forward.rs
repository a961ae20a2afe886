use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HOST};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use tokio::io::{AsyncRead, AsyncWrite};

use super::connect::Cluster;
use super::error::{ApiError, Subject};
use super::pods::{LONGEST_OUTPUT, subject};
use super::request;

/// How long a way into a pod may take to be opened.
const LIMIT: Duration = Duration::from_secs(10);

impl Cluster {
    /// One connection to a port of a pod, as from within it: it goes round the pod's sidecar. What does not listen there
    /// ends it at once.
    pub async fn connect_to_pod(
        &self,
        namespace: &str,
        pod: &str,
        port: u16,
    ) -> Result<impl AsyncRead + AsyncWrite + Unpin + Send + use<>, ApiError> {
        let subject = subject(namespace, pod);
        let pods: Api<Pod> = Api::namespaced(self.client().clone(), namespace);
        let ports = [port];
        let opened = match tokio::time::timeout(LIMIT, pods.portforward(pod, &ports)).await {
            Ok(opened) => opened.map_err(|error| request::from_kube(error, &subject)),
            Err(_) => Err(ApiError::TimedOut { subject: subject.clone(), after: LIMIT }),
        };
        let stream = opened?.take_stream(port);
        stream.ok_or_else(|| ApiError::NotRun { subject, message: format!("its port {port} was not opened") })
    }

    /// What a pod answers to a GET that only it itself may ask: at a port that listens to nobody else. No program is started
    /// in its container for it.
    pub async fn get_within_pod(
        &self,
        namespace: &str,
        pod: &str,
        port: u16,
        path: &str,
    ) -> Result<String, ApiError> {
        let subject = subject(namespace, pod);
        let stream = self.connect_to_pod(namespace, pod, port).await?;
        match tokio::time::timeout(LIMIT, got(stream, path)).await {
            Ok(Ok((StatusCode::OK, body))) => Ok(body),
            Ok(Ok((status, body))) => Err(unanswered(subject, port, format!("{status}, {}", body.trim()))),
            Ok(Err(error)) => Err(unanswered(subject, port, error.to_string())),
            Err(_) => Err(ApiError::TimedOut { subject, after: LIMIT }),
        }
    }
}

async fn got(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    path: &str,
) -> Result<(StatusCode, String), Box<dyn std::error::Error + Send + Sync>> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get(path).header(HOST, "localhost").header(CONNECTION, "close");
    let request = request.body(Empty::<Bytes>::new())?;
    let exchange = async {
        let answer = sender.send_request(request).await?;
        let (status, limit) = (answer.status(), usize::try_from(LONGEST_OUTPUT)?);
        let body = Limited::new(answer.into_body(), limit).collect().await?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    };
    // The connection does what the exchange asks for, and what it has received is there after its end.
    let connection = async {
        let _ended = connection.await;
        std::future::pending().await
    };
    tokio::select! {
        exchanged = exchange => exchanged,
        never = connection => never,
    }
}

fn unanswered(subject: Arc<Subject>, port: u16, why: String) -> ApiError {
    ApiError::NotRun { subject, message: format!("its port {port} did not answer: {why}") }
}
