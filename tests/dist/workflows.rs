//! What makes a release runs nothing that someone else could change, and makes what people are told of.

use std::collections::BTreeSet;

use regex::Regex;

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn every_action_is_named_by_its_commit_with_the_version_beside_it() {
    let pinned = Regex::new(r"uses: actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$").unwrap();
    let workflows = [".github/workflows/ci.yml", ".github/workflows/release.yml", "examples/ci/github.yml"]
        .map(read)
        .concat();
    // Our own action is named by whoever uses it.
    let others = |line: &&str| line.contains("uses:") && !line.contains("OWNER/kubestock-install@");
    let uses: Vec<_> = workflows.lines().filter(others).collect();
    assert!(uses.len() > 5, "{uses:#?}");
    let loose: Vec<_> = uses.iter().filter(|line| !pinned.is_match(line)).collect();
    assert!(loose.is_empty(), "{loose:#?}");
}

#[test]
fn releases_are_made_for_the_targets_that_people_are_told_of() {
    let targets = |path| {
        let target = Regex::new(r"\b\w+-(?:unknown-linux-musl|apple-darwin)\b").unwrap();
        target.find_iter(&read(path)).map(|found| found.as_str().to_owned()).collect::<BTreeSet<_>>()
    };
    let released = targets(".github/workflows/release.yml");
    assert_eq!(released.len(), 4, "{released:?}");
    for path in ["scripts/dist", "docs/install.md"] {
        assert_eq!(targets(path), released, "{path}");
    }
    // What is released is also what `cargo deny` looks at.
    assert!(targets("deny.toml").is_superset(&released));
}
