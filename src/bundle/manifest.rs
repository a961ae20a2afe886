use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::istio::release::Digest;

/// The manifest's name; it is the first entry of a bundle.
pub(super) const FILE_NAME: &str = "bundle.json";
/// The layout that this program writes and reads.
pub(super) const FORMAT: u32 = 1;
/// The size in bytes that a manifest may have; one of a hundred layers has 20 kB.
pub(super) const LIMIT: u64 = 1024 * 1024;

/// What a bundle holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The version of the layout.
    pub format: u32,
    /// The program that wrote it: `kubestock-install 0.1.0`.
    pub made_by: String,
    /// The profile's path in the bundle.
    pub profile: String,
    /// The path of the release's archive; none where the profile has no mesh.
    pub release: Option<String>,
    /// By path in the bundle; all of them but the manifest itself.
    pub files: BTreeMap<String, File>,
}

/// What a file of a bundle must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    pub sha256: Digest,
    /// Size in bytes.
    pub bytes: u64,
}

/// Whether a path may stand in a bundle: plain names with plain folders, so that where it is
/// unpacked, on whatever file system, nothing stands elsewhere or twice.
pub(super) fn is_plain(path: &str) -> bool {
    let is_plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte))
    };
    path.len() <= 200 && path.split('/').all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn a_path_in_a_bundle_is_made_of_plain_names() {
        let plain = ["profile.yaml", "layers/base/objects.yaml", "istio/istio-1.18.0-linux-amd64.tar.gz"];
        assert!(plain.into_iter().all(is_plain));
        let others = ["", "/etc/passwd", "a//b", "a/", "./a", "a/../b", "..", ".hidden", "a b", "a\\b", "é"];
        assert!(!others.into_iter().any(is_plain));
        assert!(!is_plain(&"a".repeat(201)));
    }
}
