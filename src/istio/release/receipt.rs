use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Digest;
use super::files::write_whole;

/// The receipt's name in a cache entry.
const FILE_NAME: &str = "receipt.json";
/// The name of istioctl in a cache entry.
pub(super) const ISTIOCTL: &str = "istioctl";

/// What was unpacked from a proven archive, so that the archive itself need not be kept.
///
/// It proves that an entry is as it was unpacked, against torn writes, bit rot and careless hands.
/// It is no proof against someone who can write in the user's own cache: who can do that can also
/// replace this program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Receipt {
    pub(super) archive_sha256: Digest,
    /// Size of the archive in bytes.
    pub(super) archive_bytes: u64,
    /// By the name in the entry: `istioctl`, `kiali.yaml`, ...
    pub(super) files: BTreeMap<String, Unpacked>,
}

/// One file of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unpacked {
    pub(super) sha256: Digest,
    /// Size in bytes.
    pub(super) size: u64,
}

impl Receipt {
    pub(super) fn read(entry: &Path) -> io::Result<Self> {
        let text = fs_err::read(entry.join(FILE_NAME))?;
        serde_json::from_slice(&text).map_err(io::Error::from)
    }

    pub(super) fn write(&self, entry: &Path) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        write_whole(&entry.join(FILE_NAME), &text)
    }
}
