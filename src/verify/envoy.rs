//! What a proxy says of itself: the answers of Envoy's admin address, as pilot-agent passes them on.
//!
//! The names are istiod's: a cluster is `outbound|PORT|SUBSET|HOST`, a virtual host `HOST:PORT`, and a route carries
//! the path of the VirtualService that it comes from (`pilot/pkg/networking/core`).

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::duration;
use crate::object::{Object, ObjectId};

/// Counts the TLS sessions with each service, where the pod's annotation has them counted.
pub const SESSIONS: &str = "stats?filter=ssl";
/// The certificate that the proxy shows.
pub const CERTIFICATES: &str = "certs";
/// The identities that it accepts of each service.
pub const CLUSTERS: &str = "config_dump?resource=dynamic_active_clusters";
/// The routes that it runs.
pub const ROUTES: &str = "config_dump?resource=dynamic_route_configs";

/// Has a sidecar count its TLS sessions, those that failed too: it leaves them out else.
pub(super) const COUNT_SESSIONS: (&str, &str) = (
    "sidecar.istio.io/statsInclusionRegexps",
    r"cluster\.outbound.*ssl\.(handshake|connection_error|fail_verify_error|fail_verify_san)",
);

/// What a proxy that called a service knows of the other end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// TLS sessions that came about.
    pub sessions: u64,
    /// Attempts at one that failed: a certificate was not accepted, or the other end broke off.
    pub failures: u64,
    /// Its own identity, as a SPIFFE URI.
    pub own: String,
    /// Those that it accepts at the other end.
    pub theirs: Vec<String>,
}

/// One route of a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `web.shop.svc.cluster.local:80`
    pub virtual_host: String,
    /// Namespace and name of the VirtualService that it comes from.
    pub origin: Option<(String, String)>,
    pub rule: Rule,
}

/// How long and how often a call is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// None where it may take for ever.
    pub timeout: Option<Duration>,
    pub retries: u64,
    /// None where each try may take as long as all.
    pub per_try: Option<Duration>,
}

/// What the answers to [`SESSIONS`], [`CERTIFICATES`] and [`CLUSTERS`] say of the connections to each of these
/// Services.
pub fn connections<'a>(
    services: impl Iterator<Item = &'a Object>,
    stats: &str,
    certificates: &str,
    clusters: &str,
) -> BTreeMap<ObjectId, Connection> {
    let own = identity(certificates).unwrap_or_default();
    let dump: Value = serde_json::from_str(clusters).unwrap_or_default();
    let of = |service: &Object| {
        let host = format!("{}.{}.svc.", service.name(), service.namespace().unwrap_or_default());
        let is_its_own = |cluster: &str| {
            let mut parts = cluster.split('|');
            parts.next() == Some("outbound") && parts.nth(2).is_some_and(|name| name.starts_with(&host))
        };
        let (mut sessions, mut failures) = (0, 0);
        let counters = stats.lines().filter_map(counter).filter(|(cluster, ..)| is_its_own(cluster));
        for (_, what, count) in counters {
            match what {
                "handshake" => sessions += count,
                "connection_error" | "fail_verify_error" | "fail_verify_san" => failures += count,
                _ => {}
            }
        }
        let configs = dump["configs"].as_array().into_iter().flatten().map(|config| &config["cluster"]);
        let its_own = configs.filter(|cluster| cluster["name"].as_str().is_some_and(is_its_own));
        let mut theirs: Vec<String> = its_own.flat_map(accepted).collect();
        theirs.sort();
        theirs.dedup();
        (service.id(), Connection { sessions, failures, own: own.clone(), theirs })
    };
    services.map(of).collect()
}

/// A counter of a cluster's TLS: `cluster.outbound|80||web.shop.svc.cluster.local.ssl.handshake: 1`.
fn counter(line: &str) -> Option<(&str, &str, u64)> {
    let (name, count) = line.rsplit_once(": ")?;
    let (cluster, what) = name.strip_prefix("cluster.")?.rsplit_once("ssl.")?;
    Some((cluster, what, count.trim().parse().ok()?))
}

