//! Every situation at once, each in a namespace of its own. `KUBESTOCK_RECORD=1` keeps what was seen;
//! `KUBESTOCK_SITUATIONS=quota-cpu,claim-missing` makes these alone, `KUBESTOCK_SANDBOX=mine` in a sandbox of that name.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kubestock_install::cluster::{Cluster, Scope, Target, TargetRequest};
use kubestock_install::object::{Object, Snapshot};
use kubestock_install::readiness;
use serde_json::{Value, json};

use super::catalogue;
use super::cluster::{self, Sandbox};
use super::judge::{End, LONGEST, Remedy, Situation};
use super::observer::Observer;
use super::recording::Recorder;

/// After this long, what is not over is judged as it stands.
const LIMIT: Duration = Duration::from_secs(420);

/// How long after the cluster knew it a finding may come.
const SOON: Duration = Duration::from_secs(10);

const LABEL: &str = "kubestock-situation";

/// Some of each kind, for every change.
const DOZEN: [&str; 12] = [
    "quota-cpu",
    "pod-security",
    "webhook-without-service",
    "unschedulable-cpu",
    "claim-missing",
    "image-unreachable",
    "image-not-found",
    "secret-missing",
    "command-not-found",
    "readiness-refused",
    "recovers-secret-made",
    "recovers-quota-raised",
];

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_dozen_situations_are_told_in_time() {
    run(catalogue::all().into_iter().filter(|situation| DOZEN.contains(&situation.name)).collect());
}

#[test]
#[ignore = "needs the sandbox, and five minutes: make nightly"]
fn all_situations_are_told_in_time() {
    let only = std::env::var("KUBESTOCK_SITUATIONS").unwrap_or_default();
    let is_meant =
        |situation: &Situation| only.is_empty() || only.split(',').any(|name| name == situation.name);
    run(catalogue::all().into_iter().filter(is_meant).collect());
}

/// One situation while it lasts.
struct Running {
    situation: Situation,
    namespace: String,
    observer: Observer,
    recorder: Recorder,
    /// When its first object was seen, since the beginning of all.
    begun: Option<Duration>,
    looked: Duration,
    /// What is to be done, by when.
    remedies: Option<Vec<(Duration, Remedy)>>,
    faults: Vec<String>,
    is_over: bool,
}

#[tokio::main]
async fn run(situations: Vec<Situation>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sandbox = Sandbox::started();
    let target = TargetRequest { kubeconfig: Some(sandbox.kubeconfig()), context: None };
    let cluster = Cluster::connect(&Target::resolve(&target).unwrap()).await.unwrap();
    clean(&sandbox, true);
    let mut running: Vec<Running> = situations.into_iter().map(Running::new).collect();
    let mut watching = cluster.watch(scopes());
    watching.synced().await.unwrap();
    let begun = Instant::now();
    let making = tokio::task::spawn_blocking({
        let (sandbox, all) = (sandbox.clone(), running.iter().map(Running::objects).collect::<Vec<_>>());
        move || make(&sandbox, &all)
    });
    while begun.elapsed() < LIMIT && running.iter().any(|one| !one.is_over) {
        let by_namespace = split(&watching.snapshot());
        for one in running.iter_mut().filter(|one| !one.is_over) {
            if let Some(snapshot) = by_namespace.get(&one.namespace) {
                one.look(begun.elapsed(), snapshot, &sandbox);
            }
        }
        let _ = tokio::time::timeout(Duration::from_millis(500), watching.changed()).await;
    }
    making.await.unwrap();
    running.iter_mut().for_each(Running::judge);
    running.iter_mut().for_each(|one| one.diagnose(&sandbox));
    clean(&sandbox, false);
    let faults: Vec<String> = running
        .iter()
        .flat_map(|one| one.faults.iter().map(|fault| format!("{}: {fault}", one.situation.name)))
        .collect();
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), running.len(), faults.join("\n"));
}

fn scopes() -> Vec<Scope> {
    let workloads = [
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "DaemonSet"),
        ("batch/v1", "Job"),
    ];
    let scope = |(api_version, kind): (&str, &str)| Scope {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: None,
        selector: None,
        fields: None,
    };
    workloads.into_iter().chain(readiness::EVIDENCE).map(scope).collect()
}

