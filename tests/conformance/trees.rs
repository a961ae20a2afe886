//! Folders outside of the repository: whole trees of a gitops repository, say.

use std::path::{Path, PathBuf};

use kubestock_install::kustomize::{DirSource, FILE_NAMES, FileKind, Source, render};

use crate::oracle::Oracle;
use crate::verdict::{Verdict, compare};

/// `TREES=FOLDER cargo test --test conformance trees -- --ignored --nocapture` renders every folder with a
/// kustomization file in or below FOLDER with both.
#[test]
#[ignore = "asks for folders in $TREES"]
fn every_folder_of_other_trees_agrees_with_kubectl() {
    let top = std::env::var_os("TREES").expect("$TREES names a folder");
    let mut kubectl = Oracle::start();
    let folders = kustomizations(Path::new(&top));
    let mut agreements = 0;
    for folder in &folders {
        let verdict = compare(&render(&DirSource, folder), &kubectl.render(folder));
        agreements += usize::from(verdict.agrees());
        if let Verdict::Different { difference } | Verdict::SameObjects { difference } = verdict {
            println!("=== {}: {difference}", folder.display());
        }
    }
    println!("{agreements} of {} folders agree with kubectl", folders.len());
    assert_eq!(agreements, folders.len());
}

fn kustomizations(top: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![top.to_owned()]);
    while let Some(folder) = open.pop() {
        let is_file = |name: &&str| DirSource.kind(&folder.join(name)) == Some(FileKind::File);
        if FILE_NAMES.iter().any(is_file) {
            found.push(folder.clone());
        }
        let paths = DirSource.list(&folder).into_iter().map(|name| folder.join(name));
        open.extend(paths.filter(|path| DirSource.kind(path) == Some(FileKind::Dir)));
    }
    found.sort();
    found
}
