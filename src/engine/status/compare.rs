//! Each object of the plan beside what the cluster has of it.

use futures::{StreamExt, TryStreamExt};

use super::found::Found;
use super::is_away;
use crate::cluster::{ApiError, Cluster, Mode};
use crate::engine::EngineError;
use crate::engine::run::CONCURRENT;
use crate::event::{HeldField, How};
use crate::istio::render::leave_to_istiod;
use crate::object::Object;
use crate::plan::{ApplySet, Layer, drift};
use crate::readiness;

/// Looks for all of a layer's objects, and asks what applying each again would do.
pub(super) async fn layer(cluster: &Cluster, layer: &Layer) -> Result<Found, EngineError> {
    let set = ApplySet::named(&layer.name);
    let asked = layer.objects().map(|placed| {
        let mut planned = placed.object.clone();
        set.mark(&mut planned);
        one(cluster, planned)
    });
    let asked: Vec<_> = asked.collect();
    let seen: Vec<Seen> = futures::stream::iter(asked)
        .buffered(CONCURRENT)
        .try_collect()
        .await
        .map_err(EngineError::api("comparing the cluster with the plan"))?;
    let mut found = Found::of(&layer.name);
    found.planned = Some(seen.len());
    found.workloads = layer.objects().filter(|placed| readiness::is_workload(&placed.object)).count();
    for (object, Seen { live, how }) in layer.objects().map(|placed| placed.object.id()).zip(seen) {
        found.live.extend(live);
        found.deviates(object, how);
    }
    Ok(found)
}

/// An object as it is there, and in what it is not as planned.
struct Seen {
    live: Option<Object>,
    how: Option<How>,
}

async fn one(cluster: &Cluster, mut planned: Object) -> Result<Seen, ApiError> {
    let live = match cluster.get(&planned).await {
        Ok(Some(live)) => live,
        // What the cluster does not know, it does not have.
        Ok(None) | Err(ApiError::UnknownKind { .. }) => {
            return Ok(Seen { live: None, how: Some(How::Missing) });
        }
        Err(error) if is_away(&error) => return Err(error),
        Err(error) => return Ok(Seen { live: None, how: Some(How::Unknown { reason: error.to_string() }) }),
    };
    leave_to_istiod(&mut planned, &live);
    let how = match cluster.apply(&planned, Mode::DryRun).await {
        Ok(applied) => differs(drift(&live, &applied.live)),
        // It went meanwhile, or is about to: its readiness tells.
        Err(ApiError::BeingDeleted { .. }) => None,
        Err(ApiError::Conflict { conflicts, .. }) => Some(How::Held {
            fields: conflicts
                .into_iter()
                .map(|conflict| HeldField { field: conflict.field, manager: conflict.manager })
                .collect(),
        }),
        Err(error) if is_away(&error) => return Err(error),
        Err(error) => Some(How::Unknown { reason: error.to_string() }),
    };
    Ok(Seen { live: Some(live), how })
}

fn differs(fields: Vec<String>) -> Option<How> {
    (!fields.is_empty()).then_some(How::Differs { fields })
}
