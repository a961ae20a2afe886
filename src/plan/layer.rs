use std::collections::BTreeMap;
use std::time::Duration;

use super::SharedObject;
use crate::kustomize::{At, Located};
use crate::object::{Object, ObjectId, Wave};

/// A set of objects with a name, an order within, and a way to know that it is ready.
#[derive(Clone, Debug)]
pub struct Layer {
    /// A DNS label: it is part of the names of objects in the cluster.
    pub name: String,
    /// Applied one after the other; each is ready before the next begins.
    pub stages: Vec<Stage>,
    /// For all of it: applying, waiting, and what is tried again.
    pub timeout: Duration,
    pub rollout: Rollout,
}

/// What a layer's workloads are to the other layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rollout {
    /// The next layer may need them: they are ready before it begins.
    Awaited,
    /// Nothing needs them: they start while the layer before them does, and are waited for after all layers.
    Beside,
}

/// Objects that depend on each other only as their kinds say.
#[derive(Clone, Debug, Default)]
pub struct Stage {
    pub objects: Vec<Placed>,
    /// What must answer, beside its workloads being ready, before the stage is.
    pub gates: Vec<Gate>,
}

/// A webhook that is live only once it is seen to do its work: ready endpoints are not enough.
#[derive(Clone, Debug, PartialEq)]
pub enum Gate {
    /// A dry run of `invalid` is refused by the webhook.
    Validation { webhook: String, invalid: Object },
    /// A dry run of `pod` comes back with the container `istio-proxy`.
    Injection { webhook: String, pod: Object },
}

/// An object and the place in a file that it came from, where there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    pub object: Object,
    pub at: Option<At>,
    /// The namespace that its file names, where a `namespace:` has moved it into another one.
    pub moved_from: Option<String>,
}

impl From<Located> for Placed {
    fn from(located: Located) -> Self {
        let at = Some(located.at());
        Self { object: located.object, at, moved_from: located.moved_from }
    }
}

impl From<Object> for Placed {
    fn from(object: Object) -> Self {
        Self { object, at: None, moved_from: None }
    }
}

impl Layer {
    /// A layer whose order is the one of the kinds, awaited before the next.
    pub fn new(name: impl Into<String>, objects: Vec<Placed>, timeout: Duration) -> Self {
        let stages = vec![Stage { objects, gates: Vec::new() }];
        Self { name: name.into(), stages, timeout, rollout: Rollout::Awaited }
    }

    pub fn objects(&self) -> impl Iterator<Item = &Placed> {
        self.stages.iter().flat_map(|stage| &stage.objects)
    }

    /// Settles what both layers hold: each such object stays here and leaves `later`; where the two
    /// differ, with the content that `later` gives it. Returns those that differ.
    pub(super) fn yield_to(&mut self, later: &mut Layer) -> Vec<SharedObject> {
        let mut differing = Vec::new();
        let mut own: BTreeMap<ObjectId, &mut Placed> = self
            .stages
            .iter_mut()
            .flat_map(|stage| &mut stage.objects)
            .map(|placed| (placed.object.id(), placed))
            .collect();
        for stage in &mut later.stages {
            stage.objects.retain(|placed| {
                let object = placed.object.id();
                let Some(mine) = own.get_mut(&object) else { return true };
                if mine.object != placed.object {
                    **mine = placed.clone();
                    let (first, second) = (self.name.clone(), later.name.clone());
                    differing.push(SharedObject { object, first, second });
                }
                false
            });
        }
        differing
    }
}

impl Stage {
    /// The objects in the order that their kinds ask for: what is in one wave does not depend on
    /// what else is in it.
    pub fn waves(&self) -> BTreeMap<Wave, Vec<&Placed>> {
        let mut waves: BTreeMap<Wave, Vec<&Placed>> = BTreeMap::new();
        for placed in &self.objects {
            waves.entry(Wave::of(&placed.object)).or_default().push(placed);
        }
        waves
    }
}
