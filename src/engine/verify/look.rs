use futures::future::try_join_all;

use crate::cluster::{ApiError, Cluster};
use crate::object::{GroupKind, Snapshot};

/// What the mesh consists of, beside Istio's own kinds.
const KINDS: [(&str, &str); 7] = [
    ("v1", "Namespace"),
    ("v1", "Pod"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
];

/// In whatever version the cluster has them.
const OF_ISTIO: [(&str, &str); 3] = [
    ("networking.istio.io", "VirtualService"),
    ("networking.istio.io", "DestinationRule"),
    ("security.istio.io", "PeerAuthentication"),
];

/// Reads what the mesh consists of, in all namespaces: a policy may stand anywhere.
pub(super) async fn at_mesh(cluster: &Cluster) -> Result<Snapshot, ApiError> {
    let served = cluster.served();
    let of_istio = OF_ISTIO.iter().filter_map(|(group, kind)| {
        let versions = served.get(&GroupKind { group: (*group).into(), kind: (*kind).into() })?;
        Some((format!("{group}/{}", versions.last()?), *kind))
    });
    let kinds = KINDS.iter().map(|(version, kind)| ((*version).to_owned(), *kind)).chain(of_istio);
    let lists = kinds.map(async |(version, kind)| cluster.list(&version, kind, None, None).await);
    let configuration = async {
        let read = cluster.read("v1", "ConfigMap", Some("istio-system"), "istio").await?;
        Ok(read.into_iter().collect())
    };
    let (lists, configuration) = tokio::try_join!(try_join_all(lists), configuration)?;
    Ok(lists.into_iter().chain([configuration]).flatten().collect())
}
