use std::collections::BTreeMap;

use futures::StreamExt;

use crate::cluster::Cluster;
use crate::engine::within::ENVOY;
use crate::object::{Object, ObjectId, Snapshot};
use crate::verify::{self, Promised, Route};

/// How many proxies are asked at once: each answers with some hundreds of kilobytes.
const CONCURRENT: usize = 8;

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
        let answer = ENVOY.get(cluster, pod, verify::ROUTES).await;
        (pod.id(), answer.and_then(|dump| Route::read_all(&dump)))
    });
    let asked: Vec<_> = asked.collect();
    futures::stream::iter(asked).buffer_unordered(CONCURRENT).collect().await
}
