//! The sandbox, and kubectl on it.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

#[derive(Clone)]
pub(crate) struct Sandbox {
    state: PathBuf,
}

impl Sandbox {
    pub(crate) fn started() -> Self {
        let name = &name();
        let run = |arguments: &[&str]| {
            let output = Command::new("tests/sandbox/sandbox").args(arguments).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        run(&["up", "--name", name]);
        Self { state: run(&["path", "--name", name]).into() }
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.state.join("kubeconfig")
    }

    fn variable(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.state.join("env")).unwrap();
        let found = text.lines().find_map(|line| line.strip_prefix(&format!("export {name}=")));
        found.unwrap().trim_matches(['"', '\'']).to_owned()
    }

    /// What kubectl printed.
    ///
    /// # Errors
    /// Its words, where it failed.
    pub(crate) fn kubectl(&self, arguments: &[&str], input: Option<&Value>) -> Result<String, String> {
        let mut command = Command::new(self.variable("KUBECTL"));
        command.env("KUBECONFIG", self.kubeconfig()).args(arguments);
        output(command, input)
    }

    /// The same, or `ctr` on the node where the first word says so.
    pub(crate) fn run(&self, words: &[&str], input: Option<&Value>) -> Result<String, String> {
        let ["ctr", arguments @ ..] = words else { return self.kubectl(words, input) };
        let mut command = Command::new("ctr");
        command.arg("--address").arg(self.state.join("run/containerd/containerd.sock"));
        command.args(["--namespace", "k8s.io"]).args(arguments);
        output(command, input)
    }

    /// Makes a namespace in which pods can be made.
    pub(crate) fn make(&self, namespace: &str, labels: &Value) {
        let made = serde_json::json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": namespace, "labels": labels}});
        self.apply(&[made]);
        let account = ["wait", "--for=create", "serviceaccount/default", "-n", namespace, "--timeout=60s"];
        self.kubectl(&account, None).unwrap();
    }

    pub(crate) fn apply(&self, objects: &[Value]) {
        let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": objects});
        self.kubectl(&["apply", "--server-side", "-f", "-"], Some(&list)).unwrap();
    }
}

fn name() -> String {
    std::env::var("KUBESTOCK_SANDBOX").map_or_else(|_| "e2e".to_owned(), |own| format!("{own}-e2e"))
}

/// The sandbox's only one.
pub(crate) fn node() -> String {
    format!("{}-node", name())
}

fn output(mut command: Command, input: Option<&Value>) -> Result<String, String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let text = input.map(ToString::to_string).unwrap_or_default();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}
