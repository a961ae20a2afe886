use std::time::Duration;

use console::measure_text_width;
use insta::assert_snapshot;

use crate::event::recording::{self, Recording};
use crate::event::{Event, Step, WorkloadState};
use crate::object::{GroupKind, ObjectId};
use crate::ui::ink::{ASCII, Ink, UNICODE};
use crate::ui::live::rows;
use crate::ui::progress::Progress;

/// What is drawn at this second of the run.
fn drawn(run: &Recording, second: f64, width: usize, ink: Ink) -> Vec<String> {
    let at = Duration::from_secs_f64(second);
    let mut progress = Progress::default();
    for (when, event) in run.iter().filter(|(when, _)| *when <= at) {
        progress.fold(event, *when);
    }
    rows(&progress, at, width, &ink)
}

/// Moments of the first run that differ in what they show.
const MOMENTS: [(&str, f64); 10] = [
    ("connecting", 0.2),
    ("downloading", 2.3),
    ("the download begins again", 2.6),
    ("another run holds the lease", 12.0),
    ("applying", 13.25),
    ("an image is pulled", 20.0),
    ("a webhook is awaited", 38.5),
    ("a quota is in the way", 47.0),
    ("the addons are awaited", 66.0),
    ("verifying", 76.0),
];

fn story(width: usize, ink: Ink) -> String {
    let run = recording::first();
    let tell = |(name, second)| format!("{name}:\n{}\n", drawn(&run, second, width, ink).join("\n"));
    MOMENTS.map(tell).join("\n")
}

#[test]
fn what_runs_is_drawn_in_80_columns() {
    assert_snapshot!(story(79, Ink::new(false, &UNICODE)));
}

#[test]
fn what_runs_is_drawn_in_40_columns() {
    assert_snapshot!(story(39, Ink::new(false, &UNICODE)));
}

#[test]
fn a_terminal_without_unicode_gets_ascii() {
    let story = story(79, Ink::new(false, &ASCII));
    assert!(story.is_ascii());
    assert_snapshot!(story);
}

#[test]
fn no_row_is_ever_wider_than_the_terminal() {
    for name in recording::NAMES {
        let run = recording::named(name).unwrap();
        for (width, ink) in
            [(79, Ink::new(true, &UNICODE)), (39, Ink::new(true, &ASCII)), (9, Ink::new(true, &UNICODE))]
        {
            for (at, _) in &run {
                let rows = drawn(&run, at.as_secs_f64() + 0.05, width, ink);
                assert!(rows.iter().all(|row| measure_text_width(row) <= width), "{name}: {rows:#?}");
            }
        }
    }
}

#[test]
fn many_troubles_are_counted() {
    let step = Step::Layer("staging".to_owned());
    let mut progress = Progress::default();
    progress.fold(&Event::StepStarted { step }, Duration::ZERO);
    for n in 1..=6 {
        let group_kind = GroupKind { group: "apps".to_owned(), kind: "Deployment".to_owned() };
        let object = ObjectId { group_kind, namespace: None, name: format!("ms-{n}") };
        let (layer, reason) = ("staging".to_owned(), Some("crashes at once".to_owned()));
        let (state, finding) = (WorkloadState::Suspect, None);
        progress.fold(
            &Event::Workload { layer, object, state, ready: 0, wanted: 1, reason, finding },
            Duration::ZERO,
        );
    }
    let rows = rows(&progress, Duration::from_secs(3), 79, &Ink::new(false, &UNICODE));
    assert_snapshot!(rows.join("\n"), @r"
    ⠋ staging  3s
      ───────────────────  0/6 ready
      ! ms-1: crashes at once
      ! ms-2: crashes at once
      ! ms-3: crashes at once
      ! ms-4: crashes at once
      ! and 2 more
    ");
}
