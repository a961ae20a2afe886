use super::settle::settle;
use super::{EngineError, prepare};
use crate::event::Announcer;
use crate::istio::release::{Release, Supply};
use crate::object::Object;
use crate::plan::{Image, Layer};
use crate::profile::Profile;
use crate::readiness;

/// Every image that the profile would run, on a cluster that nobody has asked; `layers` are the profile's own,
/// rendered, and `release` is that of its Istio.
pub async fn images(
    profile: &Profile,
    layers: Vec<Layer>,
    release: Option<&Release>,
    supply: &Supply,
    announcer: &Announcer,
) -> Result<Vec<Image>, EngineError> {
    let mut all = Vec::new();
    if let Some((istio, release)) = profile.istio.as_ref().zip(release) {
        all = prepare::istio_layers_for_no_cluster(istio, release, supply).await?;
    }
    all.extend(layers);
    // No kind of workload is one without a namespace; of others nothing is asked here.
    let is_namespaced = |object: &Object| readiness::is_workload(object).then_some(true);
    let (_, images) = settle(announcer, all, is_namespaced, &profile.images)?;
    Ok(images)
}
