use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_json::Value;

use super::bare::Bare;

/// How many connections the best of all has is found out.
pub(crate) const CONNECTIONS: [usize; 3] = [8, 16, 32];

/// Applies the objects over so many connections, and says how long it takes.
pub(crate) fn sent(bare: &Bare, objects: &[Value], connections: usize) -> Duration {
    timed(send(bare, objects, connections))
}

/// The same for definitions, until all are established; nothing where there are none.
pub(crate) fn defined(bare: &Bare, definitions: &[Value], connections: usize) -> Duration {
    if definitions.is_empty() {
        return Duration::ZERO;
    }
    timed(async {
        send(bare, definitions, connections).await;
        while !are_established(bare, definitions).await {}
    })
}

fn timed(work: impl Future<Output = ()>) -> Duration {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let start = Instant::now();
    runtime.block_on(work);
    start.elapsed()
}

async fn send(bare: &Bare, objects: &[Value], connections: usize) {
    let sent = objects.iter().map(|object| bare.apply(object));
    futures::stream::iter(sent).buffer_unordered(connections).for_each(async |()| {}).await;
}

async fn are_established(bare: &Bare, definitions: &[Value]) -> bool {
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let list: Value = serde_json::from_slice(&bare.get(path).await.bytes().await.unwrap()).unwrap();
    let live = list["items"].as_array().unwrap();
    definitions.iter().all(|definition| {
        let name = &definition["metadata"]["name"];
        let conditions = live.iter().filter(|live| live["metadata"]["name"] == *name);
        let mut conditions = conditions.flat_map(|live| live["status"]["conditions"].as_array()).flatten();
        conditions.any(|condition| condition["type"] == "Established" && condition["status"] == "True")
    })
}
