use serde_json::Value;

use super::super::pods::Pods;
use super::super::scene::Scene;
use super::resources::Resources;

/// What a pod's containers ask for.
#[derive(Clone, Debug)]
pub(super) struct PodResources {
    pub(super) containers: Vec<Container>,
    /// In the order in which they run.
    pub(super) init: Vec<Container>,
    /// What its RuntimeClass takes besides.
    overhead: Resources,
}

#[derive(Clone, Debug)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) requests: Resources,
    pub(super) limits: Resources,
    /// An init container that goes on running beside the others: a native sidecar (KEP-753).
    pub(super) stays: bool,
}

/// Requests or limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Requests,
    Limits,
}

impl Container {
    pub(super) fn read(container: &Value) -> Self {
        let resources = &container["resources"];
        Self {
            name: container["name"].as_str().unwrap_or_default().to_owned(),
            requests: Resources::read(&resources["requests"]),
            limits: Resources::read(&resources["limits"]),
            stays: container["restartPolicy"] == "Always",
        }
    }

    pub(super) fn side(&self, side: Side) -> &Resources {
        match side {
            Side::Requests => &self.requests,
            Side::Limits => &self.limits,
        }
    }
}

impl PodResources {
    /// As its template has it.
    pub(super) fn of(pods: &Pods<'_>) -> Self {
        let spec = pods.spec.unwrap_or(&Value::Null);
        let read = |list: &str| spec[list].as_array().into_iter().flatten().map(Container::read).collect();
        let mut read = Self {
            containers: read("containers"),
            init: read("initContainers"),
            overhead: Resources::read(&spec["overhead"]),
        };
        read.default_requests();
        read
    }

    /// Takes what the pods' RuntimeClass has them take besides, as admission does
    /// (`plugin/pkg/admission/runtimeclass/admission.go`).
    pub(super) fn add_overhead(&mut self, scene: &Scene<'_>, pods: &Pods<'_>) {
        let class = pods.spec.and_then(|spec| spec["runtimeClassName"].as_str());
        let mut classes = scene.there("node.k8s.io", "RuntimeClass");
        let class = class.and_then(|name| classes.find(|class| class.name() == name));
        if let Some(fixed) = class.and_then(|class| class.pointer("/overhead/podFixed")) {
            self.overhead = Resources::read(fixed);
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Container> {
        self.containers.iter().chain(&self.init)
    }

    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut Container> {
        self.containers.iter_mut().chain(&mut self.init)
    }

    /// Who sets a limit and no request asks for the limit (`pkg/apis/core/v1/defaults.go`, SetDefaults_Pod).
    pub(super) fn default_requests(&mut self) {
        for container in self.all_mut() {
            container.requests.fill_from(&container.limits.clone());
        }
    }

    /// What the pod as a whole asks for (`component-helpers/resource/helpers.go`, PodRequests and PodLimits): the sum of
    /// what runs at the same time, or what one init container needs at its turn, whichever is more.
    pub(super) fn total(&self, side: Side) -> Resources {
        let mut running = Resources::default();
        for container in &self.containers {
            running.add(container.side(side));
        }
        let (mut begun, mut at_most) = (Resources::default(), Resources::default());
        for container in &self.init {
            let mut now = begun.clone();
            now.add(container.side(side));
            if container.stays {
                running.add(container.side(side));
                begun = now.clone();
            }
            at_most.raise_to(&now);
        }
        running.raise_to(&at_most);
        for (name, amount) in &self.overhead.0 {
            match (side, running.0.get_mut(name)) {
                (_, Some(own)) if side == Side::Requests || !own.is_zero() => *own = *own + *amount,
                (Side::Requests, None) => _ = running.0.insert(name.clone(), *amount),
                _ => {}
            }
        }
        running
    }

    /// The least that Kubernetes guarantees: no container says anything of CPU or memory
    /// (`component-helpers`, GetPodQOS).
    pub(super) fn is_best_effort(&self) -> bool {
        let said = |resources: &Resources| {
            ["cpu", "memory"].iter().any(|name| resources.get(name).is_some_and(|amount| !amount.is_zero()))
        };
        !self.all().any(|container| said(&container.requests) || said(&container.limits))
    }
}
