//! One binary makes one archive, whoever packs it.

use std::fmt::Write;
use std::fs::{File, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use flate2::read::GzDecoder;
use insta::assert_snapshot;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const COMMITTED: u64 = 1_700_000_000;
pub(crate) const TARGET: &str = "x86_64-unknown-linux-musl";
pub(crate) const ARCHIVE: &str =
    concat!("kubestock-install-", env!("CARGO_PKG_VERSION"), "-x86_64-unknown-linux-musl.tar.gz");

/// What writes the man pages and completions.
const PROGRAM: &str = env!("CARGO_BIN_EXE_kubestock-install");

/// Someone who packs: what their machine does to files, and what their shell has in its environment.
pub(crate) struct Person {
    umask: &'static str,
    mode: u32,
    built: Duration,
    environment: &'static [(&'static str, &'static str)],
}

pub(crate) const ONE: Person =
    Person { umask: "022", mode: 0o755, built: Duration::from_secs(1_750_000_000), environment: &[] };
const ANOTHER: Person = Person {
    umask: "077",
    mode: 0o700,
    built: Duration::from_secs(1_800_000_001),
    environment: &[
        ("TZ", "Asia/Kolkata"),
        ("LC_ALL", "C.UTF-8"),
        ("GZIP", "-1"),
        ("TAR_OPTIONS", "--owner=somebody --mode=777"),
    ],
};

pub(crate) fn dist(folder: &Path) -> Command {
    let mut command = Command::new("scripts/dist");
    command.env("DIST_DIR", folder).env("SOURCE_DATE_EPOCH", COMMITTED.to_string());
    command
}

/// The folder in which this person has packed a binary with these bytes.
pub(crate) fn packed_by(person: &Person, program: &[u8]) -> TempDir {
    let (folder, build) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let binary = build.path().join("kubestock-install");
    std::fs::write(&binary, program).unwrap();
    std::fs::set_permissions(&binary, Permissions::from_mode(person.mode)).unwrap();
    File::options()
        .append(true)
        .open(&binary)
        .unwrap()
        .set_modified(SystemTime::UNIX_EPOCH + person.built)
        .unwrap();

    let script = format!("umask {} && exec scripts/dist pack \"$0\" {TARGET} \"$1\"", person.umask);
    let status = Command::new("sh")
        .args(["-c", &script])
        .args([&binary, Path::new(PROGRAM)])
        .env("DIST_DIR", folder.path())
        .env("SOURCE_DATE_EPOCH", COMMITTED.to_string())
        .envs(person.environment.iter().copied())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    folder
}

#[test]
fn one_binary_makes_the_same_archive_for_everyone() {
    let archive = |person| std::fs::read(packed_by(person, b"a program").path().join(ARCHIVE)).unwrap();
    assert!(archive(&ONE) == archive(&ANOTHER), "the archives differ");
}

#[test]
fn an_archive_is_one_folder_with_the_program_and_its_papers() {
    let folder = packed_by(&ANOTHER, b"a program");
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(folder.path().join(ARCHIVE)).unwrap()));
    let mut listing = String::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let (header, path) = (entry.header().clone(), entry.path().unwrap().into_owned());
        let owner = (header.username().unwrap().unwrap(), header.uid().unwrap(), header.gid().unwrap());
        assert_eq!((owner, header.mtime().unwrap()), (("root", 0, 0), COMMITTED), "{}", path.display());
        writeln!(listing, "{:o} {}", header.mode().unwrap(), path.display()).unwrap();

        let mut held = Vec::new();
        entry.read_to_end(&mut held).unwrap();
        match path.file_name().unwrap().to_str().unwrap() {
            "kubestock-install" => assert_eq!(held, b"a program"),
            paper if path.components().count() == 2 && !header.entry_type().is_dir() => {
                assert_eq!(held, std::fs::read(paper).unwrap(), "{paper}")
            }
            _ => assert_eq!(held.is_empty(), header.entry_type().is_dir(), "{}", path.display()),
        }
    }
    let (pages, listing): (Vec<&str>, Vec<&str>) = listing.lines().partition(|line| line.ends_with(".1"));
    assert!(pages.len() > 10 && pages.iter().all(|page| page.contains("/man1/")), "{pages:#?}");
    assert_snapshot!(listing.join("\n").replace(env!("CARGO_PKG_VERSION"), "VERSION"), @"
    755 kubestock-install-VERSION-x86_64-unknown-linux-musl/
    644 kubestock-install-VERSION-x86_64-unknown-linux-musl/CHANGELOG.md
    644 kubestock-install-VERSION-x86_64-unknown-linux-musl/LICENSE
    644 kubestock-install-VERSION-x86_64-unknown-linux-musl/README.md
    755 kubestock-install-VERSION-x86_64-unknown-linux-musl/completions/
    644 kubestock-install-VERSION-x86_64-unknown-linux-musl/completions/_kubestock-install
    644 kubestock-install-VERSION-x86_64-unknown-linux-musl/completions/kubestock-install.bash
    644 kubestock-install-VERSION-x86_64-unknown-linux-musl/completions/kubestock-install.fish
    755 kubestock-install-VERSION-x86_64-unknown-linux-musl/kubestock-install
    755 kubestock-install-VERSION-x86_64-unknown-linux-musl/man1/
    ");
}

#[test]
fn the_sums_are_those_of_what_is_there() {
    let folder = packed_by(&ONE, b"a program");
    std::fs::write(folder.path().join(ARCHIVE.replace("tar.gz", "cdx.json")), "{}").unwrap();
    std::fs::write(
        folder.path().join("kubestock-install-0.0.9-x86_64-unknown-linux-musl.tar.gz"),
        "an old one",
    )
    .unwrap();
    assert!(dist(folder.path()).arg("sums").status().unwrap().success());

    let line = |name: &str| {
        let digest = Sha256::digest(std::fs::read(folder.path().join(name)).unwrap());
        format!("{}  {name}\n", digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    };
    assert_eq!(
        std::fs::read_to_string(folder.path().join("SHA256SUMS")).unwrap(),
        line(&ARCHIVE.replace("tar.gz", "cdx.json")) + &line(ARCHIVE)
    );
}
