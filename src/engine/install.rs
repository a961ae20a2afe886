use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::check::Checks;
use super::pinned::Pins;
use super::prune::{self, Pruning, Renewed};
use super::run::{Course, Run, Tally};
use super::warning::Warning;
use super::{EngineError, Fetching, layer, settle};
use crate::cluster::{ApiError, Cluster, Lapse, Lease, Mode, Target};
use crate::event::{Announcer, Event, Step};
use crate::image::Logins;
use crate::istio::release::Supply;
use crate::plan::{self, ApplySet, Layer, NAMESPACE, Plan, Rollout};
use crate::profile::Profile;
use crate::readiness;

/// How long a server may be away in the middle of a run: one that starts anew, its etcd too, is back before.
const AWAY: Duration = Duration::from_secs(120);

/// What a plan is made of, beside what its profile and its cluster say.
#[derive(Debug)]
pub struct Parts {
    /// The profile's layers, rendered.
    pub layers: Vec<Layer>,
    pub fetching: Fetching,
}

/// What is to be installed, and where.
#[derive(Debug)]
pub struct Install<'a> {
    pub profile: &'a Profile,
    pub target: &'a Target,
    pub cluster: &'a Cluster,
    pub supply: &'a Supply,
    /// Who the pods are to registries.
    pub logins: &'a Logins,
    /// For every layer, in the place of the profile's own.
    pub timeout: Option<Duration>,
    pub pruning: Pruning,
    /// Whether fields are taken that others own.
    pub force: bool,
    /// Who runs this: `user@host-pid`, for the Lease. Not looked at where it is only rehearsed.
    pub holder: String,
}

/// What a run that reached its end has brought.
#[derive(Debug)]
pub struct Installed {
    /// The namespaces with pods of the layers' own, beside Istio's and the addons'.
    pub namespaces: Vec<String>,
    pub addons: Vec<crate::istio::release::Addon>,
}

/// Installs, and counts into `tally` how each object ended, also where the run does not reach its end.
///
/// Once `stop` is cancelled it ends at the next safe point: what was applied stays, whole, and the
/// Lease is given back.
pub async fn install(
    install: Install<'_>,
    parts: Parts,
    announcer: &Announcer,
    stop: &CancellationToken,
    tally: &Tally,
) -> Result<Installed, EngineError> {
    let (plan, pins) = settle::plan(Course { announcer, stop }, &install, parts).await?;
    let profile = &install.profile.name;
    let run = Run { cluster: install.cluster, plan: &plan, profile, announcer, stop, tally };
    under_lease(&run, &install.holder, async |run| carry_out(run, &install, pins.as_ref()).await).await?;
    Ok(Installed {
        namespaces: namespaces_of_pods(&plan),
        addons: install.profile.istio.as_ref().map(|istio| istio.addons.clone()).unwrap_or_default(),
    })
}

/// Applies every layer, prunes, and proves that it all works.
async fn carry_out(run: &Run<'_>, install: &Install<'_>, pins: Option<&Pins>) -> Result<(), EngineError> {
    let set = |(position, layer)| (layer, ApplySet::of(layer, position, run.profile));
    let layers: Vec<(&Layer, ApplySet)> = run.plan.layers.iter().enumerate().map(set).collect();
    let mut renewed = Vec::new();
    for together in layers.chunk_by(|_, (next, _)| next.rollout == Rollout::Beside) {
        renewed.extend(apply(run, together, install.force).await?);
    }
    prune::all(run, &install.pruning, &renewed).await?;
    let mut checks = Checks::of(run, install.profile, pins);
    let proven = prove(run, &mut checks).await;
    checks.end().await;
    proven
}

/// Waits for what stands beside the layers, and carries out the checks, some of them meanwhile.
async fn prove(run: &Run<'_>, checks: &mut Checks<'_>) -> Result<(), EngineError> {
    let beside = || run.plan.layers.iter().filter(|layer| layer.rollout == Rollout::Beside);
    if beside().next().is_some() {
        let ready = async {
            for layer in beside() {
                layer::roll_out(run, layer).await?;
            }
            Ok(())
        };
        run.step(Step::Rollout, checks.beside(ready)).await?;
    }
    if !checks.is_empty() {
        run.step(Step::Verify, checks.all()).await?;
    }
    Ok(())
}

