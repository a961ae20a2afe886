//! What `plan` says of a real cluster, and that it writes nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use super::cluster::{Cluster, Ended, name};
use super::trees::write;

const SHOP: &str = "plan-shop";

/// All objects of the cluster with their versions, but for those that its own parts keep writing.
fn versions(cluster: &Cluster) -> BTreeMap<String, String> {
    let kinds = cluster.kubectl(&["api-resources", "--verbs=list", "-o", "name"]).expect(0).stdout;
    let is_still =
        |kind: &&str| !["events", "leases.", "nodes", "metrics"].iter().any(|busy| kind.starts_with(busy));
    let kinds: Vec<&str> = kinds.lines().filter(is_still).collect();
    let objects = cluster.list(&[&kinds.join(","), "-A"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let versions = objects.iter().map(|object| {
        let metadata = &object["metadata"];
        let id = format!("{} {}/{}", object["kind"], metadata["namespace"], name(object));
        (id, text(&metadata["resourceVersion"]))
    });
    versions.collect()
}

/// The same once the cluster's controllers have nothing left to do.
fn settled(cluster: &Cluster) -> BTreeMap<String, String> {
    let mut before = versions(cluster);
    for _ in 0..20 {
        sleep(Duration::from_secs(2));
        let now = versions(cluster);
        if now == before {
            return now;
        }
        before = now;
    }
    panic!("the cluster does not come to rest");
}

/// Plans, as a program, and says for each object what would become of it.
fn planned(cluster: &Cluster, profile: &Path, gitops: &[&str]) -> (BTreeMap<String, Value>, Option<i32>) {
    let arguments = ["plan", profile.to_str().unwrap(), "--exit-code", "--output", "json"];
    let output = cluster.installer(&[&arguments, gitops].concat()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let planned = events.filter(|event| event["event"] == "object_planned");
    (
        planned.map(|event| (event["object"].as_str().unwrap().to_owned(), event)).collect(),
        output.status.code(),
    )
}

/// Those that would not stay as they are.
fn changes(planned: &BTreeMap<String, Value>) -> Vec<(&str, &str)> {
    let all = planned.iter().map(|(object, event)| (object.as_str(), event["outcome"].as_str().unwrap()));
    all.filter(|(_, outcome)| *outcome != "none").collect()
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn on_a_bare_cluster_all_is_new_and_nothing_is_written() {
    let cluster = Cluster::bare("e2e");
    let before = settled(&cluster);
    let (planned, code) = planned(&cluster, &cluster.profile("demo"), &[]);
    assert!(planned.len() > 90, "{}", planned.len());
    let others: Vec<&Value> = planned.values().filter(|event| event["outcome"] != "create").collect();
    assert!(others.is_empty(), "{others:#?}");
    assert_eq!(code, Some(10));
    assert_eq!(versions(&cluster), before);
}

/// A namespace with a service, its settings and its password.
struct Shop {
    tree: tempfile::TempDir,
    profile: PathBuf,
}

const SETTINGS: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {banner: welcome, port: '3000'}
";
const SECRET: &str = "apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {password: hunter2}
";
const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: 'hashicorp/http-echo:1.0.0', args: ['-listen=:3000', '-text=ok']}
";
const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 3000}]}
";

