//! Which lists of the builtin kinds are merged by a key, as Kubernetes' OpenAPI (1.21, the one that
//! kustomize carries) says with `x-kubernetes-patch-merge-key`. All other lists are replaced.

/// How a list is merged.
#[derive(Clone, Copy, Debug)]
pub(super) enum ListMerge {
    /// By the fields that tell its items apart; of the fields, the first is required.
    ByKeys(&'static [&'static str]),
    /// As a set of plain values.
    AsSet,
}

/// A field of a type that is not simply merged or replaced.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field {
    /// A mapping of a type that has such fields in turn.
    Of(&'static Type),
    /// A list and the type of its items.
    List(ListMerge, &'static Type),
}

/// A type by its fields of note.
#[derive(Debug)]
pub(super) struct Type(&'static [(&'static str, Field)]);

impl Type {
    pub(super) fn field(&self, name: &str) -> Option<Field> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, field)| *field)
    }
}

use Field::{List, Of};
use ListMerge::{AsSet, ByKeys};

static PLAIN: Type = Type(&[]);

static METADATA: Type =
    Type(&[("finalizers", List(AsSet, &PLAIN)), ("ownerReferences", List(ByKeys(&["uid"]), &PLAIN))]);

static CONTAINER: Type = Type(&[
    ("env", List(ByKeys(&["name"]), &PLAIN)),
    ("ports", List(ByKeys(&["containerPort", "protocol"]), &PLAIN)),
    ("volumeDevices", List(ByKeys(&["devicePath"]), &PLAIN)),
    ("volumeMounts", List(ByKeys(&["mountPath"]), &PLAIN)),
]);

static POD: Type = Type(&[
    ("containers", List(ByKeys(&["name"]), &CONTAINER)),
    ("ephemeralContainers", List(ByKeys(&["name"]), &CONTAINER)),
    ("hostAliases", List(ByKeys(&["ip"]), &PLAIN)),
    ("imagePullSecrets", List(ByKeys(&["name"]), &PLAIN)),
    ("initContainers", List(ByKeys(&["name"]), &CONTAINER)),
    ("topologySpreadConstraints", List(ByKeys(&["topologyKey", "whenUnsatisfiable"]), &PLAIN)),
    ("volumes", List(ByKeys(&["name"]), &PLAIN)),
]);

static POD_TEMPLATE: Type = Type(&[("metadata", Of(&METADATA)), ("spec", Of(&POD))]);

static STATUS: Type = Type(&[("conditions", List(ByKeys(&["type"]), &PLAIN))]);

static WITH_TEMPLATE: Type = Type(&[("template", Of(&POD_TEMPLATE))]);

static JOB_TEMPLATE: Type = Type(&[("metadata", Of(&METADATA)), ("spec", Of(&WITH_TEMPLATE))]);

static CRON_JOB: Type = Type(&[("jobTemplate", Of(&JOB_TEMPLATE))]);

static SERVICE: Type = Type(&[("ports", List(ByKeys(&["port", "protocol"]), &PLAIN))]);

static NODE: Type = Type(&[("podCIDRs", List(AsSet, &PLAIN))]);

static CSI_NODE: Type = Type(&[("drivers", List(ByKeys(&["name"]), &PLAIN))]);

static POD_KIND: Type = Type(&[("metadata", Of(&METADATA)), ("spec", Of(&POD)), ("status", Of(&STATUS))]);

static POD_TEMPLATE_KIND: Type = Type(&[("metadata", Of(&METADATA)), ("template", Of(&POD_TEMPLATE))]);

static WORKLOAD_KIND: Type =
    Type(&[("metadata", Of(&METADATA)), ("spec", Of(&WITH_TEMPLATE)), ("status", Of(&STATUS))]);

static CRON_JOB_KIND: Type = Type(&[("metadata", Of(&METADATA)), ("spec", Of(&CRON_JOB))]);

static SERVICE_KIND: Type =
    Type(&[("metadata", Of(&METADATA)), ("spec", Of(&SERVICE)), ("status", Of(&STATUS))]);

static SERVICE_ACCOUNT_KIND: Type =
    Type(&[("metadata", Of(&METADATA)), ("secrets", List(ByKeys(&["name"]), &PLAIN))]);

static WEBHOOK_KIND: Type =
    Type(&[("metadata", Of(&METADATA)), ("webhooks", List(ByKeys(&["name"]), &PLAIN))]);

static NODE_KIND: Type = Type(&[("metadata", Of(&METADATA)), ("spec", Of(&NODE)), ("status", Of(&STATUS))]);

static CSI_NODE_KIND: Type = Type(&[("metadata", Of(&METADATA)), ("spec", Of(&CSI_NODE))]);

/// Any other kind that Kubernetes itself serves.
static BUILTIN_KIND: Type = Type(&[("metadata", Of(&METADATA)), ("status", Of(&STATUS))]);

/// The type of a kind's objects; a kind that is not builtin has no schema, and all its lists are replaced.
pub(super) fn of_kind(api_version: &str, kind: &str) -> &'static Type {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    match (api_version, kind) {
        ("v1", "Pod") => &POD_KIND,
        ("v1", "PodTemplate") => &POD_TEMPLATE_KIND,
        ("v1", "ReplicationController") | ("batch/v1", "Job") => &WORKLOAD_KIND,
        ("apps/v1", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") => &WORKLOAD_KIND,
        ("batch/v1" | "batch/v1beta1", "CronJob") => &CRON_JOB_KIND,
        ("v1", "Service") => &SERVICE_KIND,
        ("v1", "ServiceAccount") => &SERVICE_ACCOUNT_KIND,
        ("v1", "Node") => &NODE_KIND,
        ("storage.k8s.io/v1" | "storage.k8s.io/v1beta1", "CSINode") => &CSI_NODE_KIND,
        (_, "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration") => &WEBHOOK_KIND,
        ("v1", _) => &BUILTIN_KIND,
        _ if BUILTIN_GROUPS.contains(&group) => &BUILTIN_KIND,
        _ => &PLAIN,
    }
}

const BUILTIN_GROUPS: [&str; 16] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];
