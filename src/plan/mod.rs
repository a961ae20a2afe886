//! What a run will do, before it does anything: layers of objects in the order they are applied. Pure.
//!
//! Everything works on the Plan alone: apply walks it, wait watches it, checks ask what it promised.
//! Istio, its addons and the layers of a gitops tree are all the same here.

mod applyset;
mod drift;
mod images;
mod istio;
mod layer;
mod mtls;
mod namespaces;
mod pull_secrets;
mod removal;
mod render;

use std::collections::BTreeSet;

use crate::kustomize::At;
use crate::object::ObjectId;

pub(crate) use applyset::home;
pub use applyset::{ApplySet, NAMESPACE, PART_OF, TOOLING};
pub use drift::drift;
pub use images::{Image, ImageError, Images, User, images_of};
pub use istio::{addons, istio};
pub use layer::{Gate, Layer, Placed, Rollout, Stage};
pub use namespaces::Homeless;
pub use removal::{backwards, is_container, is_incidental, is_trust_of_istio, superfluous};
pub use render::{RenderedLayers, Tree, Unrendered, render};

/// The layers of a run, in order.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub layers: Vec<Layer>,
}

/// An object that two layers bring: each would take it from the other on every run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{object} is in layer `{first}` and in layer `{second}`")]
pub struct SharedObject {
    pub object: ObjectId,
    pub first: String,
    pub second: String,
}

impl Plan {
    /// A plan of these layers. An object that stands in several layers with the same content, as a
    /// Namespace in base and overlay often does, is left to the first of them; one that differs is
    /// left to the last, which is what applying them in turn by hand comes to. Each is told.
    pub fn of(mut layers: Vec<Layer>) -> (Self, Vec<SharedObject>) {
        let mut shared = Vec::new();
        for later in 1..layers.len() {
            let (before, rest) = layers.split_at_mut(later);
            let layer = &mut rest[0];
            for earlier in before.iter_mut() {
                shared.extend(earlier.yield_to(layer));
            }
        }
        (Self { layers }, shared)
    }

    /// The namespaces that the plan's objects live in.
    pub fn namespaces(&self) -> BTreeSet<&str> {
        self.layers.iter().flat_map(Layer::objects).filter_map(|placed| placed.object.namespace()).collect()
    }

    /// Where an object of the plan was written.
    pub fn place_of(&self, object: &ObjectId) -> Option<At> {
        let mut all = self.layers.iter().flat_map(Layer::objects);
        all.find(|placed| placed.object.id() == *object).and_then(|placed| placed.at.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Object;
    use serde_json::json;
    use std::time::Duration;

    fn namespace(label: &str) -> Placed {
        let object = Object::new(json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "kubestock-staging", "labels": {"from": label}}}));
        object.unwrap().into()
    }

    fn layer(name: &str, objects: Vec<Placed>) -> Layer {
        Layer::new(name, objects, Duration::from_secs(1))
    }

    fn holders(plan: &Plan) -> Vec<(&str, usize)> {
        plan.layers.iter().map(|layer| (layer.name.as_str(), layer.objects().count())).collect()
    }

    #[test]
    fn an_object_that_two_layers_bring_alike_belongs_to_the_first() {
        let layers = vec![layer("base", vec![namespace("x")]), layer("staging", vec![namespace("x")])];
        let (plan, shared) = Plan::of(layers);
        assert_eq!(holders(&plan), [("base", 1), ("staging", 0)]);
        assert!(shared.is_empty());
    }

    #[test]
    fn an_object_that_two_layers_bring_differently_is_told_and_ends_as_the_last_says() {
        let layers = vec![layer("base", vec![namespace("x")]), layer("staging", vec![namespace("y")])];
        let (plan, shared) = Plan::of(layers);
        assert_eq!(holders(&plan), [("base", 1), ("staging", 0)]);
        let merged = &plan.layers[0].objects().next().unwrap().object;
        assert_eq!(merged.label("from"), Some("y"));
        let told: Vec<_> = shared.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["Namespace/kubestock-staging is in layer `base` and in layer `staging`"]);
    }
}
