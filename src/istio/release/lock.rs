use std::fs::{File, TryLockError};
use std::io;
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
pub(super) struct Lock(#[allow(dead_code, reason = "held, not read")] Arc<File>);

impl Lock {
    /// Takes the lock at `path`, waiting as long as another process has it. Cancel-safe.
    pub(super) async fn take(
        path: &Path,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Self, ReleaseError> {
        let unusable = |source| ReleaseError::Cache { path: path.to_owned(), source };
        let file = File::options().create(true).append(true).open(path).map_err(unusable)?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(Arc::new(file))),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) if source.kind() == io::ErrorKind::Interrupted => {}
                Err(TryLockError::Error(source)) => return Err(unusable(source)),
            }
            if !told {
                progress(Progress::Waiting);
                told = true;
            }
            tokio::time::sleep(POLL).await;
        }
    }
}
