//! Trees that nobody wrote, rendered by both.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use kubestock_install::kustomize::{DirSource, render};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tempfile::TempDir;

use crate::choices::Choices;
use crate::oracle::Oracle;
use crate::tree::{Files, tree};
use crate::verdict::{Verdict, compare};

#[test]
fn random_trees_agree_with_kubectl() {
    let kubectl = RefCell::new(Oracle::start());
    let config = Config { failure_persistence: None, ..Config::default() };
    let numbers = prop::collection::vec(any::<u16>(), 0..400);
    let outcome = TestRunner::new(config).run(&numbers, |numbers| {
        let files = tree(&mut Choices::new(numbers));
        let folder = TempDir::new().unwrap();
        write(folder.path(), &files);
        let layer = folder.path().join("layer");
        let answer = kubectl.borrow_mut().render(&layer);
        match compare(&render(&DirSource, &layer), &answer) {
            Verdict::Same | Verdict::BothRefuse => Ok(()),
            Verdict::SameObjects { difference } | Verdict::Different { difference } => {
                Err(TestCaseError::fail(format!("{difference}\n{}", shown(&files))))
            }
        }
    });
    if let Err(problem) = outcome {
        panic!("{problem}");
    }
}

fn write(folder: &Path, files: &Files) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn shown(files: &Files) -> String {
    files.iter().fold(String::new(), |mut all, (path, text)| {
        let _ = writeln!(all, "# {path}\n{text}");
        all
    })
}
