use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::istio::UnreadableYaml;
use crate::istio::release::ReleaseError;

/// Why istioctl rendered nothing that can be used. `command` is what was run, without its folder.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error(transparent)]
    Istioctl(#[from] ReleaseError),

    #[error("the temporary folder for istioctl cannot be used")]
    Workspace(#[source] io::Error),

    #[error("`{command}` cannot be started")]
    Start { command: String, source: io::Error },

    #[error("the output of `{command}` cannot be read")]
    Output { command: String, source: io::Error },

    /// `said` is the end of what it wrote to stderr.
    #[error("`{command}` failed ({status}): {said}")]
    Failed { command: String, status: String, said: String },

    #[error("`{command}` had not ended after {} s", after.as_secs())]
    TimedOut { command: String, after: Duration },

    #[error("`{command}` wrote more than {limit} bytes")]
    TooMuchOutput { command: String, limit: u64 },

    #[error("what `{command}` rendered for {what} cannot be read")]
    NotObjects { command: String, what: String, source: UnreadableYaml },

    #[error("`{command}` rendered no {what}")]
    Nothing { command: String, what: &'static str },

    #[error("{} lies outside what istioctl may render", path.display())]
    Unexpected { path: PathBuf },
}
