//! What a pod tells of itself.

use serde_json::{Map, Value};

use crate::object::Object;

/// The label of everything that is made for a verification alone, and its value.
pub(super) const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "kubestock-install");
pub const PROBE: (&str, &str) = ("app.kubernetes.io/component", "verification-probe");

const INJECT: &str = "sidecar.istio.io/inject";
pub(super) const SIDECAR: &str = "istio-proxy";

/// Whether the injector put its container into the pod, as a container or as a native sidecar.
pub fn has_sidecar(pod: &Object) -> bool {
    let lists = ["/spec/containers", "/spec/initContainers"];
    lists.iter().flat_map(|list| items(pod, list)).any(|container| container["name"] == SIDECAR)
}

/// Whether it runs, and is not about to end.
pub fn is_running(pod: &Object) -> bool {
    pod.text("/status/phase") == Some("Running") && !pod.is_being_deleted()
}

/// What a verification has made is no part of what is verified.
pub fn is_probe(pod: &Object) -> bool {
    pod.label(PROBE.0) == Some(PROBE.1)
}

/// Whether its own label or annotation keeps the injector away, or it is on its node's network.
pub(super) fn opts_out(pod: &Object) -> bool {
    let own = pod.label(INJECT).or_else(|| pod.annotation(INJECT));
    own == Some("false") || pod.pointer("/spec/hostNetwork") == Some(&Value::Bool(true))
}

pub(super) fn is_sidecar_ready(pod: &Object) -> bool {
    let lists = ["/status/containerStatuses", "/status/initContainerStatuses"];
    let mut statuses = lists.iter().flat_map(|list| items(pod, list));
    statuses.any(|status| status["name"] == SIDECAR && status["ready"] == true)
}

/// Whether all of a selector's labels are among these; an empty selector selects nothing.
pub(super) fn selects(selector: Option<&Value>, labels: Option<&Value>) -> bool {
    let nothing = Map::new();
    let labels = labels.and_then(Value::as_object).unwrap_or(&nothing);
    let selector = selector.and_then(Value::as_object).filter(|selector| !selector.is_empty());
    selector.is_some_and(|selector| selector.iter().all(|(key, value)| labels.get(key) == Some(value)))
}

pub(super) fn items<'a>(object: &'a Object, list: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    object.pointer(list).and_then(Value::as_array).into_iter().flatten()
}
