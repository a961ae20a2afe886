//! Applying objects by the thousand, beside kubectl, kapp and helm, and beside a client that does nothing but send them; on
//! a sandbox, one after the other. Ends with an error where a goal is missed; docs/performance.md has the figures.
//!
//!     make bench                                       # with 1,000 objects
//!     cargo bench --bench apply -- 10000               # ours and the floor alone, with as many ConfigMaps; or `mix`

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../tools/bare.rs"]
#[allow(dead_code, reason = "watching is for another bench")]
mod bare;
#[path = "../../tests/e2e/cluster.rs"]
#[allow(dead_code, reason = "a kubeconfig is all that is needed of it")]
mod cluster;
mod floor;
#[path = "../tools/goals.rs"]
mod goals;
#[path = "../tools/module.rs"]
mod module;
mod objects;
mod peers;

use std::cell::LazyCell;
use std::fs;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use bare::Bare;
use cluster::Cluster;
use floor::CONNECTIONS;
use module::built;
use objects::{Load, stream};
use peers::{OURS, PEERS, Peer, Tools};

const MODULE: &str = "benches/apply/peers";

/// How many times as long kubectl is to take for the first time.
const FASTER_THAN_KUBECTL: f64 = 20.0;

/// How many times as long as the floor we may take.
const OF_THE_FLOOR: f64 = 1.5;

/// For the first time, with nothing to change, and with half of the objects changed.
type Turns = [Duration; 3];

/// What one way took.
struct Times {
    name: &'static str,
    /// Until the last object was applied, where the program tells of it; else the same as `ended`.
    applied: Turns,
    /// Until it ended: kapp and we wait until Deployments are observed and definitions established.
    ended: Turns,
}

impl Times {
    fn least(self, other: Self) -> Self {
        Self {
            name: self.name,
            applied: least(self.applied, other.applied),
            ended: least(self.ended, other.ended),
        }
    }
}

fn least(one: Turns, other: Turns) -> Turns {
    std::array::from_fn(|turn| one[turn].min(other[turn]))
}

fn main() -> ExitCode {
    let cluster = Cluster::bare("bench");
    let tools = Tools {
        kubeconfig: cluster.kubeconfig(),
        kubectl: cluster.variable("KUBECTL").into(),
        helm: LazyCell::new(|| built(MODULE, "helm", "helm.sh/helm/v3/cmd/helm")),
        kapp: LazyCell::new(|| built(MODULE, "kapp", "carvel.dev/kapp/cmd/kapp")),
    };
    // Of a load that is named, the others would take an hour.
    let named = |argument: String| match argument.as_str() {
        "mix" => Some(Load::Mix),
        count => count.parse().ok().map(Load::ConfigMaps),
    };
    let (loads, peers) = match std::env::args().find_map(named) {
        Some(load) => (vec![load], &[][..]),
        None => (vec![Load::ConfigMaps(1000), Load::Mix], &PEERS[..]),
    };
    let missed: Vec<String> =
        loads.into_iter().flat_map(|load| contest(&cluster, &tools, load, peers)).collect();
    cluster.down();
    goals::judged(&missed)
}

fn contest(cluster: &Cluster, tools: &Tools, load: Load, peers: &[Peer]) -> Vec<String> {
    println!("{}: for the first time, again, and with half of them changed", load.name());
    let bare = Bare::of(&cluster.config());
    // They take turns, so that what slows the server for a while is not taken for one of them.
    let rounds = CONNECTIONS
        .iter()
        .map(|connections| (beneath(cluster, &bare, load, *connections), times(cluster, tools, load, &OURS)));
    let (floor, ours) =
        rounds.reduce(|(floor, ours), (other, others)| (least(floor, other), ours.least(others))).unwrap();
    let print = |name: &str, turns: &Turns| {
        let turn = |(time, floor): (&Duration, &Duration)| {
            format!("{:8.2} s {:6.2}", time.as_secs_f64(), ratio(*time, *floor))
        };
        let turns: Vec<String> = turns.iter().zip(&floor).map(turn).collect();
        println!("  {name:16} {}", turns.join("   "));
    };
    print("floor", &floor);
    let times = peers.iter().map(|peer| times(cluster, tools, load, peer));
    let all: Vec<Times> = std::iter::once(ours)
        .chain(times)
        .inspect(|times| {
            if times.applied != times.ended {
                print(&format!("{}, applied", times.name), &times.applied);
            }
            print(times.name, &times.ended);
        })
        .collect();
    missed(load, &floor, &all)
}

