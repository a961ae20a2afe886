use std::fmt::{self, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A person's home, in which the program is run, with an environment that holds nothing else.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Writes a file, and the folders that it is in.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The kubeconfig of the home, for the context `test` of this server.
    pub(crate) fn knows(&self, server: &str) {
        let text = format!(
            "current-context: test
contexts: [{{name: test, context: {{cluster: it, user: me}}}}]
clusters: [{{name: it, cluster: {{server: '{server}'}}}}]
users: [{{name: me, user: {{token: hunter2}}}}]
"
        );
        self.write(".kube/config", &text);
    }

    /// The program, with these arguments, blanks between them.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubestock-install"));
        command.args(arguments.split_whitespace()).current_dir(self.0.path()).env_clear();
        command.env("HOME", self.0.path()).env("COLUMNS", "80").env("LANG", "C.UTF-8");
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> Told {
        self.told(&self.command(arguments).output().unwrap())
    }

    pub(crate) fn told(&self, output: &Output) -> Told {
        let text = |bytes: &[u8]| {
            String::from_utf8(bytes.to_vec()).unwrap().replace(self.0.path().to_str().unwrap(), "HOME")
        };
        Told { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

/// What the program said, and its exit code; None where a signal ended it.
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Told {
    /// The events that were told as JSON lines; there must be nothing else.
    pub(crate) fn events(&self) -> Vec<serde_json::Value> {
        assert_eq!(self.err, "");
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// With an address, which differs from run to run, by another name.
    pub(crate) fn with(mut self, address: &str, name: &str) -> Self {
        self.out = self.out.replace(address, name);
        self.err = self.err.replace(address, name);
        self
    }
}

impl fmt::Display for Told {
    /// For snapshots: without times.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = regex::Regex::new(r"\[ *\d+\.\ds\]|\b\d+\.\ds").unwrap();
        let mut text = String::new();
        for (name, said) in [("", &self.out), ("stderr: ", &self.err)] {
            for line in said.lines() {
                writeln!(text, "{}", format!("{name}{}", times.replace_all(line, "[time]")).trim_end())?;
            }
        }
        match self.code {
            Some(code) => write!(f, "{text}exit code {code}"),
            None => write!(f, "{text}ended by a signal"),
        }
    }
}

/// An address of this machine where nothing listens.
pub(crate) fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// A file of this repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
