//! What a service asks of those who call it, and what callers are told to do: the PeerAuthentications and
//! DestinationRules that hold for it, and who sets them (istio.io/docs/reference/config/security/peer_authentication).

use serde_json::Value;

use super::pods::{is_probe, items, selects};
use super::seen::Seen;
use crate::object::yaml::parse_documents;
use crate::object::{Object, ObjectId};

/// Whether a port takes plaintext, and which policy says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mode {
    /// `STRICT`, `PERMISSIVE` or `DISABLE`.
    pub(super) mode: String,
    /// None where nobody has said anything, and Istio's own PERMISSIVE holds.
    pub(super) set_by: Option<ObjectId>,
    pub(super) level: Level,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Mesh,
    Namespace,
    Workload,
    Port(u16),
}

/// What holds for the port of each pod that a Service leads to, each once.
pub(super) fn modes(service: &Object, seen: &Seen) -> Vec<Mode> {
    let namespace = service.namespace().unwrap_or_default();
    let selector = service.pointer("/spec/selector");
    let pods = seen.pods(namespace).filter(|pod| !is_probe(pod));
    let behind = pods.filter(|pod| selects(selector, pod.pointer("/metadata/labels")));
    let mut modes = Vec::new();
    for pod in behind {
        let mode = mode(pod, port_of(service, pod), seen);
        if !modes.contains(&mode) {
            modes.push(mode);
        }
    }
    modes
}

/// The narrowest policy that says something holds; of two that are alike, the older one.
fn mode(pod: &Object, port: Option<u16>, seen: &Seen) -> Mode {
    let root = root_namespace(seen);
    let mut policies: Vec<&Object> =
        seen.objects.of_kind("security.istio.io", "PeerAuthentication").collect();
    policies.sort_by_key(|policy| (policy.text("/metadata/creationTimestamp"), policy.name()));
    let own = policies.iter().filter(|policy| policy.namespace() == pod.namespace());
    let labels = pod.pointer("/metadata/labels");
    let for_pod: Vec<&&Object> =
        own.clone().filter(|policy| selects(policy.pointer("/spec/selector/matchLabels"), labels)).collect();
    let is_wide = |policy: &&&&Object| policy.pointer("/spec/selector").is_none();
    let said = |mode: Option<&Value>| {
        mode.and_then(Value::as_str).filter(|mode| *mode != "UNSET").map(str::to_owned)
    };
    let port_level = for_pod.iter().find_map(|policy| {
        let ports = policy.pointer("/spec/portLevelMtls")?;
        let mode = said(ports.get(port?.to_string())?.get("mode"))?;
        Some(Mode { mode, set_by: Some(policy.id()), level: Level::Port(port?) })
    });
    let of = |policy: &Object, level| {
        Some(Mode { mode: said(policy.pointer("/spec/mtls/mode"))?, set_by: Some(policy.id()), level })
    };
    port_level
        .or_else(|| for_pod.iter().find_map(|policy| of(policy, Level::Workload)))
        .or_else(|| {
            own.clone().filter(|policy| is_wide(&policy)).find_map(|policy| of(policy, Level::Namespace))
        })
        .or_else(|| {
            let wide = policies.iter().filter(|policy| policy.namespace() == Some(&root));
            wide.filter(|policy| is_wide(&policy)).find_map(|policy| of(policy, Level::Mesh))
        })
        .unwrap_or_else(|| Mode { mode: "PERMISSIVE".to_owned(), set_by: None, level: Level::Mesh })
}

/// The port that the pod listens at for the first port of a Service.
fn port_of(service: &Object, pod: &Object) -> Option<u16> {
    let port = items(service, "/spec/ports").next()?;
    let number = |value: &Value| value.as_u64()?.try_into().ok();
    match &port["targetPort"] {
        Value::String(name) => {
            let ports = items(pod, "/spec/containers").filter_map(|container| container["ports"].as_array());
            number(&ports.flatten().find(|port| port["name"] == name.as_str())?["containerPort"])
        }
        Value::Null => number(&port["port"]),
        target => number(target),
    }
}

/// The DestinationRule that has callers of a Service do without the mesh's TLS, and the mode that it says.
pub(super) fn without_tls<'a>(service: &Object, seen: &'a Seen) -> Option<(&'a Object, &'a str)> {
    let rules = seen.objects.of_kind("networking.istio.io", "DestinationRule");
    let its_own = rules.filter(|rule| is_about(rule, service));
    let port = items(service, "/spec/ports").next().and_then(|port| port["port"].as_u64());
    let mode = |rule: &'a Object| {
        let mut settings = items(rule, "/spec/trafficPolicy/portLevelSettings");
        let for_port = settings.find(|setting| setting["port"]["number"].as_u64() == port);
        for_port
            .and_then(|setting| setting["tls"]["mode"].as_str())
            .or_else(|| rule.text("/spec/trafficPolicy/tls/mode"))
    };
    its_own.filter_map(|rule| Some((rule, mode(rule)?))).find(|(_, mode)| *mode != "ISTIO_MUTUAL")
}

