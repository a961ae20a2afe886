//! What is predicted of a quota is what the API server then counts, over workloads that nobody wrote.

mod workloads;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use kubestock_install::object::Quantity;
use regex::Regex;
use serde_json::{Value, json};

use self::workloads::{Workload, range};
use super::cluster::{Cluster, name};
use super::dice::{self, Dice};
use super::trees::{layers_only, write};

/// What a round has in its namespace.
struct Round<'a> {
    cluster: &'a Cluster,
    namespace: String,
    /// By name: the spec without its `hard`, and the resources that it counts.
    quotas: BTreeMap<&'static str, (Value, BTreeSet<&'static str>)>,
    workloads: Vec<Workload>,
    tree: tempfile::TempDir,
}

/// More of anything than is ever asked for.
const PLENTY: &str = "1P";

/// Amounts by quota and resource.
type Amounts = BTreeMap<(String, String), Quantity>;

impl<'a> Round<'a> {
    fn new(cluster: &'a Cluster, name: &str, dice: &mut Dice, workloads: Vec<Workload>) -> Self {
        let of_scopes = ["cpu", "requests.cpu", "limits.cpu", "memory", "requests.memory", "limits.memory"];
        let of_all = ["count/pods", "requests.ephemeral-storage", "limits.ephemeral-storage"];
        let mut counted = |resources: &[&'static str]| -> BTreeSet<&str> {
            dice.some_of(resources).into_iter().chain(["pods"]).collect()
        };
        let quotas = BTreeMap::from([
            ("all", (json!({}), counted(&[&of_scopes[..], &of_all].concat()))),
            ("ending", (json!({"scopes": ["Terminating"]}), counted(&of_scopes))),
            ("lasting", (json!({"scopes": ["NotTerminating"]}), counted(&of_scopes))),
        ]);
        Self { cluster, namespace: name.to_owned(), quotas, workloads, tree: tempfile::tempdir().unwrap() }
    }

    fn root(&self) -> &Path {
        self.tree.path()
    }

    /// The quotas, with as much of everything as `hard` says.
    fn quotas(&self, hard: impl Fn(&str, &str) -> String) -> Vec<Value> {
        let quota = |(name, (spec, counted)): (&&str, &(Value, BTreeSet<&str>))| {
            let hard: BTreeMap<&str, String> =
                counted.iter().map(|resource| (*resource, hard(name, resource))).collect();
            let mut spec = spec.clone();
            spec["hard"] = json!(hard);
            json!({"apiVersion": "v1", "kind": "ResourceQuota",
                "metadata": {"name": name, "namespace": self.namespace}, "spec": spec})
        };
        self.quotas.iter().map(quota).collect()
    }

    /// Writes the tree, with quotas of this size.
    fn write(&self, hard: impl Fn(&str, &str) -> String) -> PathBuf {
        let lines =
            |objects: &[Value]| objects.iter().map(|object| format!("---\n{object}\n")).collect::<String>();
        let workloads: Vec<Value> =
            self.workloads.iter().map(|workload| workload.object(&self.namespace)).collect();
        write(self.root(), "base/kustomization.yaml", "resources: [quotas.yaml]\n");
        write(self.root(), "base/quotas.yaml", &lines(&self.quotas(hard)));
        write(self.root(), "overlays/staging/kustomization.yaml", "resources: [workloads.yaml]\n");
        write(self.root(), "overlays/staging/workloads.yaml", &lines(&workloads));
        layers_only(self.root(), "20s")
    }

