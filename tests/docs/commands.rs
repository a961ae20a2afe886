//! Every command in a document is one that somebody has thought of, and that is accepted.

use std::path::Path;

use clap::Error;
use clap::error::ErrorKind::{DisplayHelp, MissingRequiredArgument};
use kubestock_install::cli::Cli;

use crate::page::{self, Command, Page};
use crate::programs::{Way, way};

/// What needs no cluster, and so is done to its end.
const ALONE: [&str; 8] = ["render", "profiles", "images", "fetch", "bundle", "completions", "man", "pin"];

/// The exit code of a line of ours, where the cluster does not answer.
///
/// What needs one comes to 3 only after its command line, its profile and its layers were read and found right: these
/// would have ended it with 2. What it then does is for the end-to-end tests.
pub(crate) fn expected(line: &str) -> i32 {
    let words: Vec<&str> = line.split_whitespace().collect();
    let has = |word: &str| words.contains(&word);
    let ours = words.iter().position(|word| word.trim_start_matches("<(") == "kubestock-install");
    // Of kubectl, it is a namespace.
    match ours.filter(|ours| *ours == 0 || words[ours - 1] != "-n").and_then(|ours| words.get(ours + 1)) {
        None => 0,
        Some(&"fetch") if has("--offline") => 4,
        Some(command) if ALONE.contains(command) || has("--print-roles") || has("--no-cluster") => 0,
        Some(_) => 3,
    }
}

pub(crate) fn wrong(page: &Page, command: &Command, what: &str) -> String {
    format!("{}:{}: `{}`: {what}", page.path.display(), command.line, command.text)
}

#[test]
fn every_line_is_one_that_somebody_has_thought_of() {
    let pages = page::all();
    let commands =
        pages.iter().flat_map(|page| page.commands().into_iter().map(move |command| (page, command)));
    let unknown: Vec<String> = commands
        .filter(|(_, command)| way(&command.text).is_none())
        .map(|(page, command)| {
            wrong(
                page,
                &command,
                "tests/docs/programs.rs does not say how it is run; fence what is no command as `text`",
            )
        })
        .collect();
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}

#[test]
fn what_is_run_elsewhere_is_run_there() {
    for page in page::all() {
        for command in page.commands() {
            let Some(Way::Elsewhere(file)) = way(&command.text) else { continue };
            assert!(Path::new(file).exists(), "{}", wrong(&page, &command, "there is no {file}"));
            if *file == "Makefile" {
                let target = command.text.split_whitespace().nth(1).unwrap();
                let makefile = std::fs::read_to_string(file).unwrap();
                let has = makefile.lines().any(|line| line.starts_with(&format!("{target}:")));
                assert!(has, "{}", wrong(&page, &command, "there is no such target"));
            }
        }
    }
}

/// Names in capitals stand for what a reader puts there, which is a word to the command line as well.
#[test]
fn what_stands_in_a_sentence_is_a_command_line_that_is_accepted() {
    let (mut read, mut wrong) = (0, Vec::new());
    for page in page::all() {
        for (line, span) in page.spans().filter(|(_, span)| span.starts_with("kubestock-install ")) {
            read += 1;
            let read = Cli::read(span.split_whitespace().map(Into::into));
            // Some name the command alone, without what it would need.
            let is_meant = |error: &Error| [MissingRequiredArgument, DisplayHelp].contains(&error.kind());
            if let Some(error) = read.err().filter(|error| !is_meant(error)) {
                wrong.push(format!("{}:{line}: `{span}`: {error}", page.path.display()));
            }
        }
    }
    assert!(read > 10, "only {read} were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The commands of which the documents show a line that needs a cluster.
#[test]
fn what_needs_a_cluster_is_used_on_one_by_the_end_to_end_tests() {
    let pages = page::all();
    let lines = pages.iter().flat_map(Page::commands).map(|command| command.text);
    let mut commands: Vec<String> = lines
        .filter(|line| line.starts_with("kubestock-install") && expected(line) == 3)
        .map(|line| line.split_whitespace().nth(1).unwrap().to_owned())
        .map(|word| {
            if ["demo", "laptop", "production", "minimal", "--bundle"].contains(&&*word) {
                "install".into()
            } else {
                word
            }
        })
        .collect();
    commands.sort();
    commands.dedup();
    assert!(commands.len() > 5, "{commands:?}");
    let tests = sources(Path::new("tests/e2e"));
    for command in commands {
        assert!(tests.contains(&format!("\"{command}\"")), "no test in tests/e2e uses `{command}`");
    }
}

fn sources(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: std::path::PathBuf| match path.is_dir() {
        true => sources(&path),
        false => std::fs::read_to_string(path).unwrap_or_default(),
    };
    entries.map(text).collect()
}
