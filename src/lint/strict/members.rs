use serde_json::Value;

use super::super::mesh::{gets_sidecar, has_sidecar, is_gateway};
use super::super::pods::Pods;
use super::super::quota::has_ended;
use super::super::scene::Scene;
use super::policies::Policies;
use crate::object::Object;

/// Who is in the mesh once the plan is applied, and who is not.
#[derive(Debug)]
pub(super) struct Members<'a> {
    /// Those with a port that the plan closes.
    pub(super) closed: Vec<Closed<'a>>,
    /// Those without a sidecar.
    pub(super) outsiders: Vec<Pods<'a>>,
    /// Those with one.
    pub(super) insiders: Vec<Pods<'a>>,
}

/// Pods of the mesh with a port that takes no plaintext any more.
#[derive(Debug)]
pub(super) struct Closed<'a> {
    pub(super) pods: Pods<'a>,
    /// The policy for all ports that have none of their own.
    pub(super) policy: Option<&'a Object>,
    /// The ports that are otherwise than the rest: what closes them, or None.
    ports: Vec<(u64, Option<&'a Object>)>,
    /// Pods of it run, and who reaches them is cut off.
    pub(super) answers_today: bool,
}

impl<'a> Members<'a> {
    pub(super) fn of(scene: &Scene<'a>, policies: &Policies<'a>) -> Self {
        let (mut closed, mut outsiders, mut insiders) = (Vec::new(), Vec::new(), Vec::new());
        for pods in scene.pods_by_namespace().filter(|pods| !pods.is_empty()) {
            let (running, makers): (Vec<&Pods<'a>>, Vec<&Pods<'a>>) =
                pods.iter().filter(|pods| pods.spec.is_some()).partition(|pods| pods.owner.is("", "Pod"));
            let alone = running.iter().filter(|pod| !makers.iter().any(|maker| maker.makes(pod)));
            for pods in makers.iter().chain(alone).filter(|pods| !is_gateway(pods)) {
                let own: Vec<&&Pods<'a>> = running
                    .iter()
                    .filter(|pod| {
                        !has_ended(pod.owner) && (pod.owner.id() == pods.owner.id() || pods.makes(pod))
                    })
                    .collect();
                let had_sidecar = own.iter().any(|pod| has_sidecar(pod));
                let is_planned = scene.placed(pods.owner).is_some();
                if !(if is_planned { gets_sidecar(scene, pods) } else { had_sidecar }) {
                    outsiders.push(**pods);
                    continue;
                }
                insiders.push(**pods);
                // A planned pod stands for itself before it runs.
                let answers_today = own.iter().any(|pod| scene.placed(pod.owner).is_none());
                closed.extend(Closed::of(policies, pods, had_sidecar, answers_today));
            }
        }
        Self { closed, outsiders, insiders }
    }
}

impl<'a> Closed<'a> {
    fn of(policies: &Policies<'a>, pods: &Pods<'a>, had_sidecar: bool, answers_today: bool) -> Option<Self> {
        let closing = |port| {
            let was_closed = had_sidecar && policies.was_closed(pods, port);
            policies.closing(pods, port).filter(|_| !was_closed)
        };
        let named = pods.running_containers().flat_map(|container| {
            let ports = container["ports"].as_array().into_iter().flatten();
            ports.filter_map(|port| port["containerPort"].as_u64())
        });
        let policy = closing(None);
        let ports: Vec<(u64, Option<&Object>)> =
            named.map(|port| (port, closing(Some(port)).filter(|_| is_captured(pods, port)))).collect();
        let closes_any = policy.is_some() || ports.iter().any(|(_, closed)| closed.is_some());
        closes_any.then_some(Self { pods: *pods, policy, ports, answers_today })
    }

    /// The policy that closes a container's port.
    pub(super) fn by(&self, port: u64) -> Option<&'a Object> {
        let own = self.ports.iter().find(|(number, _)| *number == port).map(|(_, policy)| *policy);
        own.unwrap_or_else(|| self.policy.filter(|_| is_captured(&self.pods, port)))
    }

    /// The container's port that a Service's port leads to.
    pub(super) fn target(&self, service_port: &Value) -> Option<u64> {
        match &service_port["targetPort"] {
            Value::String(name) => name.parse().ok().or_else(|| self.named(name)),
            Value::Null => service_port["port"].as_u64(),
            number => number.as_u64(),
        }
    }

    pub(super) fn named(&self, name: &str) -> Option<u64> {
        let mut ports = self
            .pods
            .running_containers()
            .flat_map(|container| container["ports"].as_array().into_iter().flatten());
        ports.find(|port| port["name"] == name)?["containerPort"].as_u64()
    }
}

/// Whether calls to the port go through the sidecar (`tools/istio-iptables`).
fn is_captured(pods: &Pods<'_>, port: u64) -> bool {
    let lists = |annotation: &str| {
        let listed = pods.annotation(&format!("traffic.sidecar.istio.io/{annotation}"))?;
        Some(listed.split(',').map(str::trim).any(|listed| listed == "*" || listed == port.to_string()))
    };
    let is_bypassed = pods.annotation("sidecar.istio.io/interceptionMode") == Some("NONE");
    !is_bypassed && lists("excludeInboundPorts") != Some(true) && lists("includeInboundPorts") != Some(false)
}
