use std::collections::BTreeSet;

use serde_json::Value;

use super::super::mesh::rewrites_probes;
use super::super::scene::about;
use super::members::Closed;
use super::{Closing, OR_PERMISSIVE};
use crate::finding::{Code, Finding, Severity};

/// The sidecar's own ports, which are open to all; by the first it makes the pod's probes itself.
const SIDECARS: [u64; 2] = [15020, 15021];

/// Probes of the kubelet that the sidecar does not make in its place.
pub(super) fn find(closing: &Closing<'_>) -> Vec<Finding> {
    closing.members.closed.iter().filter_map(|closed| of(closing, closed)).collect()
}

fn of(closing: &Closing<'_>, closed: &Closed<'_>) -> Option<Finding> {
    let is_planned = closing.scene.placed(closed.pods.owner).is_some();
    if is_planned && rewrites_probes(closing.scene, &closed.pods) {
        return None;
    }
    let mut failing = BTreeSet::new();
    for container in closed.pods.running_containers() {
        for kind in ["startupProbe", "livenessProbe", "readinessProbe"] {
            // A connection alone (`tcpSocket`) is taken by the sidecar, and says nothing of who calls.
            let how = ["httpGet", "grpc"].iter().find_map(|how| container[kind].get(how));
            let port = how.and_then(|how| number(closed, &how["port"]));
            if port.is_some_and(|port| !SIDECARS.contains(&port) && closed.by(port).is_some()) {
                failing.insert(format!(
                    "{kind} of container {}",
                    container["name"].as_str().unwrap_or_default()
                ));
            }
        }
    }
    if failing.is_empty() {
        return None;
    }
    let failing = failing.into_iter().collect::<Vec<_>>().join(", ");
    let seen =
        format!("is asked by the kubelet in plaintext, and will answer the mesh alone: {failing} will fail");
    let hint = format!(
        "take the annotation `sidecar.istio.io/rewriteAppHTTPProbers: \"false\"` off its pods, so that the sidecar makes \
         the probes, {OR_PERMISSIVE}"
    );
    Some(about(closing.scene, closed.pods.owner, Code::ProbeCutOff, Severity::Error, seen, hint))
}

fn number(closed: &Closed<'_>, port: &Value) -> Option<u64> {
    match port {
        Value::String(name) => name.parse().ok().or_else(|| closed.named(name)),
        number => number.as_u64(),
    }
}
