use super::run::Run;
use super::warning::Warning;
use super::{EngineError, Install, prepare};
use crate::event::{Event, PlannedLayer, Step};
use crate::finding::{Code, Finding, Severity};
use crate::lint;
use crate::object::Object;
use crate::plan::{Layer, Plan};
use crate::readiness;

/// Fetches and renders what is missing, and puts all layers in order.
pub(super) async fn plan(run: &Run<'_>, install: &Install<'_>) -> Result<Plan, EngineError> {
    let mut release = None;
    if let Some(istio) = &install.profile.istio {
        let fetched = async { Ok(prepare::fetch(istio, install.supply, run.announcer).await?) };
        release = Some((istio, run.step(Step::Fetch, run.stoppable(fetched)).await?));
    }
    run.step(Step::Render, async {
        let mut layers = Vec::new();
        if let Some((istio, release)) = &release {
            let rendered = prepare::istio_layers(istio, release, install.cluster, install.target);
            layers = run.stoppable(rendered).await?;
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
        run.say(Warning::Shared(shared).into());
    }
    leave_out_copies(run, &mut plan)?;
    // What the cluster may mend is no finding before it was asked.
    let is_certain =
        |finding: &Finding| finding.severity == Severity::Error || finding.code == Code::MisplacedPolicy;
    lint::lint(&plan, None).into_iter().filter(is_certain).for_each(|finding| run.say(Event::Found(finding)));
    run.say(Event::Planned { layers: plan.layers.iter().map(planned).collect() });
    Ok(plan)
}

/// Leaves out second copies that name no namespace, and tells of them; any other object without one
/// is an error.
fn leave_out_copies(run: &Run<'_>, plan: &mut Plan) -> Result<(), EngineError> {
    let is_namespaced = |object: &Object| run.cluster.is_namespaced(object.api_version(), object.kind());
    let homeless = plan.remove_homeless(is_namespaced);
    let (copies, lost): (Vec<_>, Vec<_>) = homeless.into_iter().partition(|found| found.copy_in.is_some());
    for copy in copies {
        run.say(Warning::LeftOut(copy).into());
    }
    if lost.is_empty() { Ok(()) } else { Err(EngineError::Homeless(lost)) }
}

fn planned(layer: &Layer) -> PlannedLayer {
    let workloads = layer.objects().filter(|placed| readiness::is_workload(&placed.object)).count();
    PlannedLayer { name: layer.name.clone(), objects: layer.objects().count(), workloads }
}
