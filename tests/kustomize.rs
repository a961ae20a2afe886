//! Folders and what `kubectl kustomize` makes of them. `tests/kustomize/record.sh` records `expected.yaml`
//! anew with the kubectl in $KUBECTL; nothing here needs one.
//!
//! A case is a folder with
//! - `in/`, or `in/layer/` where the case has other folders beside the one that is rendered,
//! - `expected.yaml` as kubectl printed it, or `expected-error.txt`,
//! - `ours.yaml` where we differ from kubectl on purpose, with the reason in a comment on top,
//! - `warnings.txt` where there are any.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use kubestock_install::kustomize::{DirSource, FileKind, MapSource, Source, render};
use kubestock_install::object::yaml::objects_to_string;

#[test]
fn every_case_renders_as_recorded() {
    let mut failures = String::new();
    let cases = cases();
    assert!(cases.len() > 25, "the cases are gone");
    for case in &cases {
        let layer = layer(case);
        // Relative paths in messages: the case's own folder is where they start.
        let source = in_memory(&case.join("in"));
        let (expected, actual) = (expected(case), rendered(&source, &layer));
        if expected != actual {
            let name = case.file_name().unwrap_or_default().to_string_lossy();
            let _ = writeln!(failures, "=== {name}\n{}", difference(&expected, &actual));
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn a_folder_on_disk_renders_like_one_in_memory() {
    for case in cases() {
        let layer = layer(&case);
        let on_disk = render(&DirSource, &case.join("in").join(&layer)).ok();
        let in_memory = render(&in_memory(&case.join("in")), &layer).ok();
        let objects = |rendered: kubestock_install::kustomize::Rendered| {
            objects_to_string(rendered.objects.iter().map(|located| &located.object))
        };
        assert_eq!(on_disk.map(objects), in_memory.map(objects), "{}", case.display());
    }
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kustomize/cases");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    cases
}

/// The folder to render, from `in/`.
fn layer(case: &Path) -> PathBuf {
    if case.join("in/layer").is_dir() { PathBuf::from("layer") } else { PathBuf::from(".") }
}

fn in_memory(folder: &Path) -> MapSource {
    let mut source = MapSource::default();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for name in DirSource.list(&next) {
            let path = next.join(name);
            match DirSource.kind(&path) {
                Some(FileKind::Dir) => open.push(path),
                _ => source.insert(path.strip_prefix(folder).unwrap(), fs::read(&path).unwrap()),
            }
        }
    }
    source
}

fn rendered(source: &MapSource, layer: &Path) -> String {
    match render(source, layer) {
        Ok(rendered) => {
            let mut text = objects_to_string(rendered.objects.iter().map(|located| &located.object));
            for warning in rendered.warnings {
                let _ = writeln!(text, "warning: {warning}");
            }
            text
        }
        Err(error) => format!("error: {error}\n"),
    }
}

fn expected(case: &Path) -> String {
    let read = |name: &str| fs::read_to_string(case.join(name)).ok();
    if let Some(error) = read("expected-error.txt") {
        return format!("error: {error}");
    }
    let text = read("ours.yaml").or_else(|| read("expected.yaml")).unwrap_or_default();
    let objects = text
        .lines()
        .skip_while(|line| line.starts_with('#'))
        .fold(String::new(), |all, line| all + line + "\n");
    let warnings = read("warnings.txt").unwrap_or_default();
    warnings.lines().fold(objects, |all, line| all + "warning: " + line + "\n")
}

/// The first lines in which two texts differ, with some before and after.
fn difference(expected: &str, actual: &str) -> String {
    let (expected, actual): (Vec<_>, Vec<_>) = (expected.lines().collect(), actual.lines().collect());
    let at = expected.iter().zip(&actual).take_while(|(e, a)| e == a).count();
    let excerpt =
        |lines: &[&str]| lines[at.saturating_sub(4).min(lines.len())..(at + 6).min(lines.len())].join("\n");
    format!("line {}: expected\n{}\n--- but is\n{}\n", at + 1, excerpt(&expected), excerpt(&actual))
}
