use super::User;
use super::injector::{self, Injector};
use super::pod::{Pod, pods};
use crate::object::Object;
use crate::plan::Plan;

/// An image as it is written, and what would run it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) image: String,
    pub(super) user: User,
}

/// Every image of the plan, in the order of its objects.
pub(super) fn all(plan: &Plan) -> Vec<Found> {
    let injector = Injector::of(plan);
    let mut found = Vec::new();
    for layer in &plan.layers {
        for placed in layer.objects() {
            for (container, image, injected) in of_object(&placed.object, injector.as_ref()) {
                let user =
                    User { layer: layer.name.clone(), object: placed.object.id(), container, injected };
                found.push(Found { image, user });
            }
        }
    }
    found
}

/// Container, image, and whether it is Istio that brings it.
fn of_object(object: &Object, injector: Option<&Injector>) -> Vec<(String, String, bool)> {
    let mut found = Vec::new();
    for (pointer, pod) in pods(object) {
        let own = pod.images(&pointer);
        let injecting = injector.filter(|injector| injector.injects(object.namespace(), pod));
        let brought = injecting.map(|injector| injector.injected(pod)).unwrap_or_default();
        let is_own =
            |name: &str| own.iter().any(|place| place.container == name && place.image != injector::AUTO);
        let brought: Vec<_> = brought.into_iter().filter(|(name, _)| !is_own(name)).collect();
        found.extend(brought.into_iter().map(|(name, image)| (name, image, true)));
        let own = own.into_iter().filter(|place| place.image != injector::AUTO);
        found.extend(own.map(|place| (place.container, place.image, false)));
    }
    if let Some(injector) = injector.filter(|_| injector::is_gateway(object)) {
        let image = injector.proxy_image(Pod::of_metadata(object));
        found.push(("istio-proxy".to_owned(), image, true));
    }
    found
}