fn ratio(time: Duration, of: Duration) -> f64 {
    time.as_secs_f64() / of.as_secs_f64()
}

fn missed(load: Load, floor: &Turns, all: &[Times]) -> Vec<String> {
    let ours = &all[0];
    let mut missed = Vec::new();
    for (what, turn) in [("for the first time", 0), ("with half of them changed", 2)] {
        let of_floor = ratio(ours.applied[turn], floor[turn]);
        if of_floor > OF_THE_FLOOR {
            missed.push(format!(
                "{}: {of_floor:.2} of the floor {what}; wanted are {OF_THE_FLOOR}",
                load.name()
            ));
        }
    }
    if ours.ended[1] >= ours.applied[2] {
        missed.push(format!("{}: what is unchanged costs no less than what is", load.name()));
    }
    let kubectl = all.iter().find(|times| times.name == "kubectl");
    if let (Load::ConfigMaps(_), Some(kubectl)) = (load, kubectl) {
        let faster = ratio(kubectl.ended[0], ours.ended[0]);
        if faster < FASTER_THAN_KUBECTL {
            missed.push(format!("kubectl takes {faster:.1} times as long; wanted are {FASTER_THAN_KUBECTL}"));
        }
    }
    missed
}

/// The bare client's times over so many connections.
fn beneath(cluster: &Cluster, bare: &Bare, load: Load, connections: usize) -> Turns {
    let owner = "floor";
    clear(cluster, owner);
    let defined = floor::defined(bare, &load.definitions(owner), connections);
    let mut turns = [0, 0, 1].map(|turn| floor::sent(bare, &load.objects(owner, turn), connections));
    // No custom resource can be sent before its definition is established.
    turns[0] += defined;
    remove(cluster, owner);
    turns
}

fn times(cluster: &Cluster, tools: &Tools, load: Load, peer: &Peer) -> Times {
    clear(cluster, peer.name);
    let mut times = Times { name: peer.name, applied: Turns::default(), ended: Turns::default() };
    for (place, turn) in [0, 0, 1].into_iter().enumerate() {
        let folder = TempDir::new().unwrap();
        write(folder.path(), load, peer.name, turn);
        let steps = (peer.steps)(tools, folder.path());
        let start = Instant::now();
        let applied = steps.into_iter().filter_map(run).last();
        times.ended[place] = start.elapsed();
        times.applied[place] = applied.map_or(times.ended[place], |applied| applied - start);
    }
    remove(cluster, peer.name);
    times
}

/// When it told of the last object that it applied, where it does.
fn run(mut command: Command) -> Option<Instant> {
    let mut said = tempfile::tempfile().unwrap();
    let errors = said.try_clone().unwrap();
    let mut program = command.stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
    let mut applied = None;
    for line in BufReader::new(program.stdout.take().unwrap()).lines() {
        if line.unwrap().contains(r#""object_applied""#) {
            applied = Some(Instant::now());
        }
    }
    if !program.wait().unwrap().success() {
        let mut text = String::new();
        said.rewind().unwrap();
        said.read_to_string(&mut text).unwrap();
        panic!("{command:?}: {text}");
    }
    applied
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
        // helm takes no file for a list of definitions that has nothing in it.
        if !(file.starts_with("chart") && text.is_empty()) {
            fs::write(folder.join(file), text).unwrap();
        }
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
