use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::RenderRequest;
use super::manifests::Component;
use crate::istio::release::{Digest, Istioctl, is_private};
use crate::whole::{self, Readers};

/// How many renderings are kept: as many profiles and clusters as somebody uses in turn.
const MOST: usize = 16;

/// What istioctl printed: the profile that it merged, and the objects of the charts.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Rendering {
    pub(super) operator: Value,
    pub(super) components: Vec<Component>,
}

/// Where one rendering is kept: under the digest of all that it follows from. istioctl takes a second for what is the same
/// each time.
///
/// A file begins with the digest of the rest, and counts for nothing where that is another; nor does a folder that others
/// can write to.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    file: PathBuf,
}

impl Place {
    /// None where none are kept.
    pub(super) fn of(istioctl: &Istioctl, request: &RenderRequest) -> Option<Self> {
        let folder = request.kept.clone()?;
        let inputs = json!({
            "by": concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")),
            "istioctl": istioctl.sha256().to_string(),
            "version": request.version,
            "overlays": request.overlays,
            "cluster": request.cluster.as_ref().map(|cluster| &cluster.traits),
        });
        let file = folder.join(format!("{}.json", Digest::of(inputs.to_string().as_bytes())));
        Some(Self { folder, file })
    }

    pub(super) fn read(&self) -> Option<Rendering> {
        let bytes = std::fs::read(&self.file).ok().filter(|_| is_private(&self.folder))?;
        let (digest, rest) = bytes.split_at_checked(DIGITS)?;
        let is_sound = Digest::of(rest).to_string().as_bytes() == digest;
        is_sound.then(|| serde_json::from_slice(rest).ok())?
    }

    /// Keeps a rendering, where that can be done: it can always be made again.
    pub(super) fn write(&self, rendering: &Rendering) {
        let written = std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .and_then(|()| self.fill(rendering))
            .and_then(|()| forget_the_oldest(&self.folder));
        if let Err(error) = written {
            tracing::debug!(file = %self.file.display(), %error, "the rendering is not kept");
        }
    }

    fn fill(&self, rendering: &Rendering) -> io::Result<()> {
        let rest = serde_json::to_vec(rendering)?;
        whole::write(&self.file, Readers::Owner, |file| {
            file.write_all(Digest::of(&rest).to_string().as_bytes())?;
            file.write_all(&rest)
        })
    }
}

/// Of a SHA-256 in hexadecimal.
const DIGITS: usize = 64;

fn forget_the_oldest(folder: &Path) -> io::Result<()> {
    let mut files: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        files.push((entry.metadata()?.modified()?, entry.path()));
    }
    files.sort();
    let too_many = files.len().saturating_sub(MOST);
    files.iter().take(too_many).try_for_each(|(_, path)| std::fs::remove_file(path))
}
