//! The bill of materials is that of Cargo.lock.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use regex::Regex;
use serde_json::Value;

const TARGET: &str = "x86_64-unknown-linux-musl";

/// Name and version of what the program is built from, each with its SHA-256.
type Materials = BTreeMap<(String, String), String>;

/// Everything that Cargo.lock has from a registry: tests and other platforms too.
fn locked() -> Materials {
    let package =
        Regex::new(r#"name = "(.+)"\nversion = "(.+)"\nsource = "registry.+"\nchecksum = "(.+)""#).unwrap();
    let lock = std::fs::read_to_string("Cargo.lock").unwrap();
    package.captures_iter(&lock).map(|part| ((part[1].into(), part[2].into()), part[3].into())).collect()
}

/// What cargo itself says is in the program for the target, and not only in what builds it.
fn linked() -> BTreeSet<(String, String)> {
    let arguments =
        ["tree", "--locked", "--target", TARGET, "--edges", "normal,no-proc-macro", "--prefix", "none"];
    let tree = Command::new(env!("CARGO")).args(arguments).output().unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let package = Regex::new(r"(?m)^(\S+) v(\S+)").unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    let packages = package.captures_iter(&tree).map(|part| (part[1].to_owned(), part[2].to_owned()));
    packages.filter(|(name, _)| name != env!("CARGO_PKG_NAME")).collect()
}

#[test]
#[ignore = "builds cargo-cyclonedx; part of scripts/reproducible"]
fn the_sbom_lists_what_is_in_the_program_with_the_digests_of_the_lock_file() {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("scripts/dist")
        .args(["sbom", TARGET])
        .env("DIST_DIR", folder.path())
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    let name = format!("kubestock-install-{}-{TARGET}.cdx.json", env!("CARGO_PKG_VERSION"));
    let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
    let sbom: Value = serde_json::from_str(&text).unwrap();

    assert_eq!(sbom["bomFormat"], "CycloneDX");
    assert_eq!(sbom["metadata"]["timestamp"], "2023-11-14T22:13:20.000000000Z", "the commit's time");
    assert_eq!(sbom["serialNumber"], Value::Null, "random, so it would differ each time");
    let here = std::env::current_dir().unwrap();
    assert!(!text.contains(here.to_str().unwrap()), "it tells in which folder it was made");

    let listed: Materials = sbom["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|component| {
            let field = |value: &Value| value.as_str().unwrap().to_owned();
            (
                (field(&component["name"]), field(&component["version"])),
                field(&component["hashes"][0]["content"]),
            )
        })
        .collect();
    // What builds the program is listed too, and cargo counts a feature that only tests need.
    let linked = linked();
    assert!(linked.len() > 100, "cargo's tree was not understood: {linked:?}");
    let missing: Vec<_> = linked.iter().filter(|package| !listed.contains_key(package)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let locked = locked();
    for (package, digest) in &listed {
        assert_eq!(locked.get(package), Some(digest), "{package:?}");
    }
}
