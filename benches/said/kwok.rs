use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::cluster::Cluster;
use super::module::built;

const MODULE: &str = "benches/said/kwok";

/// kwok, with one node that takes all pods that ask for one of its type.
pub(crate) struct Kwok(Child);

impl Kwok {
    pub(crate) fn started(cluster: &Cluster) -> Self {
        let program = built(MODULE, "kwok", "sigs.k8s.io/kwok/cmd/kwok");
        let selector = "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake";
        let mut command = Command::new(program);
        command.arg("--kubeconfig").arg(cluster.kubeconfig());
        command.args(["--manage-all-nodes=false", selector]);
        for stage in stages() {
            command.arg("--config").arg(stage);
        }
        let kwok = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let room = json!({"cpu": "100k", "memory": "100Ti", "pods": "1M"});
        cluster.apply(&json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {
                "name": "kwok", "labels": {"type": "kwok"}, "annotations": {"kwok.x-k8s.io/node": "fake"},
            },
            "status": {"allocatable": room, "capacity": room},
        }));
        cluster.kubectl(&["wait", "--for=condition=Ready", "node/kwok", "--timeout=60s"]).expect(0);
        Self(kwok)
    }
}

impl Drop for Kwok {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What becomes of nodes and pods, as fast as it can: files that come with kwok's source.
fn stages() -> Vec<PathBuf> {
    let mut list = Command::new("go");
    list.args(["list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"]).current_dir(MODULE);
    let folder = String::from_utf8(list.output().unwrap().stdout).unwrap();
    let stages =
        ["node/fast", "pod/fast"].map(|of| Path::new(folder.trim()).join("kustomize/stage").join(of));
    let files = stages.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let files = files.map(|entry| entry.unwrap().path());
    files
        .filter(|file| {
            file.extension().is_some_and(|end| end == "yaml") && !file.ends_with("kustomization.yaml")
        })
        .collect()
}
