use std::path::Path;

use super::{Files, unpack};
use crate::istio::release::{Limits, ReleaseError};

/// Unpacks what may be an archive into an empty folder, for programs that make up archives (`fuzz/` and
/// tests). Returns the names of what was written; nothing of it is proven.
///
/// # Errors
/// As for an archive of a release.
#[doc(hidden)]
pub fn unpack_bytes(archive: &[u8], folder: &Path, limits: &Limits) -> Result<Vec<String>, ReleaseError> {
    // The words of an error begin with where the archive came from.
    let nowhere = "file:///archive"
        .parse()
        .map_err(|source| ReleaseError::WrongBase { base: String::new(), source })?;
    unpack(archive, &nowhere, folder, &[], limits).map(Files::into_keys).map(Iterator::collect)
}
