use regex::Captures;
use serde_json::Value;

use super::injector::{self, Injector, LITERAL, PROXY_IMAGE};
use super::pod::{Pod, pods};
use crate::image::{Reference, Registry, Rules};
use crate::object::Object;
use crate::plan::Plan;

/// Writes the images into the plan as they are to be pulled. What the rules do not change stays as it is written.
pub(super) fn all(plan: &mut Plan, rules: &Rules) {
    let applied = |image: &str| changed(image, rules);
    let injector = Injector::of(plan);
    let stages = plan.layers.iter_mut().flat_map(|layer| &mut layer.stages);
    for placed in stages.flat_map(|stage| &mut stage.objects) {
        let object = &mut placed.object;
        for place in places(object) {
            if let Some(Value::String(image)) = object.pointer_mut(&place)
                && let Some(applied) = applied(image)
            {
                *image = applied.to_string();
            }
        }
        if let Some(injector) = injector.as_ref().filter(|_| injector::is_configuration(object)) {
            configuration(object, injector, rules.registry.as_ref(), &applied);
        }
    }
}

/// Where an object names images: in its pods, and in what it tells the injector of the proxy's.
fn places(object: &Object) -> Vec<String> {
    let annotation = format!("/metadata/annotations/{}", PROXY_IMAGE.replace('/', "~1"));
    let mut places = Vec::new();
    for (pointer, pod) in pods(object) {
        let named = pod.images(&pointer).into_iter().filter(|place| place.image != injector::AUTO);
        places.extend(named.map(|place| place.pointer));
        places.extend(
            pod.annotation(PROXY_IMAGE)
                .filter(|image| image.contains('/'))
                .map(|_| format!("{pointer}{annotation}")),
        );
    }
    if injector::is_gateway(object) {
        places.push(annotation);
    }
    places
}

/// None where the image stays as it is.
fn changed(image: &str, rules: &Rules) -> Option<Reference> {
    let source: Reference = image.parse().ok()?;
    rules.applied(&source).ok().filter(|applied| *applied != source)
}

/// Writes the injector's configuration anew: what it injects becomes what `applied` says, where that says anything.
///
/// A hub is enough to move the images; one that is pinned is written out in full, as nothing else has room for a
/// digest.
fn configuration(
    object: &mut Object,
    injector: &Injector,
    registry: Option<&Registry>,
    applied: &impl Fn(&str) -> Option<Reference>,
) {
    let mut values = injector.values.clone();
    let images = [("proxy", injector.proxy_image(Pod::plain())), ("proxy_init", injector.plain_init_image())];
    for (part, image) in images {
        let is_whole =
            injector.value(&format!("/global/{part}/image")).is_some_and(|name| name.contains('/'));
        if let Some(applied) = applied(&image).filter(|applied| is_whole || applied.digest().is_some()) {
            values["global"][part]["image"] = applied.to_string().into();
        }
    }
    if let (Some(registry), Some(hub)) = (registry, injector.value("/global/hub")) {
        values["global"]["hub"] = moved_hub(hub, registry).into();
    }
    if values != injector.values
        && let Some(text) = object.pointer_mut("/data/values")
    {
        *text = format!("{values:#}").into();
    }
    if let Some(Value::String(text)) = object.pointer_mut("/data/config") {
        *text = with_literals(text, applied);
    }
}

/// A hub is a repository but for its last part.
fn moved_hub(hub: &str, registry: &Registry) -> String {
    const LAST: &str = "/proxyv2";
    let image = format!("{hub}{LAST}").parse::<Reference>();
    let moved = image.ok().map(|image| registry.moved(image).repository());
    moved.and_then(|moved| Some(moved.strip_suffix(LAST)?.to_owned())).unwrap_or_else(|| hub.to_owned())
}

fn with_literals(templates: &str, applied: &impl Fn(&str) -> Option<Reference>) -> String {
    let Some(literal) = LITERAL.as_ref() else { return templates.to_owned() };
    let replaced = literal.replace_all(templates, |found: &Captures<'_>| match applied(&found["image"]) {
        Some(image) => format!("{}{image}", &found["before"]),
        None => found[0].to_owned(),
    });
    replaced.into_owned()
}
