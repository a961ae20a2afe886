use std::io;
use std::time::Duration;

use insta::assert_snapshot;

use super::{Shared, replay};
use crate::event::Event;
use crate::ui::ink::{Ink, UNICODE};
use crate::ui::lines::Lines;
use crate::ui::recording::{self, Recording};

const PLAIN: Ink = Ink::new(false, &UNICODE);

async fn shown(recording: Recording, verbose: u8) -> String {
    let (out, err) = (Shared::default(), Shared::default());
    replay(recording, Lines::new(out.clone(), PLAIN, err.clone(), PLAIN, verbose)).await;
    match err.text() {
        err if err.is_empty() => out.text(),
        err => format!("{}--- stderr ---\n{err}", out.text()),
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
