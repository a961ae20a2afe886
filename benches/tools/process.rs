//! Whole processes: how long they take, and how much memory.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, copy, sink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// From the start of the process until it has ended and all of its output is read.
pub(crate) fn once(program: &Path, arguments: &[&OsStr]) -> Duration {
    let start = Instant::now();
    let mut process =
        Command::new(program).args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let size = copy(&mut process.stdout.take().unwrap(), &mut sink()).unwrap();
    let status = process.wait().unwrap();
    let time = start.elapsed();
    assert!(status.success() && size > 0, "{} {arguments:?} failed", program.display());
    time
}

/// The most memory that a process had, in bytes, where the kernel tells it. A process that has more to print than a
/// pipe holds waits for its reader, and by then it has done its work.
pub(crate) fn memory(program: &Path, arguments: &[&OsStr]) -> Option<u64> {
    let mut process =
        Command::new(program).args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let mut output = process.stdout.take()?;
    output.read_exact(&mut [0]).ok()?;
    let most = so_far(process.id());
    copy(&mut output, &mut sink()).ok()?;
    process.wait().ok()?;
    most
}

/// The most memory that a process which runs has had, in bytes, where the kernel tells it.
pub(crate) fn so_far(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
