use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use url::Url;

use crate::istio::release::digest::Hasher;
use crate::istio::release::error::shown;
use crate::istio::release::files::{blocking, remove, rename, write_whole};
use crate::istio::release::lock::Lock;
use crate::istio::release::{Digest, ReleaseError};

/// How many chunks from the network wait for the disk at most; one has 8 to 400 kB.
const DEPTH: usize = 16;

/// The file that an archive grows in, hashed on the way. It outlives a run that is killed, and the next
/// one goes on where it ended.
///
/// Where its bytes came from is kept beside it, so that a server can say whether it still has the same
/// file. They may come from several servers: all claim to have the file of one digest, and that digest
/// decides in the end. What turns out to be mixed from different files is fetched once more from zero.
#[derive(Debug)]
pub(in crate::istio::release) struct Partial {
    path: PathBuf,
    grown: Arc<Mutex<Grown>>,
    origin: Option<Origin>,
    /// Whether its bytes are of more than one answer.
    mixed: bool,
}

#[derive(Debug)]
struct Grown {
    file: File,
    hasher: Hasher,
    /// A write in a thread of its own outlives a future that was given up.
    _lock: Lock,
}

/// Where the bytes of a partial file came from, as it is kept beside it.
#[derive(Debug, Serialize, Deserialize)]
struct Origin {
    /// Without a password.
    url: String,
    /// For If-Range.
    validator: Option<String>,
}

impl Partial {
    /// Opens the file, or makes it. What is there is hashed again.
    pub(in crate::istio::release) async fn open(path: PathBuf, lock: Lock) -> Result<Self, ReleaseError> {
        blocking(path.clone(), move || {
            let unusable = |source| ReleaseError::cache(&path, source);
            let file = File::options().read(true).append(true).create(true).open(&path).map_err(unusable)?;
            let mut hasher = Hasher::default();
            hasher.read(&file).map_err(unusable)?;
            // A torn or missing note only means that the server is not asked whether it is the same file.
            let origin = std::fs::read(note_beside(&path)).ok();
            let origin = origin.and_then(|text| serde_json::from_slice(&text).ok());
            let mixed = hasher.bytes() > 0;
            let grown = Grown { file, hasher, _lock: lock };
            Ok(Self { path, grown: Arc::new(Mutex::new(grown)), origin, mixed })
        })
        .await
    }

    pub(in crate::istio::release) fn path(&self) -> &Path {
        &self.path
    }

    pub(in crate::istio::release) fn bytes(&self) -> u64 {
        self.grown().hasher.bytes()
    }

    pub(in crate::istio::release) fn digest(&self) -> Digest {
        self.grown().hasher.clone().finish().0
    }

    /// What this server may be asked about the bytes that are here, if they came from it.
    pub(super) fn validator(&self, url: &Url) -> Option<&str> {
        let origin = self.origin.as_ref().filter(|origin| origin.url == shown(url))?;
        origin.validator.as_deref()
    }

    /// Whether its bytes are of more than one answer, and may be of several files.
    pub(super) fn is_mixed(&self) -> bool {
        self.mixed
    }

    /// Whether it begins as an HTML page does.
    pub(super) fn begins_like_a_page(&self) -> bool {
        let mut head = [0; 512];
        let read = File::open(&self.path).and_then(|mut file| file.read(&mut head));
        let head = &head[..read.unwrap_or(0)];
        head.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
    }

    /// Notes that what follows comes from this server, behind the bytes that are here.
    pub(super) fn go_on(&mut self, url: &Url, validator: Option<String>) -> Result<(), ReleaseError> {
        self.mixed = true;
        self.note(url, validator)
    }

    /// Empties it, and notes that what follows comes from this server.
    pub(super) fn start_over(&mut self, url: &Url, validator: Option<String>) -> Result<(), ReleaseError> {
        self.empty()?;
        self.mixed = false;
        self.note(url, validator)
    }

    fn note(&mut self, url: &Url, validator: Option<String>) -> Result<(), ReleaseError> {
        let origin = Origin { url: shown(url), validator };
        let path = note_beside(&self.path);
        let written = serde_json::to_vec(&origin).map_err(io::Error::from);
        let written = written.and_then(|text| write_whole(&path, &text));
        written.map_err(|source| ReleaseError::cache(&path, source))?;
        self.origin = Some(origin);
        Ok(())
    }

    /// Leaves nothing of it but an empty file. The note goes first: at no time does one stand for bytes
    /// that are not its own.
    pub(super) fn empty(&mut self) -> Result<(), ReleaseError> {
        self.origin = None;
        let mut grown = self.grown();
        grown.hasher = Hasher::default();
        let emptied = remove(&note_beside(&self.path)).and_then(|()| grown.file.set_len(0));
        emptied.map_err(|source| ReleaseError::cache(&self.path, source))
    }

    /// Deletes it, with what was noted of it.
    pub(in crate::istio::release) fn delete(self) -> Result<(), ReleaseError> {
        let deleted = remove(&note_beside(&self.path)).and_then(|()| remove(&self.path));
        deleted.map_err(|source| ReleaseError::cache(&self.path, source))
    }

    /// Gives the whole file its lasting name, so that it is there after a loss of power too.
    pub(in crate::istio::release) fn keep_as(self, path: &Path) -> Result<(), ReleaseError> {
        let kept = self.grown().file.sync_all();
        let kept =
            kept.and_then(|()| rename(&self.path, path)).and_then(|()| remove(&note_beside(&self.path)));
        kept.map_err(|source| ReleaseError::cache(path, source))
    }

    /// Begins to append in a thread of its own, so that the network waits for neither disk nor hash.
    pub(super) fn append(&self) -> Appending {
        let (chunks, mut queue) = mpsc::channel::<Bytes>(DEPTH);
        let grown = Arc::clone(&self.grown);
        let writing = tokio::task::spawn_blocking(move || {
            let mut grown = locked(&grown);
            while let Some(chunk) = queue.blocking_recv() {
                grown.write(&chunk)?;
            }
            Ok(())
        });
        Appending { path: self.path.clone(), chunks, writing }
    }

    fn grown(&self) -> MutexGuard<'_, Grown> {
        locked(&self.grown)
    }
}

impl Grown {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        Ok(())
    }
}

/// Bytes on their way into a partial file.
#[derive(Debug)]
pub(super) struct Appending {
    path: PathBuf,
    chunks: mpsc::Sender<Bytes>,
    writing: JoinHandle<io::Result<()>>,
}

impl Appending {
    /// Whether it is taken; the file is no longer written to where it is not, and `end` tells why.
    pub(super) async fn send(&self, chunk: Bytes) -> bool {
        self.chunks.send(chunk).await.is_ok()
    }

    /// Waits until all that was sent is in the file.
    pub(super) async fn end(self) -> Result<(), ReleaseError> {
        drop(self.chunks);
        let written = self.writing.await.map_err(io::Error::other).flatten();
        written.map_err(|source| ReleaseError::cache(&self.path, source))
    }
}

fn locked(grown: &Mutex<Grown>) -> MutexGuard<'_, Grown> {
    // Who panicked was on the way to fail: the hash tells what is in the file, and it is compared.
    grown.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where it is noted what the partial file at this path holds.
fn note_beside(partial: &Path) -> PathBuf {
    let mut path = partial.as_os_str().to_owned();
    path.push(".json");
    path.into()
}
