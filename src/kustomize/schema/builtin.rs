//! The kinds of Kubernetes 1.21.2, whose OpenAPI kustomize carries: the fields that have
//! `x-kubernetes-patch-merge-key` or `x-kubernetes-list-map-keys` in it, and those that lead to them.

use super::{Field, Merge, Type};

/// A type by its fields of note.
pub(in crate::kustomize) type BuiltinType = &'static [(&'static str, Note)];

/// A field that is not simply merged or replaced.
#[derive(Clone, Copy, Debug)]
pub(in crate::kustomize) enum Note {
    /// A mapping of a type that has such fields in turn.
    Of(BuiltinType),
    /// A list merged by keys, none for a list of plain values, and the type of its items.
    List(&'static [&'static str], BuiltinType),
}

use Note::{List, Of};

/// A field of a builtin type.
pub(super) fn field(type_: BuiltinType, name: &str) -> Option<Field<'static>> {
    let (_, note) = type_.iter().find(|(known, _)| *known == name)?;
    let (merge, type_) = match note {
        Of(type_) => (Merge::Plain, type_),
        List(keys, item) => (Merge::List(keys.iter().map(|key| (*key).to_owned()).collect()), item),
    };
    Some(Field { merge, type_: Some(Type::Builtin(type_)) })
}

const PLAIN: BuiltinType = &[];

const METADATA: BuiltinType = &[("finalizers", List(&[], PLAIN)), ("ownerReferences", List(&["uid"], PLAIN))];

const CLAIM_TEMPLATE: BuiltinType = &[("metadata", Of(METADATA))];

const VOLUME: BuiltinType = &[("ephemeral", Of(&[("volumeClaimTemplate", Of(CLAIM_TEMPLATE))]))];

const CONTAINER: BuiltinType = &[
    ("env", List(&["name"], PLAIN)),
    ("ports", List(&["containerPort", "protocol"], PLAIN)),
    ("volumeDevices", List(&["devicePath"], PLAIN)),
    ("volumeMounts", List(&["mountPath"], PLAIN)),
];

const EPHEMERAL_CONTAINER: BuiltinType = &[
    ("env", List(&["name"], PLAIN)),
    ("volumeDevices", List(&["devicePath"], PLAIN)),
    ("volumeMounts", List(&["mountPath"], PLAIN)),
];

const POD: BuiltinType = &[
    ("containers", List(&["name"], CONTAINER)),
    ("ephemeralContainers", List(&["name"], EPHEMERAL_CONTAINER)),
    ("hostAliases", List(&["ip"], PLAIN)),
    ("imagePullSecrets", List(&["name"], PLAIN)),
    ("initContainers", List(&["name"], CONTAINER)),
    ("topologySpreadConstraints", List(&["topologyKey", "whenUnsatisfiable"], PLAIN)),
    ("volumes", List(&["name"], VOLUME)),
];

const POD_TEMPLATE: BuiltinType = &[("metadata", Of(METADATA)), ("spec", Of(POD))];

const CONDITIONS: BuiltinType = &[("conditions", List(&["type"], PLAIN))];

const WITH_TEMPLATE: BuiltinType = &[("template", Of(POD_TEMPLATE))];

const JOB_TEMPLATE: BuiltinType = &[("metadata", Of(METADATA)), ("spec", Of(WITH_TEMPLATE))];

const WORKLOAD: BuiltinType =
    &[("metadata", Of(METADATA)), ("spec", Of(WITH_TEMPLATE)), ("status", Of(CONDITIONS))];

const CRON_JOB: BuiltinType =
    &[("metadata", Of(METADATA)), ("spec", Of(&[("jobTemplate", Of(JOB_TEMPLATE))]))];

const POD_KIND: BuiltinType = &[
    ("metadata", Of(METADATA)),
    ("spec", Of(POD)),
    ("status", Of(&[("conditions", List(&["type"], PLAIN)), ("podIPs", List(&["ip"], PLAIN))])),
];

const POD_TEMPLATE_KIND: BuiltinType = &[("metadata", Of(METADATA)), ("template", Of(POD_TEMPLATE))];

const SERVICE: BuiltinType = &[
    ("metadata", Of(METADATA)),
    ("spec", Of(&[("ports", List(&["port", "protocol"], PLAIN))])),
    ("status", Of(CONDITIONS)),
];

const SERVICE_ACCOUNT: BuiltinType = &[("metadata", Of(METADATA)), ("secrets", List(&["name"], PLAIN))];

const WEBHOOKS: BuiltinType = &[("metadata", Of(METADATA)), ("webhooks", List(&["name"], PLAIN))];

const NODE: BuiltinType = &[
    ("metadata", Of(METADATA)),
    ("spec", Of(&[("podCIDRs", List(&[], PLAIN))])),
    ("status", Of(&[("addresses", List(&["type"], PLAIN)), ("conditions", List(&["type"], PLAIN))])),
];

const CSI_NODE: BuiltinType =
    &[("metadata", Of(METADATA)), ("spec", Of(&[("drivers", List(&["name"], PLAIN))]))];

