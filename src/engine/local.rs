use std::time::Duration;

use tokio::time::Instant;

use crate::cluster::{Cluster, Target};
use crate::lint;

/// How long one look at the nodes is waited for before the next.
const PAUSE: Duration = Duration::from_secs(1);

/// Waits until a cluster answers that is only just starting, and all of its nodes are ready. Returns its version.
///
/// # Errors
/// Why it is not, once the time is over.
pub async fn until_ready(target: &Target, limit: Duration) -> Result<String, String> {
    let end = Instant::now() + limit;
    loop {
        let why = match look(target).await {
            Ok(version) => return Ok(version),
            Err(why) => why,
        };
        if Instant::now() + PAUSE > end {
            return Err(why);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn look(target: &Target) -> Result<String, String> {
    let cluster = Cluster::connect(target).await.map_err(|error| error.to_string())?;
    cluster.discover().await.map_err(|error| error.to_string())?;
    let nodes = cluster.list("v1", "Node", None, None).await.map_err(|error| error.to_string())?;
    if nodes.is_empty() {
        return Err("it has no node yet".to_owned());
    }
    match nodes.iter().find_map(|node| Some((node.name(), lint::not_ready(node)?))) {
        Some((name, why)) => Err(format!("node {name}: {why}")),
        None => Ok(cluster.server_version().to_owned()),
    }
}