fn split(snapshot: &Snapshot) -> BTreeMap<String, Snapshot> {
    let mut split: BTreeMap<String, Snapshot> = BTreeMap::new();
    for object in snapshot.iter() {
        if let Some(namespace) = object.namespace() {
            split.entry(namespace.to_owned()).or_default().insert(object.clone());
        }
    }
    split
}

/// The registries first: others are to be answered by them.
fn make(sandbox: &Sandbox, all: &[(String, Value, Vec<Value>)]) {
    sandbox.make("situations-registries", &json!({LABEL: "yes"}));
    sandbox.apply(&catalogue::registries());
    let ready = ["rollout", "status", "daemonset/registries", "-n", "situations-registries", "--timeout=60s"];
    sandbox.kubectl(&ready, None).unwrap();
    for (namespace, labels, objects) in all {
        sandbox.make(namespace, labels);
        // Runs of objects are applied together, and what is done between them in its place.
        for step in objects.chunk_by(|a, b| a.get("kubectl").is_none() && b.get("kubectl").is_none()) {
            match step[0]["kubectl"].as_str() {
                Some(line) => {
                    _ = sandbox.kubectl(&line.split_whitespace().collect::<Vec<_>>(), None).unwrap()
                }
                None => sandbox.apply(step),
            }
        }
    }
}

/// Takes away what was made here.
fn clean(sandbox: &Sandbox, and_wait: bool) {
    let wait = format!("--wait={and_wait}");
    let selector = format!("--selector={LABEL}");
    // What it is held back by would hold its namespace back.
    let kinds =
        "namespaces,validatingwebhookconfigurations,persistentvolumes,priorityclasses,runtimeclasses,nodes";
    let release = [
        "patch",
        "pod",
        "held-0",
        "-n",
        "situation-finalizer-holds",
        "--type=merge",
        "-p",
        r#"{"metadata":{"finalizers":null}}"#,
    ];
    let _not_there = sandbox.kubectl(&release, None);
    let image = "registry.invalid/situation-recovers-slow-image:1";
    let _not_there = sandbox.run(&["ctr", "images", "rm", image], None);
    sandbox.kubectl(&["delete", kinds, &selector, &wait, "--ignore-not-found"], None).unwrap();
}

impl Running {
    fn new(situation: Situation) -> Self {
        let namespace = format!("situation-{}", situation.name);
        let remedies = match &situation.end {
            End::Recovers(_) => None,
            End::Fails | End::Lasts | End::Passes => Some(Vec::new()),
        };
        Self {
            situation,
            namespace,
            observer: Observer::default(),
            recorder: Recorder::default(),
            begun: None,
            looked: Duration::ZERO,
            remedies,
            faults: Vec::new(),
            is_over: false,
        }
    }

    /// Its namespace, with its labels, and the objects in it.
    fn objects(&self) -> (String, Value, Vec<Value>) {
        let mut labels = json!({LABEL: "yes"});
        let mut objects = Vec::new();
        for object in &self.situation.objects {
            let mut object = named(object, &self.namespace);
            match object["kind"].as_str() {
                Some("Namespace") => {
                    labels.as_object_mut().unwrap().extend(object["labels"].as_object().unwrap().clone());
                    continue;
                }
                Some(
                    "PersistentVolume"
                    | "PriorityClass"
                    | "RuntimeClass"
                    | "ValidatingWebhookConfiguration"
                    | "Node",
                ) => object["metadata"]["labels"] = json!({LABEL: "yes"}),
                Some(_) => object["metadata"]["namespace"] = json!(self.namespace),
                None => {}
            }
            objects.push(object);
        }
        (self.namespace.clone(), labels, objects)
    }

