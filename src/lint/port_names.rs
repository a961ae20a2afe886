//! Ports of the mesh whose names do not say their protocol.
//!
//! Istio takes the protocol from `appProtocol`, or from what stands before the first `-` of the port's name
//! (`pkg/config/kube/conversion.go`, ConvertProtocol). Of a port that says none, it looks at the first bytes: a
//! server that speaks first waits for ever, and rules for HTTP may not hold.

use super::mesh::{gets_sidecar, is_labelled};
use super::ports::{ports, selects};
use super::scene::{Scene, found};
use crate::finding::{Code, Finding, Severity};
use crate::plan::Placed;
use serde_json::Value;

/// `pkg/config/protocol/instance.go`, Parse.
const PROTOCOLS: [&str; 12] = [
    "tcp",
    "udp",
    "grpc",
    "grpc-web",
    "http",
    "http_proxy",
    "http2",
    "https",
    "tls",
    "mongo",
    "redis",
    "mysql",
];

/// The names that Kubernetes itself gives meaning to.
const KUBERNETES: [&str; 3] = ["kubernetes.io/h2c", "kubernetes.io/ws", "kubernetes.io/wss"];

/// SMTP, DNS, MySQL and MongoDB: Istio takes these for TCP and does not look.
const WELL_KNOWN: [u64; 4] = [25, 53, 3306, 27017];

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    let services = scene.planned_of("", "Service").filter(|service| is_of_mesh(scene, service));
    let unsaid = services.flat_map(|service| {
        let ports = ports(&service.object).filter(|port| !says_protocol(port));
        ports.map(move |port| finding(service, port))
    });
    unsaid.collect()
}

fn is_of_mesh(scene: &Scene<'_>, placed: &Placed) -> bool {
    let service = &placed.object;
    let namespace = service.namespace().unwrap_or_default();
    let mut pods = scene.pods_in(namespace).filter(|pods| selects(service, pods)).peekable();
    let is_meshed = match pods.peek() {
        Some(_) => pods.any(|pods| gets_sidecar(scene, pods)),
        None => is_labelled(scene, namespace),
    };
    is_meshed && service.text("/spec/type") != Some("ExternalName")
}

fn says_protocol(port: &Value) -> bool {
    // Neither is ever looked into.
    if matches!(port["protocol"].as_str(), Some("UDP" | "SCTP")) {
        return true;
    }
    if port["port"].as_u64().is_some_and(|number| WELL_KNOWN.contains(&number)) {
        return true;
    }
    let app_protocol = port["appProtocol"].as_str();
    if app_protocol.is_some_and(|protocol| KUBERNETES.contains(&protocol)) {
        return true;
    }
    let name = app_protocol.or(port["name"].as_str()).unwrap_or_default().to_ascii_lowercase();
    let first = name.split('-').next().unwrap_or_default();
    name.starts_with("grpc-web") || PROTOCOLS.contains(&first)
}

fn finding(placed: &Placed, port: &Value) -> Finding {
    let number = port["port"].as_u64().unwrap_or_default();
    let called = match (port["appProtocol"].as_str(), port["name"].as_str()) {
        (Some(protocol), _) => format!("has the appProtocol `{protocol}`"),
        (None, Some(name)) => format!("is called `{name}`"),
        (None, None) => "has no name".to_owned(),
    };
    let seen = format!("its port {number} {called}, which says Istio no protocol");
    let name = port["name"].as_str().map(|name| format!("-{name}")).unwrap_or_default();
    let hint = format!(
        "call it `http{name}`, or `grpc{name}`, `tcp{name}` and so on, as it speaks; or give it an `appProtocol`"
    );
    found(placed, Code::PortName, Severity::Warning, seen, hint)
}

#[cfg(test)]
mod tests {
    use super::super::testing::told;
    use super::*;

    fn service(port: &str, more: &str) -> String {
        format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: web, namespace: shop}}, spec: {{{more} ports: [{port}]}}}}"
        )
    }

    const MESH: &str =
        "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio-injection: enabled}}}";

    #[test]
    fn a_name_or_an_app_protocol_says_the_protocol() {
        let said = [
            "{name: http, port: 80}",
            "{name: http-web, port: 80}",
            "{name: HTTP2-web, port: 80}",
            "{name: grpc-web, port: 80}",
            "{name: tcp-metrics, port: 80}",
            "{name: mongo, port: 80}",
            "{name: web, port: 80, appProtocol: http}",
            "{name: web, port: 80, appProtocol: kubernetes.io/h2c}",
            "{name: dns, port: 5353, protocol: UDP}",
            "{name: database, port: 3306}",
        ];
        for port in said {
            assert_eq!(told(Code::PortName, &service(port, ""), MESH), "", "{port}");
        }
        let unsaid = [
            ("{name: web, port: 80}", "its port 80 is called `web`"),
            ("{name: httpweb, port: 80}", "its port 80 is called `httpweb`"),
            ("{name: web-http, port: 80}", "its port 80 is called `web-http`"),
            ("{port: 80}", "its port 80 has no name"),
            (
                "{name: http, port: 80, appProtocol: example.com/web}",
                "its port 80 has the appProtocol `example.com/web`",
            ),
        ];
        for (port, seen) in unsaid {
            let told = told(Code::PortName, &service(port, ""), MESH);
            assert!(
                told.starts_with(&format!(
                    "warning: Service/shop/web: {seen}, which says Istio no protocol ("
                )),
                "{port}: {told}"
            );
        }
    }

    #[test]
    fn outside_of_the_mesh_names_are_free() {
        let port = "{name: web, port: 80}";
        assert_eq!(told(Code::PortName, &service(port, ""), ""), "");
        assert_eq!(told(Code::PortName, &service(port, "type: ExternalName,"), MESH), "");
        let out = "
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web, sidecar.istio.io/inject: 'false'}}
spec: {containers: []}";
        let selected = service(port, "selector: {app: web},");
        assert_eq!(told(Code::PortName, &format!("{selected}{out}"), MESH), "");
        let within = out.replace("'false'", "'true'");
        assert_eq!(told(Code::PortName, &format!("{selected}{within}"), "").lines().count(), 1);
        let on_host = within.replace("{containers: []}", "{hostNetwork: true, containers: []}");
        assert_eq!(told(Code::PortName, &format!("{selected}{on_host}"), ""), "");
    }
}
