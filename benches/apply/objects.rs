//! What is applied: objects by the thousand, in a namespace of whoever applies them.

use serde_json::{Value, json};

/// The objects of one contest.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    ConfigMaps(usize),
    /// Definitions, custom resources of each, Deployments without pods, Services, ConfigMaps: a thousand in all.
    Mix,
}

impl Load {
    pub(crate) fn name(self) -> String {
        match self {
            Self::ConfigMaps(count) => format!("{count} ConfigMaps"),
            Self::Mix => "a mix of 1000".to_owned(),
        }
    }

    pub(crate) fn definitions(self, owner: &str) -> Vec<Value> {
        match self {
            Self::ConfigMaps(_) => Vec::new(),
            Self::Mix => (0..20).map(|number| definition(owner, number)).collect(),
        }
    }

    /// All but the definitions, in the state of this turn: every other object differs from turn to turn.
    pub(crate) fn objects(self, owner: &str, turn: usize) -> Vec<Value> {
        match self {
            Self::ConfigMaps(count) => (0..count).map(|number| config_map(owner, number, turn)).collect(),
            Self::Mix => {
                let resources = (0..20).flat_map(|kind| (0..19).map(move |number| (kind, number)));
                let resources = resources.map(|(kind, number)| custom_resource(owner, kind, number, turn));
                let rest = (0..200).flat_map(|number| {
                    [deployment(owner, number, turn), service(owner, number), config_map(owner, number, turn)]
                });
                resources.chain(rest).collect()
            }
        }
    }
}

/// As YAML, which JSON is.
pub(crate) fn stream(objects: &[Value]) -> String {
    objects.iter().map(|object| format!("---\n{object}\n")).collect()
}

fn plural(number: usize) -> String {
    format!("load{number}s")
}

fn value(number: usize, turn: usize) -> String {
    format!("{}", if number.is_multiple_of(2) { turn } else { 0 })
}

fn metadata(owner: &str, name: &str, number: usize) -> Value {
    json!({"name": format!("{name}-{number}"), "namespace": owner, "labels": {"app": "load"}})
}

fn config_map(owner: &str, number: usize, turn: usize) -> Value {
    let data = json!({"value": value(number, turn), "other": "the same in every turn"});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(owner, "map", number), "data": data})
}

fn definition(owner: &str, number: usize) -> Value {
    let group = format!("{owner}.example.com");
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "value": {"type": "string"}, "items": {"type": "array", "items": {"type": "string"}}}}}});
    let kind = format!("Load{number}");
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{}.{group}", plural(number))},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural(number), "singular": kind.to_lowercase(), "listKind": format!("{kind}List")},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        },
    })
}

fn custom_resource(owner: &str, kind: usize, number: usize, turn: usize) -> Value {
    json!({
        "apiVersion": format!("{owner}.example.com/v1"), "kind": format!("Load{kind}"),
        "metadata": metadata(owner, "load", number),
        "spec": {"value": value(number, turn), "items": ["a", "b"]},
    })
}

fn deployment(owner: &str, number: usize, turn: usize) -> Value {
    let labels = json!({"app": format!("web-{number}")});
    let container = json!({
        "name": "web", "image": "example.com/web:1", "ports": [{"name": "http", "containerPort": 80}],
        "env": [{"name": "VALUE", "value": value(number, turn)}],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
    });
    let template = json!({"metadata": {"labels": labels}, "spec": {"containers": [container]}});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata(owner, "web", number),
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
    })
}

fn service(owner: &str, number: usize) -> Value {
    let spec = json!({
        "selector": {"app": format!("web-{number}")},
        "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
    });
    json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata(owner, "web", number), "spec": spec})
}
