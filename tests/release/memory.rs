//! How much memory the program takes, whatever it fetches.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use flate2::Crc;
use sha2::{Digest as _, Sha256};
use tar::EntryType;

use crate::program::Program;
use crate::tarball::Tarball;

const MOST: u64 = 64 * 1024 * 1024;
/// What the archive consists of, so many times: 2 GiB, and as much when it is unpacked.
static PIECE: [u8; 32 * 1024] = [b'x'; 32 * 1024];
const PIECES: usize = 64 * 1024;

/// Writes an archive of 2 GiB, with istioctl behind all of it. It is put together here, of blocks that are
/// stored and not compressed (RFC 1951, 3.2.4), since that takes no time in a test.
fn write_archive(mut write: impl FnMut(&[u8])) {
    let size = (PIECE.len() * PIECES) as u64;
    let huge = Tarball::default()
        .entry("istio-1.18.0/samples/huge", EntryType::Regular, b"", |header| header.set_size(size));
    let rest = Tarball::default().file("istio-1.18.0/bin/istioctl", &[b'i'; 20_000]);
    let (piece, mut crc) = (stored(&PIECE, false), Crc::new());
    write(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    let (first, last) = (huge.unended(), rest.ended());
    write(&stored(&first, false));
    crc.update(&first);
    for _ in 0..PIECES {
        write(&piece);
        crc.update(&PIECE);
    }
    write(&stored(&last, true));
    crc.update(&last);
    write(&[crc.sum().to_le_bytes(), crc.amount().to_le_bytes()].concat());
}

fn stored(bytes: &[u8], is_last: bool) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    [&[u8::from(is_last)][..], &length.to_le_bytes(), &(!length).to_le_bytes(), bytes].concat()
}

fn sha256() -> String {
    let mut sha256 = Sha256::new();
    write_archive(|bytes| sha256.update(bytes));
    sha256.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where the archive can be had, once.
fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 4096];
        let _ = stream.read(&mut head).unwrap();
        stream.write_all(b"HTTP/1.0 200 .\r\n\r\n").unwrap();
        write_archive(|bytes| stream.write_all(bytes).unwrap());
    });
    address
}

/// The most memory that a process has had up to now, in bytes; None where it has ended.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().unwrap() * 1024)
}

#[tokio::test]
async fn an_archive_of_two_gigabytes_takes_less_than_64_megabytes_of_memory() {
    let sha256 = tokio::task::spawn_blocking(sha256).await.unwrap();
    let program = Program::pinning(&format!("http://{}/istioctl.tar.gz", serve()), sha256.parse().unwrap());
    let mut child = program.command("").stdout(Stdio::null()).spawn().unwrap();
    let (process, mut most) = (child.id().unwrap(), 0);
    let status = loop {
        most = peak(process).unwrap_or_default().max(most);
        if let Ok(status) = tokio::time::timeout(Duration::from_millis(10), child.wait()).await {
            break status.unwrap();
        }
    };
    assert!(status.success(), "{status}");
    assert!(most > 0 && most < MOST, "{most} bytes of memory");
}
