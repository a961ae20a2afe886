//! From the moment at which a bare watch says that a workload is ready to the moment at which we do, both read by the same
//! reader; and how much memory thousands of pods take. The pods are on a node of kwok's, which is one in all but that it
//! runs nothing.
//! Ends with an error where a goal is missed; docs/performance.md has the figures.
//!
//!     make bench                            # 10 and 1,000 workloads
//!     cargo bench --bench said -- 5000      # so many, with two pods each

#![allow(clippy::unwrap_used)]

#[path = "../tools/bare.rs"]
#[allow(dead_code, reason = "applying is for another bench")]
mod bare;
#[path = "../../tests/e2e/cluster.rs"]
#[allow(dead_code, reason = "a kubeconfig is all that is needed of it")]
mod cluster;
#[path = "../tools/goals.rs"]
mod goals;
mod kwok;
#[path = "../tools/module.rs"]
mod module;
#[path = "../tools/process.rs"]
#[allow(dead_code, reason = "of whole processes nothing is asked")]
mod process;
mod watch;

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ExitCode, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use cluster::Cluster;
use kwok::Kwok;
use watch::Watch;

/// How much later than the bare watch 99 of 100 may be told.
const LATER: Duration = Duration::from_millis(100);

/// Bytes, with 10,000 pods.
const MEMORY: u64 = 150_000_000;

const NAMESPACE: &str = "said";

/// When each workload was told to be ready, by its name.
type Moments = HashMap<String, Instant>;

fn main() -> ExitCode {
    if watch::alone() {
        return ExitCode::SUCCESS;
    }
    let counts: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let counts = if counts.is_empty() { vec![10, 1000] } else { counts };
    // Kubernetes' controllers spare the API server, and would take minutes.
    let cluster = Cluster::bare_with("bench", &["--qps", "500"]);
    let kwok = Kwok::started(&cluster);
    let missed: Vec<String> = counts.into_iter().flat_map(|count| contest(&cluster, count)).collect();
    drop(kwok);
    cluster.down();
    goals::judged(&missed)
}

fn contest(cluster: &Cluster, count: usize) -> Vec<String> {
    cluster.kubectl(&["create", "namespace", NAMESPACE]).expect(0);
    let folder = TempDir::new().unwrap();
    let profile = write(folder.path(), count, if count >= 5000 { 2 } else { 1 });
    let config = cluster.config();
    let watch = Watch::begun(&config, NAMESPACE, count);
    let beside = Watch::beside(&config, NAMESPACE, count);
    let profile = profile.to_str().unwrap();
    let mut command = cluster.installer(&["install", "--output", "json", "--yes", "--profile", profile]);
    let start = Instant::now();
    let (said, memory) = listened(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let took = start.elapsed();
    let (seen, seen_beside) = (watch.ended(), beside.ended());
    let counts = [&said, &seen, &seen_beside].map(Moments::len);
    assert_eq!(counts, [count; 3], "not all were told, or not all were seen");
    let told = Later::of(&said, &seen_beside);
    println!(
        "{count} workloads in {:.1} s: told {told} after a bare watch that is read as we are; {:.0} MB of memory",
        took.as_secs_f64(),
        memory as f64 / 1e6,
    );
    println!("    after one in this process, that nobody reads: {}", Later::of(&said, &seen));
    println!("    the one watch after the other: {}", Later::of(&seen_beside, &seen));
    cluster.kubectl(&["delete", "namespace", NAMESPACE, "--wait"]).expect(0);
    let mut missed = Vec::new();
    if told.p99 > LATER.as_secs_f64() * 1e3 {
        missed.push(format!(
            "{count} workloads: told {told} after the bare watch; wanted are {LATER:?} at most"
        ));
    }
    if memory > MEMORY {
        missed.push(format!("{count} workloads: {memory} bytes of memory; wanted are {MEMORY} at most"));
    }
    missed
}

/// How many milliseconds after another's moments one's are.
struct Later {
    median: f64,
    p99: f64,
    last: f64,
}

impl Later {
    fn of(told: &Moments, seen: &Moments) -> Self {
        let mut later: Vec<f64> = seen.iter().map(|(name, seen)| signed_millis(told[name], *seen)).collect();
        later.sort_by(f64::total_cmp);
        let count = later.len();
        Self { median: later[count / 2], p99: later[count * 99 / 100], last: later[count - 1] }
    }
}

impl fmt::Display for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, p99, last } = self;
        write!(f, "{median:.1} ms (median), {p99:.1} ms (99 of 100), {last:.1} ms (the last)")
    }
}

/// Less than nothing where it was told first.
fn signed_millis(ours: Instant, theirs: Instant) -> f64 {
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    millis(ours.saturating_duration_since(theirs)) - millis(theirs.saturating_duration_since(ours))
}

/// When the program told of each workload, as its lines came, and the most memory that it had.
fn listened(mut program: Child) -> (Moments, u64) {
    let mut said = Moments::new();
    let mut memory = 0;
    let mut last = String::new();
    for line in BufReader::new(program.stdout.take().unwrap()).lines() {
        let (line, now) = (line.unwrap(), Instant::now());
        last.clone_from(&line);
        if !line.contains(r#""workload""#) && !line.contains("run_finished") {
            continue;
        }
        memory = memory.max(process::so_far(program.id()).unwrap_or(0));
        let event: Value = serde_json::from_str(&line).unwrap();
        if event["event"] == "workload" && event["state"] == "ready" {
            let name = event["object"].as_str().unwrap().rsplit('/').next().unwrap();
            said.entry(name.to_owned()).or_insert(now);
        }
    }
    assert!(program.wait().unwrap().success(), "{last}");
    (said, memory)
}

/// A profile of one layer with so many Deployments.
fn write(folder: &Path, count: usize, replicas: usize) -> std::path::PathBuf {
    let tree = folder.join("tree");
    fs::create_dir(&tree).unwrap();
    let objects: String =
        (0..count).map(|number| format!("---\n{}\n", deployment(number, replicas))).collect();
    fs::write(tree.join("objects.yaml"), objects).unwrap();
    fs::write(tree.join("kustomization.yaml"), "resources: [objects.yaml]\n").unwrap();
    let profile = folder.join("profile.yaml");
    fs::write(&profile, "layers: [{name: said, path: ./tree, timeout: 60m}]\n").unwrap();
    profile
}

fn deployment(number: usize, replicas: usize) -> Value {
    let name = format!("web-{number}");
    let labels = json!({"app": name});
    let spec = json!({
        "nodeSelector": {"type": "kwok"},
        "containers": [{"name": "web", "image": "example.com/web:1"}],
    });
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    })
}
