//! Every code is documented.

#![allow(clippy::unwrap_used)]

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
