//! Applying objects by the thousand, beside kubectl, kapp and helm, and beside a client that does nothing but send them; on
//! a sandbox, one after the other. Ends with an error where a goal is missed; docs/performance.md has the figures.
//!
//!     make bench                                       # with 1,000 objects
//!     cargo bench --bench apply -- 10000               # ours and the floor with as many more

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../tests/e2e/cluster.rs"]
#[allow(dead_code, reason = "a kubeconfig is all that is needed of it")]
mod cluster;
mod floor;
mod objects;
mod peers;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use cluster::Cluster;
use floor::Floor;
use objects::{Load, stream};
use peers::{PEERS, Peer, Tools, built};

/// How many times as long kubectl is to take for the first time.
const FASTER_THAN_KUBECTL: f64 = 20.0;

/// How many times as long as the floor we may take.
const OF_THE_FLOOR: f64 = 1.5;

/// What each took for the first time, with nothing to change, and with half of the objects changed.
struct Times {
    name: &'static str,
    turns: [Duration; 3],
}

fn main() -> ExitCode {
    let cluster = Cluster::bare("bench");
    let tools = Tools {
        kubeconfig: cluster.kubeconfig(),
        kubectl: cluster.variable("KUBECTL").into(),
        helm: built("helm", "helm.sh/helm/v3/cmd/helm"),
        kapp: built("kapp", "carvel.dev/kapp/cmd/kapp"),
    };
    let more = std::env::args().filter_map(|argument| argument.parse().ok()).next();
    let mut missed = Vec::new();
    for load in [Load::ConfigMaps(1000), Load::Mix] {
        missed.extend(contest(&cluster, &tools, load, &PEERS));
    }
    if let Some(count) = more {
        missed.extend(contest(&cluster, &tools, Load::ConfigMaps(count), &PEERS[..1]));
    }
    cluster.down();
    for goal in &missed {
        eprintln!("missed: {goal}");
    }
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn contest(cluster: &Cluster, tools: &Tools, load: Load, peers: &[Peer]) -> Vec<String> {
    println!("{}: for the first time, again, and with half of them changed", load.name());
    let floor = beneath(cluster, load);
    let print = |name: &str, turns: &[Duration; 3]| {
        let turn = |(time, floor): (&Duration, &Duration)| {
            format!("{:8.2} s {:6.2}", time.as_secs_f64(), ratio(*time, *floor))
        };
        let turns: Vec<String> = turns.iter().zip(&floor).map(turn).collect();
        println!("  {name:8} {}", turns.join("   "));
    };
    print("floor", &floor);
    let mut all = Vec::new();
    for peer in peers {
        let times = Times { name: peer.name, turns: time(cluster, tools, load, peer) };
        print(times.name, &times.turns);
        all.push(times);
    }
    goals(load, &floor, &all)
}

fn ratio(time: Duration, of: Duration) -> f64 {
    time.as_secs_f64() / of.as_secs_f64()
}

fn goals(load: Load, floor: &[Duration; 3], all: &[Times]) -> Vec<String> {
    let ours = &all[0].turns;
    let mut missed = Vec::new();
    for (what, turn) in [("for the first time", 0), ("with half of them changed", 2)] {
        let of_floor = ratio(ours[turn], floor[turn]);
        if of_floor > OF_THE_FLOOR {
            missed.push(format!(
                "{}: {of_floor:.2} of the floor {what}; wanted are {OF_THE_FLOOR}",
                load.name()
            ));
        }
    }
    if ours[1] >= ours[2] {
        missed.push(format!("{}: what is unchanged costs no less than what is", load.name()));
    }
    let kubectl = all.iter().find(|times| times.name == "kubectl");
    if let (Load::ConfigMaps(_), Some(kubectl)) = (load, kubectl) {
        let faster = ratio(kubectl.turns[0], ours[0]);
        if faster < FASTER_THAN_KUBECTL {
            missed.push(format!("kubectl takes {faster:.1} times as long; wanted are {FASTER_THAN_KUBECTL}"));
        }
    }
    missed
}

/// The bare client's times, in a namespace of its own for each turn and number of connections.
fn beneath(cluster: &Cluster, load: Load) -> [Duration; 3] {
    let floor = Floor::of(&cluster.config());
    let owner = |round: usize| format!("floor{round}");
    for round in 0..3 {
        clear(cluster, &owner(round));
        let definitions = load.definitions(&owner(round));
        if !definitions.is_empty() {
            floor.apply(|_| definitions.clone());
            let names: Vec<String> = definitions
                .iter()
                .map(|it| format!("crd/{}", it["metadata"]["name"].as_str().unwrap()))
                .collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let wait = [&["wait", "--for=condition=Established"], names.as_slice()].concat();
            cluster.kubectl(&wait).expect(0);
        }
    }
    let turns = [0, 0, 1].map(|turn| floor.apply(|round| load.objects(&owner(round), turn)));
    (0..3).for_each(|round| remove(cluster, &owner(round)));
    turns
}

fn time(cluster: &Cluster, tools: &Tools, load: Load, peer: &Peer) -> [Duration; 3] {
    clear(cluster, peer.name);
    let times = [0, 0, 1].map(|turn| {
        let folder = TempDir::new().unwrap();
        write(folder.path(), load, peer.name, turn);
        let steps = (peer.steps)(tools, folder.path());
        let start = Instant::now();
        steps.into_iter().for_each(run);
        start.elapsed()
    });
    remove(cluster, peer.name);
    times
}

fn run(mut command: Command) {
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The objects as each of the tools reads them.
fn write(folder: &Path, load: Load, owner: &str, turn: usize) {
    let (definitions, objects) = (stream(&load.definitions(owner)), stream(&load.objects(owner, turn)));
    let tree = folder.join("tree");
    let chart = folder.join("chart");
    for folder in [tree.clone(), chart.join("templates"), chart.join("crds")] {
        fs::create_dir_all(folder).unwrap();
    }
    let resources = json!({"resources": ["definitions.yaml", "objects.yaml"]});
    let profile = json!({"layers": [{"name": "load", "path": "./tree"}]});
    for (file, text) in [
        ("profile.yaml", profile.to_string()),
        ("tree/kustomization.yaml", resources.to_string()),
        ("tree/definitions.yaml", definitions.clone()),
        ("tree/objects.yaml", objects.clone()),
        ("chart/Chart.yaml", json!({"apiVersion": "v2", "name": "load", "version": "1.0.0"}).to_string()),
        ("chart/crds/definitions.yaml", definitions),
        ("chart/templates/objects.yaml", objects),
    ] {
        fs::write(folder.join(file), text).unwrap();
    }
}

fn clear(cluster: &Cluster, owner: &str) {
    remove(cluster, owner);
    cluster.kubectl(&["create", "namespace", owner]).expect(0);
}

fn remove(cluster: &Cluster, owner: &str) {
    cluster.kubectl(&["delete", "namespace", owner, "--ignore-not-found", "--wait"]).expect(0);
    let group = format!("{owner}.example.com");
    let all = cluster.list(&["crd"]);
    let theirs = all.iter().filter(|it| it["spec"]["group"] == group.as_str());
    let names: Vec<String> =
        theirs.map(|it| format!("crd/{}", it["metadata"]["name"].as_str().unwrap())).collect();
    if !names.is_empty() {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        cluster.kubectl(&[&["delete", "--wait"], names.as_slice()].concat()).expect(0);
    }
}
