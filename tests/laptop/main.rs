//! The profile `laptop`: a private tree on one node, without its registry and its secret store.

#![allow(clippy::unwrap_used)]

#[path = "../layers/services.rs"]
mod services;

use std::path::{Path, PathBuf};

use kubestock_install::lint::lint;
use kubestock_install::object::{Object, ObjectId};
use kubestock_install::plan::{Plan, Tree, render};
use kubestock_install::profile::load;
use serde_json::{Value, json};

use services::SERVICES;

fn private() -> Tree {
    Tree::Folder(PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/laptop/tree")))
}

/// The tree as the profile has it, and what is told of it.
fn planned(profile: &str, tree: &Tree) -> (Plan, Vec<String>) {
    let (layers, warnings) = render(&load(profile).unwrap(), tree).unwrap();
    (Plan::of(layers).0, warnings.iter().map(ToString::to_string).collect())
}

fn objects(plan: &Plan) -> Vec<&Object> {
    plan.layers.iter().flat_map(|layer| layer.objects()).map(|placed| &placed.object).collect()
}

fn find<'o>(objects: &[&'o Object], kind: &str, name: &str) -> &'o Object {
    let found = objects.iter().find(|object| object.kind() == kind && object.name() == name);
    found.unwrap_or_else(|| panic!("no {kind} {name}"))
}

#[test]
fn every_service_is_one_stand_in_on_its_own_port() {
    let (plan, _) = planned("laptop", &private());
    let objects = objects(&plan);
    for (name, port) in SERVICES {
        let deployment = find(&objects, "Deployment", name);
        let spec = deployment.pointer("/spec/template/spec").unwrap();
        let container = &spec["containers"][0];
        assert_eq!(deployment.pointer("/spec/replicas"), Some(&json!(1)), "{name}");
        assert_eq!(container["image"], "hashicorp/http-echo:1.0.0", "{name}");
        assert_eq!(container["args"], json!([format!("-listen=:{port}"), format!("-text={name}")]));
        assert_eq!(container["readinessProbe"]["httpGet"]["port"], port, "{name}");
        assert_eq!(find(&objects, "Service", name).pointer("/spec/ports/0/port"), Some(&json!(port)));
        let private = spec.to_string().contains("registry.example.com");
        assert!(!private && spec["nodeSelector"] == json!({}), "{name}: {spec}");
    }
    assert!(objects.iter().all(|object| object.kind() != "HorizontalPodAutoscaler"));
}

#[test]
fn secrets_stand_where_external_secrets_did_with_the_same_keys() {
    let keys = |data: &Value| -> Vec<String> { data.as_object().unwrap().keys().cloned().collect() };
    let (original, _) = planned("demo", &private());
    let (plan, _) = planned("laptop", &private());
    let objects = objects(&plan);
    let external: Vec<&Object> =
        self::objects(&original).into_iter().filter(|object| object.kind() == "ExternalSecret").collect();
    assert_eq!(external.len(), 2);
    for external in external {
        let data = external.pointer("/spec/data").and_then(Value::as_array).unwrap();
        let mut promised: Vec<&str> = data.iter().filter_map(|entry| entry["secretKey"].as_str()).collect();
        promised.sort_unstable();
        let secret = find(&objects, "Secret", external.name());
        assert_eq!(keys(secret.pointer("/stringData").unwrap()), promised);
        assert_eq!((secret.namespace(), secret.api_version()), (external.namespace(), "v1"));
    }
    assert!(objects.iter().all(|object| object.group() != "external-secrets.io"));
}

#[test]
fn what_is_planned_holds_for_one_node() {
    let (plan, _) = planned("laptop", &private());
    let quota = find(&objects(&plan), "ResourceQuota", "staging").pointer("/spec/hard").cloned();
    let (embedded, _) = planned("laptop", &Tree::Embedded);
    let own = find(&objects(&embedded), "ResourceQuota", "staging").pointer("/spec/hard").cloned();
    assert_eq!(quota, own);
    // Nothing is refused, missing or led nowhere.
    let told: Vec<String> = lint(&plan, None).iter().map(ToString::to_string).collect();
    let of_istio = |line: &&String| !line.contains("istio");
    assert_eq!(told.iter().filter(of_istio).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn what_a_tree_does_not_have_is_left_out_without_a_word() {
    for tree in [private(), Tree::Embedded] {
        let (_, warnings) = planned("laptop", &tree);
        assert_eq!(warnings, Vec::<String>::new(), "{tree:?}");
    }
    let ids = |plan: &Plan| -> Vec<ObjectId> { objects(plan).iter().map(|object| object.id()).collect() };
    let (demo, laptop) = (planned("demo", &Tree::Embedded).0, planned("laptop", &Tree::Embedded).0);
    assert_eq!(ids(&demo), ids(&laptop), "the embedded tree brings its Secrets itself");
}

/// The example of docs/laptop.md.
#[test]
fn the_tree_is_one_that_a_cluster_elsewhere_would_run() {
    let (plan, warnings) = planned("demo", &private());
    assert_eq!((objects(&plan).len(), warnings.len()), (38, 0));
    assert!(Path::new("docs/laptop.md").is_file());
}
