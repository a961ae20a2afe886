//! Whether the nodes have what the plan's pods ask for. By their sums, and by the largest pod: what does not fit by
//! these does not fit at all; what does may still not be placed.

use std::collections::BTreeMap;

use super::super::Live;
use super::super::pods::Pods;
use super::super::quota::{self, Demand};
use super::super::scene::{Scene, about};
use super::nodes::{self, trouble};
use crate::finding::{Code, Finding, Severity};
use crate::object::{GroupKind, Object, Quantity};

/// What pods are placed by.
const RESOURCES: [&str; 3] = ["cpu", "memory", "pods"];

type Amounts = BTreeMap<String, Quantity>;

pub(super) fn find(scene: &Scene<'_>, live: &Live) -> Vec<Finding> {
    let pods = GroupKind { group: String::new(), kind: "Pod".into() };
    if live.unread.contains_key(&nodes::kind()) || live.unread.contains_key(&pods) {
        return Vec::new();
    }
    let nodes: Vec<&Object> = scene.there("", "Node").filter(|node| trouble(node).is_none()).collect();
    if nodes.is_empty() {
        return Vec::new(); // Told already.
    }
    let mut demands = quota::demands(scene);
    demands.iter_mut().for_each(|demand| _ = demand.each.insert("pods".to_owned(), Quantity::of(1)));
    let severity = if grows(scene) { Severity::Warning } else { Severity::Error };
    let mut findings: Vec<Finding> =
        RESOURCES.iter().filter_map(|name| short_of(scene, &nodes, &demands, name, severity)).collect();
    findings.extend(demands.iter().filter_map(|demand| too_large(scene, &nodes, demand, severity)));
    findings
}

/// More of a resource asked for than all nodes together have left.
fn short_of(
    scene: &Scene<'_>,
    nodes: &[&Object],
    demands: &[Demand<'_>],
    name: &str,
    severity: Severity,
) -> Option<Finding> {
    let allocatable: Quantity = nodes.iter().map(|node| allocatable(node, name)).sum();
    let used: Quantity = others(scene, nodes, demands).map(|pod| amount(&pod, name)).sum();
    let asked: Quantity =
        demands.iter().map(|demand| demand.each.get(name).copied().unwrap_or_default() * demand.count).sum();
    if asked + used <= allocatable || asked.is_zero() {
        return None;
    }
    let what = if name == "pods" { "" } else { "of " };
    let seen = format!(
        "the pods ask for {asked} {what}{name}, and the nodes have {allocatable}, {used} of it taken by others"
    );
    let hint = match severity {
        Severity::Error => {
            "some pods will stay pending; give the cluster another node, or have the pods request less"
        }
        Severity::Warning => "some pods will stay pending until the cluster's autoscaler brings another node",
    };
    Some(Finding::new(Code::NodesFull, severity, seen, hint))
}

/// A pod that fits on no node, were it empty.
fn too_large(
    scene: &Scene<'_>,
    nodes: &[&Object],
    demand: &Demand<'_>,
    severity: Severity,
) -> Option<Finding> {
    let fits =
        |node: &&Object| RESOURCES.iter().all(|name| amount(&demand.each, name) <= allocatable(node, name));
    if demand.count == 0 || nodes.iter().any(fits) {
        return None;
    }
    let asked: Vec<String> = ["cpu", "memory"]
        .iter()
        .filter_map(|name| Some(format!("{} of {name}", demand.each.get(*name)?)))
        .collect();
    let most = |name: &str| nodes.iter().map(|node| allocatable(node, name)).max().unwrap_or_default();
    let seen = format!(
        "each of its pods requests {}, and no node has more than {} of cpu and {} of memory",
        asked.join(" and "),
        most("cpu"),
        most("memory")
    );
    let hint = "have the pods request less, or give the cluster a larger node";
    Some(about(scene, demand.owner, Code::NodesFull, severity, seen, hint))
}

/// What the pods ask for that are on these nodes already and stay there.
fn others<'a>(
    scene: &'a Scene<'_>,
    nodes: &'a [&Object],
    demands: &'a [Demand<'_>],
) -> impl Iterator<Item = Amounts> + 'a {
    let stays = |pods: &&Pods<'_>| {
        pods.owner.is("", "Pod")
            && !quota::has_ended(pods.owner)
            && scene.placed(pods.owner).is_none()
            && pods
                .spec
                .and_then(|spec| spec["nodeName"].as_str())
                .is_some_and(|on| nodes.iter().any(|node| node.name() == on))
            && !demands
                .iter()
                .filter_map(|demand| Pods::of(demand.owner))
                .any(|own| own.namespace == pods.namespace && own.makes(pods))
    };
    scene.all_pods().filter(stays).map(|pods| {
        let mut amounts = quota::requests(pods);
        amounts.insert("pods".to_owned(), Quantity::of(1));
        amounts
    })
}

fn amount(amounts: &Amounts, name: &str) -> Quantity {
    amounts.get(name).copied().unwrap_or_default()
}

fn allocatable(node: &Object, name: &str) -> Quantity {
    node.pointer(&format!("/status/allocatable/{name}")).and_then(Quantity::read).unwrap_or_default()
}

/// Whether something brings nodes where pods ask for them: what cluster-autoscaler and Karpenter leave.
fn grows(scene: &Scene<'_>) -> bool {
    let says = |node: &Object| {
        let labels = node.pointer("/metadata/labels").and_then(|labels| labels.as_object());
        labels.into_iter().flatten().any(|(key, _)| key.starts_with("karpenter.sh/"))
    };
    let autoscales = |workload: &Object| workload.name().contains("cluster-autoscaler");
    scene.there("", "Node").any(says) || scene.there("apps", "Deployment").any(autoscales)
}
