//! The release alone, from a server on loopback.

use std::process::Stdio;

use flate2::{Compression, write::GzEncoder};
use insta::assert_snapshot;
use kubestock_install::istio::release::{Digest, Platform};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tar::{Builder, Header};
use wiremock::matchers::path_regex;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::home::{Home, Told, closed};

/// An archive that holds what passes for istioctl.
fn archive() -> Vec<u8> {
    archive_of(b"#!/bin/sh\necho istioctl\n")
}

/// An archive that holds this program for istioctl.
pub(crate) fn archive_of(program: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_size(program.len() as u64);
    header.set_mode(0o755);
    let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    tar.append_data(&mut header, "istioctl", program).unwrap();
    tar.into_inner().unwrap().finish().unwrap()
}

/// A server that has the archive, and a home with the profile that names it.
struct Mirror {
    server: MockServer,
    home: Home,
}

impl Mirror {
    async fn with(digest: Digest) -> Self {
        let mirror = Self { server: MockServer::start().await, home: Home::new() };
        mirror.serves("^/istioctl[.]tar[.]gz$", &archive()).await;
        mirror.home.write("mine.yaml", &profile(&mirror.server.uri(), &digest.to_string()));
        mirror
    }

    /// Answers with this body where the path is like that.
    async fn serves(&self, path: &str, body: &[u8]) {
        let whole = ResponseTemplate::new(200).set_body_bytes(body);
        Mock::given(path_regex(path)).respond_with(whole).mount(&self.server).await;
    }

    /// What is told, with names for what differs from run to run.
    fn told(&self, told: Told) -> Told {
        Told { out: self.named(&told.out), err: self.named(&told.err), ..told }
    }

    fn named(&self, text: &str) -> String {
        text.replace(&self.server.uri(), "SERVER")
            .replace(&Digest::of(&archive()).to_string(), "DIGEST")
            .replace(&Platform::current().unwrap().to_string(), "PLATFORM")
    }

    fn run(&self, arguments: &str) -> Told {
        self.told(self.home.run(arguments))
    }

    fn fetch(&self, options: &str) -> Told {
        self.run(&format!("fetch mine.yaml --cache-dir cache {options}"))
    }
}

/// A profile with this archive and nothing else.
pub(crate) fn profile(server: &str, digest: &str) -> String {
    format!(
        "description: A release of my own
istio:
  version: 1.18.0
  profile: minimal
  source: {{istioctl: {{url: '{server}/istioctl.tar.gz', sha256: {digest}}}}}
"
    )
}

