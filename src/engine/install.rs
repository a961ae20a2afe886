use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::run::{Run, Tally};
use super::{EngineError, check, layer, prepare};
use crate::cluster::{Cluster, Mode, Target};
use crate::event::{Announcer, Event, PlannedLayer, Step};
use crate::kustomize::At;
use crate::object::Object;
use crate::plan::{self, Homeless, Layer, NAMESPACE, Placed, Plan, Rollout};
use crate::profile::Profile;
use crate::readiness;

/// What is to be installed, and where.
#[derive(Debug)]
pub struct Install<'a> {
    pub profile: &'a Profile,
    /// The profile's layers, rendered.
    pub layers: Vec<Layer>,
    pub target: &'a Target,
    pub cluster: &'a Cluster,
    /// The folder of proven releases.
    pub cache: &'a Path,
    /// For every layer, in the place of the profile's own.
    pub timeout: Option<Duration>,
    /// Who runs this: `user@host-pid`, for the Lease.
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
    announcer: &Announcer,
    stop: &CancellationToken,
    tally: &Tally,
) -> Result<Installed, EngineError> {
    let run = Run { cluster: install.cluster, announcer, stop, tally };
    let plan = prepare_plan(&run, &install).await?;
    let holder = install.holder.clone();
    under_lease(&run, &holder, async |run| carry_out(run, &install, &plan).await).await?;
    Ok(Installed {
        namespaces: namespaces_of_pods(&plan),
        addons: install.profile.istio.as_ref().map(|istio| istio.addons.clone()).unwrap_or_default(),
    })
}

/// Fetches and renders what is missing, and puts all layers in order.
async fn prepare_plan(run: &Run<'_>, install: &Install<'_>) -> Result<Plan, EngineError> {
    let mut release = None;
    if let Some(istio) = &install.profile.istio {
        let fetched = async { Ok(prepare::fetch(istio, install.cache, run.announcer).await?) };
        release = Some((istio, step(run, Step::Fetch, stoppable(run, fetched)).await?));
    }
    step(run, Step::Render, async {
        let mut layers = Vec::new();
        if let Some((istio, release)) = &release {
            let rendered = prepare::istio_layers(istio, release, install.cluster, install.target);
            layers = stoppable(run, rendered).await?;
        }
        layers.extend(install.layers.iter().cloned());
        if let Some(timeout) = install.timeout {
            layers.iter_mut().for_each(|layer| layer.timeout = timeout);
        }
        settle(run, layers)
    })
    .await
}

/// Makes one Plan of the layers, and tells what it took to fit them.
fn settle(run: &Run<'_>, layers: Vec<Layer>) -> Result<Plan, EngineError> {
    let (mut plan, shared) = Plan::of(layers);
    for shared in shared {
        let warning = format!("{shared}, and they differ: the later one is applied");
        run.say(Event::Warned { warning });
    }
    place_homeless(run, &mut plan)?;
    for Placed { object, at } in plan.misplaced_mesh_policies() {
        let (id, at) = (object.id(), in_brackets(at));
        run.say(Event::Warned {
            warning: format!(
                "{id}{at} holds for its namespace alone, and nothing makes the mesh STRICT; a policy for all of \
                 it lives in istio-system, from where a `namespace:` in a kustomization file may have moved it"
            ),
        });
    }
    run.say(Event::Planned { layers: plan.layers.iter().map(planned).collect() });
    Ok(plan)
}

/// Tells of second copies that were left out; other objects without a namespace are an error.
fn place_homeless(run: &Run<'_>, plan: &mut Plan) -> Result<(), EngineError> {
    let is_namespaced = |object: &Object| run.cluster.is_namespaced(object.api_version(), object.kind());
    let homeless = plan.remove_homeless(is_namespaced);
    let (copies, lost): (Vec<_>, Vec<_>) = homeless.into_iter().partition(|found| found.copy_in.is_some());
    for Homeless { object, layer, at, copy_in } in copies {
        let at = in_brackets(&at);
        let namespace = copy_in.unwrap_or_default();
        run.say(Event::Warned {
            warning: format!(
                "left out: {object} of layer `{layer}`{at} names no namespace, and {namespace} has its own"
            ),
        });
    }
    if lost.is_empty() { Ok(()) } else { Err(EngineError::Homeless(lost)) }
}

fn in_brackets(at: &Option<At>) -> String {
    at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default()
}

fn planned(layer: &Layer) -> PlannedLayer {
    let workloads = layer.objects().filter(|placed| readiness::is_workload(&placed.object)).count();
    PlannedLayer { name: layer.name.clone(), objects: layer.objects().count(), workloads }
}

/// Applies every layer, waits for what was left to the end, and checks.
async fn carry_out(run: &Run<'_>, install: &Install<'_>, plan: &Plan) -> Result<(), EngineError> {
    for layer in &plan.layers {
        step(run, Step::Layer(layer.name.clone()), layer::apply(run, layer)).await?;
    }
    let at_the_end: Vec<&Layer> =
        plan.layers.iter().filter(|layer| layer.rollout == Rollout::AtTheEnd).collect();
    if !at_the_end.is_empty() {
        step(run, Step::Rollout, async {
            for layer in at_the_end {
                layer::roll_out(run, layer).await?;
            }
            Ok(())
        })
        .await?;
    }
    if !install.profile.checks.is_empty() {
        step(run, Step::Verify, check::all(run, &install.profile.checks, plan)).await?;
    }
    Ok(())
}

/// Does the work while this run holds the Lease; another run that holds it is waited for.
async fn under_lease(
    run: &Run<'_>,
    holder: &str,
    work: impl AsyncFnOnce(&Run<'_>) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    let home = plan::home()?;
    let made = run.cluster.apply(&home, Mode::Persist).await;
    made.map_err(EngineError::api("making the namespace of the Lease"))?;
    let waiting = |other: &str| run.say(Event::LeaseAwaited { holder: other.to_owned() });
    let lease = stoppable(run, async {
        let acquired = run.cluster.acquire_lease(NAMESPACE, NAMESPACE, holder, waiting).await;
        acquired.map_err(EngineError::api("taking the Lease"))
    })
    .await?;
    let worked = tokio::select! {
        worked = work(run) => worked,
        () = lease.lost() => Err(EngineError::LeaseLost),
    };
    if let Err(error) = lease.release().await {
        let warning = format!("the next run may have to wait for this one's Lease: {error}");
        run.say(Event::Warned { warning });
    }
    worked
}

/// Announces the beginning of a step, and its end where it has been reached.
async fn step<T>(
    run: &Run<'_>,
    step: Step,
    work: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, EngineError> {
    run.go_on()?;
    let begun = Instant::now();
    run.say(Event::StepStarted { step: step.clone() });
    let done = work.await?;
    run.say(Event::StepFinished { step, elapsed: begun.elapsed() });
    Ok(done)
}

/// Drops the work where the run is asked to end; only for work that may be dropped anywhere.
async fn stoppable<T>(
    run: &Run<'_>,
    work: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, EngineError> {
    tokio::select! {
        () = run.stop.cancelled() => Err(EngineError::Interrupted),
        done = work => done,
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
