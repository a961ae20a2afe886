use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use tokio::io::{AsyncRead, AsyncWrite};

use super::connect::Cluster;
use super::error::ApiError;
use super::pods::subject;
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
}
