use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::Instant;

use futures::StreamExt;
use serde_json::Value;

use super::Moments;
use super::bare::Bare;

/// A watch of all Deployments of a namespace, and nothing else.
pub(crate) struct Watch(JoinHandle<Moments>);

impl Watch {
    /// It ends once so many are ready.
    pub(crate) fn begun(config: &Value, namespace: &str, count: usize) -> Self {
        let (bare, namespace) = (Bare::of(config), namespace.to_owned());
        Self(std::thread::spawn(move || {
            let mut moments = Moments::new();
            watch(&bare, &namespace, count, |name| _ = moments.insert(name.to_owned(), Instant::now()));
            moments
        }))
    }

    /// The same in a process of its own, whose lines are read as those of the installer are: what comes later here than in
    /// the other watch has nothing to do with us.
    pub(crate) fn beside(config: &Value, namespace: &str, count: usize) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([ALONE, namespace, &count.to_string()]);
        let mut program = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        program.stdin.take().unwrap().write_all(config.to_string().as_bytes()).unwrap();
        Self(std::thread::spawn(move || {
            let lines = BufReader::new(program.stdout.take().unwrap()).lines();
            let moments = lines.map(|line| (line.unwrap(), Instant::now())).collect();
            assert!(program.wait().unwrap().success());
            moments
        }))
    }

    pub(crate) fn ended(self) -> Moments {
        self.0.join().unwrap()
    }
}

/// The argument by which this program is the watch that is beside.
const ALONE: &str = "--watch";

/// Watches as [`Watch::beside`] asks, if it was that which started this program. The kubeconfig comes in.
pub(crate) fn alone() -> bool {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, ALONE, namespace, count] = &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        return false;
    };
    let config: Value = serde_json::from_reader(std::io::stdin()).unwrap();
    watch(&Bare::of(&config), namespace, count.parse().unwrap(), |name| println!("{name}"));
    true
}

/// Tells each Deployment of the namespace once it is ready, until it was so many.
fn watch(bare: &Bare, namespace: &str, count: usize, tell: impl FnMut(&str)) {
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(seen(bare, &path, count, tell));
}

async fn seen(bare: &Bare, path: &str, count: usize, mut tell: impl FnMut(&str)) {
    let list: Value = serde_json::from_slice(&bare.get(path).await.bytes().await.unwrap()).unwrap();
    let version = list["metadata"]["resourceVersion"].as_str().unwrap();
    let watch = bare.get(&format!("{path}?watch=true&timeoutSeconds=7200&resourceVersion={version}")).await;
    let mut pieces = watch.bytes_stream();
    let mut ready = HashSet::new();
    let mut rest: Vec<u8> = Vec::new();
    while ready.len() < count {
        rest.extend_from_slice(&pieces.next().await.unwrap().unwrap());
        let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else { continue };
        let lines: Vec<u8> = rest.drain(..=end).collect();
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let event: Value = serde_json::from_slice(line).unwrap();
            if is_ready(&event["object"]) {
                let name = event["object"]["metadata"]["name"].as_str().unwrap();
                if ready.insert(name.to_owned()) {
                    tell(name);
                }
            }
        }
    }
}

/// As `kubectl rollout status` judges.
fn is_ready(deployment: &Value) -> bool {
    let (status, wanted) = (&deployment["status"], &deployment["spec"]["replicas"]);
    status["observedGeneration"] == deployment["metadata"]["generation"]
        && ["replicas", "updatedReplicas", "availableReplicas"].iter().all(|field| status[field] == *wanted)
}
