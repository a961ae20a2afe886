use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Component, Path, PathBuf};

use include_dir::Dir;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    File,
    Dir,
}

/// Where kustomizations are read from.
pub trait Source {
    /// The bytes of the file at `path`.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// What stands at `path`; links are followed.
    fn kind(&self, path: &Path) -> Option<FileKind>;

    /// The names in a folder, in any order; they serve hints only.
    fn list(&self, folder: &Path) -> Vec<String>;

    /// The path without links and without `..`: two paths of one file give the same.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(normal(path))
    }
}

/// The file system of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct DirSource;

impl Source for DirSource {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(if metadata.is_dir() { FileKind::Dir } else { FileKind::File })
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        std::fs::canonicalize(path)
    }
}

/// A tree that is compiled into the binary; paths start at its top.
#[derive(Clone)]
pub struct EmbeddedSource(pub &'static Dir<'static>);

impl fmt::Debug for EmbeddedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EmbeddedSource").field(&self.0.path()).finish()
    }
}

impl EmbeddedSource {
    fn folder(&self, path: &Path) -> Option<&'static Dir<'static>> {
        let path = normal(path);
        if path == Path::new(".") { Some(self.0) } else { self.0.get_dir(path) }
    }
}

impl Source for EmbeddedSource {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.0.get_file(normal(path)).ok_or(io::ErrorKind::NotFound)?;
        Ok(file.contents().to_vec())
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        match self.folder(path) {
            Some(_) => Some(FileKind::Dir),
            None => self.0.get_file(normal(path)).map(|_| FileKind::File),
        }
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        let Some(folder) = self.folder(folder) else { return Vec::new() };
        let names = folder.entries().iter().filter_map(|entry| entry.path().file_name());
        names.map(|name| name.to_string_lossy().into_owned()).collect()
    }
}

/// Files in memory, by path.
#[derive(Clone, Debug, Default)]
pub struct MapSource(BTreeMap<PathBuf, Vec<u8>>);

impl MapSource {
    pub fn insert(&mut self, path: impl AsRef<Path>, contents: impl Into<Vec<u8>>) {
        self.0.insert(normal(path.as_ref()), contents.into());
    }
}

impl<P: AsRef<Path>, C: Into<Vec<u8>>> FromIterator<(P, C)> for MapSource {
    fn from_iter<I: IntoIterator<Item = (P, C)>>(files: I) -> Self {
        let mut source = Self::default();
        for (path, contents) in files {
            source.insert(path, contents);
        }
        source
    }
}

impl Source for MapSource {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.get(&normal(path)).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        let path = normal(path);
        if self.0.contains_key(&path) {
            return Some(FileKind::File);
        }
        let is_top = path == Path::new(".");
        self.0.keys().any(|file| is_top || file.starts_with(&path)).then_some(FileKind::Dir)
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        let folder = normal(folder);
        let below = |file: &PathBuf| match folder == Path::new(".") {
            true => file.components().next().map(|name| name.as_os_str().to_string_lossy().into_owned()),
            false => {
                let mut rest = file.strip_prefix(&folder).ok()?.components();
                rest.next().map(|name| name.as_os_str().to_string_lossy().into_owned())
            }
        };
        self.0.keys().filter_map(below).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// The path without `.` and without `..` where the text alone tells; `.` for an empty one.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    if parts.is_empty() { PathBuf::from(".") } else { parts.iter().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_normal_by_their_text() {
        let table =
            [("a/../b", "b"), ("./a/./b/", "a/b"), ("../a/../../b", "../../b"), ("/../a", "/a"), ("", ".")];
        for (path, expected) in table {
            assert_eq!(normal(Path::new(path)), Path::new(expected), "{path:?}");
        }
    }

    #[test]
    fn a_map_has_the_folders_that_its_files_imply() {
        let source: MapSource = [("a/b/c.yaml", ""), ("d.yaml", "")].into_iter().collect();
        assert_eq!(source.kind(Path::new("a/b")), Some(FileKind::Dir));
        assert_eq!(source.kind(Path::new("a/x/../b/c.yaml")), Some(FileKind::File));
        assert_eq!(source.kind(Path::new("a/c")), None);
        assert_eq!(source.list(Path::new(".")), ["a", "d.yaml"]);
        assert_eq!(source.list(Path::new("a")), ["b"]);
    }
}
