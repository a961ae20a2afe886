use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use tokio::process::Command;

use super::RenderError;
use crate::child::{self, ChildError, OUTPUT_LIMIT};
use crate::istio::release::Istioctl;

/// What a child may see of the user's environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Surroundings {
    /// Nothing: rendering depends on its arguments alone.
    Bare,
    /// What a kubeconfig's login plugin needs (PATH, HOME, a cloud's variables), without what
    /// would change istioctl's own defaults.
    ForLogin,
}

/// Runs the verified istioctl and returns its stdout.
///
/// Bounded in time and in output; it is killed when the future is dropped.
pub(super) async fn run(
    istioctl: &Istioctl,
    arguments: &[OsString],
    workspace: &Path,
    surroundings: Surroundings,
    limit: Duration,
) -> Result<String, RenderError> {
    let command = shown(arguments);
    let program = istioctl.verified_path().await?;
    let mut prepared = prepare(program, arguments, workspace, surroundings)?;
    let ended = child::run(&mut prepared, b"", limit).await.map_err(|error| match error {
        ChildError::Start(source) => RenderError::Start { command: command.clone(), source },
        ChildError::Output(source) => RenderError::Output { command: command.clone(), source },
        ChildError::TimedOut(after) => RenderError::TimedOut { command: command.clone(), after },
        ChildError::TooMuchOutput => {
            RenderError::TooMuchOutput { command: command.clone(), limit: OUTPUT_LIMIT }
        }
    })?;
    if !ended.status.success() {
        return Err(RenderError::Failed { command, status: ended.status.to_string(), said: ended.said() });
    }
    Ok(ended.text())
}

fn prepare(
    program: &Path,
    arguments: &[OsString],
    workspace: &Path,
    surroundings: Surroundings,
) -> Result<Command, RenderError> {
    // istioctl reads defaults for its flags from this file; an empty one, so that there are none.
    let defaults = workspace.join("istioctl.yaml");
    fs_err::write(&defaults, "{}\n").map_err(RenderError::Workspace)?;
    // The cache may be named from where this program was started, and the child starts elsewhere.
    let program = std::path::absolute(program)
        .map_err(|source| RenderError::Start { command: shown(arguments), source })?;
    let mut command = Command::new(program);
    match surroundings {
        Surroundings::Bare => {
            command.env_clear().env("HOME", workspace);
        }
        Surroundings::ForLogin => {
            let ours = |name: &OsString| name.to_string_lossy().starts_with("ISTIOCTL_");
            std::env::vars_os().map(|(name, _)| name).filter(ours).for_each(|name| {
                command.env_remove(name);
            });
            command.env_remove("KUBECONFIG");
        }
    }
    command.env("ISTIOCONFIG", defaults).args(arguments).current_dir(workspace);
    Ok(command)
}

/// The command and its verbs: the rest is names of temporary files.
pub(super) fn shown(arguments: &[OsString]) -> String {
    let verbs = arguments.iter().map(|argument| argument.to_string_lossy());
    let verbs = verbs.take_while(|argument| !argument.starts_with('-'));
    verbs.fold("istioctl".to_owned(), |shown, verb| format!("{shown} {verb}"))
}
