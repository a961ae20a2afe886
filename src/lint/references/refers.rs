use serde_json::Value;

use super::super::hosts::NETWORKING;
use super::super::pods::Pods;
use super::super::scene::Scene;
use crate::object::Object;

/// What something refers to by its name.
#[derive(Clone, Debug)]
pub(crate) struct Reference<'a> {
    /// Of the core group.
    pub(crate) kind: &'static str,
    pub(crate) name: &'a str,
    /// Only one of its keys.
    pub(crate) key: Option<&'a str>,
    /// Where it stands: `envFrom of container app`.
    pub(crate) place: String,
    pub(crate) need: Need,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing starts without it.
    Must,
    /// It starts, and may fail later.
    May,
}

/// Everything that an object refers to, with the namespace that it is looked for in.
pub(crate) fn in_object<'a>(scene: &Scene<'a>, object: &'a Object) -> Vec<(&'a str, Reference<'a>)> {
    if object.is(NETWORKING, "Gateway") {
        return of_gateway(scene, object);
    }
    if object.is("", "ServiceAccount") {
        let namespace = object.namespace().unwrap_or_default();
        let secrets = object.pointer("/imagePullSecrets").unwrap_or(&Value::Null);
        return pull_secrets(secrets).map(|reference| (namespace, reference)).collect();
    }
    match Pods::of(object) {
        Some(pods) => in_pods(&pods).into_iter().map(|reference| (pods.namespace, reference)).collect(),
        None => Vec::new(),
    }
}

/// A certificate is looked for where the gateway's pods are (Istio's `credentialName`).
fn of_gateway<'a>(scene: &Scene<'a>, gateway: &'a Object) -> Vec<(&'a str, Reference<'a>)> {
    let selector = gateway.pointer("/spec/selector").and_then(Value::as_object);
    let pods = selector.and_then(|selector| scene.all_pods().find(|pods| pods.have(selector)));
    let Some(namespace) = pods.map(|pods| pods.namespace) else { return Vec::new() };
    let servers = gateway.pointer("/spec/servers").and_then(Value::as_array);
    let named = servers.into_iter().flatten().filter_map(|server| server["tls"]["credentialName"].as_str());
    let reference = |name: &'a str| Reference {
        kind: "Secret",
        name: name.strip_prefix("kubernetes://").unwrap_or(name),
        key: None,
        place: "its `credentialName`".to_owned(),
        need: Need::Must,
    };
    named.map(|name| (namespace, reference(name))).collect()
}

fn in_pods<'a>(pods: &Pods<'a>) -> Vec<Reference<'a>> {
    let Some(spec) = pods.spec else { return Vec::new() };
    let mut all = Vec::new();
    let mut add = |kind, from: &'a Value, name: &'a Value, key: Option<&'a Value>, place: String| {
        if let (Some(name), false) = (name.as_str(), from["optional"] == true) {
            all.push(Reference { kind, name, key: key.and_then(Value::as_str), place, need: Need::Must });
        }
    };
    for container in pods.containers() {
        let called = container["name"].as_str().unwrap_or_default();
        for source in items(&container["envFrom"]) {
            let place = || format!("envFrom of container {called}");
            let (secret, map) = (&source["secretRef"], &source["configMapRef"]);
            add("Secret", secret, &secret["name"], None, place());
            add("ConfigMap", map, &map["name"], None, place());
        }
        for variable in items(&container["env"]) {
            let place = || format!("{} of container {called}", variable["name"].as_str().unwrap_or_default());
            let (secret, map) =
                (&variable["valueFrom"]["secretKeyRef"], &variable["valueFrom"]["configMapKeyRef"]);
            add("Secret", secret, &secret["name"], Some(&secret["key"]), place());
            add("ConfigMap", map, &map["name"], Some(&map["key"]), place());
        }
    }
    for volume in items(&spec["volumes"]) {
        let place = || format!("volume {}", volume["name"].as_str().unwrap_or_default());
        let (secret, map) = (&volume["secret"], &volume["configMap"]);
        for (kind, source, name) in [("Secret", secret, "secretName"), ("ConfigMap", map, "name")] {
            add_source(&mut add, kind, source, &source[name], place());
        }
        for source in items(&volume["projected"]["sources"]) {
            for (kind, source) in [("Secret", &source["secret"]), ("ConfigMap", &source["configMap"])] {
                add_source(&mut add, kind, source, &source["name"], place());
            }
        }
        let claim = &volume["persistentVolumeClaim"];
        add("PersistentVolumeClaim", claim, &claim["claimName"], None, place());
    }
    add("ServiceAccount", spec, &spec["serviceAccountName"], None, "serviceAccountName".to_owned());
    all.extend(pull_secrets(&spec["imagePullSecrets"]));
    all
}

fn pull_secrets(listed: &Value) -> impl Iterator<Item = Reference<'_>> {
    let names = items(listed).filter_map(|secret| secret["name"].as_str());
    names.map(|name| Reference {
        kind: "Secret",
        name,
        key: None,
        place: "imagePullSecrets".to_owned(),
        need: Need::May,
    })
}

/// A volume of a Secret or ConfigMap: all of it, or some of its keys.
fn add_source<'a>(
    add: &mut impl FnMut(&'static str, &'a Value, &'a Value, Option<&'a Value>, String),
    kind: &'static str,
    source: &'a Value,
    name: &'a Value,
    place: String,
) {
    add(kind, source, name, None, place.clone());
    for item in items(&source["items"]) {
        add(kind, source, name, Some(&item["key"]), place.clone());
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
