use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};

use super::probes::{Made, Probes};
use crate::cluster::{ApiError, Cluster};
use crate::object::{Object, ObjectId, Snapshot};
use crate::verify::{self, Answer, Call, Caller, Connection, Promised};

/// How many calls are on their way at once.
const CONCURRENT: usize = 8;

/// How long one call may take, with the way to its pod and back.
const LIMIT: Duration = Duration::from_secs(15);

/// One that calls: who it is, from which container of which pod.
struct Phone<'a> {
    caller: Caller,
    pod: &'a Object,
    container: &'static str,
}

/// Calls every service: from the probes in its namespace, and by the user of a proxy there.
pub(super) async fn all(
    cluster: &Cluster,
    promised: &Promised,
    objects: &Snapshot,
    probes: &Probes<'_>,
) -> Result<Vec<Call>, ApiError> {
    let mut calls = Vec::new();
    for (service, url) in promised.callable() {
        for Phone { caller, pod, container } in phones(service.namespace.as_deref(), objects, probes) {
            let (service, url) = (service.clone(), url.clone());
            calls.push(async move {
                let answer = call(cluster, pod, container, &url).await?;
                Ok::<_, ApiError>(Call { caller, service, answer })
            });
        }
    }
    futures::stream::iter(calls).buffered(CONCURRENT).try_collect().await
}

fn phones<'a>(namespace: Option<&str>, objects: &'a Snapshot, probes: &'a Probes<'_>) -> Vec<Phone<'a>> {
    let here = probes.iter().filter(|made| Some(made.probe.namespace.as_str()) == namespace);
    let probes = here.filter_map(|Made { probe, pod }| {
        let caller = match &probe.account {
            Some(account) => Caller::Mesh { account: account.clone() },
            None => Caller::Outside,
        };
        Some(Phone { caller, pod: pod.as_ref().ok()?, container: verify::CONTAINER })
    });
    let mut pods = objects.of_kind("", "Pod").filter(|pod| pod.namespace() == namespace);
    let with_proxy = pods.find(|pod| verify::is_running(pod) && verify::has_sidecar(pod));
    let user = with_proxy.map(|pod| Phone { caller: Caller::ProxyUser, pod, container: "istio-proxy" });
    probes.chain(user).collect()
}

async fn call(cluster: &Cluster, pod: &Object, container: &str, url: &str) -> Result<Answer, ApiError> {
    let namespace = pod.namespace().unwrap_or_default();
    let output = cluster.exec(namespace, pod.name(), container, &verify::command(url), LIMIT).await?;
    Ok(Answer::read(output.code, &output.stdout, &output.stderr))
}

/// What the proxies of the probes know of the connections that the calls have made.
pub(super) async fn connections(
    cluster: &Cluster,
    promised: &Promised,
    probes: &Probes<'_>,
) -> BTreeMap<ObjectId, Connection> {
    let mut connections = BTreeMap::new();
    for Made { probe, pod } in probes.iter().filter(|made| made.probe.account.is_some()) {
        let Ok(pod) = pod else { continue };
        let asked = tokio::try_join!(
            super::proxies::ask(cluster, pod, verify::SESSIONS),
            super::proxies::ask(cluster, pod, verify::CERTIFICATES),
            super::proxies::ask(cluster, pod, verify::CLUSTERS),
        );
        let Ok((stats, certificates, clusters)) = asked else { continue };
        let services = promised.services().filter(|service| service.namespace() == Some(&probe.namespace));
        for (service, connection) in verify::connections(services, &stats, &certificates, &clusters) {
            connections.entry(service).or_insert(connection);
        }
    }
    connections
}
