//! What an installation would change is shown, and nothing is changed.

use std::sync::Arc;
use std::time::Duration;

use insta::assert_snapshot;
use kubestock_install::plan::{ApplySet, Layer, PART_OF};
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::home::{Home, closed};

const SETTINGS: &str = "/api/v1/namespaces/shop/configmaps/settings";

/// An API server with the namespace `shop` and its ConfigMap `settings`, of which it says this, and which refuses what
/// is called `wrong`.
pub(crate) async fn cluster(data: Value) -> MockServer {
    let server = MockServer::start().await;
    let resource = |name: &str, kind: &str, namespaced: bool| json!({"name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": []});
    let resources = [
        resource("namespaces", "Namespace", false),
        resource("configmaps", "ConfigMap", true),
        resource("secrets", "Secret", true),
        resource("pods", "Pod", true),
    ];
    let set = ApplySet::of(&Layer::new("shop", Vec::new(), Duration::ZERO), 0, "mine");
    let settings = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": data, "metadata": {
        "name": "settings", "namespace": "shop", "resourceVersion": "7", "labels": {PART_OF: set.id},
        "managedFields": [{"manager": "kubestock-install", "operation": "Apply"}],
    }});
    let answers = [
        ("/version", json!({"major": "1", "minor": "33", "gitVersion": "v1.33.4"})),
        ("/api", json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})),
        ("/apis", json!({"kind": "APIGroupList", "groups": []})),
        ("/api/v1", json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": resources})),
    ];
    for (at, answer) in answers {
        Mock::given(path(at))
            .respond_with(ResponseTemplate::new(200).set_body_json(answer))
            .mount(&server)
            .await;
    }
    let settings = Arc::new(settings);
    let objects = move |request: &Request| {
        let status = |code: u16, reason: &str, message: &str| {
            let status = json!({"kind": "Status", "code": code, "reason": reason, "message": message});
            ResponseTemplate::new(code).set_body_json(status)
        };
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        match (request.method.as_str(), request.url.path()) {
            ("PATCH", path) if path.ends_with("/wrong") => {
                status(422, "Invalid", "ConfigMap \"wrong\" is invalid: data: Forbidden: field is immutable")
            }
            ("GET", SETTINGS) => ResponseTemplate::new(200).set_body_json(&*settings),
            ("PATCH", SETTINGS) => {
                let mut rehearsed = (*settings).clone();
                json_patch::merge(&mut rehearsed, &body);
                ResponseTemplate::new(200).set_body_json(rehearsed)
            }
            ("PATCH", _) => ResponseTemplate::new(201).set_body_json(body),
            _ => status(404, "NotFound", "it is not there"),
        }
    };
    Mock::given(wiremock::matchers::any()).respond_with(objects).with_priority(9).mount(&server).await;
    server
}

/// A layer with the ConfigMap, and with this beside it.
fn home(server: &MockServer, more: &str) -> Home {
    let home = Home::new();
    home.knows(&server.uri());
    home.write("mine.yaml", "layers: [{name: shop, path: ./shop}]\n");
    home.write("shop/kustomization.yaml", "namespace: shop\nresources: [objects.yaml]\n");
    let settings =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {banner: new, port: '80'}\n";
    home.write("shop/objects.yaml", &format!("{settings}{more}"));
    home
}

/// That nothing but reads and dry runs have reached the server.
async fn assert_untouched(server: &MockServer) {
    let asked = server.received_requests().await.unwrap();
    let is_harmless = |request: &Request| {
        request.method == "GET"
            || request.url.query_pairs().any(|(key, value)| key == "dryRun" && value == "All")
    };
    assert!(asked.iter().all(is_harmless), "{asked:#?}");
    assert!(asked.iter().any(|request| request.method == "PATCH"));
}

