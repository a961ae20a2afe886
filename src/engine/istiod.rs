//! istiod's debug addresses, asked in its own container: they answer to nobody else.

use std::time::Duration;

use futures::future::try_join_all;

use crate::cluster::Cluster;
use crate::object::{Object, Snapshot};
use crate::verify::{Proxy, is_running};

const LIMIT: Duration = Duration::from_secs(10);

/// What an istiod says at an address: `/debug/syncz`.
///
/// # Errors
/// In words: that it does not answer is something to tell, and no reason to end.
pub(super) async fn ask(cluster: &Cluster, pod: &Object, address: &str) -> Result<String, String> {
    let command = ["pilot-discovery", "request", "GET", address];
    let namespace = pod.namespace().unwrap_or_default();
    let output = cluster.exec(namespace, pod.name(), "discovery", &command, LIMIT).await;
    let output = output.map_err(|error| error.to_string())?;
    if output.code == 0 { Ok(output.stdout) } else { Err(output.stderr.trim().to_owned()) }
}

pub(super) fn is_istiod(pod: &Object) -> bool {
    pod.label("app") == Some("istiod")
}

/// The proxies that are connected to any istiod; None where there is none to ask.
pub(super) async fn proxies(cluster: &Cluster, objects: &Snapshot) -> Option<Result<Vec<Proxy>, String>> {
    let istiods = objects.of_kind("", "Pod").filter(|pod| is_istiod(pod) && is_running(pod));
    let asked: Vec<_> =
        istiods.map(async |pod| Proxy::read_all(&ask(cluster, pod, "/debug/syncz").await?)).collect();
    if asked.is_empty() {
        return None;
    }
    Some(try_join_all(asked).await.map(|answers| answers.into_iter().flatten().collect()))
}
