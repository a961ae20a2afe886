//! Ingresses that lead to a Service or a port that is not there.

use serde_json::Value;

use super::ports::ports;
use super::scene::{Scene, found};
use crate::finding::{Code, Finding, Severity};
use crate::object::{Object, nearest};
use crate::plan::Placed;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    let ingresses = scene.planned_of("networking.k8s.io", "Ingress");
    ingresses.flat_map(|placed| backends(&placed.object).filter_map(|it| of(scene, placed, it))).collect()
}

/// The Services that an Ingress leads to.
pub(super) fn backends(ingress: &Object) -> impl Iterator<Item = &Value> {
    let rules = ingress.pointer("/spec/rules").and_then(Value::as_array).into_iter().flatten();
    let paths = rules.filter_map(|rule| rule["http"]["paths"].as_array()).flatten();
    let services = paths.filter_map(|path| path["backend"].get("service"));
    services.chain(ingress.pointer("/spec/defaultBackend/service"))
}

fn of(scene: &Scene<'_>, placed: &Placed, backend: &Value) -> Option<Finding> {
    let namespace = placed.object.namespace()?;
    let name = backend["name"].as_str()?;
    let Some(service) = scene.get("", "Service", namespace, name) else {
        let seen = format!("its route leads to `{name}`, and {namespace} has no Service of that name");
        let own = scene.there("", "Service").filter(|service| service.namespace() == Some(namespace));
        let hint = match nearest(name, own.map(Object::name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "requests get 503 until there is one; an Ingress reaches the Services of its own namespace"
                    .to_owned()
            }
        };
        return Some(found(placed, Code::DestinationUnknown, scene.severity(&[("", "Service")]), seen, hint));
    };
    let (number, called) = (&backend["port"]["number"], &backend["port"]["name"]);
    let is_it = |port: &Value| port["port"] == *number || (called.is_string() && port["name"] == *called);
    // A Service without ports of its own is a name for something else.
    if ports(service).next().is_none() || ports(service).any(is_it) {
        return None;
    }
    let wanted = called.as_str().map_or_else(|| number.to_string(), str::to_owned);
    let known: Vec<String> =
        ports(service).filter_map(|port| port["port"].as_u64()).map(|it| it.to_string()).collect();
    let seen = format!("its route leads to port {wanted} of `{name}`, which has {}", known.join(", "));
    let hint = "requests get 503; name one of its ports (a Service's `port`, not its `targetPort`)";
    Some(found(placed, Code::PortUnknown, Severity::Error, seen, hint))
}

#[cfg(test)]
mod tests {
    use super::super::testing::told;
    use super::*;

    const SERVICE: &str = "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {ports: [{name: http, port: 80, targetPort: 3000}]}}";

    fn ingress(backend: &str) -> String {
        format!(
            "{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: front, namespace: shop}},
               spec: {{rules: [{{http: {{paths: [{{backend: {{service: {{{backend}}}}}}}]}}}}]}}}}"
        )
    }

    #[test]
    fn an_ingress_leads_to_a_service_and_a_port_of_its_namespace() {
        let table = [
            ("name: web, port: {number: 80}", ""),
            ("name: web, port: {name: http}", ""),
            ("name: wbe, port: {number: 80}", "KSI-205"),
            ("name: web, port: {number: 3000}", "KSI-210"),
            ("name: web, port: {name: https}", "KSI-210"),
        ];
        for (backend, expected) in table {
            for (code, name) in [(Code::DestinationUnknown, "KSI-205"), (Code::PortUnknown, "KSI-210")] {
                let told = told(code, &ingress(backend), SERVICE);
                assert_eq!(!told.is_empty(), name == expected, "{backend}: {told}");
            }
        }
        let unknown = |backend| told(Code::DestinationUnknown, &ingress(backend), SERVICE);
        insta::assert_snapshot!(unknown("name: wbe, port: {number: 80}"), @"error: Ingress/shop/front: its route leads to `wbe`, and shop has no Service of that name (did you mean `web`?)");
        insta::assert_snapshot!(told(Code::PortUnknown, &ingress("name: web, port: {number: 3000}"), SERVICE), @"error: Ingress/shop/front: its route leads to port 3000 of `web`, which has 80 (requests get 503; name one of its ports (a Service's `port`, not its `targetPort`))");
        let elsewhere = SERVICE.replace("shop", "bank");
        assert_ne!(told(Code::DestinationUnknown, &ingress("name: web, port: {number: 80}"), &elsewhere), "");
        let default = "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: front, namespace: shop}, spec: {defaultBackend: {service: {name: api, port: {number: 80}}}}}";
        assert_ne!(told(Code::DestinationUnknown, default, SERVICE), "");
    }
}
