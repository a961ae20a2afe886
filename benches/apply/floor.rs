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
