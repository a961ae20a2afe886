use super::pinned::Pins;
use super::run::Run;
use super::warning::Warning;
use super::{EngineError, Install, prepare};
use crate::event::{Announcer, Event, PlannedLayer, Step};
use crate::finding::{Code, Finding, Severity};
use crate::image::Rules;
use crate::lint;
use crate::object::Object;
use crate::plan::{Image, Layer, Plan};
use crate::readiness;

/// Fetches and renders what is missing, and puts all layers in order. Says also what must be proven of the
/// images, where any of them is pinned.
pub(super) async fn plan(run: &Run<'_>, install: &Install<'_>) -> Result<(Plan, Option<Pins>), EngineError> {
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
        let is_namespaced = |object: &Object| run.cluster.is_namespaced(object.api_version(), object.kind());
        let (plan, images) = settle(run.announcer, layers, is_namespaced, &install.profile.images)?;
        // What the cluster may mend is no finding before it was asked.
        let is_certain =
            |finding: &Finding| finding.severity == Severity::Error || finding.code == Code::MisplacedPolicy;
        let certain = lint::lint(&plan, None).into_iter().filter(is_certain);
        certain.for_each(|finding| run.say(Event::Found(finding)));
        run.say(Event::Planned { layers: plan.layers.iter().map(planned).collect() });
        Ok((plan, Pins::of(&images)))
    })
    .await
}

/// Makes one Plan of the layers, with the images that the rules say, and tells what it took to fit them.
pub(super) fn settle(
    announcer: &Announcer,
    layers: Vec<Layer>,
    is_namespaced: impl Fn(&Object) -> Option<bool>,
    rules: &Rules,
) -> Result<(Plan, Vec<Image>), EngineError> {
    let (mut plan, shared) = Plan::of(layers);
    for shared in shared {
        announcer.say(Warning::Shared(shared).into());
    }
    leave_out_copies(announcer, &mut plan, is_namespaced)?;
    let images = plan.place_images(rules)?;
    for pin in &images.unused_pins {
        announcer.say(Warning::UnusedPin(pin).into());
    }
    for (image, user) in &images.unreadable {
        announcer.say(Warning::NoImage { image, user }.into());
    }
    Ok((plan, images.list))
}

/// Leaves out second copies that name no namespace, and tells of them; any other object without one
/// is an error.
fn leave_out_copies(
    announcer: &Announcer,
    plan: &mut Plan,
    is_namespaced: impl Fn(&Object) -> Option<bool>,
) -> Result<(), EngineError> {
    let homeless = plan.remove_homeless(is_namespaced);
    let (copies, lost): (Vec<_>, Vec<_>) = homeless.into_iter().partition(|found| found.copy_in.is_some());
    for copy in copies {
        announcer.say(Warning::LeftOut(copy).into());
    }
    if lost.is_empty() { Ok(()) } else { Err(EngineError::Homeless(lost)) }
}

fn planned(layer: &Layer) -> PlannedLayer {
    let workloads = layer.objects().filter(|placed| readiness::is_workload(&placed.object)).count();
    PlannedLayer { name: layer.name.clone(), objects: layer.objects().count(), workloads }
}
