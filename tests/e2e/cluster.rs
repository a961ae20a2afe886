//! The sandbox as the tests see it: a kubeconfig, kubectl beside it, and the binary under test.
//!
//! What is asserted comes from the API server and the pods, through kubectl; never from what the installer
//! says of itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A running sandbox.
pub(crate) struct Cluster {
    name: String,
    state: PathBuf,
}

/// How a program ended, as text.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ended {
    /// Everything it said, for assertions on words.
    pub(crate) fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "it said:\n{}", self.said());
        self
    }
}

fn sandbox(arguments: &[&str]) -> String {
    let output = Command::new("tests/sandbox/sandbox").args(arguments).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "sandbox {arguments:?}: {words}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// With KUBESTOCK_SANDBOX before it, so that two may run these tests beside each other.
fn own(name: &str) -> String {
    std::env::var("KUBESTOCK_SANDBOX").map_or_else(|_| name.to_owned(), |own| format!("{own}-{name}"))
}

impl Cluster {
    /// The sandbox of that name, started where it is not running.
    pub(crate) fn started(name: &str) -> Self {
        Self::up(name, &[])
    }

    fn up(name: &str, options: &[&str]) -> Self {
        let name = own(name);
        sandbox(&[&["up", "--name", &name], options].concat());
        let state = sandbox(&["path", "--name", &name]).into();
        Self { name, state }
    }

    /// The same with nothing in it.
    pub(crate) fn bare(name: &str) -> Self {
        Self::bare_with(name, &[])
    }

    /// The same, made with these options.
    pub(crate) fn bare_with(name: &str, options: &[&str]) -> Self {
        sandbox(&["down", "--name", &own(name)]);
        Self::up(name, options)
    }

    pub(crate) fn down(self) {
        sandbox(&["down", "--name", &self.name]);
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.state.join("kubeconfig")
    }

    /// A profile of the product as the sandbox needs it: from its mirror, for its Envoy.
    pub(crate) fn profile(&self, name: &str) -> PathBuf {
        self.state.join("profiles").join(format!("{name}.yaml"))
    }

    /// A line of the sandbox's `env` file.
    pub(crate) fn variable(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.state.join("env")).unwrap();
        let found = text.lines().find_map(|line| line.strip_prefix(&format!("export {name}=")));
        found.unwrap_or_else(|| panic!("{name} is not in {text}")).trim_matches(['"', '\'']).to_owned()
    }

    /// The first process of its namespaces, by the host's count.
    pub(crate) fn init(&self) -> u64 {
        let text = std::fs::read_to_string(self.state.join("instance.json")).unwrap();
        let instance: Value = serde_json::from_str(&text).unwrap();
        instance["init"]["pid"].as_u64().unwrap()
    }

    /// The installer with this cluster as its target; its cache is shared by all tests.
    pub(crate) fn installer(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubestock-install"));
        command.args(arguments);
        command.env("KUBECONFIG", self.kubeconfig()).env("KUBESTOCK_INSTALL_CACHE_DIR", cache());
        for variable in ["CI", "NO_COLOR", "GITHUB_ACTIONS", "GITLAB_CI"] {
            command.env_remove(variable);
        }
        command
    }

    /// Runs `install --profile PROFILE` with these further arguments, to its end.
    pub(crate) fn install(&self, profile: &Path, arguments: &[&str]) -> Ended {
        let profile = profile.to_str().unwrap();
        let arguments = [&["install", "--profile", profile, "--yes"], arguments].concat();
        self.installer(&arguments).output().unwrap().into()
    }

    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Ended {
        let mut command = Command::new(self.variable("KUBECTL"));
        command.env("KUBECONFIG", self.kubeconfig()).args(arguments).output().unwrap().into()
    }

    /// Its kubeconfig, as data.
    pub(crate) fn config(&self) -> Value {
        let view = self.kubectl(&["config", "view", "--raw", "-o", "json"]).expect(0);
        serde_json::from_str(&view.stdout).unwrap()
    }

    /// kubectl with a variable in its environment.
    pub(crate) fn kubectl_with(&self, arguments: &[&str], (name, value): (&str, &str)) -> Ended {
        let mut command = Command::new(self.variable("KUBECTL"));
        command.env("KUBECONFIG", self.kubeconfig()).env(name, value).args(arguments).output().unwrap().into()
    }

    pub(crate) fn istioctl(&self, arguments: &[&str]) -> Ended {
        let mut command = Command::new(self.variable("ISTIOCTL"));
        command.env("KUBECONFIG", self.kubeconfig()).args(arguments).output().unwrap().into()
    }

    /// `kubectl apply` of one object or of a list.
    pub(crate) fn apply(&self, object: &Value) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), object.to_string()).unwrap();
        self.kubectl(&["apply", "-f", file.path().to_str().unwrap()]).expect(0);
    }

    /// `kubectl get -o json`, as data.
    #[track_caller]
    pub(crate) fn get(&self, arguments: &[&str]) -> Value {
        let got = self.kubectl(&[&["get", "-o", "json"], arguments].concat()).expect(0);
        serde_json::from_str(&got.stdout).unwrap()
    }

    /// The items of a `kubectl get`.
    #[track_caller]
    pub(crate) fn list(&self, arguments: &[&str]) -> Vec<Value> {
        let Value::Array(items) = self.get(arguments)["items"].take() else { panic!("no list") };
        items
    }
}

/// One folder of proven releases for all tests of a run.
pub(crate) fn cache() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

pub(crate) fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}
