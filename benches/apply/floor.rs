use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_json::Value;

use super::bare::Bare;

/// How many connections the best of all has is found out.
const CONNECTIONS: [usize; 3] = [8, 16, 32];

/// Applies the objects once with each number of connections, each time others of them, and says the least time for so
/// many.
pub(crate) fn floor(bare: &Bare, objects: impl Fn(usize) -> Vec<Value>) -> Duration {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let times = CONNECTIONS.iter().enumerate().map(|(turn, connections)| {
        let objects = objects(turn);
        let start = Instant::now();
        runtime.block_on(async {
            let sent = objects.iter().map(|object| bare.apply(object));
            futures::stream::iter(sent).buffer_unordered(*connections).for_each(async |()| {}).await;
        });
        start.elapsed()
    });
    times.min().unwrap()
}

/// Applies definitions, and says how long it takes until all are established; nothing where there are none.
pub(crate) fn defined(bare: &Bare, definitions: &[Value]) -> Duration {
    if definitions.is_empty() {
        return Duration::ZERO;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let start = Instant::now();
    runtime.block_on(async {
        let sent = definitions.iter().map(|definition| bare.apply(definition));
        futures::stream::iter(sent).buffer_unordered(CONNECTIONS[1]).for_each(async |()| {}).await;
        while !are_established(bare, definitions).await {}
    });
    start.elapsed()
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