#[tokio::test]
async fn a_release_is_fetched_once() {
    let mirror = Mirror::with(Digest::of(&archive())).await;
    assert_snapshot!(mirror.fetch(""), @"
    [time] fetch: downloading SERVER/istioctl.tar.gz
    [time] fetch: 100%, 109 of 109 B
    [time] fetch: istio 1.18.0 is proven, sha256 DIGEST
    [time] fetch: done in [time]: istio 1.18.0, 109 B
    istio 1.18.0 is in the cache, [time]
    exit code 0
    ");
    assert_snapshot!(mirror.fetch(""), @"
    [time] fetch: istio 1.18.0 from the cache is proven, sha256 DIGEST
    [time] fetch: done in [time]: istio 1.18.0, from the cache
    istio 1.18.0 is in the cache, [time]
    exit code 0
    ");
    assert_eq!(mirror.server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_archive_that_is_not_the_pinned_one_is_not_kept() {
    let pinned = Digest::of(b"another archive");
    let mirror = Mirror::with(pinned).await;
    let told = mirror.fetch("").with(&pinned.to_string(), "PINNED");
    assert_snapshot!(told, @"
    [time] fetch: downloading SERVER/istioctl.tar.gz
    [time] fetch: 100%, 109 of 109 B
    the run failed after [time]: nothing was changed
    stderr: error: SERVER/istioctl.tar.gz has SHA-256 DIGEST (109 bytes), not PINNED
    stderr: hint: nothing of it was kept or run; a proxy or a mirror may have changed it, or the digest in the profile is of another file
    exit code 4
    ");
    assert_eq!(files(&mirror.home.path("cache")), Vec::<String>::new());
}

/// The files below a folder that have something in them.
fn files(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path.display().to_string()],
        })
        .filter(|path| std::fs::metadata(path).unwrap().len() > 0)
        .collect()
}

#[tokio::test]
async fn an_archive_that_is_not_there() {
    let mirror = Mirror::with(Digest::of(&archive())).await;
    mirror.home.write("mine.yaml", &profile(&format!("{}/gone", mirror.server.uri()), &"ab".repeat(32)));
    assert_snapshot!(mirror.fetch(""), @"
    [time] fetch: downloading SERVER/gone/istioctl.tar.gz
    the run failed after [time]: nothing was changed
    stderr: error: SERVER/gone/istioctl.tar.gz answers 404 Not Found
    stderr: hint: is it there, and for everyone? --mirror, or `istio.source` in the profile, can name another place
    exit code 4
    ");
}

/// A profile whose source has nothing, so that it takes a mirror.
fn with_a_source_that_has_nothing(mirror: &Mirror) {
    let gone = format!("{}/gone", mirror.server.uri());
    mirror.home.write("mine.yaml", &profile(&gone, &Digest::of(&archive()).to_string()));
}

#[tokio::test]
async fn sources_are_asked_in_turn_and_each_that_fails_is_told() {
    let mirror = Mirror::with(Digest::of(&archive())).await;
    with_a_source_that_has_nothing(&mirror);
    mirror.serves("^/good/istioctl-1[.]18[.]0-.*[.]tar[.]gz$", &archive()).await;
    let options = format!("fetch mine.yaml --cache-dir cache --mirror {}/empty", mirror.server.uri());
    let mut command = mirror.home.command(&options);
    command.env("KUBESTOCK_INSTALL_MIRROR", format!("{}/good", mirror.server.uri()));
    let told = mirror.told(mirror.home.told(&command.output().unwrap()));
    assert_snapshot!(told, @"
    [time] fetch: downloading SERVER/gone/istioctl.tar.gz
    [time] warning: SERVER/gone/istioctl.tar.gz answers 404 Not Found; asking the next source
    [time] fetch: downloading SERVER/empty/istioctl-1.18.0-PLATFORM.tar.gz
    [time] warning: SERVER/empty/istioctl-1.18.0-PLATFORM.tar.gz answers 404 Not Found; asking the next source
    [time] fetch: downloading SERVER/good/istioctl-1.18.0-PLATFORM.tar.gz
    [time] fetch: 100%, 109 of 109 B
    [time] fetch: istio 1.18.0 is proven, sha256 DIGEST
    [time] fetch: done in [time]: istio 1.18.0, 109 B
    istio 1.18.0 is in the cache, [time]
    exit code 0
    ");
}

#[tokio::test]
async fn a_source_with_another_file_is_told_and_not_used() {
    let mirror = Mirror::with(Digest::of(&archive())).await;
    mirror.serves("^/other/", b"another file").await;
    mirror.serves("^/good/", &archive()).await;
    let source = format!("{}/other", mirror.server.uri());
    mirror.home.write("mine.yaml", &profile(&source, &Digest::of(&archive()).to_string()));
    let told = mirror.fetch(&format!("--mirror {}/good", mirror.server.uri()));
    assert_snapshot!(told.with(&Digest::of(b"another file").to_string(), "OTHER"), @"
    [time] fetch: downloading SERVER/other/istioctl.tar.gz
    [time] fetch: 100%, 12 of 12 B
    [time] warning: SERVER/other/istioctl.tar.gz has SHA-256 OTHER (12 bytes), not DIGEST; none of it is used, and whoever put it there should know
    [time] fetch: downloading SERVER/good/istioctl-1.18.0-PLATFORM.tar.gz
    [time] fetch: 100%, 109 of 109 B
    [time] fetch: istio 1.18.0 is proven, sha256 DIGEST
    [time] fetch: done in [time]: istio 1.18.0, 109 B
    istio 1.18.0 is in the cache, [time]
    exit code 0
    ");
}

#[tokio::test]
async fn where_no_source_has_it_each_is_told() {
    let mirror = Mirror::with(Digest::of(&archive())).await;
    with_a_source_that_has_nothing(&mirror);
    assert_snapshot!(mirror.fetch(&format!("--mirror {}/empty", mirror.server.uri())), @"
    [time] fetch: downloading SERVER/gone/istioctl.tar.gz
    [time] warning: SERVER/gone/istioctl.tar.gz answers 404 Not Found; asking the next source
    [time] fetch: downloading SERVER/empty/istioctl-1.18.0-PLATFORM.tar.gz
    the run failed after [time]: nothing was changed
    stderr: error: no source has the archive with SHA-256 DIGEST
    stderr:   SERVER/gone/istioctl.tar.gz answers 404 Not Found
    stderr:   SERVER/empty/istioctl-1.18.0-PLATFORM.tar.gz answers 404 Not Found
    stderr: hint: is it there, and for everyone? --mirror, or `istio.source` in the profile, can name another place
    exit code 4
    ");
}

#[test]
fn a_mirror_that_is_no_address_is_refused() {
    let home = Home::new();
    assert_snapshot!(home.run("fetch --mirror ftp://mirror.test"), @"
    stderr: error: invalid value 'ftp://mirror.test' for '--mirror <URL>': `ftp://mirror.test` is not an http:// or https:// address
    stderr:
    stderr: For more information, try '--help'.
    exit code 2
    ");
    let mut command = home.command("fetch");
    command.env("KUBESTOCK_INSTALL_MIRROR", "mirror.test/istio");
    assert_snapshot!(home.told(&command.output().unwrap()), @"
    stderr: error: KUBESTOCK_INSTALL_MIRROR: `mirror.test/istio` is not an http:// or https:// address
    exit code 2
    ");
}

#[test]
fn a_server_that_is_down_is_asked_again_until_a_signal() {
    use std::io::{BufRead, BufReader, Read};
    let (home, address) = (Home::new(), closed());
    home.write("mine.yaml", &profile(&format!("http://{address}"), &"ab".repeat(32)));
    let mut command = home.command("fetch mine.yaml --cache-dir cache");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("attempt") {
        line.clear();
        assert_ne!(out.read_line(&mut line).unwrap(), 0, "nothing is tried again");
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    out.read_to_string(&mut line).unwrap();
    let ended = child.wait_with_output().unwrap();
    let told = Told { out: String::new(), ..home.told(&ended) };
    assert!(line.contains("SIGINT: ending at the next safe point"), "{line}");
    assert_snapshot!(told, @"
    stderr: error: interrupted by SIGINT
    stderr: hint: what is done stays; run the same command again for the rest
    exit code 130
    ");
}

#[tokio::test]
async fn for_a_program_the_last_event_and_no_other_is_terminal() {
    let mirror = Mirror::with(Digest::of(&archive())).await;
    let wrong = Mirror::with(Digest::of(b"another archive")).await;
    for (told, code) in [(mirror.fetch("--output json"), 0), (wrong.fetch("--output json"), 4)] {
        let events = told.events();
        let terminal: Vec<&Value> = events.iter().filter(|event| event["event"] == "finished").collect();
        assert_eq!(terminal, [events.last().unwrap()]);
        assert_eq!((&terminal[0]["exit_code"], told.code), (&code.into(), Some(code)));
        assert!(events.iter().any(|event| event["event"] == "download_started"), "{events:#?}");
    }
}

#[tokio::test]
async fn for_a_ci_there_are_lines_without_colours() {
    let mirror = Mirror::with(Digest::of(b"another archive")).await;
    let mut command = mirror.home.command("fetch mine.yaml --cache-dir cache");
    command.env("CI", "true").env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1");
    let told = mirror.home.told(&command.output().unwrap());
    for text in [&told.out, &told.err] {
        assert!(!text.is_empty() && !text.contains(['\x1b', '\r']), "{text:?}");
    }
}

#[tokio::test]
async fn a_cache_that_cannot_be_written() {
    let mirror = Mirror::with(Digest::of(&archive())).await;
    mirror.home.write("cache", "a file in the place of a folder");
    assert_snapshot!(mirror.fetch(""), @"
    the run failed after [time]: nothing was changed
    stderr: error: the cache at cache/istio cannot be used: Not a directory (os error 20)
    stderr: hint: give another folder with --cache-dir
    exit code 4
    ");
}

#[test]
fn a_profile_without_istio_has_nothing_to_fetch() {
    let home = Home::new();
    home.write("mine.yaml", "description: Layers alone\nlayers: [{name: base, path: base}]\n");
    assert_snapshot!(home.run("fetch mine.yaml"), @"
    stderr: error: the profile `mine` installs no Istio, so that there is nothing to fetch
    exit code 2
    ");
}
