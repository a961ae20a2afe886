use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Progress, ReleaseError};

/// How often a taken lock is tried again.
const POLL: Duration = Duration::from_millis(100);

/// Keeps two runs from filling the same cache entry at once: the second waits, and then finds it.
///
/// The operating system frees it when the last clone is dropped, also when the program is killed.
/// Clone it into whatever goes on in a blocking thread: that outlives a cancelled future.
#[derive(Clone, Debug)]
pub(super) struct Lock(#[allow(dead_code, reason = "held, not read")] Arc<Held>);

/// A file that is locked, with the number of the process that has it.
#[derive(Debug)]
struct Held(File);

impl Held {
    /// That the number cannot be written is no reason not to go on: it is for those who wait.
    fn by_this_process(mut file: File) -> Self {
        let number = std::process::id().to_string();
        let _ = file.set_len(0).and_then(|()| file.write_all(number.as_bytes()));
        Self(file)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.set_len(0);
    }
}

impl Lock {
    /// Takes the lock at `path`, waiting as long as another process has it. Cancel-safe.
    pub(super) async fn take(
        path: &Path,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Self, ReleaseError> {
        let unusable = |source| ReleaseError::Cache { path: path.to_owned(), source };
        let mut file = File::options().create(true).read(true).append(true).open(path).map_err(unusable)?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(Arc::new(Held::by_this_process(file)))),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) if source.kind() == io::ErrorKind::Interrupted => {}
                Err(TryLockError::Error(source)) => return Err(unusable(source)),
            }
            if !told {
                progress(Progress::Waiting { holder: holder(&mut file) });
                told = true;
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// The process that has the lock, as it wrote itself there.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().and_then(|()| file.take(16).read_to_string(&mut text)).ok()?;
    text.trim().parse().ok()
}
