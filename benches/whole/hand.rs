//! The deployment as the document that started this project has a person make it.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use super::cluster::{Cluster, cache, name};

/// How long a person takes to see that a command failed, and to type it again.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

pub(crate) fn deployed(cluster: &Cluster) {
    let operator = operator(cluster);
    cluster.istioctl(&["install", "-y", "-f", operator.path().to_str().unwrap()]).expect(0);
    for addon in ["prometheus", "grafana", "jaeger", "kiali"] {
        applied(cluster, "-f", &addons().join(format!("{addon}.yaml")));
    }
    let profile = cluster.profile("demo");
    applied(cluster, "-k", &profile.parent().unwrap().join("layers/sandbox"));
    applied(cluster, "-k", Path::new("gitops/base"));
    applied(cluster, "-k", Path::new("gitops/overlays/staging"));
    for namespace in ["istio-system", "kubestock-staging"] {
        for deployment in cluster.list(&["deployments", "-n", namespace]) {
            let deployment = format!("deployment/{}", name(&deployment));
            let status = ["rollout", "status", &deployment, "-n", namespace, "--timeout=300s"];
            cluster.kubectl(&status).expect(0);
        }
    }
}

/// The first time may fail, for definitions or webhooks that are not there yet.
fn applied(cluster: &Cluster, flag: &str, path: &Path) {
    let apply = ["apply", flag, path.to_str().unwrap()];
    if cluster.kubectl(&apply).code != Some(0) {
        sleep(AGAIN_AFTER);
        cluster.kubectl(&apply).expect(0);
    }
}

/// The profile as istioctl takes it.
fn operator(cluster: &Cluster) -> tempfile::NamedTempFile {
    let text = std::fs::read_to_string(cluster.profile("demo")).unwrap();
    let profile: Value = serde_saphyr::from_str(&text).unwrap();
    let mut spec = profile["istio"]["overlay"].clone();
    spec["profile"] = profile["istio"]["profile"].clone();
    let operator = json!({"apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator", "spec": spec});
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), operator.to_string()).unwrap();
    file
}

/// Where the release lies that the installation before has unpacked.
fn addons() -> PathBuf {
    let releases = std::fs::read_dir(cache().join("istio")).unwrap();
    let folders = releases.map(|entry| entry.unwrap().path());
    folders.filter(|folder| folder.join("kiali.yaml").is_file()).last().unwrap()
}
