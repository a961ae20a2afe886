//! Which fields refer to which kinds of objects (kustomize's namereference table).

use crate::kustomize::fieldspec::FieldSpec;

/// Group, version and kind of what is named; empty for any.
type Target = (&'static str, &'static str, &'static str);

/// A field that holds the name of an object of a certain kind.
pub(super) struct Reference {
    pub(super) target: Target,
    pub(super) field: FieldSpec,
}

/// Where the pod's spec is in the kinds that have one.
const POD_SPECS: [(&str, &str); 9] = [
    ("Pod", "spec"),
    ("PodTemplate", "template/spec"),
    ("Deployment", "spec/template/spec"),
    ("ReplicaSet", "spec/template/spec"),
    ("ReplicationController", "spec/template/spec"),
    ("DaemonSet", "spec/template/spec"),
    ("StatefulSet", "spec/template/spec"),
    ("Job", "spec/template/spec"),
    ("CronJob", "spec/jobTemplate/spec/template/spec"),
];

const CONFIG_MAP: Target = ("", "v1", "ConfigMap");
const SECRET: Target = ("", "v1", "Secret");
const SERVICE: Target = ("", "v1", "Service");
const SERVICE_ACCOUNT: Target = ("", "v1", "ServiceAccount");
const CLAIM: Target = ("", "v1", "PersistentVolumeClaim");
const VOLUME: Target = ("", "v1", "PersistentVolume");
const STORAGE_CLASS: Target = ("storage.k8s.io", "v1", "StorageClass");
const PRIORITY_CLASS: Target = ("scheduling.k8s.io", "v1", "PriorityClass");
const ROLE: Target = ("rbac.authorization.k8s.io", "", "Role");
const CLUSTER_ROLE: Target = ("rbac.authorization.k8s.io", "", "ClusterRole");

/// References in a pod's spec (kustomize's namereference table). kustomize leaves some out for some kinds
/// of workloads; here all have all.
const IN_POD_SPECS: [(&str, Target); 16] = [
    ("volumes/configMap/name", CONFIG_MAP),
    ("containers/env/valueFrom/configMapKeyRef/name", CONFIG_MAP),
    ("initContainers/env/valueFrom/configMapKeyRef/name", CONFIG_MAP),
    ("containers/envFrom/configMapRef/name", CONFIG_MAP),
    ("initContainers/envFrom/configMapRef/name", CONFIG_MAP),
    ("volumes/projected/sources/configMap/name", CONFIG_MAP),
    ("volumes/secret/secretName", SECRET),
    ("containers/env/valueFrom/secretKeyRef/name", SECRET),
    ("initContainers/env/valueFrom/secretKeyRef/name", SECRET),
    ("containers/envFrom/secretRef/name", SECRET),
    ("initContainers/envFrom/secretRef/name", SECRET),
    ("imagePullSecrets/name", SECRET),
    ("volumes/projected/sources/secret/name", SECRET),
    ("serviceAccountName", SERVICE_ACCOUNT),
    ("volumes/persistentVolumeClaim/claimName", CLAIM),
    ("priorityClassName", PRIORITY_CLASS),
];

/// All other references: group and kind of the object that refers, its field, and what is named.
const ELSEWHERE: [(&str, &str, &str, Target); 41] = [
    ("", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name", ("", "", "Deployment")),
    ("", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name", ("", "", "ReplicationController")),
    ("", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name", ("", "", "ReplicaSet")),
    ("", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name", ("", "", "StatefulSet")),
    ("", "Node", "spec/configSource/configMap", CONFIG_MAP),
    ("", "Role", "rules/resourceNames", CONFIG_MAP),
    ("", "ClusterRole", "rules/resourceNames", CONFIG_MAP),
    (
        "",
        "Ingress",
        r"metadata/annotations/nginx.ingress.kubernetes.io\/fastcgi-params-configmap",
        CONFIG_MAP,
    ),
    ("", "Ingress", "spec/tls/secretName", SECRET),
    ("", "Ingress", r"metadata/annotations/ingress.kubernetes.io\/auth-secret", SECRET),
    ("", "Ingress", r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-secret", SECRET),
    ("", "Ingress", r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-tls-secret", SECRET),
    ("", "ServiceAccount", "imagePullSecrets/name", SECRET),
    ("", "StorageClass", "parameters/secretName", SECRET),
    ("", "StorageClass", "parameters/adminSecretName", SECRET),
    ("", "StorageClass", "parameters/userSecretName", SECRET),
    ("", "StorageClass", "parameters/secretRef", SECRET),
    ("", "Role", "rules/resourceNames", SECRET),
    ("", "ClusterRole", "rules/resourceNames", SECRET),
    (
        "serving.knative.dev",
        "Service",
        "spec/template/spec/containers/env/valueFrom/secretKeyRef/name",
        SECRET,
    ),
    ("", "PersistentVolume", "spec/azureFile/secretName", SECRET),
    ("apps", "StatefulSet", "spec/serviceName", SERVICE),
    ("", "Ingress", "spec/rules/http/paths/backend/serviceName", SERVICE),
    ("", "Ingress", "spec/backend/serviceName", SERVICE),
    ("", "Ingress", "spec/rules/http/paths/backend/service/name", SERVICE),
    ("", "Ingress", "spec/defaultBackend/service/name", SERVICE),
    ("apiregistration.k8s.io", "APIService", "spec/service/name", SERVICE),
    (
        "admissionregistration.k8s.io",
        "ValidatingWebhookConfiguration",
        "webhooks/clientConfig/service",
        SERVICE,
    ),
    (
        "admissionregistration.k8s.io",
        "MutatingWebhookConfiguration",
        "webhooks/clientConfig/service",
        SERVICE,
    ),
    ("rbac.authorization.k8s.io", "RoleBinding", "roleRef/name", ROLE),
    ("rbac.authorization.k8s.io", "RoleBinding", "roleRef/name", CLUSTER_ROLE),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", "roleRef/name", CLUSTER_ROLE),
    ("rbac.authorization.k8s.io", "RoleBinding", "subjects", SERVICE_ACCOUNT),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", "subjects", SERVICE_ACCOUNT),
    ("", "PersistentVolumeClaim", "spec/volumeName", VOLUME),
    ("", "ClusterRole", "rules/resourceNames", VOLUME),
    ("", "PersistentVolume", "spec/storageClassName", STORAGE_CLASS),
    ("", "PersistentVolumeClaim", "spec/storageClassName", STORAGE_CLASS),
    ("", "StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName", STORAGE_CLASS),
    ("", "Ingress", "spec/ingressClassName", ("networking.k8s.io", "v1", "IngressClass")),
    ("", "ValidatingAdmissionPolicyBinding", "spec/policyName", ("", "", "ValidatingAdmissionPolicy")),
];

/// All of them.
pub(super) fn references() -> Vec<Reference> {
    let in_pods = POD_SPECS.iter().flat_map(|(kind, spec)| {
        IN_POD_SPECS.iter().map(move |(path, target)| {
            let mut field = FieldSpec::of("", kind, "", false);
            field.path = format!("{spec}/{path}").into();
            Reference { target: *target, field }
        })
    });
    let elsewhere = ELSEWHERE.iter().map(|(group, kind, path, target)| Reference {
        target: *target,
        field: FieldSpec::of(group, kind, path, false),
    });
    in_pods.chain(elsewhere).collect()
}
