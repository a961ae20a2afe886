//! Whether we render what kubectl renders: each case of `tests/kustomize/cases` goes through both, and is compared
//! object by object, in order, and as text. Where kubectl refuses, we must refuse with file and line.
//!
//! `RECORD=1` writes down what kubectl prints (`expected.yaml`) and how we refuse (`expected-error.txt`), for the
//! tests in `tests/kustomize.rs` that need no kubectl.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../kustomize/case.rs"]
mod case;
mod choices;
mod objects;
mod oracle;
mod random;
#[path = "../kustomize/text.rs"]
mod text;
mod tree;
mod trees;
mod verdict;

use std::fmt::Write as _;
use std::fs;

use kubestock_install::kustomize::{Error, Rendered};

use case::Case;
use oracle::{Answer, Oracle};
use verdict::{Verdict, compare, names_its_file};

/// Cases of what we do not do yet. One that begins to agree has to leave the list.
const NOT_YET: &[&str] = &[];

/// Cases whose objects agree while their text does not.
const WRITTEN_OTHERWISE: &[&str] = &[];

#[test]
fn every_case_agrees_with_kubectl() {
    let mut kubectl = Oracle::start();
    let (mut agreements, mut failures) = (0, String::new());
    let cases = Case::all();
    for case in &cases {
        let (ours, theirs) = (case.render(), kubectl.render(&case.folder()));
        if std::env::var_os("RECORD").is_some() {
            record(case, &ours, &theirs);
        }
        let verdict = compare(&ours, &theirs);
        agreements += usize::from(verdict.agrees());
        for complaint in complaints(case, &verdict, &ours, &theirs) {
            let _ = writeln!(failures, "=== {}: {complaint}", case.name);
        }
    }
    println!("{agreements} of {} cases agree with kubectl", cases.len());
    assert!(failures.is_empty(), "\n{failures}");
    let is_gone = |name: &&&str| !cases.iter().any(|case| case.name == **name);
    let gone: Vec<_> = NOT_YET.iter().chain(WRITTEN_OTHERWISE).filter(is_gone).collect();
    assert!(gone.is_empty(), "listed, but there is no such case: {gone:?}");
}

/// What is wrong with a case.
fn complaints(
    case: &Case,
    verdict: &Verdict,
    ours: &Result<Rendered, Error>,
    kubectl: &Answer,
) -> Vec<String> {
    let is_listed = |list: &[&str]| list.contains(&case.name.as_str());
    let may_differ = is_listed(NOT_YET) || case.differs_on_purpose();
    let mut complaints = Vec::new();
    match verdict {
        Verdict::Different { .. } if may_differ => {}
        Verdict::Different { difference } => complaints.push(difference.clone()),
        _ if may_differ => {
            complaints.push("agrees by now: take it off the list, or ours.yaml or stricter.txt away".into())
        }
        Verdict::SameObjects { .. } if is_listed(WRITTEN_OTHERWISE) => {}
        Verdict::SameObjects { difference } => complaints.push(format!("the text differs in {difference}")),
        Verdict::Same | Verdict::BothRefuse => {
            if is_listed(WRITTEN_OTHERWISE) {
                complaints.push("is written as kubectl writes it by now: take it off the list".into());
            }
        }
    }
    if let Err(error) = ours
        && !names_its_file(error, &case.root())
    {
        complaints.push(format!("the error names no file: {error}"));
    }
    if kubectl.error.is_none() && case.recorded() != kubectl.yaml {
        complaints.push("expected.yaml is not what kubectl prints; RECORD=1 writes it anew".into());
    }
    complaints
}

fn record(case: &Case, ours: &Result<Rendered, Error>, kubectl: &Answer) {
    let write = |name: &str, content: String| match content.is_empty() {
        true => drop(fs::remove_file(case.path.join(name))),
        false => fs::write(case.path.join(name), content).unwrap(),
    };
    let (error, warnings) = match ours {
        Ok(rendered) => {
            (String::new(), rendered.warnings.iter().map(|warning| format!("{warning}\n")).collect())
        }
        Err(error) => (format!("{error}\n"), String::new()),
    };
    write("expected.yaml", kubectl.yaml.clone());
    write("expected-error.txt", error);
    write("warnings.txt", warnings);
}
