//! The book has every page, and every link and every file that a page names is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use crate::page::{self, Page};

static LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\[([^\]]*)\]\(([^)\s]+)\)").unwrap());

/// What a page links to, with the numbers of the lines.
fn links(page: &Page) -> Vec<(usize, String)> {
    let of_line = |(line, text): &(usize, String)| {
        LINK.captures_iter(text).map(|link| (*line, link[2].to_owned())).collect::<Vec<_>>()
    };
    page.prose.iter().flat_map(of_line).collect()
}

/// The pages of the book, and what stands at the top of the repository.
fn documents() -> BTreeMap<PathBuf, Page> {
    let pages = page::all().into_iter().chain([Page::read(Path::new("CHANGELOG.md"))]);
    pages.map(|page| (page.path.clone(), page)).collect()
}

#[test]
fn the_summary_lists_every_page_once_and_nothing_else() {
    let summary = Page::read(Path::new("docs/SUMMARY.md"));
    let listed: Vec<String> = links(&summary).into_iter().map(|(_, link)| link).collect();
    let there: BTreeSet<String> = page::all()
        .iter()
        .filter_map(|page| Some(page.path.strip_prefix("docs").ok()?.display().to_string()))
        .filter(|path| path != "SUMMARY.md")
        .collect();
    let once: BTreeSet<String> = listed.iter().cloned().collect();
    let missing: Vec<_> = there.difference(&once).collect();
    assert!(missing.is_empty(), "add a line `- [Title](FILE)` to docs/SUMMARY.md for each of {missing:?}");
    let odd: Vec<_> = once.difference(&there).collect();
    assert!(odd.is_empty(), "docs/SUMMARY.md names what is not in docs/: {odd:?}");
    assert_eq!(listed.len(), once.len(), "docs/SUMMARY.md names a page twice: {listed:?}");
}

/// As GitHub and mdBook make them of a heading.
fn anchor(heading: &str) -> String {
    let kept = |letter: char| match letter {
        ' ' => Some('-'),
        _ if letter.is_alphanumeric() || ['-', '_'].contains(&letter) => Some(letter.to_ascii_lowercase()),
        _ => None,
    };
    heading.chars().filter_map(kept).collect()
}

fn anchors(page: &Page) -> BTreeSet<String> {
    let headings = page.prose.iter().filter(|(_, text)| text.starts_with('#'));
    headings.map(|(_, text)| anchor(text.trim_start_matches('#').trim())).collect()
}

#[test]
fn an_anchor_is_made_as_github_and_mdbook_make_it() {
    for (heading, expected) in [
        ("KSI-101", "ksi-101"),
        ("Two words, and `--set`", "two-words-and---set"),
        ("`istio.source`", "istiosource"),
        ("plan_finished", "plan_finished"),
    ] {
        assert_eq!(anchor(heading), expected);
    }
}

#[test]
fn every_link_leads_to_a_page_and_a_heading_that_are_there() {
    let documents = documents();
    let mut broken = Vec::new();
    let mut followed = 0;
    for (path, page) in &documents {
        for (line, link) in links(page).into_iter().filter(|(_, link)| !link.contains("://")) {
            followed += 1;
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { path.clone() } else { joined(path, file) };
            let leads = match documents.get(&target) {
                Some(target) => heading.is_empty() || anchors(target).contains(heading),
                None => target.exists() && heading.is_empty(),
            };
            // The book has nothing but its own folder.
            let leaves = path.starts_with("docs") && !target.starts_with("docs");
            if !leads || leaves || target.is_dir() {
                broken.push(format!("{}:{line}: {link}", path.display()));
            }
        }
    }
    assert!(followed > 100, "only {followed} links were found");
    assert!(broken.is_empty(), "these lead nowhere, or out of the book:\n{}", broken.join("\n"));
}

/// A path as it is written in a file, from the top of the repository.
fn joined(from: &Path, path: &str) -> PathBuf {
    let mut joined = from.parent().unwrap().to_owned();
    for part in path.split('/') {
        match part {
            ".." => {
                joined.pop();
            }
            "." | "" => {}
            part => joined.push(part),
        }
    }
    joined
}

#[test]
fn every_file_of_the_repository_that_is_named_is_there() {
    let is_path =
        Regex::new(r"^(?:tests|src|scripts|docs|gitops|profiles|examples|benches|fuzz|\.github)/[\w./-]*$")
            .unwrap();
    let (mut named, mut missing) = (0, Vec::new());
    for page in documents().values().filter(|page| page.path != Path::new("CHANGELOG.md")) {
        // What is made, or is one's own to make, is named in capitals.
        let is_meant = |span: &str| {
            is_path.is_match(span) && !span.contains("NAME") && !span.starts_with("fuzz/artifacts")
        };
        for (line, span) in page.spans().filter(|(_, span)| is_meant(span)) {
            named += 1;
            if !Path::new(span).exists() {
                missing.push(format!("{}:{line}: {span}", page.path.display()));
            }
        }
    }
    assert!(named > 20, "only {named} were found");
    assert!(missing.is_empty(), "these are not there:\n{}", missing.join("\n"));
}
