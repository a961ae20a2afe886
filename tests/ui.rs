//! The facts of a run on a real pseudo-terminal, through a pipe, and in their documentation.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

// The recordings name them so.
use kubestock_install::{event, finding, kustomize, object};

#[path = "ui/picture.rs"]
mod picture;
#[path = "ui/recording.rs"]
#[allow(dead_code, reason = "their names are all that is needed of them")]
mod recording;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// `examples/replay.rs`, which shows a recorded run as the program would. Cargo builds no example for
/// `--test ui` alone, so it is built here; what is fresh costs nothing.
static REPLAY: LazyLock<PathBuf> = LazyLock::new(|| {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--example", "replay"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    // What cargo says to a test of its package would make build scripts that look at it run again (ring's).
    let of_this_test = |name: &String| {
        name == "OUT_DIR" || ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|start| name.starts_with(start))
    };
    for (name, _) in std::env::vars().filter(|(name, _)| of_this_test(name)) {
        cargo.env_remove(name);
    }
    assert!(cargo.status().unwrap().success());
    let tests = std::env::current_exe().unwrap();
    let profile = tests.ancestors().nth(2).unwrap();
    profile.join("examples/replay")
});

fn replay(name: &str) -> Command {
    let mut replay = Command::new(&*REPLAY);
    replay.arg(name).env("REPLAY_SPEED", "200");
    for variable in [
        "CI",
        "GITHUB_ACTIONS",
        "GITLAB_CI",
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "LC_ALL",
        "LC_CTYPE",
        "XTERM_VERSION",
    ] {
        replay.env_remove(variable);
    }
    replay.env("LANG", "C.UTF-8").env("TERM", "xterm-256color");
    replay
}

/// A terminal of 40 rows, and the end that a program uses.
fn terminal(columns: u16) -> (OwnedFd, OwnedFd) {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    resize(&controller, columns);
    let name = ptsname(&controller, Vec::new()).unwrap();
    let user =
        rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    (controller, user)
}

