use std::io;
use std::time::Duration;

use super::{ClusterName, Engine};
use crate::child::ChildError;

/// Why there is no cluster of kind's, or not what was asked of it. `command` is what was run, as one could run it.
#[derive(Debug, thiserror::Error)]
pub enum KindError {
    #[error("{} not on the PATH", in_words(*.kind, *.engine))]
    Missing { kind: bool, engine: bool },

    /// A container engine is installed, and does not answer.
    #[error("{engine} does not answer: {said}")]
    Silent { engine: Engine, said: String },

    /// It stands in the variable by which kind chooses, and kind has no such engine.
    #[error("KIND_EXPERIMENTAL_PROVIDER is `{0}`; it must be docker, podman or nerdctl")]
    UnknownEngine(String),

    #[error("`{command}`")]
    Child { command: String, source: ChildError },

    /// `said` is the end of what it wrote to stderr.
    #[error("`{command}` failed ({status}): {said}")]
    Failed { command: String, status: String, said: String },

    /// It is listed, and gives no kubeconfig.
    #[error("the kind cluster `{name}` is there, and does not work: {said}")]
    HalfMade { name: ClusterName, said: String },

    /// Its nodes run, and are not ready.
    #[error("the kind cluster `{name}` is not ready after {} s: {why}", after.as_secs())]
    NotReady { name: ClusterName, after: Duration, why: String },

    #[error("{engine} has no image {image} to load: {said}")]
    NoImage { image: String, engine: Engine, said: String },

    #[error("the temporary folder cannot be used")]
    Workspace(#[source] io::Error),
}

impl KindError {
    /// Whether kind was ended before it had ended.
    pub fn is_out_of_time(&self) -> bool {
        matches!(self, Self::Child { source: ChildError::TimedOut(_), .. })
    }
}

fn in_words(kind: bool, engine: bool) -> &'static str {
    match (kind, engine) {
        (true, true) => "kind and a container engine (docker, podman or nerdctl) are",
        (true, false) => "kind is",
        _ => "a container engine (docker, podman or nerdctl) is",
    }
}