    /// What `check` says of the quotas of the tree: each sum that stands behind `words`.
    fn predicted(&self, profile: &Path, code: &str, words: &str) -> Amounts {
        let arguments = ["check", profile.to_str().unwrap(), "--gitops", self.root().to_str().unwrap()];
        let output =
            self.cluster.installer(&[&arguments[..], &["--output", "json"]].concat()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let sum = Regex::new(words).unwrap();
        let mut amounts = Amounts::new();
        let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        for event in events.filter(|event| event["event"] == "found" && event["code"] == code) {
            let quota = event["object"].as_str().unwrap().rsplit('/').next().unwrap();
            for captured in sum.captures_iter(event["seen"].as_str().unwrap()) {
                let key = (quota.to_owned(), captured["resource"].to_owned());
                amounts.insert(key, captured["sum"].parse().unwrap());
            }
        }
        amounts
    }

    /// The prediction while nothing happens, for what is asked for at all.
    fn steady(&self) -> Amounts {
        let profile = self.write(|_, _| "0".to_owned());
        self.predicted(&profile, "KSI-301", r"has 0 of (?P<resource>\S+), and (?P<sum>\S+) are asked for")
    }

    /// What the API server counts.
    fn used(&self) -> Amounts {
        let quotas = self.cluster.list(&["resourcequotas", "-n", &self.namespace]);
        let used = quotas.iter().flat_map(|quota| {
            let used = quota["status"]["used"].as_object().unwrap();
            used.iter().map(|(resource, amount)| {
                ((name(quota).to_owned(), resource.clone()), amount.as_str().unwrap().parse().unwrap())
            })
        });
        used.collect()
    }

    fn wait(&self, arguments: &[&str]) {
        let common = ["wait", "-n", &self.namespace, "--timeout=90s"];
        self.cluster.kubectl(&[&common[..], arguments].concat()).expect(0);
    }

    /// Applies the workloads as the tree has them at the moment.
    fn apply(&self) {
        let overlay = self.root().join("overlays/staging");
        self.cluster.kubectl(&["apply", "-k", overlay.to_str().unwrap()]).expect(0);
    }

    /// Waits until each quota counts as many pods as were predicted, or as before. It is counted at the end of a pod, from a cache
    /// that may not have the pod's successor yet, and where nothing follows the count stays wrong for minutes; a change of the
    /// quota has it counted anew (k8s.io/kubernetes, pkg/controller/resourcequota).
    fn wait_for_pods(&self, predicted: &Amounts, before: &Amounts) {
        for quota in self.quotas.keys() {
            let key = ((*quota).to_owned(), "pods".to_owned());
            let pods = predicted.get(&key).or_else(|| before.get(&key)).copied().unwrap_or(Quantity::ZERO);
            let is_counted = format!("--for=jsonpath={{.status.used.pods}}={pods}");
            let object = format!("resourcequota/{quota}");
            let wait = ["wait", "-n", &self.namespace, &object, &is_counted, "--timeout=10s"];
            let counted = (1..=9).any(|attempt| {
                if self.cluster.kubectl(&wait).code == Some(0) {
                    return true;
                }
                let more = json!({"spec": {"hard": {"pods": format!("1{attempt}P")}}}).to_string();
                self.cluster.kubectl(&["patch", "-n", &self.namespace, &object, "-p", &more]).expect(0);
                false
            });
            let used = self.cluster.get(&["-n", &self.namespace, &object]);
            assert!(counted, "not {pods} pods: {used}");
        }
    }

    fn end(&self) {
        self.cluster.kubectl(&["delete", "namespace", &self.namespace, "--wait=false"]).expect(0);
    }
}

/// That the counted amounts are the predicted ones, and where nothing was predicted those of before, if any.
#[track_caller]
fn assert_counted(round: &Round<'_>, predicted: &Amounts, before: &Amounts, used: &Amounts) {
    let wrong: Vec<String> = used
        .iter()
        .map(|(key, used)| {
            let expected = predicted.get(key).or_else(|| before.get(key)).copied().unwrap_or(Quantity::ZERO);
            (key, used, expected)
        })
        .filter(|(_, used, expected)| *used != expected)
        .map(|(key, used, expected)| format!("{key:?}: {used} are used, and {expected} were predicted"))
        .collect();
    assert!(
        wrong.is_empty(),
        "{wrong:#?}\n{}",
        std::fs::read_to_string(round.root().join("overlays/staging/workloads.yaml")).unwrap()
    );
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn quotas_count_what_was_predicted_of_random_workloads_with_their_sidecars() {
    let cluster = Cluster::started("e2e");
    cluster.install(&cluster.profile("minimal"), &[]).expect(0);
    let class = json!({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "heavy"},
        "handler": "runc", "overhead": {"podFixed": {"cpu": "30m", "memory": "8Mi"}}});
    cluster.apply(&class);
    for seed in dice::seeds(4) {
        let mut dice = Dice::new(seed);
        let name = format!("quota-{seed}");
        let labels = if dice.chance(75) { json!({"istio-injection": "enabled"}) } else { json!({}) };
        cluster.apply(
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}),
        );
        let count = 4 + dice.below(4);
        let workloads = (0..count).map(|number| Workload::random(&mut dice, number)).collect();
        let round = Round::new(&cluster, &name, &mut dice, workloads);
        cluster.apply(&range(&mut dice, &name, true));
        round.quotas(|_, _| PLENTY.to_owned()).iter().for_each(|quota| cluster.apply(quota));
        // A pod that is there already, and stays.
        cluster.apply(&Workload::pod(&mut dice, "there-already").object(&name));
        round.wait(&["resourcequota/all", "--for=jsonpath={.status.used.pods}=1"]);
        let before = round.used();

        let predicted = round.steady();
        round.apply();
        round.wait_for_pods(&predicted, &before);
        assert_counted(&round, &predicted, &before, &round.used());
        for workload in &round.workloads {
            workload.assert_complete(&cluster, &name);
        }
        round.end();
    }
    cluster.kubectl(&["delete", "runtimeclass", "heavy"]).expect(0);
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn quotas_count_what_was_predicted_of_an_update_of_everything() {
    let cluster = Cluster::started("e2e");
    for seed in dice::seeds(2) {
        let mut dice = Dice::new(seed);
        let name = format!("update-{seed}");
        cluster.apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
        let workloads = (0..5).map(|number| Workload::updated(&mut dice, number)).collect();
        let mut round = Round::new(&cluster, &name, &mut dice, workloads);
        cluster.apply(&range(&mut dice, &name, false));
        round.quotas(|_, _| PLENTY.to_owned()).iter().for_each(|quota| cluster.apply(quota));

        let steady = round.steady();
        let at = |quota: &str, resource: &str| {
            let amount = steady.get(&(quota.to_owned(), resource.to_owned()));
            amount.map_or_else(|| PLENTY.to_owned(), ToString::to_string)
        };
        let profile = round.write(at);
        let words = r"has \S+ of (?P<resource>\S+), of which [^;]*?; while all of them are replaced at once it is (?P<sum>[^ ,]+)";
        let mut peak = steady.clone();
        peak.extend(round.predicted(&profile, "KSI-302", words));
        round.apply();
        round.wait_for_pods(&steady, &Amounts::new());
        round.wait(&["pod", "--all", "--for=condition=Ready"]);
        assert_counted(&round, &steady, &Amounts::new(), &round.used());

        // The new pods never get ready, so that the update stays where it has the most of them.
        round.workloads.iter_mut().for_each(Workload::update);
        round.write(at);
        round.apply();
        round.wait(&["deployment", "--all", "--for=condition=Progressing=false"]);
        // A StatefulSet, which has no such condition, may just be between a pod and its successor.
        round.wait_for_pods(&peak, &Amounts::new());
        assert_counted(&round, &peak, &Amounts::new(), &round.used());
        round.end();
    }
}
