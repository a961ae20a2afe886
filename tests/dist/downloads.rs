//! What is downloaded is proven before it runs: nothing here tells anyone to pipe it into a shell.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

/// What runs a download unread, as `curl … | sh` and `sh <(curl …)` do.
static UNPROVEN: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    let fetch = r"\b(?:curl|wget)\b";
    let shell = r"(?:\S*/)?(?:(?:ba|da|k|z|fi)?sh|python3?|perl|ruby|node)\b";
    let piped = format!(r"{fetch}[^\n]*\|&?\s*(?:(?:sudo|env|exec)\s+(?:\S+\s+)*?)?{shell}");
    let substituted = format!(r"(?m)(?:\b(?:source|eval)\b|^\s*\.|\b{shell})[^\n]*(?:<\(|\$\(|`)\s*{fetch}");
    [piped, substituted].map(|way| Regex::new(&way).unwrap())
});

fn unproven(text: &str) -> Option<String> {
    let text = text.replace("\\\n", " ");
    UNPROVEN.iter().find_map(|way| Some(way.find(&text)?.as_str().to_owned()))
}

#[test]
fn it_is_seen_however_it_is_written() {
    for text in [
        "curl -fsSL https://example.com/install.sh | sh",
        "curl https://example.com/install.sh |bash -s -- --yes",
        "curl -L https://example.com/install.sh \\\n  | sudo -E bash",
        "wget -qO- https://example.com/i |\n  sudo sh",
        "curl https://example.com/i.gz | gunzip | /bin/sh",
        "curl https://example.com/i.py | python3 -",
        "bash <(curl https://example.com/i)",
        "sh -c \"$(wget -O- https://example.com/i)\"",
        "eval \"$(curl https://example.com/i)\"",
        ". <(curl https://example.com/i)",
        "source <(curl https://example.com/i)",
    ] {
        assert!(unproven(text).is_some(), "{text}");
    }
    for text in [
        "curl -fLO https://example.com/a.tar.gz\nsha256sum --check SHA256SUMS\ntar xf a.tar.gz | sh-less",
        "the figures against `curl | tar` and `sha256sum`",
        "kubestock-install fetch    # bash or any other shell",
    ] {
        assert_eq!(unproven(text), None);
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| ![".git", "target", "dist"].iter().any(|name| path.ends_with(name)))
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

#[test]
fn nothing_pipes_a_download_into_a_shell() {
    let texts: Vec<_> = files(Path::new("."))
        .into_iter()
        .filter_map(|path| Some((path.clone(), String::from_utf8(std::fs::read(path).ok()?).ok()?)))
        .collect();
    for must in
        ["./README.md", "./scripts/lint", "./.ci/run", "./src/failure/hint.rs", "./docs/architecture.md"]
    {
        assert!(texts.iter().any(|(path, _)| path == Path::new(must)), "{must} was not read");
    }
    let found: Vec<_> = texts.iter().filter_map(|(path, text)| Some((path, unproven(text)?))).collect();
    assert!(found.is_empty(), "{found:#?}");
}
