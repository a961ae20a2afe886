//! The client against a real API server: KUBESTOCK_TEST_KUBECONFIG names it, and every test works in a
//! namespace of its own. `cargo test --test cluster -- --ignored` runs them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{StreamExt, stream};
use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::config::Kubeconfig;
use kube::core::{ApiResource, GroupVersionKind};
use kubestock_install::cluster::{
    ApiError, Cascade, Cluster, ConnectError, Mode, Outcome, Scope, Target, TargetRequest, Watching,
};
use kubestock_install::object::Object;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);

fn kubeconfig() -> PathBuf {
    std::env::var_os("KUBESTOCK_TEST_KUBECONFIG").expect("KUBESTOCK_TEST_KUBECONFIG").into()
}

fn target() -> Target {
    Target::resolve(&TargetRequest { kubeconfig: Some(kubeconfig()), context: None }).unwrap()
}

async fn cluster() -> Cluster {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Cluster::connect(&target()).await.unwrap()
}

/// What is done beside our client: as another manager would.
async fn others() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::try_from(Kubeconfig::read_from(kubeconfig()).unwrap()).unwrap()
}

fn object(value: Value) -> Object {
    Object::new(value).unwrap()
}

/// A namespace of this test's own, emptied before if an earlier run left it.
async fn namespace(cluster: &Cluster, name: &str) -> Object {
    let namespace = object(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    cluster.delete(&namespace, Cascade::Background).await.unwrap();
    patiently(|| cluster.apply(&namespace, Mode::Persist)).await;
    namespace
}

/// Tries again what passes, as the engine does.
async fn patiently<T, F: Future<Output = Result<T, ApiError>>>(mut attempt: impl FnMut() -> F) -> T {
    let trying = async {
        loop {
            match attempt().await {
                Ok(done) => return done,
                Err(error) => assert!(error.passes(), "{error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(PATIENCE, trying).await.expect("what passes has not passed")
}

async fn until(watching: &mut Watching, wanted: impl Fn(&Watching) -> bool) {
    let seen = async {
        while !wanted(watching) {
            watching.changed().await;
        }
    };
    timeout(PATIENCE, seen).await.expect("a state that was never reached");
}

fn map(namespace: &str, name: &str, data: Value) -> Object {
    object(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": {"test": "yes"}}, "data": data,
    }))
}

fn deployment(namespace: &str, spec: Value) -> Object {
    let mut deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "docker.io/hashicorp/http-echo:1.0.0"}]},
            },
        },
    });
    json_patch::merge(&mut deployment["spec"], &spec);
    object(deployment)
}

fn scope(namespace: &str, kind: &str) -> Scope {
    Scope {
        api_version: "v1".into(),
        kind: kind.into(),
        namespace: Some(namespace.into()),
        selector: None,
        fields: None,
    }
}

fn deployments(client: Client, namespace: &str) -> Api<DynamicObject> {
    Api::namespaced_with(
        client,
        namespace,
        &ApiResource::from_gvk(&GroupVersionKind::gvk("apps", "v1", "Deployment")),
    )
}

#[tokio::test]
#[ignore = "needs a cluster: KUBESTOCK_TEST_KUBECONFIG"]
async fn the_server_tells_its_version_and_its_kinds() {
    let cluster = cluster().await;
    cluster.discover().await.unwrap();
    assert!(cluster.server_version().starts_with("v1."), "{}", cluster.server_version());
    assert_eq!(cluster.is_namespaced("apps/v1", "Deployment"), Some(true));
    assert_eq!(cluster.is_namespaced("v1", "Namespace"), Some(false));
    assert!(!cluster.serves("kubestock.example", "Nothing"));
    assert!(cluster.can_i("create", "", "namespaces", None).await.unwrap());
}

#[tokio::test]
#[ignore = "needs a cluster: KUBESTOCK_TEST_KUBECONFIG"]
async fn a_written_kubeconfig_reaches_the_same_cluster() {
    let file = target().write_kubeconfig().unwrap();
    let request = TargetRequest { kubeconfig: Some(file.path().to_owned()), context: None };
    let target = Target::resolve(&request).unwrap();
    assert_eq!(target.server, self::target().server);
    let _ = rustls::crypto::ring::default_provider().install_default();
    Cluster::connect(&target).await.unwrap();
}

