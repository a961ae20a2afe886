use std::collections::HashMap;

use super::refusal::{PATH_LIMIT, Refusal, UnsafeArchive, UnsafeEntry};

/// The parts of a path in an archive, which stays below the folder it is unpacked to.
pub(super) fn parts(path: &[u8]) -> Result<Vec<String>, UnsafeEntry> {
    if path.len() > PATH_LIMIT {
        return Err(UnsafeEntry::LongName);
    }
    let text = std::str::from_utf8(path).map_err(|_| UnsafeEntry::NotText)?;
    if text.contains(char::is_control) {
        return Err(UnsafeEntry::NotText);
    }
    if text.starts_with('/') || text.split('/').any(|part| part == "..") {
        return Err(UnsafeEntry::Outside);
    }
    Ok(text.split('/').filter(|part| !["", "."].contains(part)).map(str::to_owned).collect())
}

/// Whether a link's target, seen from this folder, stays below the top.
pub(super) fn stays_inside(folder: &[String], target: &str) -> bool {
    let mut depth = folder.len();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return false,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    !target.starts_with('/')
}

/// All names of an archive up to now, with those of the folders that only stand in paths.
///
/// Some file systems take two names for one that differ in capitals alone, so that no two of them may.
#[derive(Debug)]
pub(super) struct Names {
    limit: usize,
    /// By their lower-case form.
    found: HashMap<String, Found>,
}

#[derive(Debug)]
struct Found {
    path: String,
    is_folder: bool,
    /// Whether it has an entry of its own.
    is_entry: bool,
}

impl Names {
    /// None, and no more than so many to come.
    pub(super) fn up_to(limit: usize) -> Self {
        Self { limit, found: HashMap::new() }
    }

    /// Adds an entry's path, which must be a new one.
    pub(super) fn add(&mut self, parts: &[String], is_folder: bool) -> Result<(), Refusal> {
        for length in 1..parts.len() {
            self.note(&parts[..length], Found { path: String::new(), is_folder: true, is_entry: false })?;
        }
        self.note(parts, Found { path: String::new(), is_folder, is_entry: true })
    }

    fn note(&mut self, parts: &[String], new: Found) -> Result<(), Refusal> {
        let path = parts.join("/");
        let folded = path.to_lowercase();
        let refuse = |why| Err(Refusal::Entry { name: path.clone(), why });
        let Some(found) = self.found.get_mut(&folded) else {
            if self.found.len() == self.limit {
                return Err(Refusal::Archive(UnsafeArchive::TooMany(self.limit)));
            }
            self.found.insert(folded, Found { path, ..new });
            return Ok(());
        };
        if found.path != path {
            return refuse(UnsafeEntry::SameButForCase(found.path.clone()));
        }
        if found.is_entry && new.is_entry {
            return refuse(UnsafeEntry::Twice);
        }
        if !found.is_folder || !new.is_folder {
            return refuse(UnsafeEntry::FolderAndNot);
        }
        found.is_entry |= new.is_entry;
        Ok(())
    }
}
