use std::collections::BTreeMap;

use super::calls::Call;
use super::proxies::Proxy;
use crate::lint;
use crate::object::{Object, Snapshot};
use crate::readiness;

/// What was seen of an installation. What was not asked is empty.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub objects: Snapshot,
    /// What istiod says of the proxies that are connected to it, or why it does not.
    pub proxies: Option<Result<Vec<Proxy>, String>>,
    /// What became of a new pod, by namespace. None was made.
    pub injection: BTreeMap<String, Injection>,
    pub calls: Vec<Call>,
}

/// What the API server makes of a new pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Injection {
    Sidecar,
    NoSidecar,
    /// Why there would be no pod at all.
    Refused(String),
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
        self.istiods().find_map(Object::namespace).unwrap_or("istio-system")
    }

    pub(super) fn pods(&self, namespace: &str) -> impl Iterator<Item = &Object> {
        self.objects.of_kind("", "Pod").filter(move |pod| pod.namespace() == Some(namespace))
    }
}