fn resize(terminal: &OwnedFd, columns: u16) {
    tcsetwinsize(terminal, Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
}

/// What the screen holds, row by row.
fn rows(screen: &vt100::Screen, columns: u16) -> Vec<String> {
    screen.rows(0, columns).map(|row| row.trim_end().to_owned()).collect()
}

/// Runs the replay on a terminal; `watch` sees the screen after all that is read.
fn on_terminal(
    mut replay: Command,
    columns: u16,
    mut watch: impl FnMut(&OwnedFd, &mut vt100::Parser),
) -> vt100::Parser {
    let (controller, user) = terminal(columns);
    replay.stdin(Stdio::null()).stdout(user.try_clone().unwrap()).stderr(user);
    let mut child = replay.spawn().unwrap();
    // Our copies of the user's end are closed with it: the read ends when the child does.
    drop(replay);
    let mut screen = vt100::Parser::new(40.try_into().unwrap(), columns.try_into().unwrap(), 0);
    let mut read = File::from(controller.try_clone().unwrap());
    let mut buffer = [0; 4096];
    // On Linux, a terminal whose user has gone answers EIO.
    while let Ok(length @ 1..) = read.read(&mut buffer) {
        screen.process(&buffer[..length]);
        watch(&controller, &mut screen);
    }
    assert!(child.wait().unwrap().success());
    screen
}

fn last_screen(name: &str, columns: u16) -> String {
    let mut widest_wrapped = None;
    let mut replay = replay(name);
    replay.env("REPLAY_SPEED", "40");
    let screen = on_terminal(replay, columns, |_, screen| {
        // The summary's commands may be longer than the terminal is wide; nothing before it may.
        let screen = screen.screen();
        let before_end =
            rows(screen, columns).iter().position(|row| row == "next:" || row.starts_with("error:"));
        let wrapped = (0..before_end.unwrap_or(40) as u16).find(|row| screen.row_wrapped(*row));
        widest_wrapped = widest_wrapped.take().or(wrapped.map(|_| screen.contents()));
    });
    assert_eq!(widest_wrapped, None, "a row was wider than the terminal");
    assert!(!screen.screen().hide_cursor());
    rows(screen.screen(), columns).join("\n").trim_end().to_owned()
}

/// Elapsed times of steps that did not end are measured, not recorded.
fn without_times(screen: &str) -> String {
    regex::Regex::new(r"(\S*…)?  \d+\.\ds$").unwrap().replace_all(screen, "  [time]").into_owned()
}

#[test]
fn a_run_on_a_terminal_of_80_columns() {
    insta::assert_snapshot!(last_screen("first", 80));
}

#[test]
fn a_run_on_a_terminal_of_40_columns() {
    insta::assert_snapshot!(last_screen("first", 40));
}

#[test]
fn a_failed_run_on_a_terminal() {
    let screen = last_screen("failed", 80);
    let failed = screen.lines().map(without_times).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(failed);
}

/// `SNAPSHOTS=overwrite` draws it anew.
#[test]
fn the_picture_in_the_documents_is_what_a_terminal_shows() {
    let mut replay = replay("first");
    replay.env("REPLAY_SPEED", "40");
    let screen = on_terminal(replay, 80, |_, _| {});
    let svg = picture::svg("kubestock-install demo", screen.screen());
    snapbox::assert_data_eq!(svg, snapbox::file!["../docs/pictures/run.svg": Text].raw());
}

#[test]
fn a_terminal_that_grows_and_shrinks_still_ends_with_the_summary() {
    let mut sizes = [60, 100, 50, 120].into_iter();
    let mut reads = 0;
    let mut replay = replay("first");
    replay.env("REPLAY_SPEED", "20");
    let screen = on_terminal(replay, 80, |controller, screen| {
        reads += 1;
        if reads % 3 == 0
            && let Some(columns) = sizes.next()
        {
            resize(controller, columns);
            screen.screen_mut().set_size(40.try_into().unwrap(), columns.try_into().unwrap());
        }
    });
    assert_eq!(sizes.next(), None, "the run was too short to resize");
    let rows = rows(screen.screen(), 120);
    assert!(rows.iter().any(|row| row == "demo on kind-kubestock is up: 36 created, 1m 17s"), "{rows:#?}");
    assert_eq!(rows.iter().rfind(|row| !row.is_empty()).unwrap(), "  istioctl dashboard kiali");
}

#[test]
fn a_dumb_terminal_gets_lines() {
    let mut replay = replay("interrupted");
    replay.env("TERM", "dumb");
    let screen = on_terminal(replay, 120, |_, _| {});
    assert!(screen.screen().contents().contains("istio: applying crds, 15 objects"));
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let table = [("TERM", "xterm-256color", true), ("NO_COLOR", "1", false), ("CLICOLOR", "0", false)];
    for (variable, value, colored) in table {
        let mut replay = replay("interrupted");
        replay.env(variable, value);
        let screen = on_terminal(replay, 80, |_, _| {});
        let mark = screen.screen().cell(0, 0).unwrap();
        assert_eq!((mark.contents(), mark.fgcolor() != vt100::Color::Default), ("✓", colored), "{variable}");
    }
}

/// The bytes that a terminal gets, whatever it makes of them.
fn bytes_on_terminal(mut replay: Command, columns: u16) -> String {
    let (controller, user) = terminal(columns);
    replay.stdin(Stdio::null()).stdout(user.try_clone().unwrap()).stderr(user);
    let mut child = replay.spawn().unwrap();
    drop(replay);
    let (mut read, mut bytes, mut buffer) = (File::from(controller), Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = read.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..length]);
    }
    assert!(child.wait().unwrap().success());
    String::from_utf8(bytes).unwrap()
}

