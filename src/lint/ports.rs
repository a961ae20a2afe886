//! Ports that are named and not there.

use std::collections::BTreeSet;

use serde_json::Value;

use super::hosts::{Host, NETWORKING, Registry, routes};
use super::pods::Pods;
use super::scene::{Scene, found};
use crate::finding::{Code, Finding, Severity};
use crate::object::Object;
use crate::plan::Placed;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    let registry = Registry::of(scene);
    let mut findings = Vec::new();
    for service in scene.planned_of(NETWORKING, "VirtualService") {
        findings.extend(of_routes(&registry, service));
    }
    for rule in scene.planned_of(NETWORKING, "DestinationRule") {
        findings.extend(of_rule(&registry, rule));
    }
    for gateway in scene.planned_of(NETWORKING, "Gateway") {
        findings.extend(of_gateway(scene, gateway));
    }
    for service in scene.planned_of("", "Service") {
        findings.extend(of_targets(scene, service));
    }
    findings.extend(
        scene
            .planned()
            .filter_map(|placed| Some((placed, Pods::of(&placed.object)?)))
            .flat_map(|(placed, pods)| of_probes(placed, &pods)),
    );
    findings
}

/// Ports that the routes of a VirtualService lead to.
fn of_routes(registry: &Registry<'_>, placed: &Placed) -> Vec<Finding> {
    let namespace = placed.object.namespace().unwrap_or_default();
    let named: BTreeSet<(&str, u64)> =
        routes(&placed.object).iter().filter_map(|route| Some((route.host, route.port?))).collect();
    let missing = named.into_iter().filter_map(|(host, port)| {
        let ports = numbers(registry.find(host, namespace)?);
        (!ports.contains(&port)).then(|| {
            let seen = format!("its route leads to port {port} of `{host}`, which has {}", listed(&ports));
            let hint = "requests get 503; name one of its ports (a Service's `port`, not its `targetPort`)";
            found(placed, Code::PortUnknown, Severity::Error, seen, hint)
        })
    });
    missing.collect()
}

/// Ports that a DestinationRule has settings for.
fn of_rule(registry: &Registry<'_>, placed: &Placed) -> Vec<Finding> {
    let namespace = placed.object.namespace().unwrap_or_default();
    let host = placed.object.text("/spec/host").unwrap_or_default();
    let Some(target) = registry.find(host, namespace) else { return Vec::new() };
    let settings = placed.object.pointer("/spec/trafficPolicy/portLevelSettings").and_then(Value::as_array);
    let named = settings.into_iter().flatten().filter_map(|setting| setting["port"]["number"].as_u64());
    let ports = numbers(target);
    let finding = |port: u64| {
        let seen = format!("has settings for port {port} of `{host}`, which has {}", listed(&ports));
        found(
            placed,
            Code::PortUnknown,
            Severity::Warning,
            seen,
            "they change nothing; name one of its ports",
        )
    };
    named.filter(|port| !ports.contains(port)).map(finding).collect()
}

/// Ports that a Gateway listens on, and that the Service in front of its pods does not let in: Istio finds
/// the container's port by the Service's, and else listens on the number itself.
fn of_gateway(scene: &Scene<'_>, placed: &Placed) -> Vec<Finding> {
    let Some(selector) = placed.object.pointer("/spec/selector").and_then(Value::as_object) else {
        return Vec::new();
    };
    let pods: Vec<&Pods<'_>> = scene.all_pods().filter(|pods| pods.have(selector)).collect();
    let in_front = scene.there("", "Service").filter(|service| {
        pods.iter().any(|pods| Some(pods.namespace) == service.namespace() && selects(service, pods))
    });
    let in_front: Vec<&Object> = in_front.collect();
    if in_front.is_empty() {
        return Vec::new();
    }
    let let_in: BTreeSet<u64> = in_front
        .iter()
        .flat_map(|service| ports(service))
        .flat_map(|port| [port["port"].as_u64(), port["targetPort"].as_u64()])
        .flatten()
        .collect();
    let servers = placed.object.pointer("/spec/servers").and_then(Value::as_array);
    let named = servers.into_iter().flatten().filter_map(|server| server["port"]["number"].as_u64());
    let closed: BTreeSet<u64> = named.filter(|port| !let_in.contains(port)).collect();
    let finding = |port| {
        let names: Vec<&str> = in_front.iter().map(|service| service.name()).collect();
        let seen = format!("listens on port {port}, which the Service {} does not have", names.join(", "));
        let hint = format!(
            "nothing comes in by it; have the Service let it in (`components.ingressGateways` in the profile's \
             overlay), or name one of its ports: {}",
            listed(&let_in.iter().copied().collect())
        );
        found(placed, Code::PortUnknown, Severity::Warning, seen, hint)
    };
    closed.into_iter().map(finding).collect()
}

