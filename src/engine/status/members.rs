//! What earlier installations have recorded, and what is left of it.

use futures::{StreamExt, TryStreamExt};

use super::found::Found;
use crate::cluster::{ApiError, Cluster};
use crate::engine::EngineError;
use crate::engine::layer::is_awaited;
use crate::engine::members::{installed, members};
use crate::engine::run::CONCURRENT;
use crate::object::Object;
use crate::plan::ApplySet;
use crate::readiness;

/// The layers that are not empty, in the order in which they are applied.
pub(super) async fn all(cluster: &Cluster) -> Result<Vec<Found>, EngineError> {
    let mut layers = Vec::new();
    for set in installed(cluster).await?.iter().rev() {
        let live = live(cluster, set).await.map_err(EngineError::api("looking what a layer consists of"))?;
        if !live.is_empty() {
            let mut found = Found::of(&set.layer);
            found.workloads = live.iter().filter(|object| readiness::is_workload(object)).count();
            found.live = live;
            layers.push(found);
        }
    }
    Ok(layers)
}

/// The members: whole where they can be ready or not, else their metadata.
async fn live(cluster: &Cluster, set: &ApplySet) -> Result<Vec<Object>, ApiError> {
    let read = members(cluster, set).await?.into_iter().map(async |member| match is_awaited(&member) {
        true => cluster.get(&member).await,
        false => Ok(Some(member)),
    });
    let read: Vec<_> = read.collect();
    let live: Vec<Option<Object>> = futures::stream::iter(read).buffered(CONCURRENT).try_collect().await?;
    Ok(live.into_iter().flatten().collect())
}
