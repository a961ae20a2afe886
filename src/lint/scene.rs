use std::collections::{BTreeMap, BTreeSet};
use std::ptr;

use super::Live;
use super::pods::Pods;
use crate::finding::{Code, Finding, Severity};
use crate::object::{GroupKind, Object, ObjectId, Wave};
use crate::plan::{Layer, Placed, Plan};

/// What will be there once the plan is applied: its objects, and those of the cluster beside them.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) live: Option<&'a Live>,
    planned: Vec<&'a Placed>,
    /// By group and kind: the plan's, then the cluster's that are not the plan's.
    there: BTreeMap<(&'a str, &'a str), Vec<&'a Object>>,
    ids: BTreeSet<ObjectId>,
    /// Everything that is, makes or stands for pods, by namespace.
    pods: BTreeMap<&'a str, Vec<Pods<'a>>>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(plan: &'a Plan, live: Option<&'a Live>) -> Self {
        let planned: Vec<&Placed> = plan.layers.iter().flat_map(Layer::objects).collect();
        let mut ids: BTreeSet<ObjectId> = planned.iter().map(|placed| placed.object.id()).collect();
        let others = live.into_iter().flat_map(|live| live.objects.iter());
        let others: Vec<&Object> = others.filter(|object| ids.insert(object.id())).collect();
        let all = planned.iter().map(|placed| &placed.object).chain(others);
        let (mut there, mut pods): (BTreeMap<_, Vec<_>>, BTreeMap<_, Vec<_>>) = Default::default();
        for object in all {
            there.entry((object.group(), object.kind())).or_default().push(object);
            if let Some(of) = Pods::of(object) {
                pods.entry(of.namespace).or_default().push(of);
            }
        }
        Self { live, planned, there, ids, pods }
    }

    /// The plan's objects.
    pub(super) fn planned(&self) -> impl Iterator<Item = &'a Placed> {
        self.planned.iter().copied()
    }

    /// The plan's objects of a kind.
    pub(super) fn planned_of(&self, group: &str, kind: &str) -> impl Iterator<Item = &'a Placed> {
        self.planned().filter(move |placed| placed.object.is(group, kind))
    }

    /// The namespaces that the plan's objects lie in.
    pub(super) fn planned_namespaces(&self) -> BTreeSet<&'a str> {
        self.planned().filter_map(|placed| placed.object.namespace()).collect()
    }

    /// The object as the plan has it; None for one of the cluster's.
    pub(super) fn placed(&self, object: &Object) -> Option<&'a Placed> {
        self.planned().find(|placed| ptr::eq(&placed.object, object))
    }

    /// All objects of a kind.
    pub(super) fn there(&self, group: &'static str, kind: &'static str) -> impl Iterator<Item = &'a Object> {
        self.there.get(&(group, kind)).into_iter().flatten().copied()
    }

    pub(super) fn get(
        &self,
        group: &'static str,
        kind: &'static str,
        namespace: &str,
        name: &str,
    ) -> Option<&'a Object> {
        self.there(group, kind).find(|object| object.name() == name && object.namespace() == Some(namespace))
    }

    pub(super) fn has(&self, id: &ObjectId) -> bool {
        self.ids.contains(id)
    }

    /// The pods of one namespace.
    pub(super) fn pods_in(&self, namespace: &str) -> impl Iterator<Item = &Pods<'a>> {
        self.pods.get(namespace).into_iter().flatten()
    }

    /// The pods of each namespace.
    pub(super) fn pods_by_namespace(&self) -> impl Iterator<Item = &[Pods<'a>]> {
        self.pods.values().map(Vec::as_slice)
    }

    pub(super) fn all_pods(&self) -> impl Iterator<Item = &Pods<'a>> {
        self.pods.values().flatten()
    }

    /// How certain it is that what is missing is missing: an object of these kinds in the cluster could
    /// mend it.
    pub(super) fn severity(&self, kinds: &[(&str, &str)]) -> Severity {
        let is_read = |live: &Live| {
            let unread = |(group, kind): &(&str, &str)| {
                live.unread.contains_key(&GroupKind { group: (*group).into(), kind: (*kind).into() })
            };
            !kinds.iter().any(unread)
        };
        if self.live.is_some_and(is_read) { Severity::Error } else { Severity::Warning }
    }

    /// Whether an object of a kind that neither Kubernetes nor Istio knows may make others in this namespace:
    /// an operator makes pods, Services and Secrets of its own.
    pub(super) fn an_operator_may_act_in(&self, namespace: &str) -> bool {
        self.there
            .values()
            .flatten()
            .any(|object| is_custom(object) && object.namespace().is_none_or(|its_own| its_own == namespace))
    }
}

/// Whether Kubernetes and Istio leave the kind to somebody else.
pub(super) fn is_custom(object: &Object) -> bool {
    Wave::of(object) == Wave::CustomResources && !object.group().ends_with(".istio.io")
}

/// A finding about an object of the plan.
pub(super) fn found(
    placed: &Placed,
    code: Code,
    severity: Severity,
    seen: impl Into<String>,
    hint: impl Into<String>,
) -> Finding {
    Finding::new(code, severity, seen, hint).on(placed.object.id()).at(placed.at.clone())
}

/// A finding about an object of the plan or of the cluster.
pub(super) fn about(
    scene: &Scene<'_>,
    object: &Object,
    code: Code,
    severity: Severity,
    seen: impl Into<String>,
    hint: impl Into<String>,
) -> Finding {
    let at = scene.placed(object).and_then(|placed| placed.at.clone());
    Finding::new(code, severity, seen, hint).on(object.id()).at(at)
}
