//! What stands behind a Service: which port is meant, which pods it selects, and which of them is ready.

use serde_json::Value;

use crate::object::Object;

/// The selector as the API takes it; empty where there is none.
pub(super) fn selector(service: &Object) -> String {
    let labels = service.pointer("/spec/selector").and_then(Value::as_object).into_iter().flatten();
    let labels = labels.filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
    labels.collect::<Vec<_>>().join(",")
}

/// The port that a browser would want: the first that is named as HTTP, else the first for TCP.
pub(super) fn port(service: &Object) -> Option<u16> {
    let is_http = |port: &&Value| {
        let name = port["name"].as_str().or_else(|| port["appProtocol"].as_str()).unwrap_or_default();
        name.starts_with("http") && !name.starts_with("https")
    };
    let port = ports(service).find(is_http).or_else(|| ports(service).next())?;
    port["port"].as_u64()?.try_into().ok()
}

fn ports(service: &Object) -> impl Iterator<Item = &Value> {
    let ports = service.pointer("/spec/ports").and_then(Value::as_array).into_iter().flatten();
    ports.filter(|port| port["protocol"].as_str().is_none_or(|protocol| protocol == "TCP"))
}

/// The first pod that is ready, with the port of its own that the Service's port leads to; else why there is none.
pub(super) fn ready(service: &Object, port: u16, pods: Vec<Object>) -> Result<(Object, u16), String> {
    let (all, id) = (pods.len(), service.id());
    let Some(pod) = pods.into_iter().find(is_ready) else {
        return Err(match all {
            0 => format!("there is no pod behind {id}"),
            _ => format!("no pod behind {id} is ready"),
        });
    };
    let target = target(service, port, &pod);
    let target =
        target.ok_or_else(|| format!("the target of port {port} of {id} is no port of {}", pod.id()))?;
    Ok((pod, target))
}

/// Whether it takes calls, and is not about to end.
fn is_ready(pod: &Object) -> bool {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    let is_ready = conditions.filter(|it| it["type"] == "Ready").any(|it| it["status"] == "True");
    is_ready && !pod.is_being_deleted()
}

fn target(service: &Object, port: u16, pod: &Object) -> Option<u16> {
    let of_service = ports(service).find(|it| it["port"].as_u64() == Some(port.into()))?;
    match &of_service["targetPort"] {
        Value::String(name) => named(pod, name),
        Value::Number(number) => number.as_u64()?.try_into().ok(),
        _ => Some(port),
    }
}

/// A port by its name, in whichever container has it.
fn named(pod: &Object, name: &str) -> Option<u16> {
    let lists = ["/spec/containers", "/spec/initContainers"];
    let containers = lists.iter().filter_map(|list| pod.pointer(list)?.as_array()).flatten();
    let mut ports = containers.filter_map(|container| container["ports"].as_array()).flatten();
    ports.find(|port| port["name"] == name)?["containerPort"].as_u64()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn service(ports: Value) -> Object {
        let spec = json!({"selector": {"app": "web", "tier": "front"}, "ports": ports});
        let metadata = json!({"name": "web", "namespace": "shop"});
        Object::new(json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}))
            .unwrap()
    }

    fn pod(name: &str, is_ready: &str) -> Object {
        let ports = json!([{"name": "http", "containerPort": 8080}]);
        Object::new(
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"containers": [{"name": "web", "ports": ports}]},
            "status": {"conditions": [{"type": "Ready", "status": is_ready}]}}),
        )
        .unwrap()
    }

    #[test]
    fn the_port_for_a_browser_is_the_one_that_is_named_as_http() {
        let table = [
            (json!([{"name": "status", "port": 15021}, {"name": "http2", "port": 80}]), Some(80)),
            (json!([{"name": "https", "port": 443}, {"name": "http-query", "port": 80}]), Some(80)),
            (json!([{"protocol": "UDP", "port": 53}, {"port": 9090}]), Some(9090)),
            (json!([{"protocol": "UDP", "port": 53}]), None),
        ];
        for (ports, expected) in table {
            assert_eq!(port(&service(ports.clone())), expected, "{ports}");
        }
        assert_eq!(selector(&service(json!([]))), "app=web,tier=front");
    }

    #[test]
    fn a_ready_pod_is_taken_with_the_port_that_the_services_leads_to() {
        let mut ending = pod("ending", "True");
        ending.fields_mut()["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        let pods = || vec![ending.clone(), pod("starting", "False"), pod("ready", "True")];
        let to = |target: Value, pods: Vec<Object>| {
            let service = service(json!([{"port": 80, "targetPort": target}]));
            ready(&service, 80, pods).map(|(pod, port)| format!("{} {port}", pod.name()))
        };
        assert_eq!(to(json!(3000), pods()), Ok("ready 3000".to_owned()));
        assert_eq!(to(json!("http"), pods()), Ok("ready 8080".to_owned()));
        assert_eq!(to(json!(null), pods()), Ok("ready 80".to_owned()));
        let why = |target, pods| to(target, pods).unwrap_err();
        assert_eq!(
            why(json!("grpc"), pods()),
            "the target of port 80 of Service/shop/web is no port of Pod/shop/ready"
        );
        assert_eq!(why(json!(80), vec![ending.clone()]), "no pod behind Service/shop/web is ready");
        assert_eq!(why(json!(80), vec![]), "there is no pod behind Service/shop/web");
    }
}