/// Applies a layer, and those beside it from when its first workloads are on their way.
async fn apply<'a>(
    run: &Run<'_>,
    layers: &[(&'a Layer, ApplySet)],
    force: bool,
) -> Result<Vec<Renewed<'a>>, EngineError> {
    let one = async |(layer, set): &(&'a Layer, ApplySet), rolls_out| -> Result<Renewed<'a>, EngineError> {
        let applying = layer::apply(run, layer, set, force, rolls_out);
        let before = run.step(Step::Layer(layer.name.clone()), applying).await?;
        Ok(Renewed { layer, set: set.clone(), before })
    };
    let [first, beside @ ..] = layers else { return Ok(Vec::new()) };
    let (rolls_out, is_rolling_out) = oneshot::channel();
    let others = async {
        let mut renewed: Vec<Result<Renewed<'a>, EngineError>> = Vec::new();
        // Where the first has failed before, no other begins.
        if is_rolling_out.await.is_ok() {
            for layer in beside {
                renewed.push(one(layer, oneshot::channel().0).await);
            }
        }
        renewed
    };
    // Each comes to its end, however another one ends: what is being applied is applied whole.
    let (first, others) = tokio::join!(one(first, rolls_out), others);
    std::iter::once(first).chain(others).collect()
}

/// Does the work while this run holds the Lease; another run that holds it is waited for.
pub(super) async fn under_lease(
    run: &Run<'_>,
    holder: &str,
    work: impl AsyncFnOnce(&Run<'_>) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    let home = plan::home()?;
    let make = async || run.cluster.apply(&home, Mode::Persist).await;
    run.patiently("making the namespace of the Lease", make).await?;
    let waiting = |other: &str| run.say(Event::LeaseAwaited { holder: other.to_owned() });
    let acquire = async || run.cluster.acquire_lease(NAMESPACE, NAMESPACE, holder, waiting).await;
    let lease = run.stoppable(run.patiently("taking the Lease", acquire)).await?;
    // Boxed: it is the whole run, and would be moved from frame to frame.
    let worked = while_held(run, &lease, Box::pin(work(run))).await;
    if let Err(error) = lease.release().await {
        run.say(Warning::LeaseNotReleased(error).into());
    }
    worked
}

/// Does the work, and stands still while it is not known whether the Lease is this run's: what is not polled writes
/// nothing. A server that stalls or starts anew costs no more than the time that it is away.
async fn while_held(
    run: &Run<'_>,
    lease: &Lease,
    mut work: impl Future<Output = Result<(), EngineError>> + Unpin,
) -> Result<(), EngineError> {
    loop {
        let lapse = tokio::select! {
            worked = &mut work => return worked,
            lapse = lease.lapse() => lapse,
        };
        if lapse == Lapse::Lost {
            return Err(EngineError::LeaseLost);
        }
        run.say(Warning::ServerSilent.into());
        let regained = async { Ok(timeout(AWAY, lease.is_regained()).await) };
        match run.stoppable(regained).await? {
            Ok(true) => {}
            Ok(false) => return Err(EngineError::LeaseLost),
            Err(_) => {
                let silent = ApiError::TimedOut { subject: lease.subject(), after: AWAY };
                return Err(EngineError::api("renewing the Lease of this run")(silent));
            }
        }
    }
}

fn namespaces_of_pods(plan: &Plan) -> Vec<String> {
    let own = plan.layers.iter().filter(|layer| !["istio", "addons"].contains(&layer.name.as_str()));
    let workloads = own.flat_map(Layer::objects).filter(|placed| readiness::is_workload(&placed.object));
    let mut namespaces: Vec<String> =
        workloads.filter_map(|placed| placed.object.namespace().map(str::to_owned)).collect();
    namespaces.sort();
    namespaces.dedup();
    namespaces
}
