use std::time::Duration;

use http::StatusCode;

use super::EngineError;
use crate::cluster::{ApiError, Cluster, Target};
use crate::istio::release::{Release, Supply};
use crate::istio::render::{self, RenderRequest};
use crate::object::Object;
use crate::plan::{self, Layer};
use crate::profile::Istio;

/// How long one run of istioctl may take; it takes half a second.
const ISTIOCTL: Duration = Duration::from_secs(60);

/// Istio and its addons as layers, for this cluster.
pub(super) async fn istio_layers(
    istio: &Istio,
    release: &Release,
    supply: &Supply,
    cluster: &Cluster,
    target: &Target,
) -> Result<Vec<Layer>, EngineError> {
    // istioctl gets a copy of the one context that was resolved: what becomes of the person's own
    // kubeconfig meanwhile is nothing to this run.
    let kubeconfig = target.write_kubeconfig().map_err(EngineError::Kubeconfig)?;
    let cluster_for_istioctl = render::Cluster {
        kubeconfig: kubeconfig.path().to_owned(),
        context: target.context.clone(),
        traits: traits(cluster),
    };
    let request = RenderRequest {
        cluster: Some(cluster_for_istioctl),
        previous_install: has_injector(cluster).await?,
        ..for_no_cluster(istio, supply)
    };
    layers_of(istio, release, &request).await
}

/// The same for a cluster that nobody knows, and that has nothing yet.
pub(super) async fn istio_layers_for_no_cluster(
    istio: &Istio,
    release: &Release,
    supply: &Supply,
) -> Result<Vec<Layer>, EngineError> {
    layers_of(istio, release, &for_no_cluster(istio, supply)).await
}

/// What `istioctl manifest generate --cluster-specific` asks a cluster for: its version, and which APIs it has
/// (operator/pkg/manifest/shared.go). Istio's own are none of what it asks for, and come with it.
fn traits(cluster: &Cluster) -> String {
    let mut traits = format!("Kubernetes {}", cluster.server_version());
    let served = cluster.served();
    let others = served.iter().filter(|(kind, _)| !kind.group.ends_with(".istio.io"));
    for (kind, versions) in others {
        versions.iter().for_each(|version| traits.extend([" ", version, "/", &kind.to_string()]));
    }
    traits
}

fn for_no_cluster(istio: &Istio, supply: &Supply) -> RenderRequest {
    RenderRequest {
        version: istio.version.clone(),
        overlays: vec![istio.overlay.clone()],
        cluster: None,
        previous_install: false,
        timeout: ISTIOCTL,
        kept: Some(supply.cache.join("rendered")),
    }
}

async fn layers_of(
    istio: &Istio,
    release: &Release,
    request: &RenderRequest,
) -> Result<Vec<Layer>, EngineError> {
    let rendered = render::render(&release.istioctl, request).await?;
    let mut layers = vec![plan::istio(rendered.objects, istio.timeout)];
    let mut addons: Vec<Object> = Vec::new();
    for addon in &istio.addons {
        addons.extend(release.addon(*addon)?);
    }
    if !addons.is_empty() {
        layers.push(plan::addons(addons, istio.timeout));
    }
    Ok(layers)
}

/// Whether some Istio was installed before (`operator/cmd/mesh/install.go` asks the same).
async fn has_injector(cluster: &Cluster) -> Result<bool, EngineError> {
    let (api_version, kind) = ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration");
    match cluster.list(api_version, kind, None, Some("app=sidecar-injector")).await {
        Ok(found) => Ok(!found.is_empty()),
        // Told with all that the user may not do, before anything is changed.
        Err(ApiError::Refused { status: StatusCode::FORBIDDEN, .. }) => Ok(false),
        Err(error) => Err(EngineError::api("looking for an Istio that is there")(error)),
    }
}
