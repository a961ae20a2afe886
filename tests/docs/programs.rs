//! Every program that a document names, and how its lines are run here.

/// What is done with a line, by its first words; the first entry that fits counts.
pub(crate) enum Way {
    /// It is run in a home with the files that the document names.
    Run,
    /// It is for another shell than bash: what is ours in it is run by itself.
    Ours,
    /// It is run elsewhere: there.
    Elsewhere(&'static str),
}

use Way::{Elsewhere, Ours, Run};

const LINES: &[(&str, Way)] = &[
    ("source <(kubestock-install completions zsh)", Ours),
    ("kubestock-install completions fish", Ours),
    ("kubestock-install completions powershell", Ours),
    ("eval (kubestock-install completions elvish", Ours),
    ("kubestock-install", Run),
    ("source <(kubestock-install", Run),
    ("sha256sum --check --ignore-missing SHA256SUMS", Elsewhere("tests/dist/installed.rs")),
    ("sha256sum", Run),
    ("xargs", Run),
    ("kubectl", Run),
    ("docker build", Run),
    ("tar xf kubestock-install-*.tar.gz", Elsewhere("tests/dist/installed.rs")),
    ("sudo install kubestock-install-*/kubestock-install", Elsewhere("tests/dist/installed.rs")),
    // What proves a release that was published: there is none without the workflow.
    ("gh attestation verify", Elsewhere(".github/workflows/release.yml")),
    ("cargo install --path . --locked", Elsewhere("scripts/demo")),
    // Twice and compared, on this machine and on another.
    ("git checkout v0.1.0", Elsewhere("scripts/reproducible")),
    ("scripts/dist", Elsewhere("scripts/reproducible")),
    ("cd dist && sha256sum --check --ignore-missing", Elsewhere("scripts/reproducible")),
    ("make", Elsewhere("Makefile")),
    ("kind create cluster", Elsewhere("scripts/demo")),
    // The lines of docs/install.md for a machine that somebody else has set up.
    ("apt-get update", Elsewhere("examples/ci/gitlab.yml")),
    ("curl -fLO", Elsewhere("examples/ci/gitlab.yml")),
    ("echo \"$SHA256", Elsewhere("tests/dist/installed.rs")),
    ("tar xf \"$ARCHIVE", Elsewhere("tests/dist/installed.rs")),
    ("install \"$ARCHIVE", Elsewhere("tests/dist/installed.rs")),
];

/// How this line is run; None where nobody has thought of its program.
pub(crate) fn way(line: &str) -> Option<&'static Way> {
    let is_meant =
        |start: &str| line.strip_prefix(start).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    LINES.iter().find(|(start, _)| is_meant(start)).map(|(_, way)| way)
}

#[cfg(target_os = "linux")]
/// What stands in for programs of others, which would need a network, a cluster or a screen: each takes what it is
/// given, and does nothing. kubectl is the machine's own where there is one, for it tells what it does not know.
pub(crate) const STAND_INS: [(&str, &str); 5] = [
    ("docker", "[ \"$1\" = build ]"),
    ("crane", "[ \"$1\" = copy ]"),
    ("skopeo", "[ \"$1\" = copy ]"),
    ("jq", "cat >/dev/null"),
    (
        "kubectl",
        "if ! [ -x /usr/bin/kubectl ]; then cat >/dev/null; exit; fi
said=\"$(timeout 20 /usr/bin/kubectl \"$@\" 2>&1)\"
case \"$said\" in *unknown* | *'error: unable to parse'*) echo \"$said\" >&2; exit 64 ;; esac",
    ),
];
