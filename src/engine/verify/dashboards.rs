use std::collections::BTreeMap;

use futures::future::join_all;

use crate::cluster::Cluster;
use crate::istio::release::Addon;
use crate::object::Snapshot;
use crate::verify::{self, Promised};

/// The port that each addon answers at, asked by way of the API server.
pub(super) async fn all(
    cluster: &Cluster,
    promised: &Promised,
    objects: &Snapshot,
) -> BTreeMap<Addon, Result<u16, String>> {
    let asked = promised.addons.iter().map(async |addon| (*addon, answer(cluster, *addon, objects).await));
    join_all(asked).await.into_iter().collect()
}

async fn answer(cluster: &Cluster, addon: Addon, objects: &Snapshot) -> Result<u16, String> {
    let mut services = objects.of_kind("", "Service");
    let namespace = verify::istio_namespace(objects);
    let service =
        services.find(|it| it.name() == verify::service_of(addon) && it.namespace() == Some(namespace));
    let service = service.ok_or_else(|| format!("there is no Service {}", verify::service_of(addon)))?;
    let port = verify::port(service).ok_or("it has no port for TCP")?;
    cluster.through_service(namespace, service.name(), port).await.map_err(|error| error.to_string())?;
    Ok(port)
}