#[test]
fn plain_words_move_no_cursor_and_are_the_same_in_any_locale() {
    for (locale, term) in [("C.UTF-8", "xterm-256color"), ("C", "xterm-256color"), ("C", "dumb")] {
        let mut replay = replay("failed");
        replay.arg("plain").env("LANG", locale).env("TERM", term);
        let said = bytes_on_terminal(replay, 40);
        assert!(
            said.chars().all(|c| c.is_ascii() && (!c.is_control() || c == '\r' || c == '\n')),
            "{said:?}"
        );
        assert!(said.contains("\nstaging: created Deployment/kubestock-staging/ms-identity\r\n"), "{said}");
        assert!(said.contains("\nerror: 1 workload of layer staging cannot become ready"), "{said}");
    }
}

#[test]
fn a_terminal_without_unicode_and_colours_gets_neither() {
    let mut replay = replay("failed");
    replay.env("LANG", "C").env("NO_COLOR", "1");
    let said = bytes_on_terminal(replay, 40);
    assert!(said.is_ascii(), "{said:?}");
    let colour = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    assert!(!colour.is_match(&said), "{said:?}");
}

#[test]
fn quiet_is_errors_and_warnings() {
    let mut replay = replay("failed");
    replay.arg("quiet").env("NO_COLOR", "1");
    insta::assert_snapshot!(bytes_on_terminal(replay, 80).replace("\r\n", "\n"));
    let output = self::replay("first").arg("quiet").output().unwrap();
    assert_eq!((output.stdout.len(), output.stderr.len()), (0, 0));
}

/// The real program, while it waits for a server that does not answer.
#[test]
fn ctrl_c_leaves_no_row_behind_that_was_redrawn() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let home = tempfile::tempdir().unwrap();
    let profile = format!(
        "istio: {{version: 1.18.0, profile: demo, source: {{mirror: 'http://{}/'}}}}\n",
        silent.local_addr().unwrap()
    );
    fs_err::write(home.path().join("mine.yaml"), profile).unwrap();
    let mut fetch = Command::new(env!("CARGO_BIN_EXE_kubestock-install"));
    fetch.args(["fetch", "mine.yaml"]).current_dir(home.path()).env_clear();
    fetch.env("HOME", home.path()).env("TERM", "xterm-256color").env("LANG", "C.UTF-8");

    let (controller, user) = terminal(60);
    fetch.stdin(Stdio::null()).stdout(user.try_clone().unwrap()).stderr(user);
    let mut child = fetch.spawn().unwrap();
    drop(fetch);
    let process = rustix::process::Pid::from_child(&child);
    let mut screen = vt100::Parser::new(40.try_into().unwrap(), 60.try_into().unwrap(), 0);
    let (mut read, mut buffer, mut is_asked) = (File::from(controller), [0; 4096], false);
    while let Ok(length @ 1..) = read.read(&mut buffer) {
        screen.process(&buffer[..length]);
        // Its row tells of the download: now is in the middle.
        if !is_asked && screen.screen().contents().contains("0 B") {
            rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
            is_asked = true;
        }
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let rows = rows(screen.screen(), 60);
    let rows: Vec<String> = rows.iter().filter(|row| !row.is_empty()).map(|row| without_times(row)).collect();
    assert!(!screen.screen().hide_cursor());
    let left = rows.join("\n");
    insta::assert_snapshot!(regex::Regex::new(r"\d+\.\ds").unwrap().replace_all(&left, "[time]"));
}

#[test]
fn a_reader_that_closes_the_pipe_is_no_failure() {
    let mut child = replay("first").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 40];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn json_is_all_that_is_written() {
    let output = replay("failed").arg("json").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        assert!(line.starts_with("{\"time\":\""), "{line}");
        let time: jiff::Timestamp = object["time"].as_str().unwrap().parse().unwrap();
        assert!(time.until(jiff::Timestamp::now()).unwrap().get_seconds() < 600, "{line}");
    }
}

