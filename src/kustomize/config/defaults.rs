//! kustomize's own table (api/internal/konfig/builtinpluginconsts), gaps included: the ConfigMaps of a
//! ReplicationController are not followed, say, because kustomize does not either.

use super::{Config, Reference};
use crate::kustomize::fieldspec::FieldSpec;
use crate::kustomize::gvk::Gvk;

pub(super) fn table() -> Config {
    let name = || vec![FieldSpec::at(Gvk::default(), "metadata/name")];
    let mut common_labels = selectors();
    common_labels.extend(template_labels());
    Config {
        name_prefix: name(),
        name_suffix: name(),
        namespace: namespaces(),
        common_labels,
        labels: Vec::new(),
        template_labels: template_labels(),
        common_annotations: annotations(),
        name_reference: references(),
        var_reference: vars(),
        images: images(),
        replicas: replicas(),
    }
}

fn at(group: &'static str, version: &'static str, kind: &'static str, path: &str) -> FieldSpec {
    FieldSpec::at(Gvk::of(group, version, kind), path.to_owned())
}

fn made(group: &'static str, version: &'static str, kind: &'static str, path: &str) -> FieldSpec {
    FieldSpec::made(Gvk::of(group, version, kind), path.to_owned())
}

const NETWORKING: &str = "networking.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

fn namespaces() -> Vec<FieldSpec> {
    let webhook = "spec/conversion/webhook/clientConfig/service/namespace";
    vec![
        made("", "", "Namespace", "metadata/name"),
        made("apiregistration.k8s.io", "", "APIService", "spec/service/namespace"),
        at("apiextensions.k8s.io", "", "CustomResourceDefinition", webhook),
    ]
}

/// The labels of an object and of all that it makes.
fn template_labels() -> Vec<FieldSpec> {
    let template = "spec/template/metadata/labels";
    vec![
        made("", "", "", "metadata/labels"),
        made("", "v1", "ReplicationController", template),
        made("", "", "Deployment", template),
        made("", "", "ReplicaSet", template),
        made("", "", "DaemonSet", template),
        made("apps", "", "StatefulSet", template),
        made("apps", "", "StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels"),
        made("batch", "", "Job", template),
        made("batch", "", "CronJob", "spec/jobTemplate/metadata/labels"),
        made("batch", "", "CronJob", "spec/jobTemplate/spec/template/metadata/labels"),
    ]
}

fn annotations() -> Vec<FieldSpec> {
    let template = "spec/template/metadata/annotations";
    vec![
        made("", "", "", "metadata/annotations"),
        made("", "v1", "ReplicationController", template),
        made("", "", "Deployment", template),
        made("", "", "ReplicaSet", template),
        made("", "", "DaemonSet", template),
        made("", "", "StatefulSet", template),
        made("batch", "", "Job", template),
        made("batch", "", "CronJob", "spec/jobTemplate/metadata/annotations"),
        made("batch", "", "CronJob", "spec/jobTemplate/spec/template/metadata/annotations"),
    ]
}

/// Selectors in the pod templates of Deployments and StatefulSets.
const POD_SELECTORS: [&str; 5] = [
    "affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector",
    "affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector",
    "affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector",
    "affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector",
    "topologySpreadConstraints/labelSelector",
];

/// A selector that is not required is only added to.
fn selectors() -> Vec<FieldSpec> {
    let own = "spec/selector/matchLabels";
    let mut selectors = vec![
        made("", "v1", "Service", "spec/selector"),
        made("", "v1", "ReplicationController", "spec/selector"),
        made("", "", "Deployment", own),
        made("", "", "ReplicaSet", own),
        made("", "", "DaemonSet", own),
        made("apps", "", "StatefulSet", own),
        at("batch", "", "Job", own),
        at("batch", "", "CronJob", "spec/jobTemplate/spec/selector/matchLabels"),
        at("policy", "", "PodDisruptionBudget", own),
        at(NETWORKING, "", "NetworkPolicy", "spec/podSelector/matchLabels"),
        at(NETWORKING, "", "NetworkPolicy", "spec/ingress/from/podSelector/matchLabels"),
        at(NETWORKING, "", "NetworkPolicy", "spec/egress/to/podSelector/matchLabels"),
    ];
    for kind in ["Deployment", "StatefulSet"] {
        let paths = POD_SELECTORS.iter().map(|path| format!("spec/template/spec/{path}/matchLabels"));
        selectors.extend(paths.map(|path| at("apps", "", kind, &path)));
    }
    selectors
}

