//! A tag becomes a release only if the tree says the same version.

use std::path::Path;
use std::process::Command;

const CHANGELOG: &str = "# Changelog

## [Unreleased]

## [1.2.0] - 2026-01-02

### Added

- Something new.

## [1.1.0] - 2025-01-02

- Something old.
";

/// What `scripts/release-notes` says of the tag, in a tree with this version and this changelog.
fn notes(tag: &str, version: &str, changelog: &str) -> Result<String, String> {
    let tree = tempfile::tempdir().unwrap();
    std::fs::create_dir(tree.path().join("scripts")).unwrap();
    std::fs::copy("scripts/release-notes", tree.path().join("scripts/release-notes")).unwrap();
    let manifest =
        format!("[package]\nname = \"any\"\nversion = \"{version}\"\n\n[dependencies]\nurl = \"2.5\"\n");
    std::fs::write(tree.path().join("Cargo.toml"), manifest).unwrap();
    std::fs::write(tree.path().join("CHANGELOG.md"), changelog).unwrap();
    let output =
        Command::new(Path::new("scripts/release-notes")).current_dir(tree.path()).arg(tag).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn the_notes_are_the_section_of_the_version() {
    assert_eq!(notes("v1.2.0", "1.2.0", CHANGELOG).unwrap(), "### Added\n\n- Something new.\n");
    assert_eq!(notes("v1.1.0", "1.1.0", CHANGELOG).unwrap(), "- Something old.\n", "the last one");
}

#[test]
fn a_tag_that_the_tree_does_not_bear_out_is_refused() {
    for (tag, version, said) in [
        (
            "v1.2.1",
            "1.2.0",
            "the tag is v1.2.1, but Cargo.toml says 1.2.0: tag v1.2.0, or raise the version\n",
        ),
        ("1.2.0", "1.2.0", "the tag is 1.2.0, but Cargo.toml says 1.2.0: tag v1.2.0, or raise the version\n"),
        ("v1.3.0", "1.3.0", "CHANGELOG.md has no section `## [1.3.0]`: rename [Unreleased] to it\n"),
        // A dot is a dot.
        ("v1.1x0", "1.1x0", "CHANGELOG.md has no section `## [1.1x0]`: rename [Unreleased] to it\n"),
        ("v1.2.0-rc", "1.2.0-rc", "CHANGELOG.md has no section `## [1.2.0-rc]`: rename [Unreleased] to it\n"),
    ] {
        assert_eq!(
            notes(tag, version, CHANGELOG).unwrap_err(),
            format!("scripts/release-notes: {said}"),
            "{tag}"
        );
    }
    let empty = "## [1.2.0] - 2026-01-02\n\n## [1.1.0]\n\n- Something old.\n";
    assert!(notes("v1.2.0", "1.2.0", empty).is_err(), "a section with nothing in it");
}
