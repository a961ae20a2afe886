use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::cluster::Cluster;
use super::module::built;

/// kwok, with one node that takes all pods that ask for one of its type.
pub(crate) struct Kwok(Child);

impl Kwok {
    pub(crate) fn started(cluster: &Cluster) -> Self {
        let program = built("benches/said/kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok");
        let selector = "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake";
        let mut command = Command::new(program);
        command.arg("--kubeconfig").arg(cluster.kubeconfig());
        command.args(["--manage-all-nodes=false", selector, "--server-address=127.0.0.1:0"]);
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
