use insta::assert_snapshot;

use super::{Shared, replay};
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
async fn an_interrupted_run() {
    assert_snapshot!(shown(recording::interrupted(), 0).await);
}

#[tokio::test(start_paused = true)]
async fn unchanged_objects_are_named_when_asked_for() {
    let (quiet, verbose) = (shown(recording::again(), 0).await, shown(recording::again(), 1).await);
    assert_eq!(quiet.matches(": unchanged ").count(), 0);
    assert_eq!(verbose.matches(": unchanged ").count(), 36);
}