    fn look(&mut self, since_all: Duration, snapshot: &Snapshot, sandbox: &Sandbox) {
        if !snapshot.iter().any(readiness::is_workload) {
            return;
        }
        let now = since_all - *self.begun.get_or_insert(since_all);
        if now < self.looked + Duration::from_millis(200) && !self.observer.told.is_empty() {
            return;
        }
        self.looked = now;
        self.recorder.note(now, snapshot);
        let was_told = self.situation.first_told(&self.observer.told, &self.namespace).is_some();
        self.observer.look(now, snapshot);
        let told = self.situation.first_told(&self.observer.told, &self.namespace);
        if let (false, Some(at)) = (was_told, told) {
            self.note_delay(snapshot);
            self.plan_remedies(at);
        }
        self.remedy(now, sandbox);
        self.is_over = self.situation.is_over(&self.observer.told, &self.namespace);
    }

    /// The newest that the cluster knows is what brought the finding.
    fn note_delay(&mut self, snapshot: &Snapshot) {
        let newest = snapshot.iter().flat_map(times).max();
        let delay = newest.map(|newest| Timestamp::now().duration_since(newest).unsigned_abs());
        if delay.is_none_or(|delay| delay > SOON) {
            self.faults.push(format!("told {delay:?} after the cluster knew it"));
        }
    }

    fn plan_remedies(&mut self, told: Duration) {
        if let End::Recovers(remedies) = &mut self.situation.end {
            let due = |remedy: Remedy| (told + Duration::from_secs(remedy.after), remedy);
            self.remedies = Some(remedies.drain(..).map(due).collect());
        }
    }

    fn remedy(&mut self, now: Duration, sandbox: &Sandbox) {
        let Some(remedies) = &mut self.remedies else { return };
        for (_, remedy) in remedies.extract_if(.., |(due, _)| *due <= now) {
            let arguments: Vec<String> = remedy
                .kubectl
                .iter()
                .map(|argument| argument.replace("NS", &self.namespace).replace("NODE", &cluster::node()))
                .collect();
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let input = remedy.input.map(|input| named(&input, &self.namespace));
            if let Err(words) = sandbox.run(&arguments, input.as_ref()) {
                self.faults.push(format!("{arguments:?}: {words}"));
            }
        }
    }

    fn judge(&mut self) {
        self.faults.extend(self.situation.fault(&self.observer.told, &self.namespace));
        if let Some(failed) = self.observer.told.iter().find(|told| told.failed)
            && failed.at > LONGEST
        {
            self.faults.push(format!("given up only after {:?}", failed.at));
        }
        if std::env::var_os("KUBESTOCK_RECORD").is_some() {
            self.recorder.keep(self.situation.name);
        }
    }

    /// That `diagnose` says the same of it, who has not watched.
    fn diagnose(&mut self, sandbox: &Sandbox) {
        if matches!(self.situation.end, End::Recovers(_) | End::Passes) {
            return;
        }
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kubestock-install"));
        command.args(["diagnose", "--output", "json", "-n", &self.namespace]);
        let output = command.env("KUBECONFIG", sandbox.kubeconfig()).output().unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        let events = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let findings: Vec<Value> = events
            .filter(|event| event["event"] == "diagnosed")
            .map(|event| event["finding"].clone())
            .collect();
        let object = self.situation.object.replace("NS", &self.namespace);
        let code = self.situation.code.to_string();
        if !findings.iter().any(|finding| finding["code"] == code && finding["object"] == object) {
            self.faults.push(format!("`diagnose` says {findings:?}"));
        }
    }
}

/// With the name of a situation's namespace in the place of `NS`, and the node's in that of `NODE`.
fn named(object: &Value, namespace: &str) -> Value {
    let text = object.to_string().replace("NS", namespace).replace("NODE", &cluster::node());
    serde_json::from_str(&text).unwrap()
}

fn times(object: &Object) -> impl Iterator<Item = Timestamp> {
    let whole = object.to_value();
    let mut texts: Vec<String> = Vec::new();
    collect_times(&whole, &mut texts);
    texts.into_iter().filter_map(|text| text.parse().ok())
}

fn collect_times(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text)
                        if name.ends_with("Time") || name.ends_with("Timestamp") || name.ends_with("At") =>
                    {
                        texts.push(text.clone());
                    }
                    value => collect_times(value, texts),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_times(item, texts)),
        _ => {}
    }
}
