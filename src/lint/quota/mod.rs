//! What a namespace's ResourceQuotas and LimitRanges leave room for, and what the workloads will ask of them:
//! the arithmetic of the API server's own admission, before it has to refuse a pod.

mod admission;
mod limit_range;
mod placement;
mod pod;
mod resources;
mod room;
mod scale;
mod scope;
mod sidecar;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::pods::Pods;
use super::scene::Scene;
use crate::finding::Finding;
use crate::object::{Object, Quantity};

use limit_range::Limits;
use pod::{PodResources, Side};
use scale::Scale;
use sidecar::Injector;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    let injector = Injector::of(scene);
    let quotas = by_namespace(scene.there("", "ResourceQuota"));
    let limits = by_namespace(scene.there("", "LimitRange"));
    let mut findings = Vec::new();
    for namespace in scene.planned_namespaces() {
        let of = |map: &BTreeMap<&str, Vec<_>>| map.get(namespace).cloned().unwrap_or_default();
        let (quotas, limits): (Vec<&Object>, Limits) = (of(&quotas), Limits::of(&of(&limits)));
        if quotas.is_empty() && limits.is_empty() {
            continue;
        }
        let asking: Vec<Asking<'_>> = asking(scene, namespace, injector.as_ref(), &limits);
        findings.extend(admission::refused_by_limits(scene, &limits, &asking));
        for quota in quotas {
            findings.extend(room::of(scene, quota, &asking));
        }
    }
    findings
}

/// The pods of the plan with what each asks for (its requests), and those that the cluster has besides.
pub(super) fn demands<'a>(scene: &Scene<'a>) -> Vec<Demand<'a>> {
    let injector = Injector::of(scene);
    let limits = by_namespace(scene.there("", "LimitRange"));
    let mut demands = Vec::new();
    for namespace in scene.planned_namespaces() {
        let limits = Limits::of(limits.get(namespace).map(Vec::as_slice).unwrap_or_default());
        let planned =
            asking(scene, namespace, injector.as_ref(), &limits).into_iter().filter(|it| it.is_planned);
        demands.extend(planned.map(|asking| Demand {
            owner: asking.pods.owner,
            count: asking.scale.steady,
            each: asking.each.total(Side::Requests).0,
        }));
    }
    demands
}

/// What pods ask of the nodes.
#[derive(Debug)]
pub(super) struct Demand<'a> {
    pub(super) owner: &'a Object,
    pub(super) count: u32,
    /// By the name of the resource.
    pub(super) each: BTreeMap<String, Quantity>,
}

/// What one pod of the cluster asks of its node.
pub(super) fn requests(pod: &Pods<'_>) -> BTreeMap<String, Quantity> {
    PodResources::of(pod).total(Side::Requests).0
}

/// What one object asks of its namespace.
#[derive(Debug)]
struct Asking<'a> {
    pods: Pods<'a>,
    /// Part of the plan; else it is there already and stays.
    is_planned: bool,
    scale: Scale,
    /// Each of its pods, as it comes out of admission.
    each: PodResources,
}

impl Asking<'_> {
    fn name(&self) -> &str {
        self.pods.owner.name()
    }
}

fn by_namespace<'a>(objects: impl Iterator<Item = &'a Object>) -> BTreeMap<&'a str, Vec<&'a Object>> {
    let mut map: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
    for object in objects {
        map.entry(object.namespace().unwrap_or_default()).or_default().push(object);
    }
    map
}

/// The plan's workloads, and the pods in the cluster that are nobody's of the plan. Live workloads count by
/// their pods, which have what injector and LimitRanges gave them.
fn asking<'a>(
    scene: &Scene<'a>,
    namespace: &str,
    injector: Option<&Injector>,
    limits: &Limits,
) -> Vec<Asking<'a>> {
    let all = scene.pods_in(namespace).filter(|pods| pods.spec.is_some());
    let (planned, live): (Vec<&Pods<'a>>, Vec<&Pods<'a>>) =
        all.partition(|pods| scene.placed(pods.owner).is_some());
    let stays = |pods: &&&Pods<'a>| {
        pods.owner.is("", "Pod") && !has_ended(pods.owner) && !planned.iter().any(|own| own.makes(pods))
    };
    let live: Vec<Asking<'a>> = live
        .iter()
        .filter(stays)
        .map(|pods| Asking {
            pods: **pods,
            is_planned: false,
            scale: Scale::ONE,
            each: PodResources::of(pods),
        })
        .collect();
    let planned = planned.into_iter().map(|pods| {
        let mut each = PodResources::of(pods);
        if let Some(injector) = injector {
            injector.inject(scene, pods, &mut each);
        }
        each.default_requests();
        each.add_overhead(scene, pods);
        limits.give_defaults(&mut each);
        Asking { pods: *pods, is_planned: true, scale: Scale::of(pods.owner, scene), each }
    });
    planned.chain(live).collect()
}

/// A pod that has ended counts no more (`pkg/quota/v1/evaluator/core/pods.go`, QuotaV1Pod).
pub(super) fn has_ended(pod: &Object) -> bool {
    matches!(pod.text("/status/phase"), Some("Failed" | "Succeeded"))
}
