use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path};

use flate2::read::GzDecoder;
use tar::{Archive, Entry};
use url::Url;

use super::digest::Hasher;
use super::error::shown;
use super::receipt::{ISTIOCTL, Unpacked};
use super::{Addon, ReleaseError, UnsafeEntry};

/// The size in bytes that istioctl may have; that of 1.18.0 has 92 MB.
const ISTIOCTL_LIMIT: u64 = 300 * 1024 * 1024;
/// The size in bytes that an addon's file may have.
const ADDON_LIMIT: u64 = 16 * 1024 * 1024;
/// The size in bytes that everything in an archive may have: no end to a stream is no archive.
const TOTAL_LIMIT: u64 = 2 * 1024 * 1024 * 1024;

/// A file that is wanted of an archive.
#[derive(Clone, Copy)]
enum Wanted {
    Istioctl,
    Addon(Addon),
}

impl Wanted {
    /// What is wanted of this entry. The full archive has a top folder `istio-VERSION`, with
    /// istioctl in `bin` and the addons in `samples/addons`; the other one holds istioctl alone.
    fn of(path: &Path) -> Option<Self> {
        let parts: Vec<&str> =
            path.iter().map(|part| part.to_str().unwrap_or_default()).filter(|part| *part != ".").collect();
        match parts[..] {
            ["istioctl"] | [_, "bin", "istioctl"] => Some(Self::Istioctl),
            [_, "samples", "addons", file] => Addon::named(file.strip_suffix(".yaml")?).map(Self::Addon),
            _ => None,
        }
    }

    fn file_name(self) -> String {
        match self {
            Self::Istioctl => ISTIOCTL.to_owned(),
            Self::Addon(addon) => addon.file_name(),
        }
    }

    fn limit(self) -> u64 {
        match self {
            Self::Istioctl => ISTIOCTL_LIMIT,
            Self::Addon(_) => ADDON_LIMIT,
        }
    }

    fn mode(self) -> u32 {
        match self {
            Self::Istioctl => 0o500,
            Self::Addon(_) => 0o400,
        }
    }
}

/// Writes istioctl and the addons that the archive holds into `folder`, under names of ours: no
/// path of the archive's is ever used. The `asked` addons must be among them; the others are kept
/// too, since they are small and save the next run a download. Returns what was written.
pub(super) fn unpack(
    archive: &Path,
    url: &Url,
    folder: &Path,
    asked: &[Addon],
) -> Result<BTreeMap<String, Unpacked>, ReleaseError> {
    let unreadable = |source| ReleaseError::Unreadable { url: shown(url), source };
    let file = fs_err::File::open(archive).map_err(unreadable)?;
    let mut tar = Archive::new(GzDecoder::new(file).take(TOTAL_LIMIT));
    let mut files = BTreeMap::new();
    for entry in tar.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let path = entry.path().map_err(unreadable)?.into_owned();
        let refuse = |why| ReleaseError::UnsafeEntry { url: shown(url), entry: name_of(&path), why };
        if path.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(refuse(UnsafeEntry::Outside));
        }
        let Some(wanted) = Wanted::of(&path) else {
            continue;
        };
        if !entry.header().entry_type().is_file() {
            return Err(refuse(UnsafeEntry::NotAFile));
        }
        if entry.size() > wanted.limit() {
            return Err(refuse(UnsafeEntry::TooLarge(wanted.limit())));
        }
        if files.contains_key(&wanted.file_name()) {
            return Err(refuse(UnsafeEntry::Twice));
        }
        let unpacked = write(&mut entry, wanted, folder, url)?;
        files.insert(wanted.file_name(), unpacked);
    }
    let must_be_there = [ISTIOCTL.to_owned()].into_iter().chain(asked.iter().map(|addon| addon.file_name()));
    match must_be_there.into_iter().find(|file| !files.contains_key(file)) {
        Some(file) => Err(ReleaseError::Missing { url: shown(url), file }),
        None => Ok(files),
    }
}

fn write(
    entry: &mut Entry<impl Read>,
    wanted: Wanted,
    folder: &Path,
    url: &Url,
) -> Result<Unpacked, ReleaseError> {
    let path = folder.join(wanted.file_name());
    let in_cache = |source| ReleaseError::Cache { path: path.clone(), source };
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(wanted.mode())
        .open(&path)
        .map_err(in_cache)?;
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = match entry.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(ReleaseError::Unreadable { url: shown(url), source }),
        };
        hasher.update(&buffer[..read]);
        file.write_all(&buffer[..read]).map_err(in_cache)?;
    }
    let (sha256, size) = hasher.finish();
    Ok(Unpacked { sha256, size })
}

/// An entry's path as it can be shown: the archive is not ours, and may say anything.
fn name_of(path: &Path) -> String {
    path.to_string_lossy().chars().take(200).map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_istioctl_and_the_known_addons_are_wanted() {
        let cases = [
            ("istioctl", Some("istioctl")),
            ("./istioctl", Some("istioctl")),
            ("istio-1.18.0/bin/istioctl", Some("istioctl")),
            ("istio-1.18.0/samples/addons/kiali.yaml", Some("kiali.yaml")),
            ("./istio-1.18.0/samples/addons/jaeger.yaml", Some("jaeger.yaml")),
            ("istio-1.18.0/samples/addons/extras/kiali.yaml", None),
            ("istio-1.18.0/samples/addons/loki.yaml", None),
            ("istio-1.18.0/tools/istioctl", None),
            ("bin/istioctl/x", None),
        ];
        for (path, file) in cases {
            let wanted = Wanted::of(Path::new(path)).map(Wanted::file_name);
            assert_eq!(wanted.as_deref(), file, "{path}");
        }
    }
}