fn is_about(rule: &Object, service: &Object) -> bool {
    let (Some(host), Some(namespace)) = (rule.text("/spec/host"), service.namespace()) else { return false };
    let name = service.name();
    let full = format!("{name}.{namespace}.svc.cluster.local");
    match host.strip_prefix('*') {
        Some(rest) => full.ends_with(rest),
        None if !host.contains('.') => host == name && rule.namespace() == Some(namespace),
        None => {
            host == full
                || full.strip_prefix(host).is_some_and(|rest| rest.starts_with('.'))
                    && host.contains(namespace)
        }
    }
}

/// Where a policy without a selector is one for the whole mesh, as the ConfigMap `istio` says.
fn root_namespace(seen: &Seen) -> String {
    let mut maps = seen.objects.of_kind("", "ConfigMap").filter(|map| map.name() == "istio");
    let text = maps.find_map(|map| map.text("/data/mesh"));
    let mesh = text.and_then(|text| parse_documents(text).ok()?.into_iter().next());
    let root = mesh.as_ref().and_then(|mesh| mesh.value["rootNamespace"].as_str());
    root.unwrap_or_else(|| seen.istio_namespace()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{objects, shop};
    use super::*;

    fn policy(name: &str, namespace: &str, spec: &str) -> String {
        format!(
            "---\n{{apiVersion: security.istio.io/v1beta1, kind: PeerAuthentication, metadata: {{name: {name}, namespace: {namespace}}}, spec: {spec}}}\n"
        )
    }

    fn told(policies: &[String]) -> String {
        let (promised, seen) = shop(&policies.concat());
        let service = promised.services().next().unwrap();
        let told = modes(service, &seen).into_iter().map(|Mode { mode, set_by, level }| {
            let set_by = set_by.map_or("nobody".to_owned(), |policy| policy.name);
            format!("{mode} by {set_by} for {level:?}")
        });
        told.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_narrowest_policy_that_says_something_holds() {
        let mesh = policy("mesh", "istio-system", "{mtls: {mode: STRICT}}");
        let namespace = policy("namespace", "shop", "{mtls: {mode: PERMISSIVE}}");
        let unset = policy("unset", "shop", "{mtls: {mode: UNSET}}");
        let elsewhere = policy("elsewhere", "other", "{mtls: {mode: DISABLE}}");
        let workload =
            policy("workload", "shop", "{selector: {matchLabels: {app: web}}, mtls: {mode: STRICT}}");
        let other = policy("other", "shop", "{selector: {matchLabels: {app: api}}, mtls: {mode: DISABLE}}");
        let port = policy(
            "port",
            "shop",
            "{selector: {matchLabels: {app: web}}, portLevelMtls: {80: {mode: DISABLE}, 81: {mode: STRICT}}}",
        );
        let cases = [
            (vec![], "PERMISSIVE by nobody for Mesh"),
            (vec![mesh.clone()], "STRICT by mesh for Mesh"),
            (vec![mesh.clone(), elsewhere, other], "STRICT by mesh for Mesh"),
            (vec![mesh.clone(), unset], "STRICT by mesh for Mesh"),
            (vec![mesh.clone(), namespace.clone()], "PERMISSIVE by namespace for Namespace"),
            (vec![mesh.clone(), namespace.clone(), workload.clone()], "STRICT by workload for Workload"),
            (vec![mesh, namespace, workload, port], "DISABLE by port for Port(80)"),
        ];
        for (policies, expected) in cases {
            assert_eq!(told(&policies), expected, "{policies:#?}");
        }
    }

    #[test]
    fn a_rule_without_tls_is_found_by_its_host_and_port() {
        let rule = |host: &str, namespace: &str, policy: &str| {
            format!(
                "{{apiVersion: networking.istio.io/v1beta1, kind: DestinationRule, metadata: {{name: rule, namespace: {namespace}}}, spec: {{host: '{host}', trafficPolicy: {policy}}}}}"
            )
        };
        let off = "{tls: {mode: DISABLE}}";
        let cases = [
            (rule("web", "shop", off), true),
            (rule("web", "other", off), false),
            (rule("web.shop", "other", off), true),
            (rule("web.shop.svc.cluster.local", "other", off), true),
            (rule("*.local", "istio-system", off), true),
            (rule("*.other.svc.cluster.local", "istio-system", off), false),
            (rule("api", "shop", off), false),
            (rule("web", "shop", "{tls: {mode: ISTIO_MUTUAL}}"), false),
            (rule("web", "shop", "{loadBalancer: {simple: RANDOM}}"), false),
            (
                rule(
                    "web",
                    "shop",
                    "{tls: {mode: ISTIO_MUTUAL}, portLevelSettings: [{port: {number: 80}, tls: {mode: SIMPLE}}]}",
                ),
                true,
            ),
            (
                rule(
                    "web",
                    "shop",
                    "{tls: {mode: DISABLE}, portLevelSettings: [{port: {number: 80}, tls: {mode: ISTIO_MUTUAL}}]}",
                ),
                false,
            ),
        ];
        for (rule, is_off) in cases {
            let (promised, mut seen) = shop("");
            seen.objects.extend(objects(&rule));
            let service = promised.services().next().unwrap();
            assert_eq!(without_tls(service, &seen).is_some(), is_off, "{rule}");
        }
    }
}
