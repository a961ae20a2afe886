//! Folders and what `kubectl kustomize` makes of them, as recorded (see `tests/kustomize/case.rs`): no kubectl is
//! needed. Whether the records are right is what `tests/conformance` asks.

#![allow(clippy::unwrap_used)]

#[path = "kustomize/case.rs"]
mod case;
#[path = "kustomize/text.rs"]
mod text;

use std::fmt::Write as _;

use kubestock_install::kustomize::{DirSource, render};

use case::Case;
use text::{difference, text};

#[test]
fn every_case_renders_as_recorded() {
    let mut failures = String::new();
    for case in Case::all() {
        let (expected, actual) = (expected(&case), rendered(&case));
        if expected != actual {
            let _ = writeln!(
                failures,
                "=== {}\n{}",
                case.name,
                difference([("expected", &expected), ("but is", &actual)])
            );
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn a_folder_on_disk_renders_like_one_in_memory() {
    for case in Case::all() {
        let (on_disk, in_memory) = (render(&DirSource, &case.folder()).ok(), case.render().ok());
        assert_eq!(on_disk.as_ref().map(text), in_memory.as_ref().map(text), "{}", case.name);
    }
}

fn rendered(case: &Case) -> String {
    match case.render() {
        Ok(rendered) => {
            let warnings = rendered.warnings.iter().map(|warning| format!("warning: {warning}\n"));
            text(&rendered) + &warnings.collect::<String>()
        }
        Err(error) => format!("error: {error}\n"),
    }
}

fn expected(case: &Case) -> String {
    if let Some(error) = case.read("expected-error.txt") {
        return format!("error: {error}");
    }
    let text = case.read("ours.yaml").unwrap_or_else(|| case.recorded());
    let objects = text
        .lines()
        .skip_while(|line| line.starts_with('#'))
        .fold(String::new(), |all, line| all + line + "\n");
    let warnings = case.read("warnings.txt").unwrap_or_default();
    warnings.lines().fold(objects, |all, line| all + "warning: " + line + "\n")
}