const COMPONENT_STATUS: BuiltinType = &[("conditions", List(&["type"], PLAIN)), ("metadata", Of(METADATA))];

/// A kind of note for nothing but its metadata.
const OBJECT: BuiltinType = &[("metadata", Of(METADATA))];

/// The same, with conditions in its status.
const WITH_CONDITIONS: BuiltinType = &[("metadata", Of(METADATA)), ("status", Of(CONDITIONS))];

/// The type of a kind's objects.
pub(super) fn of_kind(api_version: &str, kind: &str) -> Option<BuiltinType> {
    Some(match (api_version, kind) {
        ("v1", "Pod") => POD_KIND,
        ("v1", "PodTemplate") => POD_TEMPLATE_KIND,
        ("v1", "ReplicationController") | ("batch/v1", "Job") => WORKLOAD,
        ("apps/v1", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") => WORKLOAD,
        ("batch/v1" | "batch/v1beta1", "CronJob") => CRON_JOB,
        ("v1", "Service") => SERVICE,
        ("v1", "ServiceAccount") => SERVICE_ACCOUNT,
        ("v1", "Node") => NODE,
        ("v1", "ComponentStatus") => COMPONENT_STATUS,
        ("v1", "Namespace" | "PersistentVolumeClaim") => WITH_CONDITIONS,
        ("policy/v1" | "policy/v1beta1", "PodDisruptionBudget") => WITH_CONDITIONS,
        ("apiregistration.k8s.io/v1" | "apiregistration.k8s.io/v1beta1", "APIService") => WITH_CONDITIONS,
        ("storage.k8s.io/v1" | "storage.k8s.io/v1beta1", "CSINode") => CSI_NODE,
        (
            "admissionregistration.k8s.io/v1" | "admissionregistration.k8s.io/v1beta1",
            "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration",
        ) => WEBHOOKS,
        _ if is_other(api_version, kind) => OBJECT,
        _ => return None,
    })
}

const ACCESS_REVIEWS: &[&str] =
    &["LocalSubjectAccessReview", "SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"];

const ROLES: &[&str] = &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];

const CORE: &[&str] = &[
    "Binding",
    "ConfigMap",
    "Endpoints",
    "Event",
    "LimitRange",
    "PersistentVolume",
    "ResourceQuota",
    "Secret",
];

/// The other kinds, by their versions.
const OTHERS: &[(&str, &[&str])] = &[
    ("v1", CORE),
    ("apiextensions.k8s.io/v1", &["CustomResourceDefinition"]),
    ("apiextensions.k8s.io/v1beta1", &["CustomResourceDefinition"]),
    ("apps/v1", &["ControllerRevision"]),
    ("authentication.k8s.io/v1", &["TokenRequest", "TokenReview"]),
    ("authentication.k8s.io/v1beta1", &["TokenReview"]),
    ("authorization.k8s.io/v1", ACCESS_REVIEWS),
    ("authorization.k8s.io/v1beta1", ACCESS_REVIEWS),
    ("autoscaling/v1", &["HorizontalPodAutoscaler", "Scale"]),
    ("autoscaling/v2beta1", &["HorizontalPodAutoscaler"]),
    ("autoscaling/v2beta2", &["HorizontalPodAutoscaler"]),
    ("certificates.k8s.io/v1", &["CertificateSigningRequest"]),
    ("certificates.k8s.io/v1beta1", &["CertificateSigningRequest"]),
    ("coordination.k8s.io/v1", &["Lease"]),
    ("coordination.k8s.io/v1beta1", &["Lease"]),
    ("discovery.k8s.io/v1", &["EndpointSlice"]),
    ("discovery.k8s.io/v1beta1", &["EndpointSlice"]),
    ("events.k8s.io/v1", &["Event"]),
    ("events.k8s.io/v1beta1", &["Event"]),
    ("extensions/v1beta1", &["Ingress"]),
    ("flowcontrol.apiserver.k8s.io/v1beta1", &["FlowSchema", "PriorityLevelConfiguration"]),
    ("networking.k8s.io/v1", &["Ingress", "IngressClass", "NetworkPolicy"]),
    ("networking.k8s.io/v1beta1", &["Ingress", "IngressClass"]),
    ("node.k8s.io/v1", &["RuntimeClass"]),
    ("node.k8s.io/v1beta1", &["RuntimeClass"]),
    ("policy/v1beta1", &["Eviction", "PodSecurityPolicy"]),
    ("rbac.authorization.k8s.io/v1", ROLES),
    ("rbac.authorization.k8s.io/v1beta1", ROLES),
    ("scheduling.k8s.io/v1", &["PriorityClass"]),
    ("scheduling.k8s.io/v1beta1", &["PriorityClass"]),
    ("storage.k8s.io/v1", &["CSIDriver", "StorageClass", "VolumeAttachment"]),
    ("storage.k8s.io/v1beta1", &["CSIDriver", "CSIStorageCapacity", "StorageClass", "VolumeAttachment"]),
];

fn is_other(api_version: &str, kind: &str) -> bool {
    OTHERS.iter().any(|(of, kinds)| *of == api_version && kinds.contains(&kind))
}
