use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;
use crate::cluster::testing::{Answer, Asked, cluster};
use crate::cluster::{Cluster, FIELD_MANAGER};
use crate::engine::testing::object;
use crate::plan::{Layer, Plan};

const COLLECTIONS: [&str; 5] = ["/configmaps", "/deployments", "/leases", "/namespaces", "/secrets"];

/// A server with these objects, which rehearses what it is asked to apply, and holds on to a field and a kind.
#[derive(Default)]
struct Server {
    objects: BTreeMap<String, Value>,
    asked: Mutex<Vec<String>>,
}

impl Server {
    fn with(mut self, path: &str, object: Value) -> Self {
        self.objects.insert(path.to_owned(), object);
        self
    }

    fn answer(&self, asked: &Asked) -> Answer {
        let dry = asked.query("dryRun").map(|dry| format!(" dryRun={dry}")).unwrap_or_default();
        self.asked.lock().unwrap().push(format!("{} {}{dry}", asked.method, asked.path));
        let live = self.objects.get(&asked.path).cloned();
        match (asked.method.as_str(), live) {
            ("GET", _) if COLLECTIONS.iter().any(|kind| asked.path.ends_with(kind)) => self.list(asked),
            ("GET", Some(live)) => Answer::ok(live),
            ("GET", None) => Answer::not_found("it"),
            (_, None) => Answer::Json(201, asked.body.clone()),
            (_, Some(_)) if asked.path.ends_with("/held") => {
                let cause = json!({"reason": "FieldManagerConflict", "field": ".spec.replicas",
                    "message": "conflict with \"kubectl-edit\" using apps/v1"});
                let details = json!({"causes": [cause]});
                Answer::Json(409, json!({"kind": "Status", "reason": "Conflict", "details": details}))
            }
            (_, Some(_)) if asked.path.ends_with("/fixed") => Answer::status(
                422,
                "Invalid",
                "Deployment.apps \"fixed\" is invalid: spec.selector: Invalid value: {}: field is immutable",
            ),
            (_, Some(mut live)) => {
                json_patch::merge(&mut live, &asked.body);
                Answer::ok(live)
            }
        }
    }

    /// The objects of a kind in a namespace, with the label that is asked for.
    fn list(&self, asked: &Asked) -> Answer {
        let selector = asked.query("labelSelector").and_then(|selector| selector.split_once('='));
        let is_asked_for = |object: &&Value| {
            selector.is_none_or(|(label, value)| object["metadata"]["labels"][label] == value)
        };
        let folder = format!("{}/", asked.path);
        let of_kind = self.objects.iter().filter(|(path, _)| path.starts_with(&folder));
        let is_one = |path: &String| !path[folder.len()..].contains('/');
        let items: Vec<&Value> =
            of_kind.filter(|(path, _)| is_one(path)).map(|(_, object)| object).filter(is_asked_for).collect();
        Answer::ok(json!({"kind": "List", "metadata": {}, "items": items}))
    }
}

fn config(name: &str, namespace: &str, data: &str) -> Object {
    object("v1", "ConfigMap", name, Some(namespace), &json!({"data": {"key": data}}))
}

fn layer(name: &str, objects: Vec<Object>) -> Layer {
    Layer::new(name, objects.into_iter().map(Into::into).collect(), Duration::from_secs(1))
}

/// The object as the server has it, once we have applied it.
fn live(layer: &Layer, mut object: Object, more: &Value) -> Value {
    ApplySet::of(layer, 0, "mine").mark(&mut object);
    let mut live = object.into_value();
    live["metadata"]["resourceVersion"] = "1".into();
    live["metadata"]["uid"] = live["metadata"]["name"].clone();
    live["metadata"]["managedFields"] = json!([{"manager": FIELD_MANAGER, "operation": "Apply"}]);
    json_patch::merge(&mut live, more);
    live
}

async fn rehearsed(
    cluster: &Cluster,
    layers: Vec<Layer>,
    announcer: &Announcer,
) -> Result<PlannedCounts, EngineError> {
    let (plan, tally, stop) = (Plan::of(layers).0, Tally::default(), CancellationToken::new());
    let run = Run { cluster, plan: &plan, profile: "mine", announcer, stop: &stop, tally: &tally };
    rehearse(&run, Mode::DryRun, &Pruning::default()).await
}

