use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tar::{Archive, Entry};
use tempfile::TempDir;

use super::manifest::{FILE_NAME, FORMAT, LIMIT, Manifest, is_plain};
use super::{BundleError, EntryFault};
use crate::istio::release::{CopyError, Digest};

/// A bundle, unpacked where only this user can read it; gone when this is dropped.
#[derive(Debug)]
pub struct Opened {
    path: PathBuf,
    manifest: Manifest,
    folder: TempDir,
}

impl Opened {
    /// The profile; the paths of its layers lead to the folders beside it.
    pub fn profile(&self) -> PathBuf {
        self.folder.path().join(&self.manifest.profile)
    }

    /// The archive of the release, which must have one of these names; the first is the one that is named
    /// where it does not.
    ///
    /// # Errors
    /// [`BundleError::OtherRelease`], such as for another machine or version.
    pub fn release(&self, names: &[String]) -> Result<PathBuf, BundleError> {
        let held = self.manifest.release.as_deref();
        let name = held.map(|held| held.rsplit('/').next().unwrap_or(held));
        match held.zip(name).filter(|(_, name)| names.iter().any(|wanted| wanted == name)) {
            Some((held, _)) => Ok(self.folder.path().join(held)),
            None => Err(BundleError::OtherRelease {
                path: self.path.clone(),
                holds: name.map(shown),
                wanted: names.first().cloned().unwrap_or_default(),
            }),
        }
    }
}

/// Unpacks a bundle, and proves every file of it by the manifest. That shows what a broken disk or a cut copy
/// did, and not who wrote the bundle; the release in it has digests that do not come from it.
///
/// # Errors
/// See [`BundleError`]; after any of them nothing of it is left.
pub fn open(path: &Path) -> Result<Opened, BundleError> {
    let unreadable = |source| BundleError::Read { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let folder = tempfile::Builder::new().prefix("kubestock-install-bundle-").tempdir();
    let folder = folder.map_err(|source| BundleError::Write { path: std::env::temp_dir(), source })?;
    let mut tar = Archive::new(io::BufReader::new(file));
    let manifest = unpack(&mut tar, path, folder.path())?;
    let mut rest = tar.into_inner();
    if !ends(&mut rest).map_err(unreadable)? {
        return Err(BundleError::Trailing { path: path.to_owned() });
    }
    Ok(Opened { path: path.to_owned(), manifest, folder })
}

fn unpack(tar: &mut Archive<impl Read>, bundle: &Path, folder: &Path) -> Result<Manifest, BundleError> {
    let unreadable = |source| BundleError::Read { path: bundle.to_owned(), source };
    let not_a_bundle = |_| BundleError::NotABundle { path: bundle.to_owned() };
    // Raw: names and sizes are what the headers say, and extensions are entries that nobody listed.
    let mut entries = tar.entries().map_err(unreadable)?.raw(true);
    let first = entries.next().ok_or_else(|| not_a_bundle(()))?.map_err(|_| not_a_bundle(()))?;
    let manifest = read_manifest(first, bundle)?;
    let mut seen = BTreeSet::new();
    for entry in entries {
        let mut entry = entry.map_err(unreadable)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let refuse = |why| BundleError::Entry { path: bundle.to_owned(), entry: shown(&name), why };
        let expected = *manifest.files.get(&name).ok_or_else(|| refuse(EntryFault::NotListed))?;
        if !is_plain(&name) {
            return Err(refuse(EntryFault::Name));
        }
        if !entry.header().entry_type().is_file() {
            return Err(refuse(EntryFault::NotAFile));
        }
        if !seen.insert(name.clone()) {
            return Err(refuse(EntryFault::Twice));
        }
        if entry.size() != expected.bytes {
            return Err(refuse(EntryFault::Size { expected: expected.bytes, actual: entry.size() }));
        }
        let target = folder.join(&name);
        let unwritable = |source| BundleError::Write { path: target.clone(), source };
        let file = create(&target).map_err(unwritable)?;
        let (actual, bytes) = Digest::of_copy(&mut entry, file).map_err(|error| match error {
            CopyError::Read(source) => unreadable(source),
            CopyError::Write(source) => unwritable(source),
        })?;
        if bytes != expected.bytes {
            return Err(refuse(EntryFault::Size { expected: expected.bytes, actual: bytes }));
        }
        if actual != expected.sha256 {
            return Err(refuse(EntryFault::Digest { expected: expected.sha256, actual }));
        }
    }
    match manifest.files.keys().find(|name| !seen.contains(*name)) {
        Some(missing) => Err(BundleError::Missing { path: bundle.to_owned(), file: missing.clone() }),
        None => Ok(manifest),
    }
}

fn read_manifest(entry: Entry<'_, impl Read>, bundle: &Path) -> Result<Manifest, BundleError> {
    let not_a_bundle = || BundleError::NotABundle { path: bundle.to_owned() };
    if entry.path_bytes().as_ref() != FILE_NAME.as_bytes() || entry.size() > LIMIT {
        return Err(not_a_bundle());
    }
    let mut text = Vec::new();
    entry
        .take(LIMIT)
        .read_to_end(&mut text)
        .map_err(|source| BundleError::Read { path: bundle.to_owned(), source })?;
    // Another format may have other fields; it is told before they are looked at.
    let json: serde_json::Value = serde_json::from_slice(&text).map_err(|_| not_a_bundle())?;
    let format =
        json["format"].as_u64().and_then(|format| format.try_into().ok()).ok_or_else(not_a_bundle)?;
    if format != FORMAT {
        return Err(BundleError::OtherFormat {
            path: bundle.to_owned(),
            made_by: shown(json["madeBy"].as_str().unwrap_or("another program")),
            format,
            known: FORMAT,
        });
    }
    serde_json::from_value(json).map_err(|_| not_a_bundle())
}

/// A new file, and the folders that it is in.
fn create(path: &Path) -> io::Result<std::fs::File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::File::create_new(path)
}

/// Whether nothing but the padding of a tar file is left.
fn ends(rest: &mut impl Read) -> io::Result<bool> {
    let mut buffer = [0; 16 * 1024];
    loop {
        match rest.read(&mut buffer)? {
            0 => return Ok(true),
            read if buffer[..read].iter().all(|byte| *byte == 0) => {}
            _ => return Ok(false),
        }
    }
}

/// A word of a file that is not ours, as it can be shown.
fn shown(word: &str) -> String {
    word.chars().take(200).map(|c| if c.is_control() { '?' } else { c }).collect()
}