/// The SPIFFE identity in the first certificate that has one.
fn identity(certificates: &str) -> Option<String> {
    let certificates: Value = serde_json::from_str(certificates).ok()?;
    let chains = certificates["certificates"].as_array()?.iter().filter_map(|it| it["cert_chain"].as_array());
    let names = chains.flatten().filter_map(|chain| chain["subject_alt_names"].as_array()).flatten();
    names.filter_map(|name| name["uri"].as_str()).find(|uri| uri.starts_with("spiffe://")).map(str::to_owned)
}

/// The names that a cluster's TLS accepts: in its own transport socket, or in that of the mesh where both are possible.
fn accepted(cluster: &Value) -> Vec<String> {
    let matches = cluster["transport_socket_matches"].as_array().into_iter().flatten();
    let sockets = matches.map(|it| &it["transport_socket"]).chain([&cluster["transport_socket"]]);
    let contexts = sockets.map(|socket| {
        &socket["typed_config"]["common_tls_context"]["combined_validation_context"]["default_validation_context"]
    });
    let names = contexts.filter_map(|context| context["match_subject_alt_names"].as_array()).flatten();
    names.filter_map(|name| name["exact"].as_str()).map(str::to_owned).collect()
}

impl Route {
    /// Reads the answer to [`ROUTES`].
    ///
    /// # Errors
    /// In words, where it is no such answer.
    pub fn read_all(dump: &str) -> Result<Vec<Self>, String> {
        let dump: Value = serde_json::from_str(dump).map_err(|error| format!("/config_dump: {error}"))?;
        let configs = dump["configs"].as_array().into_iter().flatten();
        let hosts = configs.filter_map(|config| config["route_config"]["virtual_hosts"].as_array()).flatten();
        let routes = hosts.flat_map(|host| {
            let name = host["name"].as_str().unwrap_or_default();
            host["routes"].as_array().into_iter().flatten().map(move |route| Self::read(name, route))
        });
        Ok(routes.collect())
    }

    fn read(virtual_host: &str, route: &Value) -> Self {
        let action = &route["route"];
        let policy = &action["retry_policy"];
        let time = |value: &Value| value.as_str().and_then(duration).filter(|time| !time.is_zero());
        Self {
            virtual_host: virtual_host.to_owned(),
            origin: route["metadata"]["filter_metadata"]["istio"]["config"].as_str().and_then(origin),
            rule: Rule {
                timeout: time(&action["timeout"]),
                // Envoy's own number, where there is a policy that names none.
                retries: if policy.is_null() { 0 } else { policy["num_retries"].as_u64().unwrap_or(1) },
                per_try: time(&policy["per_try_timeout"]),
            },
        }
    }
}