/// What is told of a plan, and what the server was asked.
async fn foreseen(server: Server, layers: Vec<Layer>) -> (String, Vec<String>) {
    let server = Arc::new(server);
    let answering = server.clone();
    let cluster = cluster(move |asked| answering.answer(&asked));
    cluster.discover().await.unwrap();
    let (announcer, mut events) = Announcer::new();
    let counts = rehearsed(&cluster, layers, &announcer).await.unwrap();
    drop(announcer);
    let mut told = String::new();
    while let Some(event) = events.recv().await {
        if let Event::ObjectPlanned { layer, object, outcome, diff, reason, conflicts, finding } = event {
            let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            told += &format!("{layer}: {outcome:?} {object}{reason}\n{diff}");
            told.extend(conflicts.iter().map(|held| format!("held: {} by {}\n", held.field, held.manager)));
            told.extend(
                finding
                    .map(|finding| format!("{}: {finding}\n    hint: {}\n", finding.label(), finding.hint)),
            );
        }
    }
    told += &format!("{counts:?}\n");
    let asked = server.asked.lock().unwrap().clone();
    (told, asked)
}

#[tokio::test]
async fn each_object_is_told_with_what_would_become_of_it_in_the_order_of_the_layers() {
    let none = json!({});
    let deployment =
        |name: &str| object("apps/v1", "Deployment", name, Some("old"), &json!({"spec": {"replicas": 2}}));
    let namespace = |name: &str| object("v1", "Namespace", name, None, &none);
    let base = layer("base", vec![config("a", "new", "1"), namespace("new"), namespace("old")]);
    let objects = vec![
        config("same", "old", "1"),
        config("changed", "old", "2"),
        config("taken", "old", "1"),
        deployment("held"),
        deployment("fixed"),
        config("fresh", "old", "1"),
    ];
    let staging = layer("staging", objects);
    let of_old = |kind: &str, name: &str| format!("/api/v1/namespaces/old/{kind}/{name}");
    let deployments = "/apis/apps/v1/namespaces/old/deployments";
    let parent = ApplySet::of(&staging, 1, "mine").parent().unwrap().into_value();
    let helm = json!({"metadata": {"managedFields": [{"manager": "helm"}], "labels": null}});
    let server = Server::default()
        .with("/api/v1/namespaces/kubestock-install/configmaps/kubestock-install-staging", parent)
        .with("/api/v1/namespaces/old", live(&base, namespace("old"), &none))
        .with(&of_old("configmaps", "same"), live(&staging, config("same", "old", "1"), &none))
        .with(&of_old("configmaps", "changed"), live(&staging, config("changed", "old", "1"), &none))
        .with(&of_old("configmaps", "gone"), live(&staging, config("gone", "old", "1"), &none))
        .with(&of_old("configmaps", "taken"), live(&staging, config("taken", "old", "1"), &helm))
        .with(&format!("{deployments}/held"), live(&staging, deployment("held"), &none))
        .with(&format!("{deployments}/fixed"), live(&staging, deployment("fixed"), &none));
    let (told, asked) = foreseen(server, vec![base, staging]).await;
    assert_snapshot!(told, @r#"
    base: Create Namespace/new
    @@ -0,0 +1,6 @@
    +apiVersion: v1
    +kind: Namespace
    +metadata:
    +  labels:
    +    applyset.kubernetes.io/part-of: applyset-8nEp4IA1w4Q_SpReRXvaa1Y0Gw__MZojMZ2EN8wWJSk-v1
    +  name: new
    base: None Namespace/old
    base: Create ConfigMap/new/a
    @@ -0,0 +1,9 @@
    +apiVersion: v1
    +data:
    +  key: "1"
    +kind: ConfigMap
    +metadata:
    +  labels:
    +    applyset.kubernetes.io/part-of: applyset-8nEp4IA1w4Q_SpReRXvaa1Y0Gw__MZojMZ2EN8wWJSk-v1
    +  name: a
    +  namespace: new
    staging: None ConfigMap/old/same
    staging: Change ConfigMap/old/changed
    @@ -1,6 +1,6 @@
     apiVersion: v1
     data:
    -  key: "1"
    +  key: "2"
     kind: ConfigMap
     metadata:
       labels:
    staging: Change ConfigMap/old/taken
    @@ -3,5 +3,7 @@
       key: "1"
     kind: ConfigMap
     metadata:
    +  labels:
    +    applyset.kubernetes.io/part-of: applyset-ts-No413JVHKW7EFjF9CawE8fyJm_3aoIn4GzVQXqmI-v1
       name: taken
       namespace: old
    warning[KSI-125]: ConfigMap/old/taken: is there already, made by helm; it would have what the layer says
        hint: where it belongs to another tool, leave it out of the layer: both would change it in turn
    staging: Create ConfigMap/old/fresh
    @@ -0,0 +1,9 @@
    +apiVersion: v1
    +data:
    +  key: "1"
    +kind: ConfigMap
    +metadata:
    +  labels:
    +    applyset.kubernetes.io/part-of: applyset-ts-No413JVHKW7EFjF9CawE8fyJm_3aoIn4GzVQXqmI-v1
    +  name: fresh
    +  namespace: old
    staging: Refused Deployment/old/held
    held: .spec.replicas by kubectl-edit
    error[KSI-141]: Deployment/old/held: others hold fields of it with other values: .spec.replicas (`kubectl-edit`)
        hint: leave these fields out of the layer, or have who manages them give them up; --force-conflicts takes them
    staging: Refused Deployment/old/fixed
    error[KSI-142]: Deployment/old/fixed: cannot be changed: spec.selector: Invalid value: {}: field is immutable
        hint: have the layer say of this field what the cluster has; or delete the object, and what it holds with it, for the next run to make it anew: `kubectl delete deployment.apps fixed -n old`
    staging: Prune ConfigMap/old/gone
    PlannedCounts { create: 3, change: 2, none: 2, refused: 2, prune: 1, keep: 0 }
    "#);

    let writes = |line: &&String| !line.starts_with("GET ") && !line.ends_with(" dryRun=All");
    assert_eq!(asked.iter().filter(writes).collect::<Vec<_>>(), [""; 0]);
    // What is in a namespace that is still to come is nothing to ask about.
    assert!(asked.iter().all(|line| !line.contains("/namespaces/new/")), "{asked:#?}");
    assert!(asked.iter().any(|line| line.starts_with(Method::PATCH.as_str())));
}

#[tokio::test]
async fn what_no_layer_has_any_more_goes_but_for_what_holds_something_else() {
    let namespace = |name: &str| object("v1", "Namespace", name, None, &json!({}));
    let layer = layer("base", Vec::new());
    let set = ApplySet::of(&layer, 0, "mine");
    let members = [namespace("emptied"), namespace("used"), config("a", "emptied", "1")];
    let parent = set.clone().with(&members).parent().unwrap().into_value();
    let [emptied, used, own] = members.map(|member| live(&layer, member, &json!({})));
    let server = Server::default()
        .with("/api/v1/namespaces/kubestock-install/configmaps/kubestock-install-base", parent)
        .with("/api/v1/namespaces/emptied", emptied)
        .with("/api/v1/namespaces/emptied/configmaps/a", own)
        .with("/api/v1/namespaces/used", used)
        .with("/api/v1/namespaces/used/secrets/theirs", {
            object("v1", "Secret", "theirs", Some("used"), &json!({"metadata": {"uid": "t"}})).into_value()
        });
    let (told, _) = foreseen(server, vec![layer]).await;
    assert_snapshot!(told, @r#"
    base: Prune ConfigMap/emptied/a
    base: Prune Namespace/emptied
    base: Keep Namespace/used: it holds Secret/used/theirs
    PlannedCounts { create: 0, change: 0, none: 0, refused: 0, prune: 2, keep: 1 }
    "#);
}

#[tokio::test]
async fn a_kind_that_the_plan_defines_is_new_and_one_that_nobody_knows_is_refused() {
    let definition =
        json!({"spec": {"group": "example.org", "scope": "Namespaced", "names": {"kind": "Shop"}}});
    let definition =
        object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "shops", None, &definition);
    let shop = |kind: &str| object("example.org/v1", kind, "corner", Some("old"), &json!({}));
    let layers = vec![layer("base", vec![definition, shop("Shop"), shop("Stall")])];
    let (told, _) = foreseen(Server::default(), layers).await;
    assert!(told.contains("Create Shop/old/corner"), "{told}");
    assert!(told.contains("Refused Stall/old/corner\nerror[KSI-143]"), "{told}");
}

#[test]
fn a_binding_is_new_where_its_role_is() {
    let group = "rbac.authorization.k8s.io";
    let rbac = |kind: &str, name: &str, role: &str| {
        let refers = json!({"roleRef": {"apiGroup": group, "kind": "Role", "name": role}});
        object(&format!("{group}/v1"), kind, name, Some("old"), &refers)
    };
    let objects =
        [rbac("Role", "web", ""), rbac("RoleBinding", "web", "web"), rbac("RoleBinding", "gone", "gone")];
    let plan = Plan::of(vec![layer("base", objects.to_vec())]).0;
    assert_eq!(objects.map(|object| brings_role_of(&plan, &object)), [false, true, false]);
}

#[tokio::test]
async fn a_newer_version_that_comes_with_the_plan_is_rehearsed_in_one_that_is_there() {
    let definition =
        json!({"spec": {"group": "apps", "scope": "Namespaced", "names": {"kind": "Deployment"}}});
    let definition = object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "it", None, &definition);
    let of_version = |version: &str| object(version, "Deployment", "web", Some("old"), &json!({"spec": {}}));
    let layer = layer("base", vec![definition, of_version("apps/v2")]);
    let server = Server::default().with(
        "/apis/apps/v1/namespaces/old/deployments/web",
        live(&layer, of_version("apps/v1"), &json!({})),
    );
    let (told, _) = foreseen(server, vec![layer]).await;
    assert!(told.contains("base: None Deployment/old/web"), "{told}");
}

