use std::collections::BTreeSet;

use serde_json::Value;

use super::super::pods::matches;
use super::super::scene::about;
use super::members::Closed;
use super::{Closing, OR_PERMISSIVE};
use crate::finding::{Code, Finding, Severity};
use crate::object::Object;

const OPERATOR: &str = "monitoring.coreos.com";

/// The sidecar's own port for metrics, its own and the pod's, which is open to all
/// (`pilot/cmd/pilot-agent`, statusPort).
const MERGED: &str = "15020";

/// Metrics that a Prometheus outside of the mesh asks for.
pub(super) fn find(closing: &Closing<'_>) -> Vec<Finding> {
    let services = closing.scene.there(OPERATOR, "ServiceMonitor").filter_map(|it| of_services(closing, it));
    let pods = closing.scene.there(OPERATOR, "PodMonitor").filter_map(|it| of_pods(closing, it));
    let annotated = closing.members.closed.iter().filter_map(|closed| annotated(closing, closed));
    services.chain(pods).chain(annotated).collect()
}

fn of_services(closing: &Closing<'_>, monitor: &Object) -> Option<Finding> {
    let selector = monitor.pointer("/spec/selector").unwrap_or(&Value::Null);
    let doors = closing.doors.iter().filter(|door| {
        reaches(monitor, door.service.namespace().unwrap_or_default())
            && matches(selector, |key| door.service.label(key))
            && endpoints(monitor, "/spec/endpoints")
                .any(|endpoint| door.is(&endpoint["port"]) || door.is(&endpoint["targetPort"]))
    });
    let addresses: BTreeSet<String> = doors.map(super::doors::Door::address).collect();
    finding(closing, monitor, &addresses)
}

fn of_pods(closing: &Closing<'_>, monitor: &Object) -> Option<Finding> {
    let selector = monitor.pointer("/spec/selector").unwrap_or(&Value::Null);
    let closed = closing.members.closed.iter().filter(|closed| {
        let port = |endpoint: &Value| match &endpoint["port"] {
            Value::String(name) => closed.named(name),
            _ => endpoint["portNumber"].as_u64().or_else(|| endpoint["targetPort"].as_u64()),
        };
        reaches(monitor, closed.pods.namespace)
            && closed.pods.are_selected_by(selector)
            && endpoints(monitor, "/spec/podMetricsEndpoints")
                .filter_map(port)
                .any(|port| closed.by(port).is_some())
    });
    let names =
        closed.map(|closed| format!("{}/{}", closed.pods.namespace, super::called(closed.pods.owner)));
    finding(closing, monitor, &names.collect())
}

/// By the annotations that a Prometheus with Kubernetes' example configuration goes by. The injector moves them to the
/// sidecar's port, unless it is told not to.
fn annotated(closing: &Closing<'_>, closed: &Closed<'_>) -> Option<Finding> {
    let pods = &closed.pods;
    let is_moved = || {
        let is_planned = closing.scene.placed(pods.owner).is_some();
        is_planned && pods.annotation("prometheus.istio.io/merge-metrics") != Some("false")
    };
    let port = pods.annotation("prometheus.io/port")?;
    if pods.annotation("prometheus.io/scrape") != Some("true") || port == MERGED || is_moved() {
        return None;
    }
    closed.by(port.parse().ok()?)?;
    let at = BTreeSet::from([format!("port {port}")]);
    finding(closing, pods.owner, &at)
}

fn finding(closing: &Closing<'_>, object: &Object, of: &BTreeSet<String>) -> Option<Finding> {
    if of.is_empty() {
        return None;
    }
    let listed = of.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let seen = format!(
        "has Prometheus ask for the metrics of {listed}, which will answer the mesh alone: a Prometheus without a \
         sidecar gets none any more"
    );
    let hint = format!(
        "have Istio merge the metrics (port {MERGED}), give Prometheus the mesh's certificates, leave the port PERMISSIVE \
         by a PeerAuthentication with a selector, {OR_PERMISSIVE}"
    );
    Some(about(closing.scene, object, Code::ScrapeCutOff, Severity::Warning, seen, hint))
}

/// What a monitor asks, but for what it has certificates for.
fn endpoints<'a>(monitor: &'a Object, list: &'static str) -> impl Iterator<Item = &'a Value> {
    let endpoints = monitor.pointer(list).and_then(Value::as_array).into_iter().flatten();
    endpoints.filter(|endpoint| endpoint["tlsConfig"].is_null())
}

fn reaches(monitor: &Object, namespace: &str) -> bool {
    let selector = monitor.pointer("/spec/namespaceSelector").unwrap_or(&Value::Null);
    let named = selector["matchNames"].as_array();
    selector["any"] == true
        || match named {
            Some(names) if !names.is_empty() => names.iter().any(|name| name == namespace),
            _ => monitor.namespace() == Some(namespace),
        }
}
