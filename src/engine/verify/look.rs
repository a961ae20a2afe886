use futures::future::try_join_all;

use crate::cluster::{ApiError, Cluster};
use crate::object::{GroupKind, Snapshot};
use crate::verify;

/// Reads what the mesh consists of, in all namespaces: a policy may stand anywhere.
pub(super) async fn at_mesh(cluster: &Cluster) -> Result<Snapshot, ApiError> {
    let served = cluster.served();
    let of_istio = verify::OF_ISTIO.iter().filter_map(|(group, kind)| {
        let versions = served.get(&GroupKind { group: (*group).into(), kind: (*kind).into() })?;
        Some((format!("{group}/{}", versions.last()?), *kind))
    });
    let kinds = verify::KINDS.iter().map(|(version, kind)| ((*version).to_owned(), *kind)).chain(of_istio);
    let lists = kinds.map(async |(version, kind)| cluster.list(&version, kind, None, None).await);
    let configuration = async {
        let read = cluster.read("v1", "ConfigMap", Some("istio-system"), "istio").await?;
        Ok(read.into_iter().collect())
    };
    let (lists, configuration) = tokio::try_join!(try_join_all(lists), configuration)?;
    Ok(lists.into_iter().chain([configuration]).flatten().collect())
}
