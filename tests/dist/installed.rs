//! A release as a person installs it: by the lines of docs/install.md, from an archive of this very program.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use regex::Regex;
use tempfile::TempDir;

use crate::archive::{ARCHIVE, ONE, TARGET, dist, packed_by};

/// A folder with the archive of a program and SHA256SUMS, and a folder `bin` for what is installed.
fn release(program: &[u8]) -> TempDir {
    let folder = packed_by(&ONE, program);
    assert!(dist(folder.path()).arg("sums").output().unwrap().status.success());
    std::fs::create_dir(folder.path().join("bin")).unwrap();
    // It installs as who runs the test; and nobody has signed where this archive comes from.
    for (name, script) in [("sudo", "exec \"$@\""), ("gh", "[ \"$1 $2\" = 'attestation verify' ]")] {
        let path = folder.path().join("bin").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }
    folder
}

/// This very program, as a release has it: without what is for a debugger.
fn program() -> Vec<u8> {
    let stripped = tempfile::NamedTempFile::new().unwrap();
    let mut strip = Command::new("strip");
    strip.arg(env!("CARGO_BIN_EXE_kubestock-install")).arg("-o").arg(stripped.path());
    assert!(strip.status().unwrap().success());
    std::fs::read(stripped.path()).unwrap()
}

/// The first block of commands of the page.
fn lines() -> Vec<String> {
    let page = std::fs::read_to_string("docs/install.md").unwrap();
    let lines = page.lines().skip_while(|line| !line.starts_with("    "));
    lines.map_while(|line| Some(line.strip_prefix("    ")?.to_owned())).collect()
}

fn bash(folder: &Path, script: &str) -> Output {
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", folder.join("bin").display());
    Command::new("bash").args(["-ec", script]).current_dir(folder).env("PATH", path).output().unwrap()
}

#[track_caller]
fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_lines_of_the_page_prove_and_install_it() {
    let folder = release(&program());
    let lines = lines();
    assert_eq!(lines.len(), 4, "{lines:#?}");
    let own = folder.path().join("bin");
    for line in lines {
        said(&bash(folder.path(), &line.replace("/usr/local/bin/", own.to_str().unwrap())));
    }
    let version = said(&bash(folder.path(), "command -v kubestock-install && kubestock-install --version"));
    let expected =
        format!("{}/kubestock-install\nkubestock-install {}\n", own.display(), env!("CARGO_PKG_VERSION"));
    assert_eq!(version, expected);

    // What lies beside it in the archive.
    let completed =
        "source kubestock-install-*/completions/kubestock-install.bash && complete -p kubestock-install";
    assert!(said(&bash(folder.path(), completed)).starts_with("complete "));
    if Path::new("/usr/bin/man").exists() {
        let page = said(&bash(folder.path(), "man -l kubestock-install-*/man1/kubestock-install.1 | col -b"));
        assert!(page.contains("Bring KubeStock up behind a STRICT Istio mesh"), "{page}");
    }
}

#[test]
fn an_archive_that_was_changed_is_not_what_the_sums_say() {
    let folder = release(b"a program");
    let archive = folder.path().join(ARCHIVE);
    let mut bytes = std::fs::read(&archive).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(archive, bytes).unwrap();
    assert!(!bash(folder.path(), &lines()[0]).status.success());
}

/// What `cargo binstall` makes of Cargo.toml is the name that `scripts/dist` gives.
#[test]
fn cargo_binstall_asks_for_the_archives_that_are_made() {
    let manifest = std::fs::read_to_string("Cargo.toml").unwrap();
    let field = |name: &str| {
        let field = Regex::new(&format!("(?m)^{name} = \"(.*)\"$")).unwrap();
        let template = field.captures(&manifest).unwrap()[1].to_owned();
        [
            ("{ repo }", "https://example.com/shop"),
            ("{ name }", env!("CARGO_PKG_NAME")),
            ("{ version }", env!("CARGO_PKG_VERSION")),
            ("{ target }", TARGET),
            ("{ archive-suffix }", ".tar.gz"),
            ("{ bin }", "kubestock-install"),
            ("{ binary-ext }", ""),
        ]
        .iter()
        .fold(template, |text, (name, value)| text.replace(name, value))
    };
    let folder = release(b"a program");
    let url = field("pkg-url");
    let archive = url.strip_prefix(concat!(
        "https://example.com/shop/releases/download/v",
        env!("CARGO_PKG_VERSION"),
        "/"
    ));
    let archive = folder.path().join(archive.unwrap());
    assert!(archive.exists(), "{}", archive.display());
    assert_eq!(field("pkg-fmt"), "tgz");
    let held = Command::new("tar").arg("tzf").arg(&archive).output().unwrap();
    assert!(said(&held).lines().any(|path| path == field("bin-dir")), "{}", field("bin-dir"));
}
