//! The pods that call for a verification: made for it, small, and no more privileged than any other.

use serde_json::{Value, json};

use super::envoy::COUNT_SESSIONS;
use super::pods::{MANAGED_BY, PROBE, SIDECAR, items};
use crate::object::{NotAnObject, Object};

/// How long a probe lives where nobody takes it away, in seconds.
const LIFETIME: u32 = 120;

/// The container that calls.
pub const CONTAINER: &str = "probe";

/// A pod to call from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    pub namespace: String,
    /// The ServiceAccount that it stands for, and whose identity it has; None for one outside of the mesh.
    pub account: Option<String>,
}

impl Probe {
    /// The pod, with the image and the pull secrets of a sidecar: what could be pulled for that can be pulled here.
    pub fn pod(&self, sidecar: &Sidecar<'_>) -> Result<Object, NotAnObject> {
        let mut pod = Object::new(json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "generateName": "kubestock-install-probe-",
                "namespace": self.namespace,
                "labels": {MANAGED_BY.0: MANAGED_BY.1, PROBE.0: PROBE.1},
            },
            "spec": {
                "restartPolicy": "Never",
                "activeDeadlineSeconds": LIFETIME,
                "terminationGracePeriodSeconds": 1,
                "automountServiceAccountToken": false,
                "imagePullSecrets": sidecar.pull_secrets,
                "containers": [{
                    "name": CONTAINER,
                    "image": sidecar.image,
                    "command": ["sleep", LIFETIME.to_string()],
                    "resources": {
                        "requests": {"cpu": "1m", "memory": "8Mi"},
                        "limits": {"cpu": "50m", "memory": "32Mi"},
                    },
                    // What the restricted level of Pod Security asks for.
                    "securityContext": {
                        "allowPrivilegeEscalation": false,
                        "capabilities": {"drop": ["ALL"]},
                        "readOnlyRootFilesystem": true,
                        "runAsNonRoot": true,
                        "runAsUser": 65532,
                        "runAsGroup": 65532,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                }],
            },
        }))?;
        match &self.account {
            Some(account) => {
                pod.fields_mut()["spec"]["serviceAccountName"] = json!(account);
                for (annotation, value) in [
                    COUNT_SESSIONS,
                    ("sidecar.istio.io/proxyCPU", "10m"),
                    ("sidecar.istio.io/proxyCPULimit", "300m"),
                    ("sidecar.istio.io/proxyMemory", "40Mi"),
                    ("sidecar.istio.io/proxyMemoryLimit", "256Mi"),
                ] {
                    pod.set_annotation(annotation, value);
                }
            }
            None => pod.set_label("sidecar.istio.io/inject", "false"),
        }
        Ok(pod)
    }
}

/// What a running sidecar shows of how it was pulled.
#[derive(Clone, Copy, Debug)]
pub struct Sidecar<'a> {
    image: &'a str,
    pull_secrets: Option<&'a Value>,
}

impl<'a> Sidecar<'a> {
    /// None where the pod has none.
    pub fn of(pod: &'a Object) -> Option<Self> {
        let lists = ["/spec/containers", "/spec/initContainers"];
        let mut containers = lists.iter().flat_map(|list| items(pod, list));
        let image = containers.find(|container| container["name"] == SIDECAR)?["image"].as_str()?;
        Some(Self { image, pull_secrets: pod.pointer("/spec/imagePullSecrets") })
    }
}
