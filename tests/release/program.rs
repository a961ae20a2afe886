//! The real program, in a home of its own: for what only a process has, like an environment or an end.

use std::path::{Path, PathBuf};
use std::process::Output;

use kubestock_install::istio::release::{Digest, Platform};
use tempfile::TempDir;
use tokio::process::Command;

use crate::case::archive;

/// A home with a cache, and with a profile whose release is the archive of these tests.
pub(crate) struct Program {
    home: TempDir,
    environment: Vec<(String, String)>,
}

impl Program {
    /// The archive is at this address.
    pub(crate) fn fetching(url: &str) -> Self {
        Self::pinning(url, Digest::of(&archive()))
    }

    /// Another archive is at this address.
    pub(crate) fn pinning(url: &str, sha256: Digest) -> Self {
        let home = TempDir::new().unwrap();
        let profile = format!(
            "description: A release of our own
istio:
  version: 1.18.0
  profile: minimal
  source: {{istioctl: {{url: '{url}', sha256: {sha256}}}}}
"
        );
        std::fs::write(home.path().join("mine.yaml"), profile).unwrap();
        std::fs::create_dir(home.path().join("cache")).unwrap();
        Self { home, environment: Vec::new() }
    }

    /// With one more variable in its environment, which is empty otherwise.
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.environment.push((name.to_owned(), value.to_string()));
        self
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.home.path().join("cache")
    }

    /// The path of what the cache has under the archive's digest.
    pub(crate) fn path(&self, suffix: &str) -> PathBuf {
        self.cache().join("istio").join(format!("{}{suffix}", Digest::of(&archive())))
    }

    /// Fetching, with these options beside, blanks between them.
    pub(crate) fn command(&self, options: &str) -> Command {
        self.by(env!("CARGO_BIN_EXE_kubestock-install"), &[], options)
    }

    /// Fetching by another program, which is given these arguments and then the command that it is to run.
    pub(crate) fn through(&self, runner: &str, arguments: &[&str], options: &str) -> Command {
        let own = [env!("CARGO_BIN_EXE_kubestock-install")];
        self.by(runner, &[arguments, &own].concat(), options)
    }

    fn by(&self, program: &str, arguments: &[&str], options: &str) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).args(["fetch", "mine.yaml", "--cache-dir", "cache"]);
        command.args(options.split_whitespace()).current_dir(self.home.path()).kill_on_drop(true);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.home.path());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) async fn fetch(&self, options: &str) -> Said {
        Said::of(&self.command(options).output().await.unwrap())
    }
}

/// What the program said, and its exit code.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    /// The lines of progress.
    pub(crate) out: String,
    /// The error with its hint.
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// That the release was proven and is in the cache.
    #[track_caller]
    pub(crate) fn is_done(&self) {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
    }

    /// The error, where there is to be one, with names for what differs from run to run.
    #[track_caller]
    pub(crate) fn error(&self) -> String {
        assert_eq!(self.code, Some(4), "{self:?}");
        let (digest, platform) =
            (Digest::of(&archive()).to_string(), Platform::current().unwrap().to_string());
        self.err.replace(&digest, "DIGEST").replace(&platform, "PLATFORM")
    }
}

/// The names of all that lies below a folder, locks and folders aside.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path.file_name().unwrap().to_str().unwrap().to_owned()],
        })
        .filter(|name| !name.ends_with(".lock"))
        .collect()
}
