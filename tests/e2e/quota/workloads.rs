use serde_json::{Map, Value, json};

use super::dice::Dice;
use crate::cluster::Cluster;

/// What makes pods, without its namespace.
pub(super) struct Workload {
    kind: &'static str,
    name: String,
    spec: Value,
}

const CPU: [&str; 5] = ["10m", "25m", "0.1", "150m", "0"];
const MEMORY: [&str; 5] = ["16Mi", "32M", "48Mi", "65536k", "0"];
const DISK: [&str; 3] = ["100Mi", "1G", "1Gi"];

/// More than any request above, so that no pod is invalid for a default.
const CPU_LIMIT: [&str; 3] = ["200m", "0.5", "1"];
const MEMORY_LIMIT: [&str; 3] = ["96Mi", "128M", "1Gi"];

/// What gives the containers that are silent something to say; of a disk, only where their pods need not run: the
/// sandbox's node has none to give.
pub(super) fn range(dice: &mut Dice, namespace: &str, with_disk: bool) -> Value {
    let mut limit = json!({"type": "Container"});
    limit["default"] = json!({"cpu": dice.one_of(&CPU_LIMIT), "memory": dice.one_of(&MEMORY_LIMIT)});
    if dice.chance(50) {
        limit["defaultRequest"] = json!({"cpu": dice.one_of(&CPU), "memory": dice.one_of(&MEMORY)});
    }
    if with_disk && dice.chance(30) {
        limit["default"]["ephemeral-storage"] = "2Gi".into();
    }
    if dice.chance(30) {
        limit["max"] = json!({"cpu": "4", "memory": "4Gi"});
    }
    json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "defaults", "namespace": namespace},
        "spec": {"limits": [limit]}})
}

fn resources(dice: &mut Dice) -> Value {
    let (mut requests, mut limits) = (Map::new(), Map::new());
    for (name, small, large) in
        [("cpu", &CPU[..], &CPU_LIMIT[..]), ("memory", &MEMORY[..], &MEMORY_LIMIT[..])]
    {
        if dice.chance(50) {
            requests.insert(name.to_owned(), dice.one_of(small).into());
        }
        if dice.chance(40) {
            limits.insert(name.to_owned(), dice.one_of(large).into());
        }
    }
    if dice.chance(30) {
        requests.insert("ephemeral-storage".to_owned(), dice.one_of(&DISK).into());
    }
    json!({"requests": requests, "limits": limits})
}

fn container(dice: &mut Dice, name: &str) -> Value {
    json!({"name": name, "image": "hashicorp/http-echo:1.0.0", "args": ["-listen=:3000", "-text=ok"],
        "resources": resources(dice)})
}

fn containers(dice: &mut Dice, name: &str, count: u64) -> Vec<Value> {
    (0..count).map(|number| container(dice, &format!("{name}-{number}"))).collect()
}

/// Pods that no node takes: they count as soon as they are made.
fn template(dice: &mut Dice, name: &str) -> Value {
    let mut labels = json!({"app": name});
    let mut annotations = Map::new();
    if dice.chance(25) {
        labels["sidecar.istio.io/inject"] = dice.one_of(&["true", "false"]).into();
    }
    for (annotation, values) in [
        ("proxyCPU", &CPU[..4]),
        ("proxyMemory", &MEMORY[..4]),
        ("proxyCPULimit", &CPU_LIMIT[..]),
        ("proxyMemoryLimit", &MEMORY_LIMIT[..]),
    ] {
        if dice.chance(15) {
            annotations.insert(format!("sidecar.istio.io/{annotation}"), dice.one_of(values).into());
        }
    }
    let (running, first) = (1 + dice.below(3), dice.below(3));
    let mut init = containers(dice, "init", first);
    for container in &mut init {
        if dice.chance(40) {
            container["restartPolicy"] = "Always".into();
        }
    }
    let mut spec = json!({"nodeSelector": {"nowhere": "yes"}, "initContainers": init,
        "containers": containers(dice, "app", running)});
    if dice.chance(20) {
        spec["runtimeClassName"] = "heavy".into();
    }
    json!({"metadata": {"labels": labels, "annotations": annotations}, "spec": spec})
}

