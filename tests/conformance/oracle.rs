//! kubectl's own kustomize command, built from its Go module: what is right is asked of it, never believed.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What kubectl makes of a folder.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Answer {
    /// As it prints it.
    pub(crate) yaml: String,
    /// As `kubectl apply` would send it.
    pub(crate) objects: Option<Vec<Value>>,
    pub(crate) error: Option<String>,
}

/// A process that answers for folder after folder: to start one takes longer than to answer.
pub(crate) struct Oracle {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Oracle {
    pub(crate) fn start() -> Self {
        let mut process = Command::new(program())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("kubectl was just built");
        let (questions, answers) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Self { process, questions, answers: BufReader::new(answers) }
    }

    pub(crate) fn render(&mut self, folder: &Path) -> Answer {
        writeln!(self.questions, "{}", folder.display()).unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("kubectl died of {}: {error}", folder.display()))
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The program, which is built where the cache has none from the same sources: about a minute on two cores. All tests of
/// this process wait for the one build.
pub(crate) fn program() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(built).clone()
}

fn built() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kustomize/kubectl");
    let program = cache().join(format!("kubectl-kustomize-{}", fingerprint(&source)));
    if program.is_file() {
        return program;
    }
    eprintln!("building kubectl's kustomize from its Go module, once");
    fs::create_dir_all(cache()).unwrap();
    // Another process may build it at the same time: whoever is last replaces the same by the same.
    let unfinished = program.with_extension(std::process::id().to_string());
    let built = Command::new("go")
        .args(["build", "-trimpath", "-ldflags=-s -w", "-o"])
        .args([unfinished.as_os_str(), ".".as_ref()])
        .env("CGO_ENABLED", "0")
        .current_dir(&source)
        .status();
    let built = built.expect("`go` is needed in PATH, to build kubectl: https://go.dev/dl");
    assert!(built.success(), "`go build` in {} failed", source.display());
    fs::rename(unfinished, &program).unwrap();
    program
}

fn cache() -> PathBuf {
    let home =
        || PathBuf::from(std::env::var_os("HOME").expect("HOME or XDG_CACHE_HOME is set")).join(".cache");
    std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from).join("kubestock-install-tools")
}

fn fingerprint(source: &Path) -> String {
    let mut hash = Sha256::new();
    for file in ["go.mod", "go.sum", "main.go"] {
        hash.update(fs::read(source.join(file)).unwrap());
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
