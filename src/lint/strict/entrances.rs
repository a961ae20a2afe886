use serde_json::Value;

use super::super::ingresses::backends;
use super::super::pods::Pods;
use super::super::scene::about;
use super::doors::Door;
use super::{Closing, OR_PERMISSIVE};
use crate::finding::{Code, Finding, Severity};
use crate::object::Object;

const INGRESS: &str = "networking.k8s.io";

/// Ways into the mesh from outside of it that are not Istio's: Services with a port on the nodes or a load balancer,
/// and Ingresses.
pub(super) fn find(closing: &Closing<'_>) -> Vec<Finding> {
    let services = closing.scene.there("", "Service").filter_map(|service| of_service(closing, service));
    let ingresses =
        closing.scene.there(INGRESS, "Ingress").filter_map(|ingress| of_ingress(closing, ingress));
    services.chain(ingresses).collect()
}

fn of_service(closing: &Closing<'_>, service: &Object) -> Option<Finding> {
    let is_given = |field: &str| {
        service.pointer(field).and_then(Value::as_array).is_some_and(|addresses| !addresses.is_empty())
    };
    let how = match service.text("/spec/type") {
        Some("LoadBalancer") => "is reached by a load balancer",
        Some("NodePort") => "is reached by a port of the nodes",
        _ if is_given("/spec/externalIPs") => "is reached by an address outside of the cluster",
        _ => return None,
    };
    let namespace = service.namespace().unwrap_or_default();
    let doors: Vec<&Door<'_>> = closing.doors.of_service(namespace, service.name()).collect();
    finding(closing, service, how, &doors)
}

fn of_ingress(closing: &Closing<'_>, ingress: &Object) -> Option<Finding> {
    let class = class(closing, ingress);
    if class.as_deref().is_some_and(|class| class == "istio" || is_in_mesh(closing, class)) {
        return None;
    }
    let namespace = ingress.namespace().unwrap_or_default();
    let mut doors: Vec<&Door<'_>> = Vec::new();
    for backend in backends(ingress) {
        let name = backend["name"].as_str().unwrap_or_default();
        let port = &backend["port"];
        let led_to = closing.doors.of_service(namespace, name);
        doors.extend(led_to.filter(|door| door.is(&port["number"]) || door.is(&port["name"])));
    }
    doors.dedup_by_key(|door| door.address());
    let how =
        format!("brings requests in by the ingress controller `{}`", class.as_deref().unwrap_or("default"));
    finding(closing, ingress, &how, &doors)
}

fn finding(closing: &Closing<'_>, object: &Object, how: &str, doors: &[&Door<'_>]) -> Option<Finding> {
    if doors.is_empty() {
        return None;
    }
    let addresses: Vec<String> = doors.iter().map(|door| door.address()).collect();
    let seen = format!(
        "{how}, without a certificate of the mesh; {} will answer the mesh alone, and requests from outside will be cut off",
        addresses.join(", ")
    );
    let hint = format!(
        "let them come in by Istio's ingress gateway (a Gateway and a VirtualService), leave the ports PERMISSIVE by a \
         PeerAuthentication with a selector, {OR_PERMISSIVE}"
    );
    Some(about(closing.scene, object, Code::EntranceCutOff, Severity::Error, seen, hint))
}

/// The class of an Ingress: its own, or the one that is the default.
fn class(closing: &Closing<'_>, ingress: &Object) -> Option<String> {
    let own =
        ingress.text("/spec/ingressClassName").or_else(|| ingress.annotation("kubernetes.io/ingress.class"));
    let is_default =
        |class: &&Object| class.annotation("ingressclass.kubernetes.io/is-default-class") == Some("true");
    let default = || closing.scene.there(INGRESS, "IngressClass").find(is_default).map(Object::name);
    own.or_else(default).map(str::to_owned)
}

/// Whether the class's controller has a sidecar. Its pods are known by what charts call them
/// (`app.kubernetes.io/name`), which is part of the controller's name: `k8s.io/ingress-nginx`,
/// `traefik.io/ingress-controller`.
fn is_in_mesh(closing: &Closing<'_>, class: &str) -> bool {
    let mut classes = closing.scene.there(INGRESS, "IngressClass");
    let controller =
        classes.find(|known| known.name() == class).and_then(|known| known.text("/spec/controller"));
    let controller = controller.unwrap_or(class);
    if controller == "istio.io/ingress-controller" {
        return true;
    }
    let words: Vec<&str> = controller.split(['/', '.']).chain([class]).collect();
    let is_its =
        |pods: &&Pods<'_>| pods.label("app.kubernetes.io/name").is_some_and(|name| words.contains(&name));
    closing.members.insiders.iter().any(|pods| is_its(&pods))
}
