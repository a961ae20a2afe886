//! Unpacking of an archive: the pinned one, and nevertheless not to be trusted with more than a few files.

mod fuzzing;
mod member;
mod names;
mod refusal;
mod stream;
mod wanted;

use std::collections::BTreeMap;
use std::io::{BufRead, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use tar::{Archive, Entry};
use url::Url;

use super::error::shown;
use super::receipt::{ISTIOCTL, Unpacked};
use super::{Addon, CopyError, Digest, Limits, ReleaseError};
pub use fuzzing::unpack_bytes;
use member::Members;
use refusal::Refusal;
pub use refusal::{UnsafeArchive, UnsafeEntry};
use stream::Stream;
use wanted::Wanted;

/// What was unpacked, by the name in the folder.
pub(super) type Files = BTreeMap<String, Unpacked>;

/// Writes istioctl and the addons that the archive holds into `folder`, under names of ours: no
/// path of the archive's is ever used. The `asked` addons must be among them; the others are kept
/// too, since they are small and save the next run a download. Returns what was written.
///
/// One entry that could do harm, wanted or not, and the archive is refused, with files left in the folder
/// perhaps. Memory is a few megabytes whatever the archive.
pub(super) fn unpack(
    archive: impl BufRead,
    url: &Url,
    folder: &Path,
    asked: &[Addon],
    limits: &Limits,
) -> Result<Files, ReleaseError> {
    let mut tar = Archive::new(Stream::of(archive, limits.unpacked));
    let written = write_wanted(&mut tar, folder, limits);
    let stream = tar.into_inner();
    let files = match written {
        Ok(files) => stream.end().map(|()| files).map_err(|refusal| refusal.of_archive_from(url))?,
        Err(Failed::Refused(refusal)) => return Err(stream.explain(refusal).of_archive_from(url)),
        Err(Failed::Unwritten(error)) => return Err(error),
    };
    let must_be_there = [ISTIOCTL.to_owned()].into_iter().chain(asked.iter().map(|addon| addon.file_name()));
    match must_be_there.into_iter().find(|file| !files.contains_key(file)) {
        Some(file) => Err(ReleaseError::Missing { url: shown(url), file }),
        None => Ok(files),
    }
}

/// Whose fault it is that nothing was unpacked: the archive's, or the disk's.
enum Failed {
    Refused(Refusal),
    Unwritten(ReleaseError),
}

impl<E: Into<Refusal>> From<E> for Failed {
    fn from(refusal: E) -> Self {
        Self::Refused(refusal.into())
    }
}

fn write_wanted(tar: &mut Archive<impl Read>, folder: &Path, limits: &Limits) -> Result<Files, Failed> {
    let (mut files, mut members) = (Files::new(), Members::up_to(limits.names));
    for entry in tar.entries()?.raw(true) {
        let mut entry = entry?;
        let Some(member) = members.admit(&mut entry)? else { continue };
        let Some(wanted) = Wanted::of(&member.parts) else { continue };
        if !member.is_file {
            return Err(member.refuse(UnsafeEntry::NotAFile).into());
        }
        if entry.size() > wanted.limit() {
            return Err(member.refuse(UnsafeEntry::TooLarge(wanted.limit())).into());
        }
        if files.contains_key(&wanted.file_name()) {
            return Err(member.refuse(UnsafeEntry::Twice).into());
        }
        files.insert(wanted.file_name(), write(&mut entry, wanted, folder)?);
    }
    if members.want_another() {
        return Err(Refusal::Archive(UnsafeArchive::BreaksOff).into());
    }
    Ok(files)
}

fn write(entry: &mut Entry<'_, impl Read>, wanted: Wanted, folder: &Path) -> Result<Unpacked, Failed> {
    let path = folder.join(wanted.file_name());
    let in_cache = |source| Failed::Unwritten(ReleaseError::cache(&path, source));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(wanted.mode())
        .open(&path)
        .map_err(in_cache)?;
    let (sha256, size) = Digest::of_copy(entry, &mut file).map_err(|error| match error {
        CopyError::Read(error) => error.into(),
        CopyError::Write(error) => in_cache(error),
    })?;
    Ok(Unpacked { sha256, size })
}
