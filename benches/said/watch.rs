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
    pub(crate) fn begun(bare: Bare, namespace: &str, count: usize) -> Self {
        let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments");
        Self(std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(seen(&bare, &path, count))
        }))
    }

    pub(crate) fn ended(self) -> Moments {
        self.0.join().unwrap()
    }
}

async fn seen(bare: &Bare, path: &str, count: usize) -> Moments {
    let list: Value = serde_json::from_slice(&bare.get(path).await.bytes().await.unwrap()).unwrap();
    let version = list["metadata"]["resourceVersion"].as_str().unwrap();
    let watch = bare.get(&format!("{path}?watch=true&timeoutSeconds=7200&resourceVersion={version}")).await;
    let mut pieces = watch.bytes_stream();
    let mut moments = Moments::new();
    let mut rest: Vec<u8> = Vec::new();
    while moments.len() < count {
        rest.extend_from_slice(&pieces.next().await.unwrap().unwrap());
        let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else { continue };
        let lines: Vec<u8> = rest.drain(..=end).collect();
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let event: Value = serde_json::from_slice(line).unwrap();
            if is_ready(&event["object"]) {
                let name = event["object"]["metadata"]["name"].as_str().unwrap();
                moments.entry(name.to_owned()).or_insert_with(Instant::now);
            }
        }
    }
    moments
}

/// As `kubectl rollout status` judges.
fn is_ready(deployment: &Value) -> bool {
    let (status, wanted) = (&deployment["status"], &deployment["spec"]["replicas"]);
    status["observedGeneration"] == deployment["metadata"]["generation"]
        && ["replicas", "updatedReplicas", "availableReplicas"].iter().all(|field| status[field] == *wanted)
}