/// The example lines of the documentation are lines that the program writes, and none is missing.
#[test]
fn every_event_is_documented_with_a_line_that_is_real() {
    let time = regex::Regex::new(r#""time":"[^"]*""#).unwrap();
    let unified = |line: &str| time.replace(line, "\"time\":\"\"").into_owned();
    let mut written = BTreeSet::new();
    for name in recording::NAMES {
        let output = replay(name).arg("json").output().unwrap();
        written.extend(String::from_utf8(output.stdout).unwrap().lines().map(unified));
    }
    let documentation =
        fs_err::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/events.md")).unwrap();
    let examples: BTreeSet<String> =
        documentation.lines().filter(|line| line.starts_with('{')).map(unified).collect();
    let unreal: Vec<_> = examples.difference(&written).collect();
    assert!(unreal.is_empty(), "documented, but not written: {unreal:#?}\nwritten are {written:#?}");

    let name_of = |line: &String| {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        object["event"].as_str().unwrap().to_owned()
    };
    let variants: BTreeSet<String> = VARIANTS.iter().map(|name| name.to_string()).collect();
    assert_eq!(
        written.iter().map(name_of).collect::<BTreeSet<_>>(),
        variants,
        "the recordings hold every event"
    );
    assert_eq!(
        examples.iter().map(name_of).collect::<BTreeSet<_>>(),
        variants,
        "docs/events.md shows every event"
    );
    for name in VARIANTS {
        assert!(
            documentation.contains(&format!("\n### `{name}`\n")),
            "docs/events.md has no heading for {name}"
        );
    }
}

/// Every event's name. [`name`] does not compile while one is missing there; put it here too.
const VARIANTS: [&str; 33] = [
    "run_started",
    "step_started",
    "step_finished",
    "download_started",
    "download_progress",
    "download_retried",
    "download_resumed",
    "release_ready",
    "planned",
    "wave_started",
    "object_applied",
    "apply_retried",
    "workload",
    "webhook_awaited",
    "webhook_answered",
    "lease_awaited",
    "diagnosed",
    "checked",
    "warned",
    "found",
    "interrupted",
    "finished",
    "bundle_written",
    "object_removed",
    "removal_awaited",
    "object_planned",
    "plan_finished",
    "lease_held",
    "istio_status",
    "layer_status",
    "cluster_ready",
    "images_loaded",
    "cluster_deleted",
];

#[expect(dead_code, reason = "it is compiled so that a new event is not forgotten")]
fn name(event: &kubestock_install::event::Event) -> &'static str {
    use kubestock_install::event::Event::*;
    match event {
        RunStarted { .. } => VARIANTS[0],
        StepStarted { .. } => VARIANTS[1],
        StepFinished { .. } => VARIANTS[2],
        DownloadStarted { .. } => VARIANTS[3],
        DownloadProgress { .. } => VARIANTS[4],
        DownloadRetried { .. } => VARIANTS[5],
        DownloadResumed { .. } => VARIANTS[6],
        ReleaseReady { .. } => VARIANTS[7],
        Planned { .. } => VARIANTS[8],
        WaveStarted { .. } => VARIANTS[9],
        ObjectApplied { .. } => VARIANTS[10],
        ApplyRetried { .. } => VARIANTS[11],
        Workload { .. } => VARIANTS[12],
        WebhookAwaited { .. } => VARIANTS[13],
        WebhookAnswered { .. } => VARIANTS[14],
        LeaseAwaited { .. } => VARIANTS[15],
        Diagnosed { .. } => VARIANTS[16],
        Checked { .. } => VARIANTS[17],
        Warned { .. } => VARIANTS[18],
        Found(_) => VARIANTS[19],
        Interrupted { .. } => VARIANTS[20],
        Finished(_) => VARIANTS[21],
        BundleWritten { .. } => VARIANTS[22],
        ObjectRemoved { .. } => VARIANTS[23],
        RemovalAwaited { .. } => VARIANTS[24],
        ObjectPlanned { .. } => VARIANTS[25],
        PlanFinished(_) => VARIANTS[26],
        LeaseHeld { .. } => VARIANTS[27],
        IstioStatus { .. } => VARIANTS[28],
        LayerStatus { .. } => VARIANTS[29],
        ClusterReady { .. } => VARIANTS[30],
        ImagesLoaded { .. } => VARIANTS[31],
        ClusterDeleted { .. } => VARIANTS[32],
    }
}
