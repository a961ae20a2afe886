use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::Path;

use tar::{Builder, EntryType, Header};

use super::contents::Piece;
use super::manifest::{FILE_NAME, FORMAT, File, Manifest, is_plain};
use super::whole::write_whole;
use super::{BundleError, Contents, EntryFault};
use crate::istio::release::Digest;

/// A bundle that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub sha256: Digest,
    /// Size in bytes.
    pub bytes: u64,
}

/// Writes a bundle to `path`, whole or not at all. The same contents give the same bytes.
///
/// # Errors
/// [`BundleError::Read`] for a file that is to be copied, [`BundleError::Write`], and
/// [`BundleError::Entry`] for a path that may not stand in a bundle.
pub fn write(contents: &Contents, path: &Path) -> Result<Written, BundleError> {
    let pieces = contents.pieces();
    let manifest = manifest(contents, &pieces, path)?;
    // Readable by this user alone, for layers may hold Secrets.
    write_whole(path, |file| pack(&pieces, &manifest, file))
}

fn manifest(
    contents: &Contents,
    pieces: &BTreeMap<String, Piece>,
    bundle: &Path,
) -> Result<Manifest, BundleError> {
    if let Some(entry) = pieces.keys().find(|name| !is_plain(name)) {
        let (path, entry) = (bundle.to_owned(), entry.clone());
        return Err(BundleError::Entry { path, entry, why: EntryFault::Name });
    }
    let mut files = BTreeMap::new();
    for (name, piece) in pieces {
        let (sha256, bytes) = match piece {
            Piece::Text(text) => (Digest::of(text.as_bytes()), text.len() as u64),
            Piece::Copy(path) => {
                Digest::of_file(path).map_err(|source| BundleError::Read { path: path.clone(), source })?
            }
        };
        files.insert(name.clone(), File { sha256, bytes });
    }
    Ok(Manifest {
        format: FORMAT,
        made_by: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
        profile: contents.profile_path(),
        release: contents.release_path(),
        files,
    })
}

/// The manifest first, then the files in the order of their names.
fn pack(pieces: &BTreeMap<String, Piece>, manifest: &Manifest, file: &std::fs::File) -> io::Result<()> {
    let mut tar = Builder::new(io::BufWriter::new(file));
    let json = serde_json::to_vec_pretty(manifest)?;
    append(&mut tar, FILE_NAME, json.len() as u64, &json[..])?;
    for (name, piece) in pieces {
        match piece {
            Piece::Text(text) => append(&mut tar, name, text.len() as u64, text.as_bytes())?,
            Piece::Copy(path) => {
                let file = fs_err::File::open(path)?;
                append(&mut tar, name, file.metadata()?.len(), file)?;
            }
        }
    }
    tar.into_inner()?.flush()
}

/// Nothing of the machine it was written on goes into an entry: neither time nor owner.
fn append(tar: &mut Builder<impl Write>, name: &str, bytes: u64, content: impl Read) -> io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_path(name)?;
    header.set_entry_type(EntryType::Regular);
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_cksum();
    tar.append(&header, content)
}