/// Ports that a Service looks for by name: a pod without one gets no requests.
fn of_targets(scene: &Scene<'_>, placed: &Placed) -> Vec<Finding> {
    let service = &placed.object;
    let pods = scene.pods_in(service.namespace().unwrap_or_default()).filter(|pods| selects(service, pods));
    let pods: Vec<&Pods<'_>> = pods.filter(|pods| pods.spec.is_some()).collect();
    if pods.is_empty() {
        return Vec::new();
    }
    let known: BTreeSet<&str> =
        pods.iter().flat_map(|pods| pods.running_containers()).flat_map(names).collect();
    let named: BTreeSet<&str> = ports(service).filter_map(|port| port["targetPort"].as_str()).collect();
    let finding = |name: &str| {
        let owner = pods[0].owner.id();
        let seen =
            format!("sends requests to the port `{name}`, and no container of {owner} has one of that name");
        let hint = match known.is_empty() {
            true => format!("name it (`ports: [{{name: {name}, containerPort: ...}}]`), or give its number"),
            false => format!("there are {}", known.iter().copied().collect::<Vec<_>>().join(", ")),
        };
        found(placed, Code::PortUnknown, Severity::Error, seen, hint)
    };
    // A number in quotes is a number (intstr).
    let missing = named.into_iter().filter(|name| !known.contains(name) && name.parse::<u16>().is_err());
    missing.map(finding).collect()
}

/// Ports that a probe asks by name: it fails where its container has none of that name.
fn of_probes(placed: &Placed, pods: &Pods<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for container in pods.containers() {
        let known: BTreeSet<&str> = names(container).collect();
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            let asked =
                ["httpGet", "tcpSocket"].iter().find_map(|how| container[probe][how]["port"].as_str());
            let Some(name) = asked.filter(|name| !known.contains(name) && name.parse::<u16>().is_err())
            else {
                continue;
            };
            let container = container["name"].as_str().unwrap_or_default();
            let seen = format!(
                "the {probe} of its container {container} asks the port `{name}`, which it does not have"
            );
            let hint =
                "the probe can only fail; name the port under the container's `ports`, or give its number";
            findings.push(found(placed, Code::PortUnknown, Severity::Error, seen, hint));
        }
    }
    findings
}

pub(super) fn selects(service: &Object, pods: &Pods<'_>) -> bool {
    let selector = service.pointer("/spec/selector").and_then(Value::as_object);
    selector.is_some_and(|selector| !selector.is_empty() && pods.have(selector))
}

pub(super) fn ports(service: &Object) -> impl Iterator<Item = &Value> {
    service.pointer("/spec/ports").and_then(Value::as_array).into_iter().flatten()
}

/// The ports of a Service or ServiceEntry; the same field, but for its name.
fn numbers(host: Host<'_>) -> BTreeSet<u64> {
    match host {
        Host::Service(service) => ports(service).filter_map(|port| port["port"].as_u64()).collect(),
        Host::Entry(entry) => ports(entry).filter_map(|port| port["number"].as_u64()).collect(),
    }
}

fn names(container: &Value) -> impl Iterator<Item = &str> {
    let ports = container["ports"].as_array().into_iter().flatten();
    ports.filter_map(|port| port["name"].as_str())
}

