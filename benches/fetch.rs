//! How long it takes to fetch, prove and unpack an archive of 200 MB, beside the tools that a person would use
//! instead: `make bench`. Every figure has its peer from the same run; docs/performance.md tells of them.

#![allow(clippy::unwrap_used, reason = "whatever goes wrong ends the benchmark")]

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flate2::{Compression, write::GzEncoder};
use kubestock_install::istio::release::Digest;
use tar::{Builder, Header};
use tempfile::TempDir;

/// How often each is run; the median counts.
const RUNS: usize = 5;
/// The size of istioctl in bytes. What it is made of packs to two thirds, so that the archive has 200 MB.
const ISTIOCTL: usize = 300_000_000;

fn main() {
    let home = TempDir::new().unwrap();
    let archive = home.path().join("istioctl.tar.gz");
    write_archive(&archive);
    let (size, sha256) = (std::fs::metadata(&archive).unwrap().len(), sum(&archive));
    let url = serve(&archive);
    let profile = format!(
        "description: A release for a benchmark
istio: {{version: 1.18.0, profile: minimal, source: {{istioctl: {{url: '{url}', sha256: {sha256}}}}}}}
"
    );
    std::fs::write(home.path().join("mine.yaml"), profile).unwrap();

    let program = env!("CARGO_BIN_EXE_kubestock-install");
    let fetch = format!("{program} fetch mine.yaml --cache-dir cache");
    let cached = "cache/istio/*/istioctl";
    println!("an archive of {} MB from loopback, the median of {RUNS} runs:\n", size / 1_000_000);
    compare(
        home.path(),
        "rm -rf cache out && mkdir out",
        &[
            ("kubestock-install fetch", &fetch),
            ("curl | tar xz, which proves nothing", &format!("curl -sf {url} | tar xz -C out")),
            (
                "curl | tee >(sha256sum) | tar xz, which unpacks before it proves",
                &format!(
                    "curl -sf {url} | tee >(sha256sum >out/sum) | tar xz -C out; wait; grep -q {sha256} out/sum"
                ),
            ),
            (
                "curl, then sha256sum -c, then tar xzf: the steps that fetch takes",
                &format!(
                    "curl -sfo out/archive {url} && echo '{sha256}  out/archive' | sha256sum -c --quiet && tar xzf out/archive -C out"
                ),
            ),
        ],
    );
    println!("\nonce more, from the cache:\n");
    compare(
        home.path(),
        &format!("[ -d cache ] || {fetch} >/dev/null"),
        &[
            ("kubestock-install fetch", &fetch),
            ("sha256sum of the same istioctl", &format!("sha256sum {cached}")),
        ],
    );
}

/// Runs all of them in turn, so that what else the machine does meets each alike, and prints each beside
/// the first.
fn compare(folder: &Path, before: &str, contenders: &[(&str, &str)]) {
    let mut times = vec![Vec::new(); contenders.len()];
    for _ in 0..RUNS {
        for ((_, script), times) in contenders.iter().zip(&mut times) {
            run(folder, before);
            times.push(run(folder, script));
        }
    }
    let medians: Vec<f64> = times.into_iter().map(|times| median(times).as_secs_f64()).collect();
    for ((name, _), seconds) in contenders.iter().zip(&medians) {
        println!("{seconds:6.2} s  {:5.2} times as long  {name}", seconds / medians[0]);
    }
}

fn run(folder: &Path, script: &str) -> Duration {
    let begun = Instant::now();
    let status = Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(folder)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{script}: {status}");
    begun.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Writes an archive with an istioctl that packs about as badly as what is packed once already, in part.
fn write_archive(path: &Path) {
    let gzip = GzEncoder::new(BufWriter::new(File::create(path).unwrap()), Compression::default());
    let mut header = Header::new_gnu();
    header.set_size(ISTIOCTL as u64);
    header.set_mode(0o755);
    let mut tar = Builder::new(gzip);
    tar.append_data(&mut header, "istioctl", Code(1).take(ISTIOCTL as u64)).unwrap();
    tar.into_inner().unwrap().finish().unwrap().flush().unwrap();
}

/// Bytes without end, of which two in three are new and one was there before, as in a program's code.
struct Code(u64);

impl Read for Code {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        for (place, byte) in into.iter_mut().enumerate() {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            *byte = if place % 48 < 32 { (self.0 >> 56) as u8 } else { b"mov rax, [rbp+8]"[place % 48 - 32] };
        }
        Ok(into.len())
    }
}

fn sum(path: &Path) -> Digest {
    let output = Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].parse().unwrap()
}

/// Serves the file on loopback, to one after the other, without touching its bytes.
fn serve(path: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (url, path) = (format!("http://{}/istioctl.tar.gz", listener.local_addr().unwrap()), path.to_owned());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).unwrap();
            let mut file = File::open(&path).unwrap();
            let length = file.metadata().unwrap().len();
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n")
                .unwrap();
            // Who asks may hang up.
            let _ = io::copy(&mut file, &mut stream);
        }
    });
    url
}