impl Workload {
    pub(super) fn random(dice: &mut Dice, number: u64) -> Self {
        let name = format!("w{number}");
        // The first makes sure that there is something to count.
        let kinds = ["Deployment", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Pod"];
        let kind = if number == 0 { "Deployment" } else { dice.one_of(&kinds) };
        let mut template = template(dice, &name);
        let replicas = if number == 0 { 2 } else { dice.below(4) };
        let selector = json!({"matchLabels": {"app": name}});
        let spec = match kind {
            "Pod" => return Self::pod(dice, &name),
            "Job" => {
                template["spec"]["restartPolicy"] = "Never".into();
                if dice.chance(50) {
                    template["spec"]["activeDeadlineSeconds"] = 3600.into();
                }
                let mut spec = json!({"parallelism": dice.below(4), "template": template});
                if dice.chance(50) {
                    spec["completions"] = (1 + dice.below(3)).into();
                }
                spec
            }
            "DaemonSet" => {
                if dice.chance(60) {
                    template["spec"]["nodeSelector"] = json!({"kubernetes.io/os": "linux"});
                }
                json!({"selector": selector, "template": template})
            }
            "StatefulSet" => json!({"replicas": replicas, "selector": selector, "template": template,
                "serviceName": name, "podManagementPolicy": "Parallel"}),
            _ => json!({"replicas": replicas, "selector": selector, "template": template}),
        };
        Self { kind, name, spec }
    }

    pub(super) fn pod(dice: &mut Dice, name: &str) -> Self {
        let mut template = template(dice, name);
        if dice.chance(30) {
            template["spec"]["activeDeadlineSeconds"] = 3600.into();
        }
        Self { kind: "Pod", name: name.to_owned(), spec: template }
    }

    /// One that runs, and of which an update may have more pods for a while.
    pub(super) fn updated(dice: &mut Dice, number: u64) -> Self {
        let name = format!("w{number}");
        let kinds = ["Deployment", "Deployment", "Deployment", "StatefulSet", "DaemonSet"];
        let kind = if number == 0 { "Deployment" } else { dice.one_of(&kinds) };
        let mut app = container(dice, "app");
        // Little enough for all of them to run on one small node at once.
        app["resources"]["requests"] = json!({"cpu": "5m", "memory": dice.one_of(&MEMORY[..2])});
        let pod = json!({"containers": [app], "terminationGracePeriodSeconds": 1});
        let template = json!({"metadata": {"labels": {"app": name}}, "spec": pod});
        let selector = json!({"matchLabels": {"app": name}});
        let mut spec = json!({"selector": selector, "template": template});
        match kind {
            "Deployment" => {
                spec["replicas"] = (1 + dice.below(4)).into();
                let strategies = [
                    "{}",
                    r#"{"type": "Recreate"}"#,
                    r#"{"rollingUpdate": {"maxSurge": 2}}"#,
                    r#"{"rollingUpdate": {"maxSurge": "60%", "maxUnavailable": 0}}"#,
                    r#"{"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}"#,
                ];
                // By which it says that nothing moves any more.
                spec["progressDeadlineSeconds"] = 5.into();
                spec["strategy"] = serde_json::from_str(dice.one_of(&strategies)).unwrap();
            }
            "StatefulSet" => {
                spec["replicas"] = (1 + dice.below(2)).into();
                spec["serviceName"] = name.clone().into();
            }
            _ if dice.chance(60) => {
                spec["updateStrategy"] = json!({"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}});
            }
            _ => {}
        }
        Self { kind, name, spec }
    }

    /// The same with an image that does not come.
    pub(super) fn update(&mut self) {
        self.spec["template"]["spec"]["containers"][0]["image"] = "no-such-image:2".into();
    }

    pub(super) fn object(&self, namespace: &str) -> Value {
        let group = match self.kind {
            "Pod" => "v1",
            "Job" => "batch/v1",
            _ => "apps/v1",
        };
        let mut object = json!({"apiVersion": group, "kind": self.kind,
            "metadata": {"name": self.name, "namespace": namespace}, "spec": self.spec});
        if self.kind == "Pod" {
            object["spec"] = self.spec["spec"].clone();
            object["metadata"]["labels"] = self.spec["metadata"]["labels"].clone();
            object["metadata"]["annotations"] = self.spec["metadata"]["annotations"].clone();
        }
        object
    }

    /// That all its pods were made: a prediction of too few would be met on the way to more.
    #[track_caller]
    pub(super) fn assert_complete(&self, cluster: &Cluster, namespace: &str) {
        let (made, wanted) = match self.kind {
            "Pod" => return,
            "DaemonSet" => ("currentNumberScheduled", "desiredNumberScheduled"),
            "Job" => ("active", ""),
            _ => ("replicas", ""),
        };
        let live = cluster.get(&[self.kind, &self.name, "-n", namespace]);
        let number = |value: &Value| value.as_u64().unwrap_or_default();
        let expected = match self.kind {
            "DaemonSet" => number(&live["status"][wanted]),
            "Job" => {
                let spec = &live["spec"];
                number(&spec["parallelism"]).min(spec["completions"].as_u64().unwrap_or(u64::MAX))
            }
            _ => number(&live["spec"]["replicas"]),
        };
        assert_eq!(
            number(&live["status"][made]),
            expected,
            "{} {}: {}",
            self.kind,
            self.name,
            live["status"]
        );
    }
}
