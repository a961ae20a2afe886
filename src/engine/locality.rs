use std::net::IpAddr;

use crate::lint::Machine;
use crate::object::Object;

/// Whether a cluster looks like one of this machine's own, where nothing is harmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Locality {
    Local,
    /// And why it looks so.
    Elsewhere(String),
}

/// Judges by the server's address and by the nodes, never by a name: a context may be called `kind`
/// and lead to production, and a loopback address may be a tunnel to it. `nodes` is None where they
/// may not be listed.
pub fn locality(server: &str, nodes: Option<&[Object]>) -> Locality {
    let Some(nodes) = nodes else {
        return Locality::Elsewhere("its nodes may not be listed".to_owned());
    };
    let foreign = |node| if let Machine::Of(provider) = Machine::of(node) { Some(provider) } else { None };
    if let Some(provider) = nodes.iter().find_map(foreign) {
        return Locality::Elsewhere(format!("its nodes are of `{provider}`"));
    }
    let is_all_local = !nodes.is_empty() && nodes.iter().all(|node| Machine::of(node) == Machine::Local);
    match address(server) {
        Address::Loopback => Locality::Local,
        Address::Private if is_all_local => Locality::Local,
        _ => Locality::Elsewhere("its server is not on this machine".to_owned()),
    }
}

enum Address {
    Loopback,
    Private,
    Other,
}

fn address(server: &str) -> Address {
    let url = url::Url::parse(server).ok();
    match url.as_ref().and_then(url::Url::host) {
        Some(url::Host::Domain("localhost" | "kubernetes.docker.internal")) => Address::Loopback,
        // k3d writes the address that a server listens at on this machine: all of them.
        Some(url::Host::Ipv4(ip)) if ip.is_loopback() || ip.is_unspecified() => Address::Loopback,
        Some(url::Host::Ipv6(ip)) if ip.is_loopback() || ip.is_unspecified() => Address::Loopback,
        Some(url::Host::Ipv4(ip)) if is_private(ip.into()) => Address::Private,
        Some(url::Host::Ipv6(ip)) if is_private(ip.into()) => Address::Private,
        _ => Address::Other,
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn node(provider: Option<&str>, labels: serde_json::Value) -> Object {
        let metadata = json!({"name": "node", "labels": labels});
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": metadata,
            "spec": {"providerID": provider}});
        Object::new(node).unwrap()
    }

    #[test]
    fn a_cluster_is_judged_by_its_address_and_its_nodes() {
        let plain = || node(None, json!({}));
        let kind = || node(Some("kind://docker/kind/kind-control-plane"), json!({}));
        let cloud = || node(Some("aws:///eu-west-1a/i-0abc"), json!({}));
        let minikube = || node(None, json!({"minikube.k8s.io/name": "minikube"}));
        let k3d = || node(Some("k3s://k3d-shop-server-0"), json!({}));
        let docker_desktop = || node(Some("kind://docker/desktop/desktop-control-plane"), json!({}));
        let cases = [
            ("https://127.0.0.1:6443", vec![plain()], true, "a loopback address"),
            ("https://0.0.0.0:40101", vec![k3d()], true, "k3d"),
            ("https://0.0.0.0:40101", vec![cloud()], false, "a tunnel that listens everywhere"),
            ("https://kubernetes.docker.internal:6443", vec![plain()], true, "Docker Desktop"),
            ("https://127.0.0.1:53021", vec![docker_desktop()], true, "Docker Desktop, by kind"),
            ("https://localhost:6443", vec![kind()], true, "kind"),
            ("https://[::1]:6443", vec![], true, "no nodes yet"),
            ("https://127.0.0.1:6443", vec![cloud()], false, "a tunnel to a cloud"),
            ("https://127.0.0.1:6443", vec![kind(), cloud()], false, "one node of a cloud"),
            ("https://192.168.49.2:8443", vec![minikube()], true, "minikube's own network"),
            ("https://192.168.49.2:8443", vec![plain()], false, "some private network"),
            ("https://192.168.49.2:8443", vec![minikube(), plain()], false, "not all nodes are local"),
            ("https://192.168.49.2:8443", vec![], false, "a private network, no nodes"),
            ("https://203.0.113.7", vec![kind()], false, "a public address"),
            ("https://kind.example.org", vec![kind()], false, "a name proves nothing"),
        ];
        for (server, nodes, local, why) in cases {
            assert_eq!(locality(server, Some(&nodes)) == Locality::Local, local, "{why}");
        }
        assert_ne!(locality("https://127.0.0.1", None), Locality::Local, "nodes may not be listed");
    }
}
