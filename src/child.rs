//! A program that is run for what it says: bounded in time and in output, and ended with all that it started.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};

/// The bytes that a child may write to stdout or stderr; istioctl's demo profile has 0.8 MB.
pub const OUTPUT_LIMIT: u64 = 64 * 1024 * 1024;

/// How much of stderr is shown of a child that failed.
const SAID_LINES: usize = 12;

/// Why there is nothing to go by of a child.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    #[error("cannot be started")]
    Start(#[source] io::Error),

    #[error("its output cannot be read")]
    Output(#[source] io::Error),

    #[error("had not ended after {} s", .0.as_secs())]
    TimedOut(Duration),

    #[error("wrote more than {OUTPUT_LIMIT} bytes")]
    TooMuchOutput,
}

/// How a child ended, and what it wrote.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Ended {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The end of what it wrote to stderr, without control characters.
    pub fn said(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        let end = lines[lines.len().saturating_sub(SAID_LINES)..].join("\n");
        end.chars().filter(|c| !c.is_control() || *c == '\n').collect()
    }
}

/// Runs it to its end, with this on its stdin.
///
/// It has a process group of its own: a Ctrl-C is ours to handle, not a failure of the child's. All of the group is killed
/// where the future is dropped or the time is over.
///
/// # Errors
/// Where it does not start, or does not end in time. How it ends is the caller's to judge.
pub async fn run(command: &mut Command, input: &[u8], limit: Duration) -> Result<Ended, ChildError> {
    let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
    let ended = tokio::time::timeout(limit, async {
        let child = start(command).await?;
        finish(child, input).await
    });
    ended.await.map_err(|_| ChildError::TimedOut(limit))?
}

/// Starts the child. A file that was just written can be busy for a moment where another thread
/// forked meanwhile (the fork holds the writing end until it execs).
async fn start(command: &mut Command) -> Result<Child, ChildError> {
    for _ in 0..50 {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            started => return started.map_err(ChildError::Start),
        }
    }
    Err(ChildError::Start(io::ErrorKind::ExecutableFileBusy.into()))
}

/// Uses all streams at once, or the child would stop at a full pipe, and waits for its end.
async fn finish(mut child: Child, input: &[u8]) -> Result<Ended, ChildError> {
    let mut group = Group::of(&child);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let ((), stdout, stderr) = tokio::try_join!(write(stdin, input), read(stdout), read(stderr))?;
    let status = child.wait().await.map_err(ChildError::Output)?;
    group.has_ended();
    Ok(Ended { status, stdout, stderr })
}

/// A child that does not want its input says so in its exit code.
async fn write(stdin: Option<ChildStdin>, input: &[u8]) -> Result<(), ChildError> {
    if let Some(mut stdin) = stdin {
        match stdin.write_all(input).await {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(ChildError::Output(error)),
            _ => {}
        }
    }
    Ok(())
}

async fn read(stream: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, ChildError> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        stream.take(OUTPUT_LIMIT + 1).read_to_end(&mut bytes).await.map_err(ChildError::Output)?;
    }
    if bytes.len() as u64 > OUTPUT_LIMIT { Err(ChildError::TooMuchOutput) } else { Ok(bytes) }
}

/// A child and all that it started, which are killed with this, unless the child has ended by itself.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    /// Its number may be another's from now on.
    fn has_ended(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            // It fails only where nobody of the group is there any more.
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    const SOON: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn what_a_child_reads_and_says_comes_and_goes_whole() {
        let input = "x".repeat(300_000);
        let ended = run(&mut shell("cat; echo no >&2; exit 3"), input.as_bytes(), SOON).await.unwrap();
        assert_eq!((ended.status.code(), ended.text(), ended.said()), (Some(3), input, "no".to_owned()));
    }

    #[tokio::test]
    async fn a_child_that_does_not_want_its_input_is_judged_by_its_end() {
        let ended = run(&mut shell("exec <&-; exit 0"), &[b'x'; 300_000], SOON).await.unwrap();
        assert!(ended.status.success());
    }

    #[tokio::test]
    async fn what_takes_too_long_is_ended_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        // A grandchild holds the pipe open until it ends. Whoever opens it to read waits until it is there.
        let mut command = shell("sleep 600 > pipe & wait");
        command.current_dir(folder.path());
        let reader = tokio::task::spawn_blocking(move || std::fs::read(pipe));
        let error = run(&mut command, b"", Duration::from_millis(500)).await.unwrap_err();
        assert!(matches!(error, ChildError::TimedOut(_)), "{error}");
        let read = tokio::time::timeout(SOON, reader).await.unwrap();
        assert_eq!(read.unwrap().unwrap(), b"");
    }
}