#[tokio::test]
async fn what_would_change_is_shown_line_by_line_and_told_by_the_exit_code() {
    let server = cluster(json!({"banner": "old", "port": "80"})).await;
    let home = home(&server, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: fresh}\n");
    assert_snapshot!(home.run("plan mine.yaml --exit-code").with(&server.uri(), "SERVER"), @r#"
    [time] mine on test (SERVER)
    [time] render: layer shop: 2 objects
    [time] render: done in [time]: 2 objects in 1 layer
    [time] shop: to create ConfigMap/shop/fresh
        +apiVersion: v1
        +kind: ConfigMap
        +metadata:
        +  labels:
        +    applyset.kubernetes.io/part-of: applyset-r_qKcL01cW1ArpmZNFu-ny9m3hmTDKUcSk2BNa0A3VM-v1
        +  name: fresh
        +  namespace: shop
    [time] shop: to change ConfigMap/shop/settings
        @@ -1,6 +1,6 @@
         apiVersion: v1
         data:
        -  banner: old
        +  banner: new
           port: "80"
         kind: ConfigMap
         metadata:
    [time] plan: done in [time]: 1 to create, 1 to change
    mine on test: 1 to create, 1 to change, [time]
    exit code 10
    "#);
    assert_eq!(home.run("plan --profile mine.yaml").code, Some(0));
    assert_untouched(&server).await;
}

#[tokio::test]
async fn that_nothing_would_change_is_told_as_well() {
    let server = cluster(json!({"banner": "new", "port": "80"})).await;
    let home = home(&server, "");
    assert_snapshot!(home.run("plan mine.yaml --exit-code").with(&server.uri(), "SERVER"), @r#"
    [time] mine on test (SERVER)
    [time] render: layer shop: 1 object
    [time] render: done in [time]: 1 object in 1 layer
    [time] plan: done in [time]: 1 unchanged
    nothing to change: mine on test has all of 1 object, [time]
    exit code 0
    "#);
    assert_untouched(&server).await;
}

#[tokio::test]
async fn what_would_be_refused_is_told_before_anything_is_tried() {
    let server = cluster(json!({"banner": "new", "port": "80"})).await;
    let home = home(&server, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: wrong}\n");
    assert_snapshot!(home.run("plan mine.yaml --exit-code").with(&server.uri(), "SERVER"), @r#"
    [time] mine on test (SERVER)
    [time] render: layer shop: 2 objects
    [time] render: done in [time]: 2 objects in 1 layer
    [time] error[KSI-142]: ConfigMap/shop/wrong (shop/objects.yaml:6): cannot be changed: data: Forbidden: field is immutable
        hint: have the layer say of this field what the cluster has; or delete the object, and what it holds with it, for the next run to make it anew: `kubectl delete configmap wrong -n shop`
    [time] plan: done in [time]: 1 unchanged, 1 refused
    mine on test: 1 unchanged, 1 refused, [time]
    stderr: error: 1 object would be refused
    stderr: hint: mend what is told above; docs/findings.md has an entry for each code
    exit code 6
    "#);
    assert_untouched(&server).await;
}

#[tokio::test]
async fn a_program_gets_every_object_and_their_counts() {
    let server = cluster(json!({"banner": "old", "port": "80"})).await;
    let told = home(&server, "").run("plan mine.yaml --exit-code --output json");
    let events = told.events();
    let named = |name: &str| events.iter().find(|event| event["event"] == name).unwrap().clone();
    let planned = named("object_planned");
    assert_eq!(
        (&planned["object"], &planned["outcome"]),
        (&"ConfigMap/shop/settings".into(), &"change".into())
    );
    assert!(planned["diff"].as_str().unwrap().contains("\n-  banner: old\n+  banner: new\n"), "{planned}");
    assert_eq!(named("plan_finished")["change"], 1);
    let last = events.last().unwrap();
    assert_eq!((&last["outcome"], &last["exit_code"], told.code), (&"done".into(), &10.into(), Some(10)));
}

#[tokio::test]
async fn colours_are_for_those_who_ask_for_them() {
    let server = cluster(json!({"banner": "old", "port": "80"})).await;
    let home = home(&server, "");
    assert!(!home.run("plan mine.yaml").out.contains('\u{1b}'));
    let colored = home.run("plan mine.yaml --color always").out;
    assert!(colored.contains("\u{1b}[31m    -  banner: old\u{1b}[0m"), "{colored}");
    assert!(colored.contains("\u{1b}[32m    +  banner: new\u{1b}[0m"), "{colored}");
}

#[test]
fn a_cluster_that_does_not_answer_ends_the_plan() {
    let home = Home::new();
    home.write("mine.yaml", "layers: [{name: shop, path: ./shop}]\n");
    home.write("shop/kustomization.yaml", "namespace: shop\nresources: [a.yaml]\n");
    home.write("shop/a.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n");
    home.knows(&format!("https://{}", closed()));
    let told = home.run("plan mine.yaml --exit-code");
    assert_eq!(told.code, Some(3), "{told}");
}

#[test]
fn a_profile_is_named_once() {
    assert_eq!(Home::new().run("plan demo --profile minimal").code, Some(2));
}
