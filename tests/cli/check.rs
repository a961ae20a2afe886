//! What would not work is told all at once, before anything is contacted or changed.

use insta::assert_snapshot;
use serde_json::Value;

use crate::home::{Home, closed};

/// Layers alone, with this in them.
fn with_layer(objects: &str) -> Home {
    let home = Home::new();
    home.write("mine.yaml", "layers: [{name: shop, path: ./shop}]\n");
    home.write("shop/kustomization.yaml", "namespace: shop\nresources: [objects.yaml]\n");
    home.write("shop/objects.yaml", objects);
    home
}

const WRONG: &str = "apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: htpp}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: web, ports: [{name: http, containerPort: 3000}], resources: {limits: {cpu: 3}}}]
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: small}
spec: {hard: {limits.cpu: 2}}
";

#[test]
fn everything_that_is_wrong_with_the_files_is_told_at_once() {
    let home = with_layer(WRONG);
    assert_snapshot!(home.run("check mine.yaml --no-cluster"), @r#"
    [time] render: layer shop: 3 objects, 1 workload
    [time] render: done in [time]: 3 objects in 1 layer
    [time] error[KSI-210]: Service/shop/web (shop/objects.yaml:1): sends requests to the port `htpp`, and no container of Deployment/shop/web has one of that name
        hint: there are http
    [time] error[KSI-301]: ResourceQuota/shop/small (shop/objects.yaml:16): has 2 of limits.cpu, and 3 are asked for: 1 pod of 3 (web); at least 1 of 1 pods will be refused
        hint: raise limits.cpu to 3, or have the pods ask for less
    [time] check: done in [time]: 2 errors
    the run failed after [time]: nothing was changed
    stderr: error: 2 errors found
    stderr: hint: mend what is told above; docs/findings.md has an entry for each code
    exit code 3
    "#);
}

#[test]
fn who_wants_quiet_hears_of_what_is_wrong_alone() {
    let home = with_layer(WRONG);
    let told = home.run("check mine.yaml --no-cluster --quiet");
    assert_eq!((told.code, told.out.as_str()), (Some(3), ""));
    assert_eq!(["error[KSI-210]", "error[KSI-301]"].map(|label| told.err.matches(label).count()), [1, 1]);
    assert!(told.err.ends_with("docs/findings.md has an entry for each code\n"), "{}", told.err);
    let home = with_layer(&WRONG.replace("htpp", "http").replace("limits.cpu: 2", "limits.cpu: 8"));
    let told = home.run("check mine.yaml --no-cluster -q");
    assert_eq!((told.code, told.out.as_str(), told.err.as_str()), (Some(0), "", ""));
    assert_eq!(home.run("check mine.yaml -q -v").code, Some(2));
}

#[test]
fn files_without_a_mistake_are_told_as_such() {
    let home = with_layer(&WRONG.replace("htpp", "http").replace("limits.cpu: 2", "limits.cpu: 8"));
    assert_snapshot!(home.run("check mine.yaml --no-cluster"), @r#"
    [time] render: layer shop: 3 objects, 1 workload
    [time] render: done in [time]: 3 objects in 1 layer
    [time] check: done in [time]: nothing found
    the layers: nothing found, [time]
    exit code 0
    "#);
}

#[test]
fn a_cluster_that_does_not_answer_is_one_finding_among_others() {
    let home = with_layer(WRONG);
    let address = format!("https://{}", closed());
    home.knows(&address);
    let told = home.run("check mine.yaml --output json");
    let events = told.events();
    let found: Vec<(&str, &str)> = events
        .iter()
        .filter(|event| event["event"] == "found")
        .map(|event| (event["code"].as_str().unwrap(), event["severity"].as_str().unwrap()))
        .collect();
    assert_eq!(found, [("KSI-101", "error"), ("KSI-210", "error"), ("KSI-301", "error")]);
    let unreachable = events.iter().find(|event| event["code"] == "KSI-101").unwrap();
    assert!(unreachable["seen"].as_str().unwrap().contains(&address), "{unreachable}");
    let last = events.last().unwrap();
    assert_eq!((&last["event"], &last["exit_code"]), (&"finished".into(), &3.into()));
    assert_eq!(told.code, Some(3));
}

#[test]
fn a_release_that_cannot_be_had_is_one_finding_among_others() {
    let home = Home::new();
    let told = home.run("check minimal --no-cluster --offline --output json");
    let events = told.events();
    let found: Vec<&Value> = events.iter().filter(|event| event["event"] == "found").collect();
    let codes: Vec<&Value> = found.iter().map(|event| &event["code"]).collect();
    assert_eq!(codes, ["KSI-105", "KSI-104"]);
    let seen = found[0]["seen"].as_str().unwrap();
    assert!(seen.contains("(--offline); its SHA-256 is ") && !seen.contains('\n'), "{seen}");
    assert_eq!(told.code, Some(3));
}

#[test]
fn files_that_cannot_be_read_are_told_as_by_an_installation() {
    let home = with_layer(WRONG);
    home.write("shop/kustomization.yaml", "resources: [gone.yaml]\n");
    let told = home.run("check mine.yaml --no-cluster");
    assert_eq!(told.code, Some(2));
    assert!(told.err.contains("gone.yaml"), "{}", told.err);
}

/// A service of the mesh, and a neighbour without a sidecar that calls it.
const CALLER: &str = "apiVersion: security.istio.io/v1beta1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'web:1', ports: [{containerPort: 8080}]}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: report, namespace: shop}
spec:
  schedule: '@daily'
  jobTemplate:
    spec:
      template:
        metadata: {labels: {sidecar.istio.io/inject: 'false'}}
        spec: {containers: [{name: app, image: 'report:1', args: ['http://web/orders']}]}
";

#[test]
fn a_mesh_that_begins_permissive_cuts_nobody_off() {
    let home = Home::new();
    home.write("mine.yaml", "layers: [{name: shop, path: ./shop}]\n");
    home.write("shop/kustomization.yaml", "resources: [objects.yaml]\n");
    home.write("shop/objects.yaml", CALLER);
    let codes = |arguments: &str| {
        let told = home.run(&format!("check mine.yaml --no-cluster --output json {arguments}"));
        let events = told.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let found = events.filter(|event| event["event"] == "found" && event["severity"] == "error");
        found.map(|event| format!("{} {}", event["code"], event["object"])).collect::<Vec<_>>()
    };
    let cut_off = [r#""KSI-131" "CronJob/shop/report""#];
    assert_eq!(codes(""), cut_off);
    assert_eq!(codes("--mtls strict"), cut_off);
    assert_eq!(codes("--mtls permissive"), [""; 0]);
}