impl Shop {
    fn new() -> Self {
        let tree = tempfile::tempdir().unwrap();
        let root = tree.path();
        write(root, "base/kustomization.yaml", "resources: [namespace.yaml]\n");
        let namespace = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {SHOP}}}\n");
        write(root, "base/namespace.yaml", &namespace);
        let kustomization = format!(
            "namespace: {SHOP}\nresources: [settings.yaml, secret.yaml, deployment.yaml, service.yaml]\n"
        );
        write(root, "overlays/staging/kustomization.yaml", &kustomization);
        let files =
            [("settings", SETTINGS), ("secret", SECRET), ("deployment", DEPLOYMENT), ("service", SERVICE)];
        for (name, text) in files {
            write(root, &format!("overlays/staging/{name}.yaml"), text);
        }
        let layers = "layers:\n- {name: plan-base, path: base, timeout: 90s}\n\
                      - {name: plan-staging, path: overlays/staging, timeout: 90s}\n";
        write(root, "plan-shop.yaml", layers);
        let profile = root.join("plan-shop.yaml");
        Self { tree, profile }
    }

    fn write(&self, file: &str, text: &str) {
        write(self.tree.path(), &format!("overlays/staging/{file}.yaml"), text);
    }

    fn gitops(&self) -> [&str; 2] {
        ["--gitops", self.tree.path().to_str().unwrap()]
    }

    fn install(&self, cluster: &Cluster) {
        cluster.install(&self.profile, &self.gitops()).expect(0);
    }

    fn planned(&self, cluster: &Cluster) -> (BTreeMap<String, Value>, Option<i32>) {
        planned(cluster, &self.profile, &self.gitops())
    }

    /// The same as a person sees it.
    fn told(&self, cluster: &Cluster, more: &[&str]) -> Ended {
        let arguments = [&["plan", self.profile.to_str().unwrap()], &self.gitops()[..], more].concat();
        cluster.installer(&arguments).output().unwrap().into()
    }
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn what_is_installed_has_nothing_to_change_until_something_differs() {
    let cluster = Cluster::started("e2e");
    let shop = Shop::new();
    shop.install(&cluster);
    let before = settled(&cluster);
    let (planned, code) = shop.planned(&cluster);
    assert_eq!((changes(&planned), planned.len(), code), (vec![], 5, Some(0)));
    let told = shop.told(&cluster, &["--exit-code"]).expect(0);
    assert!(told.stdout.contains("nothing to change"), "{}", told.stdout);
    assert_eq!(versions(&cluster), before);

    what_is_taken_away_in_the_cluster_comes_back(&cluster, &shop);
    what_another_manager_holds_is_told_by_field(&cluster, &shop);
    what_the_files_change_is_shown_as_kubectl_shows_it(&cluster, &shop);
    a_secret_changes_without_a_word_of_its_values(&cluster, &shop);
    a_field_that_cannot_change_is_told_before(&cluster, &shop);
    what_is_in_no_layer_any_more_would_be_pruned(&cluster, &shop);
    what_somebody_else_made_is_told_with_their_name(&cluster, &shop);
    cluster.kubectl(&["delete", "namespace", SHOP, "--wait=false"]).expect(0);
}

fn what_is_taken_away_in_the_cluster_comes_back(cluster: &Cluster, shop: &Shop) {
    let patch = r#"[{"op": "remove", "path": "/data/port"}]"#;
    cluster.kubectl(&["patch", "configmap", "settings", "-n", SHOP, "--type=json", "-p", patch]).expect(0);
    let (planned, code) = shop.planned(cluster);
    assert_eq!((changes(&planned), code), (vec![("ConfigMap/plan-shop/settings", "change")], Some(10)));
    let diff = planned["ConfigMap/plan-shop/settings"]["diff"].as_str().unwrap();
    let changed: Vec<&str> = diff.lines().filter(|line| line.starts_with(['+', '-'])).collect();
    assert_eq!(changed, ["+  port: \"3000\""]);
    shop.install(cluster);
    assert_eq!(shop.planned(cluster).1, Some(0));
}

fn what_another_manager_holds_is_told_by_field(cluster: &Cluster, shop: &Shop) {
    cluster.kubectl(&["scale", "deployment", "web", "-n", SHOP, "--replicas=2"]).expect(0);
    let (planned, code) = shop.planned(cluster);
    assert_eq!((changes(&planned), code), (vec![("Deployment/plan-shop/web", "refused")], Some(6)));
    let web = &planned["Deployment/plan-shop/web"];
    assert_eq!(web["conflicts"], json!([{"manager": "kubectl", "field": ".spec.replicas"}]));
    assert_eq!(web["finding"]["code"], "KSI-141");
    let patch = r#"{"spec": {"replicas": 1}}"#;
    let back = ["patch", "deployment", "web", "-n", SHOP, "--field-manager=kubestock-install", "-p", patch];
    cluster.kubectl(&back).expect(0);
    shop.install(cluster);
    assert_eq!(shop.planned(cluster).1, Some(0));
}

