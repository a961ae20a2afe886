//! The order in which objects come out.

use super::kustomization::Order;
use super::resource::{ResourceId, Resources};

/// Kinds that others need, in the order of need; kustomize's "legacy" order.
const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// kubectl sorts by kind unless the outermost kustomization asks for the order of loading.
pub(super) fn sort(resources: &mut Resources, order: Option<Order>) {
    if order == Some(Order::Fifo) {
        return;
    }
    resources.list.sort_by_cached_key(|resource| {
        let ResourceId { group, version, kind, .. } = resource.id();
        let or =
            |text: &str, missing: &str| if text.is_empty() { missing.to_owned() } else { text.to_owned() };
        let api = format!("{}_{version}_{kind}", or(&group, "~G"));
        let namespace = or(resource.object.namespace().unwrap_or_default(), "~X");
        (rank(&kind), api, format!("{namespace}|{}", resource.object.name()))
    });
}

fn rank(kind: &str) -> isize {
    if let Some(at) = FIRST.iter().position(|first| *first == kind) {
        return at as isize - FIRST.len() as isize;
    }
    LAST.iter().position(|last| *last == kind).map_or(0, |at| at as isize + 1)
}
