use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;

use crate::cluster::Cluster;
use crate::object::{Object, ObjectId, Snapshot};
use crate::verify::{self, Promised, Route};

/// How many proxies are asked at once: each answers with some hundreds of kilobytes.
const CONCURRENT: usize = 8;

const LIMIT: Duration = Duration::from_secs(10);

/// What a pod's proxy says at one of Envoy's admin addresses, asked in its own container: they answer to nobody else.
pub(super) async fn ask(cluster: &Cluster, pod: &Object, address: &str) -> Result<String, String> {
    let command = ["pilot-agent", "request", "GET", address];
    let namespace = pod.namespace().unwrap_or_default();
    let output = cluster.exec(namespace, pod.name(), "istio-proxy", &command, LIMIT).await;
    let output = output.map_err(|error| error.to_string())?;
    if output.code == 0 { Ok(output.stdout) } else { Err(output.stderr.trim().to_owned()) }
}

/// The routes that the sidecars of the services run.
pub(super) async fn routes(
    cluster: &Cluster,
    promised: &Promised,
    objects: &Snapshot,
) -> BTreeMap<ObjectId, Result<Vec<Route>, String>> {
    let is_theirs = |pod: &&Object| {
        pod.namespace().is_some_and(|namespace| promised.namespaces.contains(namespace))
            && verify::is_running(pod)
            && verify::has_sidecar(pod)
            && !verify::is_probe(pod)
    };
    let pods = objects.of_kind("", "Pod").filter(is_theirs);
    let asked = pods.map(async |pod| {
        let answer = ask(cluster, pod, verify::ROUTES).await;
        (pod.id(), answer.and_then(|dump| Route::read_all(&dump)))
    });
    let asked: Vec<_> = asked.collect();
    futures::stream::iter(asked).buffer_unordered(CONCURRENT).collect().await
}
