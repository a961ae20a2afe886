//! An entry of the cache: what was unpacked of one archive, with its receipt.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::archive_file::ArchiveFile;
use super::files::{create_private, remove, rename, sync};
use super::receipt::{ISTIOCTL, Receipt};
use super::unpack::unpack;
use super::{Addon, Digest, Limits, ReleaseError};

/// What the cache has under a digest.
pub(super) enum Cached {
    Absent,
    /// There is something, and why it cannot be used.
    Unsound(String),
    Sound(Receipt),
}

/// Compares an entry with its receipt, reading every file.
pub(super) fn check(entry: &Path, sha256: Digest, addons: &[Addon]) -> Cached {
    if !entry.exists() {
        return Cached::Absent;
    }
    let receipt = match Receipt::read(entry) {
        Ok(receipt) if receipt.archive_sha256 == sha256 => receipt,
        Ok(_) => return Cached::Unsound(format!("{} has another archive's receipt", entry.display())),
        Err(error) => return Cached::Unsound(error.to_string()),
    };
    let asked = addons.iter().map(|addon| addon.file_name()).chain([ISTIOCTL.to_owned()]);
    for file in asked {
        if !receipt.files.contains_key(&file) {
            return Cached::Unsound(format!("{} has no {file}", entry.display()));
        }
    }
    for (file, expected) in &receipt.files {
        let path = entry.join(file);
        match Digest::of_file(&path) {
            Ok((actual, _)) if actual == expected.sha256 => {}
            Ok(_) => return Cached::Unsound(format!("{} is not what was unpacked", path.display())),
            Err(error) => return Cached::Unsound(error.to_string()),
        }
    }
    Cached::Sound(receipt)
}

/// Unpacks beside the entry and renames, so that an entry is whole or not there.
pub(super) fn put_in_place(
    archive: &ArchiveFile,
    addons: &[Addon],
    limits: &Limits,
    unpacking: &Path,
    entry: &Path,
) -> Result<Receipt, ReleaseError> {
    let file = File::open(&archive.path).map_err(|source| ReleaseError::cache(&archive.path, source))?;
    let file = BufReader::with_capacity(256 * 1024, file);
    // Left by a run that was killed.
    remove(unpacking).map_err(|source| ReleaseError::cache(unpacking, source))?;
    create_private(unpacking).map_err(|source| ReleaseError::cache(unpacking, source))?;
    let placed = unpack(file, &archive.from, unpacking, addons, limits).and_then(|files| {
        let receipt = Receipt { archive_sha256: archive.sha256, archive_bytes: archive.bytes, files };
        receipt
            .write(unpacking)
            .and_then(|()| sync_all(unpacking, &receipt))
            .and_then(|()| remove(entry))
            .and_then(|()| rename(unpacking, entry))
            .map_err(|source| ReleaseError::cache(entry, source))?;
        Ok(receipt)
    });
    if placed.is_err() {
        // What went wrong is worth more than that this does too.
        let _ = remove(unpacking);
    }
    placed.map_err(|error| error.or_no_room(None))
}

/// Brings every file of the entry to the disk before it gets its name.
fn sync_all(entry: &Path, receipt: &Receipt) -> std::io::Result<()> {
    receipt.files.keys().try_for_each(|file| sync(&entry.join(file)))?;
    sync(entry)
}
