//! What must hold of an unpacking, whatever it was that was unpacked. `fuzz/` holds it too.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use flate2::read::GzDecoder;
use kubestock_install::istio::release::{Limits, unpack_bytes};
use tar::Header;
use tempfile::TempDir;

pub(crate) const BLOCK: usize = 512;

pub(crate) fn is_header(block: &[u8]) -> bool {
    block[257..].starts_with(b"ustar")
}

/// Makes the checksums of all headers right, so that it is not only those that are tested.
pub(crate) fn with_checksums(mut tar: Vec<u8>) -> Vec<u8> {
    for block in tar.chunks_exact_mut(BLOCK).filter(|block| is_header(block)) {
        let mut header = Header::new_old();
        header.as_mut_bytes().copy_from_slice(block);
        header.set_cksum();
        block.copy_from_slice(header.as_bytes());
    }
    tar
}

/// What another reader of tar files finds under the names that are wanted.
fn as_others_read_it(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut tar = tar::Archive::new(GzDecoder::new(archive));
    let mut found = BTreeMap::new();
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        // A global header has a name too, which is nobody's path and may be no text.
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().unwrap().into_owned();
        let parts: Vec<&str> =
            path.iter().map(|part| part.to_str().unwrap()).filter(|part| *part != ".").collect();
        let is_wanted =
            matches!(parts[..], ["istioctl"] | [_, "bin", "istioctl"] | [_, "samples", "addons", _]);
        if is_wanted {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            found.insert(parts[parts.len() - 1].to_owned(), content);
        }
    }
    found
}

/// What may be unpacked.
const WANTED: [&str; 5] = ["istioctl", "prometheus.yaml", "grafana.yaml", "jaeger.yaml", "kiali.yaml"];

/// Unpacks it; returns whether it was taken. Whatever it is, nothing is written but what is wanted, and
/// nothing elsewhere; what is taken is read as others read it.
#[track_caller]
pub(crate) fn check(archive: &[u8]) -> bool {
    let outside = TempDir::new().unwrap();
    let folder = outside.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    let limits = Limits { unpacked: 100_000, names: 100, ..Limits::default() };
    let unpacked = unpack_bytes(archive, &folder, &limits);
    assert_eq!(names(outside.path()), ["folder"]);
    let written = names(&folder);
    for name in &written {
        let found = std::fs::symlink_metadata(folder.join(name)).unwrap();
        assert!(WANTED.contains(&name.as_str()) && found.is_file(), "{name}: {found:?}");
        assert_eq!(found.permissions().mode() & 0o7277, 0, "{name}");
    }
    let Ok(names) = unpacked else { return false };
    assert_eq!(names, written);
    assert!(names.contains(&"istioctl".to_owned()));
    let others = as_others_read_it(archive);
    for name in names {
        assert_eq!(Some(&std::fs::read(folder.join(&name)).unwrap()), others.get(&name), "{name}");
    }
    true
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
