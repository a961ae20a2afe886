use std::io;
use std::time::Duration;

use insta::assert_snapshot;

use super::{Shared, replay};
use crate::event::Event;
use crate::event::recording::{self, Recording};
use crate::ui::ink::{Ink, UNICODE};
use crate::ui::lines::Lines;
use crate::ui::log::{GitHub, GitLab, Reader};

const PLAIN: Ink = Ink::new(false, &UNICODE);

async fn shown(recording: Recording, verbose: u8) -> String {
    let (out, err) = (Shared::default(), Shared::default());
    replay(recording, Lines::new(out.clone(), PLAIN, err.clone(), PLAIN, verbose)).await;
    match err.text() {
        err if err.is_empty() => out.text(),
        err => format!("{}--- stderr ---\n{err}", out.text()),
    }
}

/// What a runner gets; it reads both streams as one log.
async fn read_by(reader: Reader, recording: Recording) -> String {
    let log = Shared::default();
    replay(recording, Lines::new(log.clone(), PLAIN, log.clone(), PLAIN, 0).read_by(reader)).await;
    log.text()
}

fn github() -> Reader {
    Reader::GitHub(GitHub::below("deploy".into()))
}

fn gitlab() -> Reader {
    Reader::GitLab(GitLab::at(|| 1_700_000_000))
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_in_github_actions() {
    assert_snapshot!(read_by(github(), recording::failed()).await);
}

#[tokio::test(start_paused = true)]
async fn a_first_run_in_gitlab() {
    let log = read_by(gitlab(), recording::first()).await;
    let process = format!("_{}_", std::process::id());
    assert_snapshot!(log.replace(&process, "_PID_").replace('\r', "<CR>").replace('\u{1b}', "<ESC>"));
}

/// Whether a line opens a section, closes one, or tells of an error, for each runner.
fn kinds(log: &str) -> impl Iterator<Item = (&str, bool, bool, bool)> {
    let failed = regex::Regex::new(r"^\[.*s\] [a-z]+: failed |error\[KSI-|^::error").unwrap();
    log.lines().map(move |line| {
        let opens = line.starts_with("::group::") || line.starts_with("section_start:");
        let closes = line == "::endgroup::" || line.starts_with("section_end:");
        (line, opens, closes, failed.is_match(line))
    })
}

#[tokio::test(start_paused = true)]
async fn sections_do_not_nest_none_stays_open_and_none_hides_an_error() {
    for name in recording::NAMES {
        for reader in [github(), gitlab()] {
            let log = read_by(reader, recording::named(name).unwrap()).await;
            let mut is_open = false;
            for (line, opens, closes, is_error) in kinds(&log) {
                assert!(!(is_open && is_error), "{name}: folded away: {line}\n{log}");
                assert!(!(opens && is_open), "{name}: nested: {line}\n{log}");
                assert!(is_open || !closes, "{name}: not open: {line}\n{log}");
                is_open = (is_open || opens) && !closes;
            }
            assert!(!is_open, "{name}\n{log}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_run() {
    assert_snapshot!(shown(recording::first(), 0).await);
}

#[tokio::test(start_paused = true)]
async fn a_second_run_changes_nothing_and_says_so() {
    assert_snapshot!(shown(recording::again(), 0).await);
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_ends_with_the_error() {
    assert_snapshot!(shown(recording::failed(), 0).await);
}

#[tokio::test(start_paused = true)]
async fn a_check_ends_with_what_was_found() {
    assert_snapshot!(shown(recording::checked(), 0).await);
}

#[tokio::test(start_paused = true)]
async fn a_plan_shows_what_would_change_and_its_lines_are_not_cut() {
    assert_snapshot!(shown(recording::planned(), 0).await);
}

#[tokio::test(start_paused = true)]
async fn how_things_stand_is_told_layer_by_layer() {
    assert_snapshot!(shown(recording::astray(), 0).await);
    let (quiet, verbose) = (shown(recording::astray(), 0).await, shown(recording::astray(), 1).await);
    assert_eq!(["missing:", "more; -v"].map(|word| quiet.matches(word).count()), [3, 1]);
    assert_eq!(["missing:", "more; -v"].map(|word| verbose.matches(word).count()), [5, 0]);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_run() {
    assert_snapshot!(shown(recording::interrupted(), 0).await);
}

#[tokio::test(start_paused = true)]
async fn unchanged_objects_are_named_when_asked_for() {
    let (quiet, verbose) = (shown(recording::again(), 0).await, shown(recording::again(), 1).await);
    assert_eq!(quiet.matches(": unchanged ").count(), 0);
    assert_eq!(verbose.matches(": unchanged ").count(), 36);
}

#[tokio::test(start_paused = true)]
async fn lines_hold_no_control_characters_unless_colours_are_forced() {
    for name in recording::NAMES {
        let lines = shown(recording::named(name).unwrap(), 1).await;
        assert!(lines.chars().all(|c| c == '\n' || !c.is_control()), "{name}");
    }
    let (out, err) = (Shared::default(), Shared::default());
    let colored = Ink::new(true, &UNICODE);
    replay(recording::failed(), Lines::new(out.clone(), colored, err.clone(), colored, 0)).await;
    assert!(out.text().contains("\u{1b}[") && err.text().contains("\u{1b}["));
}

/// An output that whoever read it has closed.
struct Closed;

impl io::Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_closed_output_does_not_keep_the_error_from_stderr() {
    let err = Shared::default();
    replay(recording::failed(), Lines::new(Closed, PLAIN, err.clone(), PLAIN, 0)).await;
    assert!(err.text().starts_with("error: 1 workload of layer staging cannot become ready"));
}

#[tokio::test(start_paused = true)]
async fn a_download_of_unknown_size_is_told_of_every_ten_seconds() {
    let received = |second: u64| {
        let event = Event::DownloadProgress { received_bytes: second * 1_000_000, total_bytes: None };
        (Duration::from_secs(second), event)
    };
    let lines = shown((0..=30).map(received).collect(), 0).await;
    let told: Vec<&str> = lines.lines().filter(|line| line.contains("fetch:")).collect();
    assert_eq!(
        told,
        [
            "[   10.0s] fetch: 10.0 MB, 1.0 MB/s",
            "[   20.0s] fetch: 20.0 MB, 1.0 MB/s",
            "[   30.0s] fetch: 30.0 MB, 1.0 MB/s",
        ]
    );
}