/// A proxy that makes tunnels and counts them.
async fn tunnels() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let made = Arc::new(AtomicUsize::new(0));
    let count = made.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let count = count.clone();
            tokio::spawn(async move {
                let mut asked = [0; 4096];
                let length = stream.read(&mut asked).await.unwrap();
                let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
                let server = asked.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap();
                let mut upstream = TcpStream::connect(server).await.unwrap();
                stream.write_all(b"HTTP/1.1 200 Established\r\n\r\n").await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                let _ = copy_bidirectional(&mut stream, &mut upstream).await;
            });
        }
    });
    (address, made)
}

#[tokio::test]
#[ignore = "needs a cluster: KUBESTOCK_TEST_KUBECONFIG"]
async fn a_server_behind_a_proxy_is_asked_and_watched_and_talks_back() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (proxy, tunnels) = tunnels().await;
    let written = target().write_kubeconfig().unwrap();
    let mut kubeconfig: Value = serde_json::from_slice(&std::fs::read(written.path()).unwrap()).unwrap();
    kubeconfig["clusters"][0]["cluster"]["proxy-url"] = proxy.into();
    std::fs::write(written.path(), kubeconfig.to_string()).unwrap();
    let request = TargetRequest { kubeconfig: Some(written.path().to_owned()), context: None };
    let cluster = Cluster::connect(&Target::resolve(&request).unwrap()).await.unwrap();

    let name = "kubestock-test-proxy";
    let namespace = namespace(&cluster, name).await;
    let mut watching = cluster.watch(vec![scope(name, "ConfigMap")]);
    watching.synced().await.unwrap();
    cluster.apply(&map(name, "seen", json!({})), Mode::Persist).await.unwrap();
    until(&mut watching, |watching| watching.snapshot().iter().any(|map| map.name() == "seen")).await;
    cluster.delete(&namespace, Cascade::Background).await.unwrap();
    assert!(tunnels.load(Ordering::Relaxed) > 0);
}

/// Connects with a kubeconfig that was changed a little.
async fn connect_with(change: impl FnOnce(&mut Value)) -> ConnectError {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let written = target().write_kubeconfig().unwrap();
    let mut kubeconfig: Value = serde_json::from_slice(&std::fs::read(written.path()).unwrap()).unwrap();
    change(&mut kubeconfig);
    std::fs::write(written.path(), kubeconfig.to_string()).unwrap();
    let request = TargetRequest { kubeconfig: Some(written.path().to_owned()), context: None };
    Cluster::connect(&Target::resolve(&request).unwrap()).await.unwrap_err()
}

#[tokio::test]
#[ignore = "needs a cluster: KUBESTOCK_TEST_KUBECONFIG"]
async fn a_server_that_is_not_trusted_is_told_from_credentials_that_are_wrong() {
    let error = connect_with(|kubeconfig| {
        let cluster = kubeconfig["clusters"][0]["cluster"].as_object_mut().unwrap();
        cluster.remove("certificate-authority-data");
        cluster.remove("certificate-authority");
    })
    .await;
    assert!(matches!(error, ConnectError::Untrusted { .. }), "{error:?}");

    let error = connect_with(|kubeconfig| kubeconfig["users"][0]["user"] = json!({"token": "wrong"})).await;
    assert!(matches!(error, ConnectError::Unauthorized { .. }), "{error:?}");
}

