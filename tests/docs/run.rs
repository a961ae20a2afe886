//! Every command in a document does what its document takes for granted.

use std::thread;

use regex::Regex;

use crate::commands::{expected, wrong};
use crate::home::Home;
use crate::page::{self, Page};
use crate::programs::{Way, way};
use crate::release::Release;

/// Those of others as well, as far as this machine has their programs.
#[tokio::test]
async fn what_needs_no_cluster_is_done_and_what_needs_one_comes_as_far_as_asking_it() {
    let release = Release::serve("1.20.8").await;
    let pages = page::all();
    let wrong: Vec<String> = thread::scope(|scope| {
        let runs: Vec<_> =
            pages.iter().map(|page| scope.spawn(|| run(page, &Home::of(page, &release)))).collect();
        runs.into_iter().flat_map(|run| run.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What did not end as it should have.
fn run(page: &Page, home: &Home<'_>) -> Vec<String> {
    let ours = Regex::new(r"kubestock-install[^|)]*").unwrap();
    let mut found = Vec::new();
    for command in page.commands() {
        let line = match way(&command.text) {
            Some(Way::Run) => command.text.as_str(),
            Some(Way::Ours) => ours.find(&command.text).unwrap().as_str(),
            Some(Way::Elsewhere(_)) | None => continue,
        };
        let output = home.run(line);
        if output.status.code() != Some(expected(line)) {
            let said = [&output.stdout[..], &output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            found.push(wrong(page, &command, &format!("{}, not {}:\n{said}", output.status, expected(line))));
        }
    }
    found
}
