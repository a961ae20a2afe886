use futures::future::try_join_all;

use super::within::ISTIOD;
use crate::cluster::Cluster;
use crate::object::{Object, Snapshot};
use crate::verify::{Proxy, is_running};

pub(super) fn is_istiod(pod: &Object) -> bool {
    pod.label("app") == Some("istiod")
}

/// The proxies that are connected to any istiod; None where there is none to ask.
pub(super) async fn proxies(cluster: &Cluster, objects: &Snapshot) -> Option<Result<Vec<Proxy>, String>> {
    let istiods = objects.of_kind("", "Pod").filter(|pod| is_istiod(pod) && is_running(pod));
    let asked: Vec<_> =
        istiods.map(async |pod| Proxy::read_all(&ISTIOD.get(cluster, pod, "/debug/syncz").await?)).collect();
    if asked.is_empty() {
        return None;
    }
    Some(try_join_all(asked).await.map(|answers| answers.into_iter().flatten().collect()))
}