#[tokio::test]
async fn what_a_server_quotes_of_a_secret_is_not_told() {
    let secret = object("v1", "Secret", "db", Some("old"), &json!({"stringData": {"pin": 1234}}));
    let words = "failed to create typed patch object (old/db; /v1, Kind=Secret): .stringData.pin: expected string, \
                 got &value.valueUnstructured{Value:1234}";
    let cluster = cluster(move |asked| match asked.method.as_str() {
        "GET" => Answer::not_found("it"),
        _ => Answer::status(500, "", words),
    });
    let (announcer, mut events) = Announcer::new();
    let layers = vec![layer("base", vec![secret])];
    assert_eq!(rehearsed(&cluster, layers, &announcer).await.unwrap().refused, 1);
    let told = format!("{:?}", events.recv().await.unwrap());
    assert!(told.contains(".stringData.pin: expected string") && !told.contains("1234"), "{told}");
}

#[tokio::test]
async fn a_secret_is_told_without_its_values() {
    let secret =
        |value: &str| object("v1", "Secret", "db", Some("old"), &json!({"data": {"password": value}}));
    let layer = layer("base", vec![secret("bmV3")]);
    let server =
        Server::default().with("/api/v1/namespaces/old/secrets/db", live(&layer, secret("b2xk"), &json!({})));
    let (told, _) = foreseen(server, vec![layer]).await;
    assert!(told.contains("(redacted, changed)"), "{told}");
    assert!(!told.contains("bmV3") && !told.contains("b2xk"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_asked_again_and_what_is_wrong_with_the_cluster_ends_the_plan() {
    let refused = Arc::new(Mutex::new(0));
    let count = refused.clone();
    let busy = cluster(move |asked| match (asked.method.as_str(), asked.query("labelSelector")) {
        ("GET", None) => Answer::not_found("it"),
        ("GET", Some(_)) => Answer::ok(json!({"items": []})),
        _ => {
            *count.lock().unwrap() += 1;
            match *count.lock().unwrap() {
                1 | 2 => Answer::status(429, "TooManyRequests", "later"),
                _ => Answer::Json(201, asked.body),
            }
        }
    });
    let layers = || vec![layer("base", vec![config("a", "old", "1")])];
    let counts = rehearsed(&busy, layers(), &Announcer::new().0).await.unwrap();
    assert_eq!((counts.create, *refused.lock().unwrap()), (1, 3));

    let unknown = cluster(|_| Answer::status(401, "Unauthorized", "Unauthorized"));
    let error = rehearsed(&unknown, layers(), &Announcer::new().0).await.unwrap_err();
    assert!(matches!(error, EngineError::Api { .. }), "{error:?}");
}

#[tokio::test]
async fn a_config_map_is_rehearsed_only_where_it_says_that_it_stays_as_it_is() {
    let shop = layer("shop", ["free", "stays", "strange"].map(|name| config(name, "shop", "new")).to_vec());
    let path = |name: &str| format!("/api/v1/namespaces/shop/configmaps/{name}");
    let old = |name: &str, more: &Value| live(&shop, config(name, "shop", "old"), more);
    let strange = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "strange", "namespace": "shop"}});
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    let server = Arc::new(
        Server::default()
            .with("/api/v1/namespaces/shop", space)
            .with(&path("free"), old("free", &json!({})))
            .with(&path("stays"), old("stays", &json!({"immutable": true})))
            .with(&path("strange"), strange),
    );
    let answering = server.clone();
    let cluster = cluster(move |asked| answering.answer(&asked));
    cluster.discover().await.unwrap();
    let (announcer, _events) = Announcer::new();
    let (plan, tally, stop) = (Plan::of(vec![shop.clone()]).0, Tally::default(), CancellationToken::new());
    let run = Run {
        cluster: &cluster,
        plan: &plan,
        profile: "mine",
        announcer: &announcer,
        stop: &stop,
        tally: &tally,
    };
    assert!(immutable(&run).await.unwrap().is_empty());
    let mut asked = server.asked.lock().unwrap().clone();
    asked.retain(|asked| asked.contains("dryRun"));
    asked.sort();
    let rehearsed = ["stays", "strange"].map(|name| format!("PATCH {} dryRun=All", path(name)));
    assert_eq!(asked, rehearsed);
}