/// Of `/apis/networking.istio.io/v1alpha3/namespaces/shop/virtual-service/web`.
fn origin(config: &str) -> Option<(String, String)> {
    let (_, place) = config.split_once("/namespaces/")?;
    let (namespace, name) = place.split_once("/virtual-service/")?;
    Some((namespace.to_owned(), name.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn service() -> Object {
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}});
        Object::new(service).unwrap()
    }

    const CERTIFICATES: &str = r#"{"certificates": [
        {"ca_cert": [{"path": "<inline>", "subject_alt_names": []}],
         "cert_chain": [{"path": "<inline>", "days_until_expiration": "0",
            "subject_alt_names": [{"uri": "spiffe://cluster.local/ns/shop/sa/orders"}]}]}]}"#;

    /// As Istio 1.18.0 configures Envoy: with a DestinationRule, and where the mesh decides by itself.
    fn clusters() -> String {
        let tls = json!({"name": "envoy.transport_sockets.tls", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "common_tls_context": {"alpn_protocols": ["istio-peer-exchange", "istio"],
                "combined_validation_context": {"default_validation_context": {
                    "match_subject_alt_names": [{"exact": "spiffe://cluster.local/ns/shop/sa/web"}]}}},
            "sni": "outbound_.80_._.web.shop.svc.cluster.local"}});
        let plain = json!({"name": "tlsMode-disabled", "match": {},
            "transport_socket": {"name": "envoy.transport_sockets.raw_buffer"}});
        let own =
            json!({"cluster": {"name": "outbound|80||web.shop.svc.cluster.local", "transport_socket": tls}});
        let automatic = json!({"cluster": {"name": "outbound|80||web.other.svc.cluster.local",
            "transport_socket_matches": [{"name": "tlsMode-istio", "transport_socket": tls}, plain]}});
        json!({"configs": [own, automatic]}).to_string()
    }

    #[test]
    fn attempts_that_failed_are_counted_apart() {
        let stats = "cluster.outbound|80||web.shop.svc.cluster.local.ssl.fail_verify_error: 3\n\
                     cluster.outbound|80||web.shop.svc.cluster.local.ssl.connection_error: 1\n\
                     cluster.outbound|80||web.shop.svc.cluster.local.ssl.ciphers.x: 9\n\
                     cluster.outbound|80||web.shop.svc.cluster.local.ssl.handshake: 0\n";
        let told = connections([service()].iter(), stats, CERTIFICATES, &clusters());
        assert_eq!((told[&service().id()].sessions, told[&service().id()].failures), (0, 4));
    }

    #[test]
    fn both_ends_of_a_connection_are_told_by_the_proxy_that_made_it() {
        let of_1_18 = "cluster.outbound|80||web.other.svc.cluster.local.ssl.handshake: 7\n\
                       cluster.outbound|80||web.shop.svc.cluster.local.ssl.handshake: 2\n";
        let newer = of_1_18.replace(".local.ssl", ".local;.ssl");
        let expected = Connection {
            sessions: 2,
            failures: 0,
            own: "spiffe://cluster.local/ns/shop/sa/orders".to_owned(),
            theirs: vec!["spiffe://cluster.local/ns/shop/sa/web".to_owned()],
        };
        for stats in [of_1_18, &newer] {
            let told = connections([service()].iter(), stats, CERTIFICATES, &clusters());
            assert_eq!(told[&service().id()], expected);
        }
        let told = connections([service()].iter(), "", "", "not json");
        assert_eq!(told[&service().id()], Connection::default());
    }

    #[test]
    fn what_the_mesh_decides_by_itself_is_accepted_as_well() {
        let dump: Value = serde_json::from_str(&clusters()).unwrap();
        let names = dump["configs"].as_array().unwrap().iter().map(|config| accepted(&config["cluster"]));
        assert!(names.into_iter().all(|names| names == ["spiffe://cluster.local/ns/shop/sa/web"]));
    }

    /// As Istio 1.18.0 configures Envoy.
    #[test]
    fn a_route_has_its_origin_and_its_rule() {
        let route = |route: Value, config: &str| {
            json!({"match": {"prefix": "/"}, "route": route,
                "metadata": {"filter_metadata": {"istio": {"config": config}}},
                "decorator": {"operation": "web.shop.svc.cluster.local:80/*"}})
        };
        let retried = json!({"cluster": "outbound|80||web.shop.svc.cluster.local", "timeout": "30s",
            "retry_policy": {"retry_on": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
                "num_retries": 3, "per_try_timeout": "10s", "host_selection_retry_max_attempts": "5",
                "retriable_status_codes": [503]}, "max_grpc_timeout": "30s"});
        let bare = json!({"cluster": "PassthroughCluster", "timeout": "0s"});
        let origin = "/apis/networking.istio.io/v1alpha3/namespaces/shop/virtual-service/web";
        let dump = json!({"configs": [{
            "@type": "type.googleapis.com/envoy.admin.v3.RoutesConfigDump.DynamicRouteConfig",
            "route_config": {"name": "80", "virtual_hosts": [
                {"name": "web.shop.svc.cluster.local:80", "routes": [route(retried, origin)]},
                {"name": "allow_any", "routes": [{"match": {"prefix": "/"}, "route": bare}]}]}}]});
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let expected = [
            Route {
                virtual_host: "web.shop.svc.cluster.local:80".to_owned(),
                origin: Some(("shop".to_owned(), "web".to_owned())),
                rule: Rule { timeout: seconds(30), retries: 3, per_try: seconds(10) },
            },
            Route {
                virtual_host: "allow_any".to_owned(),
                origin: None,
                rule: Rule { timeout: None, retries: 0, per_try: None },
            },
        ];
        assert_eq!(Route::read_all(&dump.to_string()).unwrap(), expected);
        assert!(Route::read_all("upstream connect error").is_err());
    }
}