fn listed(ports: &BTreeSet<u64>) -> String {
    match ports.is_empty() {
        true => "none".to_owned(),
        false => ports.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::told;
    use super::*;

    /// A Service in front of a Deployment, and more.
    fn shop(service_port: &str, container: &str, more: &str) -> String {
        format!(
            "
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: shop}}
spec: {{selector: {{app: web}}, ports: [{service_port}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop}}
spec: {{template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: app, {container}}}]}}}}}}
---
{more}"
        )
    }

    fn istio(kind: &str, spec: &str) -> String {
        format!(
            "{{apiVersion: networking.istio.io/v1beta1, kind: {kind}, metadata: {{name: t, namespace: shop}}, spec: {spec}}}"
        )
    }

    #[test]
    fn a_route_leads_to_a_port_that_the_host_has() {
        let to = |host: &str, port: u64| {
            let spec = format!(
                "{{http: [{{route: [{{destination: {{host: {host}, port: {{number: {port}}}}}}}]}}]}}"
            );
            let entry = istio("ServiceEntry", "{hosts: [api.example.com], ports: [{number: 443}]}");
            let more = format!("{}\n---\n{entry}", istio("VirtualService", &spec));
            told(Code::PortUnknown, &shop("{port: 80, targetPort: 3000}", "image: a", &more), "")
        };
        assert_eq!(to("web", 80), "");
        assert_eq!(to("api.example.com", 443), "");
        assert_eq!(to("gone", 1), "", "told as a host");
        insta::assert_snapshot!(to("web", 3000), @"error: VirtualService/shop/t: its route leads to port 3000 of `web`, which has 80 (requests get 503; name one of its ports (a Service's `port`, not its `targetPort`))");
        assert!(to("api.example.com", 80).contains("port 80 of `api.example.com`, which has 443"));
    }

    #[test]
    fn settings_are_for_a_port_that_the_host_has() {
        let of = |port: u64| {
            let spec = format!(
                "{{host: web, trafficPolicy: {{portLevelSettings: [{{port: {{number: {port}}}}}]}}}}"
            );
            told(Code::PortUnknown, &shop("{port: 80}", "image: a", &istio("DestinationRule", &spec)), "")
        };
        assert_eq!(of(80), "");
        insta::assert_snapshot!(of(81), @"warning: DestinationRule/shop/t: has settings for port 81 of `web`, which has 80 (they change nothing; name one of its ports)");
    }

    #[test]
    fn a_service_finds_its_port_by_name_in_the_pods() {
        let to = |target: &str, container: &str| {
            told(Code::PortUnknown, &shop(&format!("{{port: 80, targetPort: {target}}}"), container, ""), "")
        };
        let http = "ports: [{name: http, containerPort: 3000}]";
        assert_eq!(to("http", http), "");
        assert_eq!(to("3000", http), "");
        assert_eq!(to("9999", http), "", "a number need not be declared");
        assert_eq!(to("'9999'", http), "", "nor one in quotes");
        insta::assert_snapshot!(to("htpp", http), @"error: Service/shop/web: sends requests to the port `htpp`, and no container of Deployment/shop/web has one of that name (there are http)");
        insta::assert_snapshot!(to("http", "image: a"), @"error: Service/shop/web: sends requests to the port `http`, and no container of Deployment/shop/web has one of that name (name it (`ports: [{name: http, containerPort: ...}]`), or give its number)");
    }

    #[test]
    fn a_probe_asks_a_port_of_its_own_container() {
        let with = |probe: &str| {
            let container = format!("ports: [{{name: http, containerPort: 3000}}], {probe}");
            told(Code::PortUnknown, &shop("{port: 80}", &container, ""), "")
        };
        let silent = [
            "readinessProbe: {httpGet: {port: http}}",
            "livenessProbe: {tcpSocket: {port: 3000}}",
            "readinessProbe: {exec: {command: [a]}}",
            "startupProbe: {grpc: {port: 3000}}",
        ];
        for probe in silent {
            assert_eq!(with(probe), "", "{probe}");
        }
        for (probe, how) in
            [("startupProbe", "tcpSocket"), ("livenessProbe", "httpGet"), ("readinessProbe", "httpGet")]
        {
            assert_eq!(
                with(&format!("{probe}: {{{how}: {{port: web}}}}")),
                format!(
                    "error: Deployment/shop/web: the {probe} of its container app asks the port `web`, which it does not have (the probe can only fail; name the port under the container's `ports`, or give its number)\n"
                )
            );
        }
    }

    #[test]
    fn a_gateway_listens_where_its_service_lets_requests_in() {
        let listening = |port: u64| {
            let spec =
                format!("{{selector: {{app: web}}, servers: [{{port: {{number: {port}}}, hosts: ['*']}}]}}");
            let more = istio("Gateway", &spec);
            told(Code::PortUnknown, &shop("{port: 80, targetPort: 8080}", "image: a", &more), "")
        };
        assert_eq!(listening(80), "");
        assert_eq!(listening(8080), "", "by the container's port");
        insta::assert_snapshot!(listening(443), @"warning: Gateway/shop/t: listens on port 443, which the Service web does not have (nothing comes in by it; have the Service let it in (`components.ingressGateways` in the profile's overlay), or name one of its ports: 80, 8080)");
    }
}
