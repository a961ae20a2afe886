use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use super::RenderError;
use crate::istio::release::Istioctl;

/// The bytes that a child may write to stdout or stderr; the demo profile has 0.8 MB.
const OUTPUT_LIMIT: u64 = 64 * 1024 * 1024;
/// How much of stderr is shown of a child that failed.
const SAID_LINES: usize = 12;

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
/// Bounded in time and in output. The child is killed when the future is dropped, and has a process
/// group of its own: a Ctrl-C is ours to handle, not a failure of istioctl's.
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
    let ended = tokio::time::timeout(limit, async {
        let child = start(&mut prepared, &command).await?;
        finish(child, &command).await
    });
    let (status, stdout, stderr) =
        ended.await.map_err(|_| RenderError::TimedOut { command: command.clone(), after: limit })??;
    if !status.success() {
        let said = end_of(&stderr);
        return Err(RenderError::Failed { command, status: status.to_string(), said });
    }
    Ok(String::from_utf8_lossy(&stdout).into_owned())
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
    command
        .env("ISTIOCONFIG", defaults)
        .args(arguments)
        .current_dir(workspace)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    Ok(command)
}

/// Starts the child. A file that was just written can be busy for a moment where another thread
/// forked meanwhile (the fork holds the writing end until it execs).
async fn start(prepared: &mut Command, command: &str) -> Result<Child, RenderError> {
    for _ in 0..50 {
        match prepared.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            started => {
                return started.map_err(|source| RenderError::Start { command: command.into(), source });
            }
        }
    }
    let source = io::ErrorKind::ExecutableFileBusy.into();
    Err(RenderError::Start { command: command.into(), source })
}

/// Reads both streams at once, or the child would stop at a full pipe, and waits for its end.
async fn finish(mut child: Child, command: &str) -> Result<(ExitStatus, Vec<u8>, Vec<u8>), RenderError> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = tokio::try_join!(read(stdout, command), read(stderr, command))?;
    let status =
        child.wait().await.map_err(|source| RenderError::Output { command: command.into(), source })?;
    Ok((status, stdout, stderr))
}

async fn read(stream: Option<impl AsyncRead + Unpin>, command: &str) -> Result<Vec<u8>, RenderError> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        let read = stream.take(OUTPUT_LIMIT + 1).read_to_end(&mut bytes).await;
        read.map_err(|source| RenderError::Output { command: command.into(), source })?;
    }
    if bytes.len() as u64 > OUTPUT_LIMIT {
        return Err(RenderError::TooMuchOutput { command: command.into(), limit: OUTPUT_LIMIT });
    }
    Ok(bytes)
}

/// The command and its verbs: the rest is names of temporary files.
pub(super) fn shown(arguments: &[OsString]) -> String {
    let verbs = arguments.iter().map(|argument| argument.to_string_lossy());
    let verbs = verbs.take_while(|argument| !argument.starts_with('-'));
    verbs.fold("istioctl".to_owned(), |shown, verb| format!("{shown} {verb}"))
}

fn end_of(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let end = lines[lines.len().saturating_sub(SAID_LINES)..].join("\n");
    end.chars().filter(|c| !c.is_control() || *c == '\n').collect()
}