#[tokio::test]
#[ignore = "needs a cluster: KUBESTOCK_TEST_KUBECONFIG"]
async fn applying_creates_then_changes_then_leaves_alone() {
    let cluster = cluster().await;
    let name = "kubestock-test-apply";
    let namespace = namespace(&cluster, name).await;
    let one = deployment(name, json!({"replicas": 0}));
    let two = deployment(name, json!({"replicas": 0, "revisionHistoryLimit": 3}));

    let outcome = async |object, mode| cluster.apply(object, mode).await.unwrap().outcome;
    assert_eq!(outcome(&one, Mode::DryRun).await, Outcome::Created);
    assert!(cluster.get(&one).await.unwrap().is_none());
    assert_eq!(outcome(&one, Mode::Persist).await, Outcome::Created);
    assert_eq!(outcome(&one, Mode::DryRun).await, Outcome::Unchanged);
    assert_eq!(outcome(&one, Mode::Persist).await, Outcome::Unchanged);
    assert_eq!(outcome(&two, Mode::DryRun).await, Outcome::Changed);
    assert_eq!(outcome(&two, Mode::Persist).await, Outcome::Changed);
    let live = cluster.get(&two).await.unwrap().unwrap();
    assert_eq!(live.pointer("/spec/revisionHistoryLimit"), Some(&json!(3)));

    // What was read can be applied as it is.
    cluster.apply(&live, Mode::DryRun).await.unwrap();
    assert!(cluster.delete(&one, Cascade::Background).await.unwrap());
    assert!(!cluster.delete(&one, Cascade::Background).await.unwrap());
    cluster.delete(&namespace, Cascade::Background).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a cluster: KUBESTOCK_TEST_KUBECONFIG"]
async fn a_field_that_another_manager_changed_is_a_conflict() {
    let cluster = cluster().await;
    let name = "kubestock-test-conflict";
    let namespace = namespace(&cluster, name).await;
    let web = deployment(name, json!({"replicas": 0, "minReadySeconds": 5}));
    cluster.apply(&web, Mode::Persist).await.unwrap();
    let patch = Patch::Merge(json!({"spec": {"minReadySeconds": 6}}));
    let params = PatchParams { field_manager: Some("somebody".into()), ..PatchParams::default() };
    deployments(others().await, name).patch("web", &params, &patch).await.unwrap();

    let error = cluster.apply(&web, Mode::Persist).await.unwrap_err();
    assert!(!error.passes());
    let ApiError::Conflict { conflicts, .. } = error else { panic!("{error:?}") };
    let [conflict] = conflicts.as_slice() else { panic!("{conflicts:?}") };
    assert_eq!((conflict.manager.as_str(), conflict.field.as_str()), ("somebody", ".spec.minReadySeconds"));
    cluster.delete(&namespace, Cascade::Background).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a cluster: KUBESTOCK_TEST_KUBECONFIG"]
async fn a_field_that_kubectl_applied_goes_when_the_manifest_drops_it() {
    let cluster = cluster().await;
    let name = "kubestock-test-handover";
    let namespace = namespace(&cluster, name).await;
    let more = json!({"replicas": 0, "paused": true});
    let annotation = "kubectl.kubernetes.io/last-applied-configuration";
    let mut applied = deployment(name, more);
    applied.set_annotation(annotation, "{}");
    let params =
        PostParams { field_manager: Some("kubectl-client-side-apply".into()), ..PostParams::default() };
    let theirs: DynamicObject = serde_json::from_value(applied.into_value()).unwrap();
    deployments(others().await, name).create(&params, &theirs).await.unwrap();

    // Another value is no conflict either, dry or not.
    let less = deployment(name, json!({"replicas": 0, "minReadySeconds": 5}));
    assert_eq!(cluster.apply(&less, Mode::DryRun).await.unwrap().outcome, Outcome::Changed);
    cluster.apply(&less, Mode::Persist).await.unwrap();
    let live = cluster.get(&less).await.unwrap().unwrap();
    assert_eq!(live.pointer("/spec/paused"), None);
    assert_eq!(live.pointer("/spec/minReadySeconds"), Some(&json!(5)));
    let managers = live.pointer("/metadata/managedFields").unwrap().to_string();
    assert!(!managers.contains("kubectl-client-side-apply"), "{managers}");
    assert_eq!(cluster.apply(&less, Mode::Persist).await.unwrap().outcome, Outcome::Unchanged);
    cluster.delete(&namespace, Cascade::Background).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a cluster: KUBESTOCK_TEST_KUBECONFIG"]
async fn a_mistake_in_a_manifest_does_not_pass() {
    let cluster = cluster().await;
    let name = "kubestock-test-mistakes";
    let namespace = namespace(&cluster, name).await;
    let unknown = cluster.apply(&deployment(name, json!({"replica": 1})), Mode::Persist).await.unwrap_err();
    assert!(!unknown.passes() && unknown.to_string().contains(".spec.replica"), "{unknown:?}");
    let wrong = deployment(name, json!({"selector": {"matchLabels": {"app": "another"}}}));
    let invalid = cluster.apply(&wrong, Mode::Persist).await.unwrap_err();
    assert!(!invalid.passes(), "{invalid:?}");
    cluster.delete(&namespace, Cascade::Background).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a cluster: KUBESTOCK_TEST_KUBECONFIG"]
async fn a_namespace_that_is_not_there_yet_or_on_its_way_out_passes() {
    let cluster = cluster().await;
    let name = "kubestock-test-passing";
    let map = map(name, "a", json!({}));
    let namespace = namespace(&cluster, name).await;
    patiently(|| cluster.apply(&map, Mode::Persist)).await;
    cluster.delete(&namespace, Cascade::Background).await.unwrap();
    // Until it is gone it is being deleted, and then missing: both pass.
    let mut told = Vec::new();
    let gone = async {
        loop {
            match cluster.apply(&map, Mode::Persist).await {
                Err(error) => {
                    assert!(error.passes(), "{error:?}");
                    told.push(error.to_string());
                    if told.last().is_some_and(|told| told.contains("not found")) {
                        return;
                    }
                }
                Ok(_) => told.push("applied".to_owned()),
            }
        }
    };
    timeout(PATIENCE, gone).await.expect("the namespace went away");
}

#[tokio::test]
#[ignore = "needs a cluster: KUBESTOCK_TEST_KUBECONFIG"]
async fn a_custom_resource_is_applied_as_soon_as_its_kind_is_there() {
    let cluster = cluster().await;
    let name = "kubestock-test-kinds";
    let namespace = namespace(&cluster, name).await;
    let definition = object(json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.test.kubestock.example"},
        "spec": {
            "group": "test.kubestock.example", "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object",
                "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
            }}}],
        },
    }));
    let widget = object(json!({
        "apiVersion": "test.kubestock.example/v1", "kind": "Widget",
        "metadata": {"name": "w", "namespace": name}, "spec": {"size": 1},
    }));
    cluster.delete(&definition, Cascade::Background).await.unwrap();
    patiently(|| cluster.apply(&definition, Mode::Persist)).await;
    let applied = patiently(|| cluster.apply(&widget, Mode::Persist)).await;
    assert_eq!(applied.outcome, Outcome::Created);
    cluster.delete(&definition, Cascade::Background).await.unwrap();
    cluster.delete(&namespace, Cascade::Background).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a cluster: KUBESTOCK_TEST_KUBECONFIG"]
