use std::path::PathBuf;
use std::time::Duration;

use kube::config::KubeconfigError;

use super::error::{ApiError, Cause};

/// Why there is no cluster to talk to.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("there is no kubeconfig file")]
    NoKubeconfig { looked_at: Vec<PathBuf> },

    #[error("{} cannot be read as a kubeconfig file", path.display())]
    UnreadableKubeconfig { path: PathBuf, source: KubeconfigError },

    #[error("the kubeconfig files do not fit together")]
    Unmergeable { source: KubeconfigError },

    #[error("the kubeconfig has no current context, and none was asked for")]
    NoCurrentContext { contexts: Vec<String> },

    #[error("the kubeconfig has no context `{context}`")]
    UnknownContext { context: String, nearest: Option<String>, contexts: Vec<String> },

    #[error("the context `{context}` is for the cluster `{cluster}`, which the kubeconfig does not have")]
    UnknownCluster { context: String, cluster: String },

    #[error("the context `{context}` is for the user `{user}`, whom the kubeconfig does not have")]
    UnknownUser { context: String, user: String },

    #[error("the cluster `{cluster}` has no server in the kubeconfig")]
    NoServer { cluster: String },

    /// A certificate or key that cannot be loaded, a proxy that cannot be used.
    #[error("the kubeconfig of the context `{context}` cannot be used")]
    Unusable { context: String, source: Cause },

    #[error("the context `{context}` gives no credentials")]
    Credentials { context: String, source: Cause },

    #[error("the name of {server} is not known")]
    UnknownHost { server: String, source: Cause },

    #[error("nothing listens at {server}")]
    NothingListens { server: String, source: Cause },

    #[error("{server} cannot be reached")]
    Unreachable { server: String, source: Cause },

    #[error("{server} did not answer within {} s", after.as_secs())]
    TimedOut { server: String, after: Duration },

    #[error("the certificate of {server} is not trusted")]
    Untrusted { server: String, source: Cause },

    /// The credentials are wrong, or have expired.
    #[error("{server} does not accept the credentials of the context `{context}`: {message}")]
    Unauthorized { server: String, context: String, message: String },

    #[error("{server} denies the user of the context `{context}` even its version: {message}")]
    Forbidden { server: String, context: String, message: String },

    /// Something answers that may not be a Kubernetes API server.
    #[error("{server} does not tell its version")]
    NoVersion { server: String, source: ApiError },
}
