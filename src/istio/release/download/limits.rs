use std::time::Duration;

/// The bounds of a download, and of what is unpacked then. There is none on how long it takes: a slow line
/// that still moves is no failure.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a connection may take to be made.
    pub connect: Duration,
    /// The time within which a server has to answer, and then to send the next `least` bytes.
    pub quiet: Duration,
    /// The bytes that are due in each `quiet`; a line that gives less stands still. By default 1 KiB/s,
    /// a fifth of what a modem did.
    pub least: u64,
    /// How often a source is asked again after what may pass: a lost connection, 408, 429 or 5xx. What
    /// brings the archive further by `least` bytes does not count.
    pub retries: usize,
    /// The wait before the first retry; it doubles from there, up to `longest_wait`.
    pub first_wait: Duration,
    /// The longest wait. A server whose Retry-After asks for more is given up.
    pub longest_wait: Duration,
    /// The size in bytes that an archive may have; the full one of 1.18.0 has 27 MB. With its digest
    /// pinned, a size is no question of trust: this only ends what would fill the disk for nothing.
    pub bytes: u64,
    /// The size in bytes of all that an archive unpacks to, wanted or not; istioctl alone has 92 MB.
    pub unpacked: u64,
    /// How many files and folders an archive may hold, the folders that only stand in paths too.
    pub names: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            quiet: Duration::from_secs(30),
            least: 30 * 1024,
            retries: 5,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(120),
            bytes: 4 * 1024 * 1024 * 1024,
            unpacked: 4 * 1024 * 1024 * 1024,
            names: 10_000,
        }
    }
}