async fn sixteen_at_a_time_are_fine_and_a_list_has_them_all() {
    let cluster = cluster().await;
    let name = "kubestock-test-many";
    let namespace = namespace(&cluster, name).await;
    let maps: Vec<Object> =
        (0..600).map(|n| map(name, &format!("m{n:03}"), json!({"n": n.to_string()}))).collect();
    let outcomes: Vec<_> = stream::iter(&maps)
        .map(|map| patiently(|| cluster.apply(map, Mode::Persist)))
        .buffer_unordered(16)
        .map(|applied| applied.outcome)
        .collect()
        .await;
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Created));
    let listed = cluster.list("v1", "ConfigMap", Some(name), Some("test=yes")).await.unwrap();
    assert_eq!(listed.len(), 600);
    assert!(listed.iter().all(|object| object.is("", "ConfigMap")));
    cluster.delete(&namespace, Cascade::Background).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a cluster: KUBESTOCK_TEST_KUBECONFIG"]
async fn a_watch_follows_what_happens() {
    let cluster = cluster().await;
    let name = "kubestock-test-watch";
    let namespace = namespace(&cluster, name).await;
    let map = map(name, "a", json!({"k": "1"}));
    patiently(|| cluster.apply(&map, Mode::Persist)).await;
    let mut watching = cluster.watch(vec![scope(name, "ConfigMap"), scope(name, "Secret")]);
    timeout(PATIENCE, watching.synced()).await.unwrap().unwrap();
    assert!(watching.snapshot().get(&map.id()).is_some());

    let changed = self::map(name, "a", json!({"k": "2"}));
    cluster.apply(&changed, Mode::Persist).await.unwrap();
    until(&mut watching, |watching| {
        watching.snapshot().get(&map.id()).and_then(|live| live.text("/data/k")) == Some("2")
    })
    .await;
    cluster.delete(&map, Cascade::Background).await.unwrap();
    until(&mut watching, |watching| watching.snapshot().get(&map.id()).is_none()).await;
    assert_eq!(watching.trouble(), None);
    cluster.delete(&namespace, Cascade::Background).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a cluster: KUBESTOCK_TEST_KUBECONFIG"]
async fn a_lease_has_one_holder_at_a_time() {
    let cluster = cluster().await;
    let name = "kubestock-test-lease";
    let namespace = namespace(&cluster, name).await;
    let first = patiently(|| cluster.acquire_lease(name, "run", "first", |_| {})).await;
    let mut told = Vec::new();
    let second = cluster.acquire_lease(name, "run", "second", |other| told.push(other.to_owned()));
    assert!(timeout(Duration::from_secs(3), second).await.is_err());
    assert_eq!(told, ["first"]);
    first.release().await.unwrap();
    let second = cluster.acquire_lease(name, "run", "second", |other| panic!("{other}")).await.unwrap();
    let lease = cluster.read("coordination.k8s.io/v1", "Lease", Some(name), "run").await.unwrap().unwrap();
    assert_eq!(lease.text("/spec/holderIdentity"), Some("second"));
    assert_eq!(lease.pointer("/spec/leaseTransitions"), Some(&json!(1)));
    second.release().await.unwrap();
    cluster.delete(&namespace, Cascade::Background).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a cluster with a node: KUBESTOCK_TEST_KUBECONFIG"]
async fn a_container_is_heard_and_asked() {
    let cluster = cluster().await;
    let name = "kubestock-test-pods";
    let namespace = namespace(&cluster, name).await;
    let pod = object(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shell", "namespace": name},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [{
            "name": "shell", "image": "docker.io/curlimages/curl:8.8.0", "imagePullPolicy": "IfNotPresent",
            "command": ["sh", "-c", "echo one; echo two; echo three; exec sleep 3600"],
        }]},
    }));
    let dry = patiently(|| cluster.dry_run_create(&pod)).await;
    assert_eq!(dry.text("/spec/dnsPolicy"), Some("ClusterFirst"));
    patiently(|| cluster.apply(&pod, Mode::Persist)).await;
    let mut watching = cluster.watch(vec![scope(name, "Pod")]);
    until(&mut watching, |watching| {
        watching.snapshot().get(&pod.id()).and_then(|pod| pod.text("/status/phase")) == Some("Running")
    })
    .await;

    let run = async |command: &str| {
        cluster.exec(name, "shell", "shell", &["sh", "-c", command], Duration::from_secs(20)).await
    };
    let output = run("echo out; echo err >&2; exit 7").await.unwrap();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str(), output.code), ("out\n", "err\n", 7));
    // More than the pipes hold, on both at once.
    let flood = run("i=0; while [ $i -lt 20000 ]; do echo $i; echo $i >&2; i=$((i+1)); done").await.unwrap();
    assert_eq!((flood.stdout.lines().count(), flood.stderr.lines().count(), flood.code), (20000, 20000, 0));

    let missing = cluster.exec(name, "shell", "shell", &["no-such-thing"], Duration::from_secs(20)).await;
    let error = missing.unwrap_err();
    assert!(matches!(&error, ApiError::NotRun { .. }) && !error.passes(), "{error:?}");
    let endless = cluster.exec(name, "shell", "shell", &["sleep", "60"], Duration::from_secs(1)).await;
    assert!(matches!(endless, Err(ApiError::TimedOut { .. })));

    assert_eq!(cluster.log_tail(name, "shell", "shell", false, 2).await.unwrap(), ["two", "three"]);
    let gone = cluster.log_tail(name, "no-such-pod", "shell", false, 2).await.unwrap_err();
    assert!(!gone.passes(), "{gone:?}");
    cluster.delete(&namespace, Cascade::Background).await.unwrap();
}
