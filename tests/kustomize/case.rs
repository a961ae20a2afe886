//! The cases in `tests/kustomize/cases`. A case is a folder with
//! - `in/`, or `in/layer/` where the case has other folders beside the one that is rendered,
//! - `expected.yaml` as kubectl printed it, or `expected-error.txt`, as we refuse it,
//! - `ours.yaml` where we differ from kubectl on purpose, with the reason in a comment on top,
//! - `stricter.txt` where we refuse on purpose what kubectl takes: the reason,
//! - `warnings.txt` where there are any.

#![allow(dead_code, reason = "each of the test programs needs another part of it")]

use std::fs;
use std::path::{Path, PathBuf};

use kubestock_install::kustomize::{DirSource, Error, FileKind, MapSource, Rendered, Source, render};

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

impl Case {
    /// All of them, by name.
    pub(crate) fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kustomize/cases");
        let paths =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut cases: Vec<Self> = paths.map(|path| Self { name: name(&path), path }).collect();
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        assert!(cases.len() > 25, "the cases are gone");
        cases
    }

    /// Where the paths in messages start.
    pub(crate) fn root(&self) -> PathBuf {
        self.path.join("in")
    }

    /// The folder to render, from the root.
    pub(crate) fn layer(&self) -> &'static Path {
        Path::new(if self.root().join("layer").is_dir() { "layer" } else { "." })
    }

    /// The folder to render.
    pub(crate) fn folder(&self) -> PathBuf {
        self.root().join(self.layer())
    }

    /// What we make of it, from memory, so that the root is where paths start.
    pub(crate) fn render(&self) -> Result<Rendered, Error> {
        render(&in_memory(&self.root()), self.layer())
    }

    /// What kubectl printed when it was last asked.
    pub(crate) fn recorded(&self) -> String {
        self.read("expected.yaml").unwrap_or_default()
    }

    pub(crate) fn differs_on_purpose(&self) -> bool {
        ["ours.yaml", "stricter.txt"].iter().any(|name| self.path.join(name).exists())
    }

    pub(crate) fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path.join(name)).ok()
    }
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
