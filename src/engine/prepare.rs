use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;

use super::EngineError;
use super::warning::Warning;
use crate::cluster::{ApiError, Cluster, Target};
use crate::event::{Announcer, Event};
use crate::istio::release::{Obtained, Platform, Progress, Release, ReleaseError, Store, Supply};
use crate::istio::render::{self, RenderRequest};
use crate::object::Object;
use crate::plan::{self, Layer};
use crate::profile::Istio;

/// How long one run of istioctl may take; it takes half a second.
const ISTIOCTL: Duration = Duration::from_secs(60);

/// How often the progress of a download is said.
const SAY_EVERY: Duration = Duration::from_millis(100);

/// Brings the release that a profile names into the cache, or finds it there.
pub async fn fetch(istio: &Istio, supply: &Supply, announcer: &Announcer) -> Result<Release, ReleaseError> {
    let release = obtain(istio, supply, announcer).await?;
    announcer.say(Event::ReleaseReady {
        version: release.version.clone(),
        sha256: release.archive_sha256().to_string(),
        cached: !matches!(release.obtained, Obtained::Downloaded { .. }),
    });
    Ok(release)
}

/// The same, and the archive for a machine of this platform: its name and where it stays in the cache.
pub async fn fetch_with_archive(
    istio: &Istio,
    supply: &Supply,
    platform: Platform,
    announcer: &Announcer,
) -> Result<(Release, (String, PathBuf)), ReleaseError> {
    let telling = Telling::to(announcer);
    let store = Store::of(supply)?.for_platform(platform);
    let archive = store.archive(&istio.source, &istio.addons, &|progress| telling.tell(progress)).await?;
    announcer.say(Event::ReleaseReady {
        version: istio.version.clone(),
        sha256: archive.sha256.to_string(),
        cached: archive.was_here(),
    });
    let kept = (archive.name.clone(), archive.path.clone());
    // The release may be unpacked from it, and would wait for its lock.
    drop(archive);
    Ok((obtain(istio, supply, announcer).await?, kept))
}

async fn obtain(istio: &Istio, supply: &Supply, announcer: &Announcer) -> Result<Release, ReleaseError> {
    let (store, telling) = (Store::of(supply)?, Telling::to(announcer));
    let progress = |progress| telling.tell(progress);
    let release = match &supply.brought {
        Some(archive) => store.admit(&istio.source, &istio.addons, archive, &progress).await?,
        None => store.obtain(&istio.source, &istio.addons, &progress).await?,
    };
    if let Obtained::Downloaded { replaced: Some(why), .. } = &release.obtained {
        announcer.say(Warning::DownloadedAgain(why).into());
    }
    Ok(release)
}

/// Turns the progress of a download into events, a few times a second at most.
struct Telling<'a> {
    announcer: &'a Announcer,
    last: Mutex<Option<Instant>>,
    attempt: AtomicU32,
}

impl<'a> Telling<'a> {
    fn to(announcer: &'a Announcer) -> Self {
        Self { announcer, last: Mutex::new(None), attempt: AtomicU32::new(0) }
    }

    fn tell(&self, progress: Progress) {
        let event = match progress {
            Progress::Waiting { holder } => Warning::CacheBusy(holder).into(),
            Progress::Started { url, attempt } => {
                self.attempt.store(u32::try_from(attempt).unwrap_or(u32::MAX), Ordering::Relaxed);
                Event::DownloadStarted { url, total_bytes: None }
            }
            Progress::Received { received, total } if self.is_due() || total == Some(received) => {
                Event::DownloadProgress { received_bytes: received, total_bytes: total }
            }
            Progress::Retrying { why, wait } => {
                let attempt = self.attempt.load(Ordering::Relaxed) + 1;
                Event::DownloadRetried { attempt, reason: why, after: wait }
            }
            Progress::Resumed { bytes, total } => {
                Event::DownloadResumed { received_bytes: bytes, total_bytes: total }
            }
            Progress::StartedOver { why } => Warning::StartedOver(&why).into(),
            Progress::Elsewhere { why, wrong_file: true } => Warning::WrongFile(&why).into(),
            Progress::Elsewhere { why, wrong_file: false } => Warning::NextSource(&why).into(),
            Progress::Received { .. } | Progress::Unpacking => return,
        };
        self.announcer.say(event);
    }

    fn is_due(&self) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| last.elapsed() >= SAY_EVERY);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

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
