//! The tools that a person would use instead, built from their Go modules.

use std::cell::LazyCell;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One way to have the objects of a folder in a cluster.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// One after the other; the first says whether there is anything to say.
    pub(crate) steps: fn(&Tools, &Path) -> Vec<Command>,
}

pub(crate) struct Tools {
    pub(crate) kubeconfig: PathBuf,
    pub(crate) kubectl: PathBuf,
    /// Built where they are used: that takes minutes.
    pub(crate) helm: LazyCell<PathBuf>,
    pub(crate) kapp: LazyCell<PathBuf>,
}

pub(crate) const OURS: Peer = Peer { name: "ours", steps: ours };

pub(crate) const PEERS: [Peer; 3] = [
    Peer { name: "kubectl", steps: kubectl },
    Peer { name: "kapp", steps: kapp },
    Peer { name: "helm", steps: helm },
];

impl Tools {
    fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env("KUBECONFIG", &self.kubeconfig);
        command
    }
}

fn ours(tools: &Tools, folder: &Path) -> Vec<Command> {
    let program = Path::new(env!("CARGO_BIN_EXE_kubestock-install"));
    let profile = folder.join("profile.yaml");
    let profile = profile.to_str().unwrap();
    vec![tools.command(program, &["install", "--output", "json", "--yes", "--profile", profile])]
}

/// What has no definition yet cannot be applied: a person would take two steps, and wait between.
fn kubectl(tools: &Tools, folder: &Path) -> Vec<Command> {
    let apply = |file: &str| {
        let file = folder.join(file);
        let arguments =
            ["apply", "--server-side", "--force-conflicts", "-f", file.to_str().unwrap()].map(str::to_owned);
        let mut command = tools.command(&tools.kubectl, &[]);
        command.args(arguments);
        command
    };
    let definitions = folder.join("tree/definitions.yaml");
    if std::fs::read_to_string(&definitions).unwrap().is_empty() {
        return vec![apply("tree/objects.yaml")];
    }
    let definitions = definitions.to_str().unwrap();
    let wait = tools.command(&tools.kubectl, &["wait", "--for=condition=Established", "-f", definitions]);
    vec![apply("tree/definitions.yaml"), wait, apply("tree/objects.yaml")]
}

fn kapp(tools: &Tools, folder: &Path) -> Vec<Command> {
    let tree = folder.join("tree");
    let file = |name: &str| tree.join(name).to_str().unwrap().to_owned();
    let mut command =
        tools.command(&tools.kapp, &["deploy", "--yes", "--app", "load", "--namespace", "kapp"]);
    for name in ["definitions.yaml", "objects.yaml"] {
        if std::fs::metadata(tree.join(name)).unwrap().len() > 0 {
            command.args(["--file", &file(name)]);
        }
    }
    vec![command]
}

fn helm(tools: &Tools, folder: &Path) -> Vec<Command> {
    let chart = folder.join("chart");
    let arguments = ["upgrade", "--install", "load", chart.to_str().unwrap(), "--namespace", "helm"];
    vec![tools.command(&tools.helm, &arguments)]
}
