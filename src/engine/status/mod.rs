//! How a cluster stands: what is there of each layer, whether it is ready, and in what it is not as planned. Everything is
//! read or a dry run; nothing is changed.

mod compare;
mod found;
mod members;
mod standing;

use super::EngineError;
use crate::cluster::{ApiError, Cluster};
use crate::event::{Announcer, ControlPlane, Event};
use crate::lint;
use crate::plan::{NAMESPACE, Plan};

pub use standing::Standing;

use found::Found;

/// Compares the cluster with the plan, and says how each layer stands.
///
/// # Errors
/// What keeps the cluster from being asked at all. What is not as planned is what was asked for.
pub async fn status(
    cluster: &Cluster,
    plan: &Plan,
    istio: Option<&str>,
    announcer: &Announcer,
) -> Result<Standing, EngineError> {
    look_around(cluster, istio, announcer).await?;
    let mut layers = Vec::new();
    for layer in &plan.layers {
        layers.push(compare::layer(cluster, layer).await?);
    }
    Ok(told(cluster, layers, announcer).await)
}

/// The same for what earlier installations have recorded, without a plan to compare it with. None where nothing is
/// recorded.
pub async fn recorded(cluster: &Cluster, announcer: &Announcer) -> Result<Option<Standing>, EngineError> {
    look_around(cluster, None, announcer).await?;
    let layers = members::all(cluster).await?;
    if layers.is_empty() {
        return Ok(None);
    }
    Ok(Some(told(cluster, layers, announcer).await))
}

/// Says who is at work in the cluster, and which Istios run there.
async fn look_around(
    cluster: &Cluster,
    istio: Option<&str>,
    announcer: &Announcer,
) -> Result<(), EngineError> {
    let (holder, istiods) = tokio::join!(
        cluster.lease_holder(NAMESPACE, NAMESPACE),
        cluster.list("apps/v1", "Deployment", None, Some("app=istiod")),
    );
    let istiods = istiods.map_err(EngineError::api("looking for Istio"))?;
    // Who may not read the Lease is told less.
    if let Some(holder) = holder.unwrap_or_default() {
        announcer.say(Event::LeaseHeld { holder });
    }
    let running: Vec<ControlPlane> = istiods
        .iter()
        .filter(|deployment| lint::is_istiod(deployment))
        .map(|istiod| ControlPlane {
            revision: istiod.label("istio.io/rev").unwrap_or("default").to_owned(),
            version: lint::istio_version(istiod).map(str::to_owned),
        })
        .collect();
    if istio.is_some() || !running.is_empty() {
        announcer.say(Event::IstioStatus { planned: istio.map(str::to_owned), running });
    }
    Ok(())
}

/// Says how the layers stand, with why what is not ready is not.
async fn told(cluster: &Cluster, mut layers: Vec<Found>, announcer: &Announcer) -> Standing {
    found::explain(cluster, &mut layers).await;
    let mut standing = Standing::default();
    for layer in layers {
        layer.deviations.iter().for_each(|deviation| standing.count(&deviation.how));
        announcer.say(layer.into());
    }
    standing
}

/// Whether nothing more can be asked: neither this object nor another one.
fn is_away(error: &ApiError) -> bool {
    !matches!(
        error,
        ApiError::Refused { .. }
            | ApiError::Conflict { .. }
            | ApiError::BeingDeleted { .. }
            | ApiError::UnknownKind { .. }
            | ApiError::Nameless { .. }
            | ApiError::NotRun { .. }
    )
}
