//! Two runs of the program at once, one of which does not end well.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::case::archive;
use crate::file::File;
use crate::program::{Program, files};
use crate::server::{Act, Server, script};

/// A run whose lines can be read as they come.
struct Run {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Run {
    fn of(program: &Program) -> Self {
        let mut child = program.command("").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line with this in it; there must be one.
    async fn says(&mut self, part: &str) -> String {
        loop {
            let line = self.lines.next_line().await.unwrap().unwrap_or_else(|| panic!("never said {part}"));
            if line.contains(part) {
                return line;
            }
        }
    }
}

#[tokio::test]
async fn a_run_that_is_killed_frees_the_lock_and_leaves_what_it_had() {
    // Half of it, and then no more, without an end.
    let file = File::of(archive());
    let server = Server::playing(script(move |asked| match asked.turn {
        0 => [file.cut(asked, 50_000), vec![Act::Pause(Duration::from_secs(600))]].concat(),
        _ => file.whole(asked),
    }));
    let server = server.await;
    let program = Program::fetching(&format!("http://{}/istioctl.tar.gz", server.address));
    let mut holder = Run::of(&program);
    holder.says("downloading").await;
    while std::fs::metadata(program.path(".partial")).map_or(0, |found| found.len()) < 50_000 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let mut other = Run::of(&program);
    let waits = other.says("waiting for it").await;
    let process = holder.child.id().unwrap();
    assert!(waits.contains(&format!("another run (process {process}) is fetching this release")), "{waits}");

    holder.child.kill().await.unwrap();
    other.says("going on, 50.0 of 105.6 kB was here already").await;
    assert!(other.child.wait().await.unwrap().success());
    assert_eq!(server.asked()[1].from(), Some(50_000));
    let mut left = files(&program.cache());
    left.sort();
    assert_eq!(left, ["istioctl", "receipt.json"]);
    assert!(program.path("").is_dir());
}

#[tokio::test]
async fn a_run_that_waits_finds_what_the_other_has_fetched() {
    let file = File::of(archive());
    let server = Server::playing(script(move |asked| {
        [vec![Act::Pause(Duration::from_secs(2))], file.whole(asked)].concat()
    }));
    let server = server.await;
    let program = Program::fetching(&format!("http://{}/istioctl.tar.gz", server.address));
    let mut first = Run::of(&program);
    first.says("downloading").await;
    let mut second = Run::of(&program);
    second.says("waiting for it").await;
    second.says("from the cache is proven").await;
    for mut run in [first, second] {
        assert!(run.child.wait().await.unwrap().success());
    }
    assert_eq!(server.asked().len(), 1);
}
