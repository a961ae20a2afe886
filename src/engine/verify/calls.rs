use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt};

use super::probes::{Made, Probes};
use crate::cluster::{ApiError, Cluster};
use crate::engine::within::ENVOY;
use crate::object::{Object, ObjectId, Snapshot};
use crate::verify::{self, Answer, Call, Caller, Connection, Promised};

/// How many call at once.
const CONCURRENT: usize = 8;

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
    let mut services: BTreeMap<Option<String>, Vec<(ObjectId, String)>> = BTreeMap::new();
    for (service, url) in promised.callable() {
        services.entry(service.namespace.clone()).or_default().push((service, url));
    }
    let mut calling = Vec::new();
    for (namespace, services) in &services {
        for phone in phones(namespace.as_deref(), objects, probes) {
            calling.push(call(cluster, phone, services));
        }
    }
    let calls: Vec<Vec<Call>> = futures::stream::iter(calling).buffered(CONCURRENT).try_collect().await?;
    Ok(calls.into_iter().flatten().collect())
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

async fn call(
    cluster: &Cluster,
    Phone { caller, pod, container }: Phone<'_>,
    services: &[(ObjectId, String)],
) -> Result<Vec<Call>, ApiError> {
    let namespace = pod.namespace().unwrap_or_default();
    let urls: Vec<&str> = services.iter().map(|(_, url)| url.as_str()).collect();
    let (command, limit) = (verify::command(&urls), verify::limit(urls.len()));
    let output = cluster.exec(namespace, pod.name(), container, &command, limit).await?;
    let answers = Answer::read_all(urls.len(), output.code, &output.stdout, &output.stderr);
    let services = services.iter().map(|(service, _)| service.clone());
    Ok(services
        .zip(answers)
        .map(|(service, answer)| Call { caller: caller.clone(), service, answer })
        .collect())
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
            ENVOY.get(cluster, pod, verify::SESSIONS),
            ENVOY.get(cluster, pod, verify::CERTIFICATES),
            ENVOY.get(cluster, pod, verify::CLUSTERS),
        );
        let Ok((stats, certificates, clusters)) = asked else { continue };
        let services = promised.services().filter(|service| service.namespace() == Some(&probe.namespace));
        for (service, connection) in verify::connections(services, &stats, &certificates, &clusters) {
            connections.entry(service).or_insert(connection);
        }
    }
    connections
}
