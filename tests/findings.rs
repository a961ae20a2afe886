//! Every code is documented, and everything that is documented can be found.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use kubestock_install::finding::Code;

fn documentation() -> String {
    std::fs::read_to_string("docs/findings.md").unwrap()
}

#[test]
fn the_document_has_an_entry_for_each_code_in_their_order() {
    let documentation = documentation();
    let entries: Vec<&str> = documentation.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let codes: Vec<String> = Code::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(entries, codes);
}

#[test]
fn every_entry_says_what_was_seen_why_it_matters_and_what_to_do() {
    let documentation = documentation();
    for entry in documentation.split("\n### ").skip(1) {
        let code = entry.lines().next().unwrap();
        for part in ["*What:*", "*Why:*", "*Do:*"] {
            assert!(entry.contains(part), "{code} has no {part}");
        }
    }
}

#[test]
fn every_code_is_one_that_something_finds() {
    let sources: String = files(Path::new("src"))
        .iter()
        .filter(|file| !file.ends_with("finding/code.rs"))
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    let unfound: Vec<&Code> =
        Code::ALL.iter().filter(|code| !sources.contains(&format!("Code::{code:?},"))).collect();
    assert!(unfound.is_empty(), "documented, and found by nothing: {unfound:?}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
