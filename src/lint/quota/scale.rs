use serde_json::Value;

use super::super::scene::Scene;
use super::placement::takes;
use crate::object::Object;

/// How many pods an object has at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    /// While nothing happens.
    pub(super) steady: u32,
    /// More of them, while all of them are replaced.
    pub(super) surge: u32,
}

impl Scale {
    pub(super) const ONE: Self = Self { steady: 1, surge: 0 };

    pub(super) fn of(workload: &Object, scene: &Scene<'_>) -> Self {
        let number = |field: &str| count(workload.pointer(field)?);
        let steady = match (workload.group(), workload.kind()) {
            ("", "Pod") => 1,
            ("apps", "DaemonSet") => nodes(workload, scene),
            ("batch", "Job") => {
                let parallel = number("/spec/parallelism").unwrap_or(1);
                number("/spec/completions").map_or(parallel, |completions| parallel.min(completions))
            }
            // Its pods come and go; one run of them has to fit.
            ("batch", "CronJob") => number("/spec/jobTemplate/spec/parallelism").unwrap_or(1),
            _ => number("/spec/replicas").unwrap_or(1).max(autoscaled(workload, scene)),
        };
        Self { steady, surge: surge(workload, steady) }
    }
}

fn count(value: &Value) -> Option<u32> {
    Some(u32::try_from(value.as_u64()?).unwrap_or(u32::MAX))
}

/// A pod a node that takes it; one where no node is known.
fn nodes(workload: &Object, scene: &Scene<'_>) -> u32 {
    let mut nodes = scene.there("", "Node").peekable();
    if nodes.peek().is_none() {
        return 1;
    }
    let spec = workload.pointer("/spec/template/spec").unwrap_or(&Value::Null);
    u32::try_from(nodes.filter(|node| takes(node, spec)).count()).unwrap_or(u32::MAX)
}

/// The least that an autoscaler keeps.
fn autoscaled(workload: &Object, scene: &Scene<'_>) -> u32 {
    let of_it = scene.there("autoscaling", "HorizontalPodAutoscaler").filter(|autoscaler| {
        autoscaler.namespace() == workload.namespace()
            && autoscaler.text("/spec/scaleTargetRef/kind") == Some(workload.kind())
            && autoscaler.text("/spec/scaleTargetRef/name") == Some(workload.name())
    });
    let least = of_it.map(|autoscaler| autoscaler.pointer("/spec/minReplicas").and_then(count).unwrap_or(1));
    least.max().unwrap_or_default()
}

/// `pkg/controller/deployment/util/deployment_util.go`, MaxSurge; for a DaemonSet, `pkg/controller/daemon/util`.
fn surge(workload: &Object, replicas: u32) -> u32 {
    let (kind, field, default) = match (workload.group(), workload.kind()) {
        ("apps", "Deployment") => ("/spec/strategy/type", "/spec/strategy/rollingUpdate/maxSurge", "25%"),
        ("apps", "DaemonSet") => {
            ("/spec/updateStrategy/type", "/spec/updateStrategy/rollingUpdate/maxSurge", "0")
        }
        _ => return 0,
    };
    if workload.text(kind).is_some_and(|kind| kind != "RollingUpdate") || replicas == 0 {
        return 0;
    }
    let default = Value::from(default);
    let most = match workload.pointer(field).unwrap_or(&default) {
        Value::String(text) => match text.strip_suffix('%') {
            Some(percent) => rounded_up(replicas, percent.parse().unwrap_or_default()),
            None => text.parse().unwrap_or_default(),
        },
        number => count(number).unwrap_or_default(),
    };
    // There are never more new pods than are wanted (NewRSNewReplicas).
    most.min(replicas)
}

fn rounded_up(replicas: u32, percent: u32) -> u32 {
    let surge = (u64::from(replicas) * u64::from(percent)).div_ceil(100);
    u32::try_from(surge).unwrap_or(u32::MAX)
}