fn images() -> Vec<FieldSpec> {
    let paths = [
        "spec/containers[]/image",
        "spec/initContainers[]/image",
        "spec/template/spec/containers[]/image",
        "spec/template/spec/initContainers[]/image",
    ];
    paths.iter().map(|path| made("", "", "", path)).collect()
}

fn replicas() -> Vec<FieldSpec> {
    let kinds = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"];
    kinds.into_iter().map(|kind| made("", "", kind, "spec/replicas")).collect()
}

/// Where the pod's spec is in the kinds that have one.
fn pod_spec(kind: &str) -> &'static str {
    match kind {
        "Pod" => "spec",
        "PodTemplate" => "template/spec",
        "CronJob" => "spec/jobTemplate/spec/template/spec",
        _ => "spec/template/spec",
    }
}

/// The kinds whose ConfigMaps and Secrets are followed.
const WITH_CONFIG: [&str; 8] =
    ["Pod", "PodTemplate", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "CronJob"];

/// The kinds whose accounts, claims and priorities are followed.
const WITH_CLAIMS: [&str; 7] =
    ["Pod", "StatefulSet", "Deployment", "ReplicationController", "CronJob", "Job", "DaemonSet"];

const CONFIG_MAPS: [&str; 6] = [
    "volumes/configMap/name",
    "containers/env/valueFrom/configMapKeyRef/name",
    "initContainers/env/valueFrom/configMapKeyRef/name",
    "containers/envFrom/configMapRef/name",
    "initContainers/envFrom/configMapRef/name",
    "volumes/projected/sources/configMap/name",
];

const SECRETS: [&str; 7] = [
    "volumes/secret/secretName",
    "containers/env/valueFrom/secretKeyRef/name",
    "initContainers/env/valueFrom/secretKeyRef/name",
    "containers/envFrom/secretRef/name",
    "initContainers/envFrom/secretRef/name",
    "imagePullSecrets/name",
    "volumes/projected/sources/secret/name",
];

/// Fields in the pods of several kinds; a Pod must be of the version.
fn in_pods(kinds: &[&'static str], paths: &[&str], version: &'static str) -> Vec<FieldSpec> {
    let of_kind = |kind: &'static str| {
        let version = if kind == "Pod" { version } else { "" };
        paths.iter().map(move |path| at("", version, kind, &format!("{}/{path}", pod_spec(kind))))
    };
    kinds.iter().copied().flat_map(of_kind).collect()
}

