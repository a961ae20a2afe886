use super::pinned::Pins;
use super::prune::Extent;
use super::run::{Course, Run, Tally};
use super::warning::Warning;
use super::{EngineError, Install, Parts, foresee, look, prepare, rights};
use crate::event::{Announcer, Event, PlannedLayer, Step};
use crate::image::Rules;
use crate::lint;
use crate::object::Object;
use crate::plan::{Image, Layer, Plan};
use crate::readiness;

/// Fetches and renders what is missing, puts all layers in order, and tells what is wrong with them. Says also what
/// must be proven of the images, where any of them is pinned.
pub(super) async fn plan(
    course: Course<'_>,
    install: &Install<'_>,
    parts: Parts,
) -> Result<(Plan, Option<Pins>), EngineError> {
    let (plan, images) = laid_out(course, install, parts).await?;
    course.step(Step::Check, course.stoppable(check(course, install, &plan))).await?;
    Ok((plan, Pins::of(&images)))
}

/// The same without a look at what is wrong, and without a word on what may be done: the plan, and its images.
pub(super) async fn laid_out(
    course: Course<'_>,
    install: &Install<'_>,
    parts: Parts,
) -> Result<(Plan, Vec<Image>), EngineError> {
    let Course { announcer, .. } = course;
    let release = parts.fetching.arrived(course).await?;
    let rendered = course.step(Step::Render, async {
        let mut layers = Vec::new();
        if let Some((istio, release)) = install.profile.istio.as_ref().zip(release.as_ref()) {
            let rendered =
                prepare::istio_layers(istio, release, install.supply, install.cluster, install.target);
            layers = course.stoppable(rendered).await?;
        }
        layers.extend(parts.layers);
        if let Some(timeout) = install.timeout {
            layers.iter_mut().for_each(|layer| layer.timeout = timeout);
        }
        let is_namespaced =
            |object: &Object| install.cluster.is_namespaced(object.api_version(), object.kind());
        let (mut plan, images) = settle(announcer, layers, is_namespaced, &install.profile.images)?;
        plan.add_pull_secrets(&images, install.logins);
        announcer.say(planned(&plan));
        Ok((plan, images))
    });
    rendered.await
}

/// Tells what is wrong, and goes on: what is missing may come meanwhile, and what is refused is told again by who
/// refuses it. Where the user may not do all that is to be done, or an object cannot be as its layer has it, nothing is
/// begun.
async fn check(course: Course<'_>, install: &Install<'_>, plan: &Plan) -> Result<(), EngineError> {
    let Course { announcer, stop } = course;
    let is_pruned = install.pruning.extent != Extent::Nothing;
    let tally = Tally::default();
    let run = Run { cluster: install.cluster, plan, profile: "", announcer, stop, tally: &tally };
    let (live, missing, immutable) = tokio::join!(
        look::look(install.cluster, plan, look::Rules::OfPlan),
        rights::missing(install.cluster, plan, is_pruned, install.profile.is_verified()),
        foresee::immutable(&run),
    );
    let missing = missing.map_err(EngineError::api("asking what may be done"))?.findings();
    let immutable = immutable.map_err(EngineError::api("rehearsing what cannot be changed"))?;
    let findings = lint::lint(plan, Some(&live)).into_iter().chain(immutable.iter().cloned());
    missing.iter().cloned().chain(findings).for_each(|finding| announcer.say(Event::Found(finding)));
    if !missing.is_empty() {
        return Err(EngineError::Rights(missing));
    }
    if immutable.is_empty() { Ok(()) } else { Err(EngineError::Immutable(immutable)) }
}

/// Makes one Plan of the layers, with the images that the rules say, and tells what it took to fit them.
pub(super) fn settle(
    announcer: &Announcer,
    layers: Vec<Layer>,
    is_namespaced: impl Fn(&Object) -> Option<bool>,
    rules: &Rules,
) -> Result<(Plan, Vec<Image>), EngineError> {
    let (mut plan, shared) = Plan::of(layers);
    shared.iter().for_each(|shared| announcer.say(Event::Found(lint::shared(shared))));
    leave_out_copies(announcer, &mut plan, is_namespaced)?;
    let images = place_images(announcer, &mut plan, rules)?;
    Ok((plan, images))
}

/// Gives the plan's containers the images that the rules say.
pub(super) fn place_images(
    announcer: &Announcer,
    plan: &mut Plan,
    rules: &Rules,
) -> Result<Vec<Image>, EngineError> {
    let images = plan.place_images(rules)?;
    for pin in &images.unused_pins {
        announcer.say(Warning::UnusedPin(pin).into());
    }
    for (image, user) in &images.unreadable {
        announcer.say(Warning::NoImage { image, user }.into());
    }
    Ok(images.list)
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
    copies.iter().for_each(|copy| announcer.say(Event::Found(lint::homeless(copy))));
    if lost.is_empty() { Ok(()) } else { Err(EngineError::Homeless(lost)) }
}

/// What each layer will bring.
pub(super) fn planned(plan: &Plan) -> Event {
    let layer = |layer: &Layer| {
        let workloads = layer.objects().filter(|placed| readiness::is_workload(&placed.object)).count();
        PlannedLayer { name: layer.name.clone(), objects: layer.objects().count(), workloads }
    };
    Event::Planned { layers: plan.layers.iter().map(layer).collect() }
}
