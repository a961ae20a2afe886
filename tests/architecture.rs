//! Holds the imports to the direction that docs/architecture.md gives.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex::Regex;

/// What each room may know of the others.
fn allowed() -> BTreeMap<&'static str, Vec<&'static str>> {
    BTreeMap::from([
        ("main", vec!["cli", "command"]),
        (
            "command",
            vec![
                "cli",
                "settings",
                "failure",
                "ui",
                "report",
                "engine",
                "event",
                "finding",
                "cluster",
                "plan",
                "profile",
                "rights",
                "istio",
                "bundle",
                "docker",
                "image",
                "kind",
                "kustomize",
                "object",
                "whole",
            ],
        ),
        ("cli", vec!["profile", "report", "image", "istio", "kind", "object"]),
        ("settings", vec!["cli", "cluster", "plan", "profile", "image", "istio", "bundle"]),
        (
            "failure",
            vec![
                "settings",
                "engine",
                "finding",
                "bundle",
                "child",
                "cluster",
                "docker",
                "kind",
                "plan",
                "profile",
                "istio",
                "kustomize",
                "object",
                "image",
            ],
        ),
        ("ui", vec!["event", "finding", "object", "timeline"]),
        ("report", vec!["event", "finding", "object", "whole"]),
        (
            "engine",
            vec![
                "event",
                "finding",
                "cluster",
                "lint",
                "readiness",
                "rights",
                "verify",
                "plan",
                "profile",
                "istio",
                "kustomize",
                "object",
                "image",
            ],
        ),
        ("cluster", vec!["object", "whole"]),
        ("kind", vec!["child", "finding", "image"]),
        ("lint", vec!["finding", "plan", "kustomize", "object", "image"]),
        ("readiness", vec!["finding", "image", "object"]),
        ("rights", vec!["finding", "kustomize", "plan", "readiness", "verify", "object"]),
        ("verify", vec!["finding", "lint", "readiness", "profile", "istio", "object"]),
        ("plan", vec!["profile", "istio", "kustomize", "object", "image"]),
        ("profile", vec!["istio", "object", "image"]),
        ("bundle", vec!["istio", "kustomize", "object", "whole"]),
        ("istio", vec!["child", "object", "whole"]),
        ("kustomize", vec!["object"]),
        ("timeline", vec!["event", "object"]),
        ("event", vec!["finding", "object"]),
        ("docker", vec!["child", "image"]),
        ("child", vec![]),
        ("whole", vec![]),
        ("finding", vec!["kustomize", "object"]),
        ("object", vec![]),
        ("image", vec![]),
    ])
}

/// The rooms that know neither a runtime nor a client.
const PURE: [&str; 13] = [
    "object",
    "image",
    "kustomize",
    "profile",
    "plan",
    "lint",
    "readiness",
    "rights",
    "verify",
    "finding",
    "event",
    "timeline",
    "report",
];
const IMPURE_CRATES: [&str; 4] = ["tokio::", "kube::", "reqwest::", "k8s_openapi::"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The room that a file belongs to: the first part of its path below `src`.
fn room(file: &Path) -> String {
    let first = file.components().nth(1).unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Every source file with its room and its text without comments.
fn rooms() -> Vec<(PathBuf, String, String)> {
    let comment = Regex::new(r"(?m)//.*$").unwrap();
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).unwrap();
        let room = room(&file);
        (file, room, comment.replace_all(&text, "").into_owned())
    };
    sources(Path::new("src")).into_iter().map(read).collect()
}

#[test]
fn imports_go_one_way() {
    let allowed = allowed();
    let used = Regex::new(r"\b(?:crate|kubestock_install)::(\w+)").unwrap();
    let mut wrong = BTreeSet::new();
    for (file, room, text) in rooms() {
        if room == "lib" {
            continue;
        }
        let may = allowed.get(room.as_str()).unwrap_or_else(|| panic!("{room} has no place in the house"));
        for capture in used.captures_iter(&text) {
            let other = &capture[1];
            if other != room && !may.contains(&other) {
                wrong.insert(format!("{}: {room} must not know {other}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn pure_rooms_know_neither_a_runtime_nor_a_client() {
    let mut wrong = BTreeSet::new();
    for (file, room, text) in rooms().into_iter().filter(|(_, room, _)| PURE.contains(&room.as_str())) {
        for name in IMPURE_CRATES.iter().filter(|name| text.contains(*name)) {
            // The announcer is a channel: the port itself, and nothing that runs.
            if room != "event" {
                wrong.insert(format!("{}: {name}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_rooms_are_the_ones_that_the_map_lists() {
    let map = std::fs::read_to_string("docs/architecture.md").unwrap();
    let rooms: BTreeSet<String> = rooms().into_iter().map(|(_, room, _)| room).collect();
    let missing: Vec<_> =
        rooms.iter().filter(|room| *room != "lib" && !map.contains(&format!("`src/{room}"))).collect();
    assert!(missing.is_empty(), "docs/architecture.md does not mention {missing:?}");
}