fn references() -> Vec<Reference> {
    let to = |group, version, kind, fields| Reference { target: Gvk::of(group, version, kind), fields };
    let scaled = || vec![at("", "", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name")];
    let role = |kind| at(RBAC, "", kind, "roleRef/name");
    let claims = in_pods(&WITH_CLAIMS, &["volumes/persistentVolumeClaim/claimName"], "");
    vec![
        to("", "", "Deployment", scaled()),
        to("", "", "ReplicationController", scaled()),
        to("", "", "ReplicaSet", scaled()),
        to("", "", "StatefulSet", scaled()),
        to("", "v1", "ConfigMap", config_maps()),
        to("", "v1", "Secret", secrets()),
        to("", "v1", "Service", services()),
        to(RBAC, "", "Role", vec![role("RoleBinding")]),
        to(RBAC, "", "ClusterRole", vec![role("RoleBinding"), role("ClusterRoleBinding")]),
        to("", "v1", "ServiceAccount", service_accounts()),
        to("", "v1", "PersistentVolumeClaim", claims),
        to("", "v1", "PersistentVolume", volumes()),
        to("storage.k8s.io", "v1", "StorageClass", storage_classes()),
        to("scheduling.k8s.io", "v1", "PriorityClass", in_pods(&WITH_CLAIMS, &["priorityClassName"], "")),
        // The version stands in the group, so that this one never matches: in kustomize, and so here.
        to(
            "networking.k8s.io/v1",
            "v1",
            "IngressClass",
            vec![at("", "", "Ingress", "spec/ingressClassName")],
        ),
        to(
            ADMISSION,
            "",
            "ValidatingAdmissionPolicy",
            vec![at(ADMISSION, "", "ValidatingAdmissionPolicyBinding", "spec/policyName")],
        ),
    ]
}

fn config_maps() -> Vec<FieldSpec> {
    let mut fields = in_pods(&WITH_CONFIG, &CONFIG_MAPS, "v1");
    fields.extend([
        at("", "", "Node", "spec/configSource/configMap"),
        at("", "", "Role", "rules/resourceNames"),
        at("", "", "ClusterRole", "rules/resourceNames"),
        at("", "", "Ingress", r"metadata/annotations/nginx.ingress.kubernetes.io\/fastcgi-params-configmap"),
    ]);
    fields
}

fn secrets() -> Vec<FieldSpec> {
    let mut fields = in_pods(&WITH_CONFIG, &SECRETS, "v1");
    let knative = "spec/template/spec/containers/env/valueFrom/secretKeyRef/name";
    fields.extend([
        at("", "", "Ingress", "spec/tls/secretName"),
        at("", "", "Ingress", r"metadata/annotations/ingress.kubernetes.io\/auth-secret"),
        at("", "", "Ingress", r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-secret"),
        at("", "", "Ingress", r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-tls-secret"),
        at("", "", "ServiceAccount", "imagePullSecrets/name"),
        at("", "", "StorageClass", "parameters/secretName"),
        at("", "", "StorageClass", "parameters/adminSecretName"),
        at("", "", "StorageClass", "parameters/userSecretName"),
        at("", "", "StorageClass", "parameters/secretRef"),
        at("", "", "Role", "rules/resourceNames"),
        at("", "", "ClusterRole", "rules/resourceNames"),
        at("serving.knative.dev", "v1", "Service", knative),
        at("", "", "PersistentVolume", "spec/azureFile/secretName"),
    ]);
    fields
}

fn services() -> Vec<FieldSpec> {
    vec![
        at("apps", "", "StatefulSet", "spec/serviceName"),
        at("", "", "Ingress", "spec/rules/http/paths/backend/serviceName"),
        at("", "", "Ingress", "spec/backend/serviceName"),
        at("", "", "Ingress", "spec/rules/http/paths/backend/service/name"),
        at("", "", "Ingress", "spec/defaultBackend/service/name"),
        at("apiregistration.k8s.io", "", "APIService", "spec/service/name"),
        at(ADMISSION, "", "ValidatingWebhookConfiguration", "webhooks/clientConfig/service"),
        at(ADMISSION, "", "MutatingWebhookConfiguration", "webhooks/clientConfig/service"),
    ]
}

fn service_accounts() -> Vec<FieldSpec> {
    let mut fields =
        vec![at(RBAC, "", "RoleBinding", "subjects"), at(RBAC, "", "ClusterRoleBinding", "subjects")];
    fields.extend(in_pods(&WITH_CLAIMS, &["serviceAccountName"], ""));
    fields
}

fn volumes() -> Vec<FieldSpec> {
    vec![
        at("", "", "PersistentVolumeClaim", "spec/volumeName"),
        at("", "", "ClusterRole", "rules/resourceNames"),
    ]
}

fn storage_classes() -> Vec<FieldSpec> {
    vec![
        at("", "", "PersistentVolume", "spec/storageClassName"),
        at("", "", "PersistentVolumeClaim", "spec/storageClassName"),
        at("", "", "StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName"),
    ]
}

/// Where `$(NAME)` of a var is replaced.
fn vars() -> Vec<FieldSpec> {
    let in_container = ["args", "command", "env/value", "volumeMounts/mountPath"];
    let mut fields = Vec::new();
    for kind in ["CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "StatefulSet"] {
        for containers in ["containers", "initContainers"] {
            let paths = in_container.map(|field| format!("{containers}/{field}"));
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            fields.extend(in_pods(&[kind], &paths, ""));
        }
    }
    fields.extend([
        at("", "", "CronJob", "spec/jobTemplate/spec/template/volumes/nfs/server"),
        at("", "", "StatefulSet", "spec/volumeClaimTemplates/spec/nfs/server"),
        at("", "", "Deployment", "spec/template/metadata/annotations"),
        at("", "", "Ingress", "spec/rules/host"),
        at("", "", "Ingress", "spec/tls/hosts"),
        at("", "", "Ingress", "spec/tls/secretName"),
        at("", "", "Service", "spec/ports/port"),
        at("", "", "Service", "spec/ports/targetPort"),
        at("", "", "PersistentVolume", "spec/nfs/server"),
        at("", "", "", "metadata/labels"),
        at("", "", "", "metadata/annotations"),
    ]);
    let with_nfs = ["DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet"];
    fields.extend(in_pods(&with_nfs, &["volumes/nfs/server"], ""));
    fields
}
