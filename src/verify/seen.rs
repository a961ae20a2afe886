use std::collections::BTreeMap;

use super::calls::Call;
use super::envoy::{Connection, Route};
use super::proxies::Proxy;
use crate::istio::release::Addon;
use crate::lint;
use crate::object::{Object, ObjectId, Snapshot};
use crate::readiness;

/// What the mesh consists of, beside Istio's own kinds.
pub const KINDS: [(&str, &str); 7] = [
    ("v1", "Namespace"),
    ("v1", "Pod"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
];

/// In whatever version the cluster has them.
pub const OF_ISTIO: [(&str, &str); 3] = [
    ("networking.istio.io", "VirtualService"),
    ("networking.istio.io", "DestinationRule"),
    ("security.istio.io", "PeerAuthentication"),
];

/// What was seen of an installation. What was not asked is empty.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub objects: Snapshot,
    /// What istiod says of the proxies that are connected to it, or why it does not.
    pub proxies: Option<Result<Vec<Proxy>, String>>,
    /// What became of a new pod, by namespace. None was made.
    pub injection: BTreeMap<String, Injection>,
    /// Whether a probe got ready, by the namespace that it was for, or why not.
    pub probes: BTreeMap<String, Result<(), String>>,
    pub calls: Vec<Call>,
    /// What the probe's proxy knows of the connections to each service.
    pub connections: BTreeMap<ObjectId, Connection>,
    /// What the sidecar of each pod runs, or why it does not tell.
    pub routes: BTreeMap<ObjectId, Result<Vec<Route>, String>>,
    /// The port that each addon answers at, or what came in the place of an answer.
    pub dashboards: BTreeMap<Addon, Result<u16, String>>,
}

/// What the API server makes of a new pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Injection {
    Sidecar,
    NoSidecar,
    /// Why there would be no pod at all.
    Refused(String),
}

/// Where Istio's own workloads are.
pub fn istio_namespace(objects: &Snapshot) -> &str {
    let mut istiods = objects.of_kind("apps", "Deployment").filter(|deployment| lint::is_istiod(deployment));
    istiods.find_map(Object::namespace).unwrap_or("istio-system")
}

impl Seen {
    /// The control planes of all revisions.
    pub(super) fn istiods(&self) -> impl Iterator<Item = &Object> {
        self.objects.of_kind("apps", "Deployment").filter(|deployment| lint::is_istiod(deployment))
    }

    /// Whether anybody answers when a pod is made or a proxy asks for its configuration.
    pub(super) fn has_istiod(&self) -> bool {
        self.istiods().any(|istiod| readiness::status(istiod).ready > 0)
    }

    /// Where Istio's own workloads are.
    pub(super) fn istio_namespace(&self) -> &str {
        istio_namespace(&self.objects)
    }

    /// Attempts at a TLS session with a service that failed.
    pub(super) fn failed_sessions(&self, service: &Object) -> u64 {
        self.connections.get(&service.id()).map_or(0, |connection| connection.failures)
    }

    pub(super) fn pods(&self, namespace: &str) -> impl Iterator<Item = &Object> {
        self.objects.of_kind("", "Pod").filter(move |pod| pod.namespace() == Some(namespace))
    }
}
