//! The page that a run leaves behind, however it ends.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use insta::assert_snapshot;
use wiremock::MockServer;

use crate::home::{Home, closed};
use crate::locality::far_cluster;

#[test]
fn a_file_that_cannot_be_written_is_told_before_anything_is_done() {
    let home = Home::new();
    home.knows(&format!("https://{}", closed()));
    home.write("folder/file", "");
    let told = |arguments: &str| home.run(arguments).to_string();
    assert_snapshot!(told("demo --timings nowhere/run.html"), @"
    stderr: error: the timings cannot be written to nowhere/run.html: No such file or directory (os error 2)
    exit code 2
    ");
    assert_snapshot!(told("demo --timings folder"), @"
    stderr: error: the timings cannot be written to folder: it is there already, and is no regular file
    exit code 2
    ");
    assert_snapshot!(told("uninstall --yes --timings nowhere/run.html"), @"
    stderr: error: the timings cannot be written to nowhere/run.html: No such file or directory (os error 2)
    exit code 2
    ");
}

#[test]
fn a_run_that_fails_leaves_its_page() {
    let home = Home::new();
    let address = closed();
    home.knows(&format!("https://{address}"));
    home.write("run.html", "of the run before");
    for arguments in ["demo --timings run.html", "uninstall --timings run.html"] {
        assert_eq!(home.run(arguments).code, Some(3));
        let page = std::fs::read_to_string(home.path("run.html")).unwrap();
        assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"), "{page}");
        assert!(page.contains(&format!("nothing listens at https://{address}")), "{page}");
        assert!(page.contains("exit code 3"), "{page}");
    }
    let names: Vec<_> =
        std::fs::read_dir(home.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().starts_with(".kubestock-install-")), "{names:?}");
}

/// A cluster that can be connected to, and a release that never comes.
struct Slow {
    home: Home,
    server: MockServer,
    mirror: TcpListener,
}

impl Slow {
    async fn new() -> Self {
        let (home, server) = (Home::new(), far_cluster().await);
        home.knows(&server.uri());
        // It is connected to by the kernel, and nobody accepts.
        Self { home, server, mirror: TcpListener::bind("127.0.0.1:0").unwrap() }
    }

    /// A run that waits for the release.
    fn run(&self, timings: &str) -> Child {
        let mirror = self.mirror.local_addr().unwrap();
        let arguments = format!(
            "demo --yes --cache-dir cache --mirror http://{mirror} --output json --timings {timings}"
        );
        let mut command = self.home.command(&arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line.contains("download_started")));
        child
    }
}

/// Asks it to end, and says how it did.
fn interrupt(mut child: Child) -> (Option<i32>, String) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut told = String::new();
    child.stdout.take().unwrap().read_to_string(&mut told).unwrap();
    (child.wait().unwrap().code(), told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_interrupted_leaves_its_page() {
    let slow = Slow::new().await;
    let (code, told) = interrupt(slow.run("run.html"));
    assert_eq!(code, Some(130), "{told}");
    let page = std::fs::read_to_string(slow.home.path("run.html")).unwrap();
    assert!(page.contains("SIGINT asked it to end after"), "{page}");
    let mirror = format!("from http://{}", slow.mirror.local_addr().unwrap());
    assert!(
        page.contains("<b class=\"bad\">not over when the run ended</b>") && page.contains(&mirror),
        "{page}"
    );
    assert!(page.contains(&slow.server.uri()), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_cannot_be_written_any_more_is_told_and_changes_nothing_of_the_end() {
    let slow = Slow::new().await;
    slow.home.write("gone/file", "");
    let child = slow.run("gone/run.html");
    std::fs::remove_dir_all(slow.home.path("gone")).unwrap();
    let (code, told) = interrupt(child);
    assert_eq!(code, Some(130), "{told}");
    assert!(told.contains("the timings cannot be written to gone/run.html: No such file"), "{told}");
    let last = told.lines().last().unwrap();
    assert!(last.contains("\"finished\"") && last.contains("interrupted by SIGINT"), "{last}");
}
