use insta::assert_snapshot;
use jiff::Timestamp;

use super::{Shared, replay};
use crate::event::Event;
use crate::event::recording::{self, Recording};
use crate::ui::json::Json;

async fn shown(recording: Recording) -> String {
    let out = Shared::default();
    replay(recording, Json::at(out.clone(), || Timestamp::UNIX_EPOCH)).await;
    out.text()
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_as_objects() {
    assert_snapshot!(shown(recording::failed()).await);
}

#[tokio::test(start_paused = true)]
async fn a_plan_as_objects() {
    assert_snapshot!(shown(recording::planned()).await);
}

#[tokio::test(start_paused = true)]
async fn the_last_object_is_the_one_end() {
    for name in recording::NAMES {
        let lines = shown(recording::named(name).unwrap()).await;
        let objects: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let ends = objects.iter().filter(|object| object["event"] == "finished").count();
        assert_eq!((ends, &objects.last().unwrap()["event"]), (1, &"finished".into()), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_breaks_off_has_an_end_too() {
    let mut broken = recording::failed();
    broken.truncate(20);
    let lines = shown(broken).await;
    let end: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&end["event"], &end["outcome"], &end["exit_code"]),
        (&"finished".into(), &"failed".into(), &101.into())
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_follows_the_end() {
    let mut run = recording::interrupted();
    let (at, _) = run.last().cloned().unwrap();
    run.push((at, Event::Warned { warning: "too late".to_owned() }));
    assert!(!shown(run).await.contains("too late"));
}