/// The peer that others wrote.
fn what_the_files_change_is_shown_as_kubectl_shows_it(cluster: &Cluster, shop: &Shop) {
    let changed =
        DEPLOYMENT.replace("-text=ok", "-text=changed").replace("replicas: 1", "replicas: 1\n  paused: true");
    shop.write("deployment", &changed);
    let (planned, code) = shop.planned(cluster);
    assert_eq!((changes(&planned), code), (vec![("Deployment/plan-shop/web", "change")], Some(10)));

    let live = cluster.get(&["deployment", "web", "-n", SHOP]);
    let label = "applyset.kubernetes.io/part-of";
    let id = live["metadata"]["labels"][label].as_str().unwrap();
    let marked = format!("metadata: {{name: web, namespace: {SHOP}, labels: {{{label}: {id}}}}}");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), changed.replacen("metadata: {name: web}", &marked, 1)).unwrap();
    let diff =
        ["diff", "--server-side", "--field-manager=kubestock-install", "-f", file.path().to_str().unwrap()];
    let theirs = cluster.kubectl(&diff).expect(1).stdout;
    let is_change =
        |line: &&str| line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---");
    let theirs: Vec<&str> =
        theirs.lines().filter(is_change).filter(|line| !line.contains("  generation: ")).collect();
    let ours: Vec<&str> =
        planned["Deployment/plan-shop/web"]["diff"].as_str().unwrap().lines().filter(is_change).collect();
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), 3, "{ours:?}");
    shop.write("deployment", DEPLOYMENT);
}

fn a_secret_changes_without_a_word_of_its_values(cluster: &Cluster, shop: &Shop) {
    shop.write("secret", &SECRET.replace("hunter2", "correct-horse"));
    for form in [&["--output", "json"][..], &["-v"], &["-vvv"]] {
        let told = shop.told(cluster, form).expect(0).said();
        assert!(told.contains("(redacted, changed)"), "{told}");
        for word in ["hunter2", "correct-horse", "aHVudGVyMg", "Y29ycmVjdC1ob3JzZQ"] {
            assert!(!told.contains(word), "{form:?} tells {word}: {told}");
        }
    }
    shop.write("secret", SECRET);
}

fn a_field_that_cannot_change_is_told_before(cluster: &Cluster, shop: &Shop) {
    shop.write("deployment", &DEPLOYMENT.replace("app: web", "app: shop"));
    let (planned, code) = shop.planned(cluster);
    assert_eq!((changes(&planned), code), (vec![("Deployment/plan-shop/web", "refused")], Some(6)));
    let finding = &planned["Deployment/plan-shop/web"]["finding"];
    assert_eq!(finding["code"], "KSI-142");
    assert!(finding["seen"].as_str().unwrap().contains("spec.selector"), "{finding}");
    assert!(finding["file"].as_str().unwrap().ends_with("deployment.yaml"), "{finding}");

    // An installation says so too, and begins nothing.
    let before = settled(cluster);
    let ended = cluster.install(&shop.profile, &shop.gitops()).expect(6);
    assert!(ended.stderr.contains("error[KSI-142]: Deployment/plan-shop/web"), "{}", ended.stderr);
    assert!(ended.stderr.contains("nothing was changed"), "{}", ended.stderr);
    assert_eq!(versions(cluster), before);
    shop.write("deployment", DEPLOYMENT);
}

fn what_is_in_no_layer_any_more_would_be_pruned(cluster: &Cluster, shop: &Shop) {
    let kustomization = format!("namespace: {SHOP}\nresources: [settings.yaml, secret.yaml]\n");
    write(shop.tree.path(), "overlays/staging/kustomization.yaml", &kustomization);
    let (planned, code) = shop.planned(cluster);
    let pruned = vec![("Deployment/plan-shop/web", "prune"), ("Service/plan-shop/web", "prune")];
    assert_eq!((changes(&planned), code), (pruned, Some(10)));
    let all = format!(
        "namespace: {SHOP}\nresources: [settings.yaml, secret.yaml, deployment.yaml, service.yaml]\n"
    );
    write(shop.tree.path(), "overlays/staging/kustomization.yaml", &all);
}

fn what_somebody_else_made_is_told_with_their_name(cluster: &Cluster, shop: &Shop) {
    cluster.kubectl(&["delete", "configmap", "settings", "-n", SHOP]).expect(0);
    let made = ["create", "configmap", "settings", "-n", SHOP, "--from-literal=banner=welcome"];
    cluster.kubectl(&[&made[..], &["--field-manager=helm"]].concat()).expect(0);
    let (planned, code) = shop.planned(cluster);
    assert_eq!((changes(&planned), code), (vec![("ConfigMap/plan-shop/settings", "change")], Some(10)));
    let finding = &planned["ConfigMap/plan-shop/settings"]["finding"];
    assert_eq!((&finding["code"], &finding["severity"]), (&"KSI-125".into(), &"warning".into()));
    assert!(finding["seen"].as_str().unwrap().contains("made by helm"), "{finding}");
}
