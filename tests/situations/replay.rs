//! Every situation, as it was recorded.

use std::time::Duration;

use super::catalogue;
use super::judge::{End, LONGEST, Situation};
use super::observer::Observer;
use super::recording;

/// The names that a recording was made under.
fn namespace(name: &str) -> String {
    format!("situation-{name}")
}

fn replayed(situation: &Situation) -> Result<(), String> {
    let text = std::fs::read_to_string(recording::path(situation.name)).map_err(|error| error.to_string())?;
    let states = recording::states(&text);
    let mut observer = Observer::default();
    for (place, (at, snapshot)) in states.iter().enumerate() {
        // The last one lasted: only what had changed was recorded.
        let next = states.get(place + 1).map_or(*at + LONGEST, |(next, _)| *next);
        let mut now = *at;
        // Time alone is looked at every second, as an installation does.
        while now < next {
            observer.look(now, snapshot);
            if situation.is_over(&observer.told, &namespace(situation.name)) {
                break;
            }
            now += Duration::from_secs(1);
        }
    }
    situation.fault(&observer.told, &namespace(situation.name)).map_or(Ok(()), Err)
}

#[test]
fn every_situation_is_told_as_when_it_was_recorded() {
    let all = catalogue::all();
    let faults: Vec<String> = all
        .iter()
        .filter_map(|situation| Some(format!("{}: {}", situation.name, replayed(situation).err()?)))
        .collect();
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), all.len(), faults.join("\n"));
}

#[test]
fn there_are_enough_of_both_and_none_twice() {
    let all = catalogue::all();
    let recovering =
        all.iter().filter(|situation| matches!(situation.end, End::Recovers(_) | End::Passes)).count();
    assert!(
        all.len() - recovering >= 40 && recovering >= 12,
        "{} bad, {recovering} recovering",
        all.len() - recovering
    );
    let names: std::collections::BTreeSet<&str> = all.iter().map(|situation| situation.name).collect();
    assert_eq!(names.len(), all.len());
    let recorded = std::fs::read_dir("tests/situations/recordings").unwrap();
    let recorded =
        recorded.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned());
    let strays: Vec<String> = recorded.filter(|name| !names.contains(name.as_str())).collect();
    assert!(strays.is_empty(), "recorded, and in no catalogue: {strays:?}");
}
