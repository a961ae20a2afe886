//! The waves in which the objects of a layer can be applied.
//!
//! An object's wave follows from its kind alone: nothing in a wave needs what comes in a later one, so the
//! objects of a wave can be applied all at once.

use super::Object;

/// One wave; they order as they are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wave {
    /// What nearly everything else lies in.
    Namespaces,
    /// CustomResourceDefinitions: early, so that they are established when custom resources come.
    Definitions,
    /// Before their bindings: who may not give all rights may bind a role only where it is there to be looked at.
    Roles,
    /// ServiceAccounts and bindings: a pod without its account is refused, one without its rights crashes.
    Access,
    /// What workloads read or meet at their start: ConfigMaps, Secrets, claims, quotas, Services. A
    /// NetworkPolicy and a PodDisruptionBudget belong here too: no pod is to run a moment without them.
    Configuration,
    /// What makes pods, and what leads to pods or scales them (Ingress, HorizontalPodAutoscaler): before
    /// the workload is there, those two have only errors to report.
    Workloads,
    /// Objects of a kind that Kubernetes does not bring itself. After the workloads, because the webhook
    /// that checks them may be one of these; a pod whose Secret comes from an ExternalSecret waits for it.
    CustomResources,
    /// What stands between the API server and others: webhooks, admission policies, APIServices. Last,
    /// because from then on requests fail that they cannot answer.
    Webhooks,
}

impl Wave {
    pub const ALL: [Self; 8] = [
        Self::Namespaces,
        Self::Definitions,
        Self::Roles,
        Self::Access,
        Self::Configuration,
        Self::Workloads,
        Self::CustomResources,
        Self::Webhooks,
    ];

    pub fn of(object: &Object) -> Self {
        match (object.group(), object.kind()) {
            ("", "Namespace") => Self::Namespaces,
            ("apiextensions.k8s.io", _) => Self::Definitions,
            ("rbac.authorization.k8s.io", "ClusterRole" | "Role") => Self::Roles,
            ("", "ServiceAccount") | ("rbac.authorization.k8s.io", _) => Self::Access,
            ("", "Pod" | "ReplicationController") => Self::Workloads,
            ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") => Self::Workloads,
            ("batch", _) | ("autoscaling", _) => Self::Workloads,
            ("networking.k8s.io", "Ingress") => Self::Workloads,
            ("extensions", "Deployment" | "DaemonSet" | "ReplicaSet" | "Ingress") => Self::Workloads,
            ("admissionregistration.k8s.io" | "apiregistration.k8s.io", _) => Self::Webhooks,
            (group, _) if is_built_in(group) => Self::Configuration,
            _ => Self::CustomResources,
        }
    }

    /// The name that a run's events and messages use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::Definitions => "definitions",
            Self::Roles => "roles",
            Self::Access => "access",
            Self::Configuration => "configuration",
            Self::Workloads => "workloads",
            Self::CustomResources => "custom resources",
            Self::Webhooks => "webhooks",
        }
    }
}

/// The objects in their waves, the first to apply first; a wave without objects is left out. Inside a wave
/// the objects keep their order.
pub fn waves(objects: Vec<Object>) -> Vec<(Wave, Vec<Object>)> {
    let mut waves = Wave::ALL.map(|wave| (wave, Vec::new()));
    for object in objects {
        let wave = Wave::of(&object);
        // ALL lists the waves in their order, so a wave's number is its place.
        waves[wave as usize].1.push(object);
    }
    waves.into_iter().filter(|(_, objects)| !objects.is_empty()).collect()
}

/// Whether Kubernetes itself serves this group (the groups of k8s.io/api). The suffix `k8s.io` says
/// nothing: `gateway.networking.k8s.io` and `snapshot.storage.k8s.io` are custom resources.
fn is_built_in(group: &str) -> bool {
    const GROUPS: [&str; 24] = [
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "extensions",
        "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
        "storagemigration.k8s.io",
    ];
    GROUPS.contains(&group)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(api_version: &str, kind: &str, name: &str) -> Object {
        Object::new(json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}})).unwrap()
    }

    #[test]
    fn every_kind_has_its_wave() {
        use Wave::*;
        let table = [
            ("v1", "Namespace", Namespaces),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition", Definitions),
            ("v1", "ServiceAccount", Access),
            ("rbac.authorization.k8s.io/v1", "ClusterRole", Roles),
            ("rbac.authorization.k8s.io/v1", "RoleBinding", Access),
            ("v1", "ConfigMap", Configuration),
            ("v1", "Secret", Configuration),
            ("v1", "Service", Configuration),
            ("v1", "PersistentVolumeClaim", Configuration),
            ("v1", "ResourceQuota", Configuration),
            ("v1", "LimitRange", Configuration),
            ("v1", "Endpoints", Configuration),
            ("discovery.k8s.io/v1", "EndpointSlice", Configuration),
            ("scheduling.k8s.io/v1", "PriorityClass", Configuration),
            ("storage.k8s.io/v1", "StorageClass", Configuration),
            ("networking.k8s.io/v1", "NetworkPolicy", Configuration),
            ("networking.k8s.io/v1", "IngressClass", Configuration),
            ("policy/v1", "PodDisruptionBudget", Configuration),
            ("apps/v1", "ControllerRevision", Configuration),
            ("v1", "Pod", Workloads),
            ("v1", "ReplicationController", Workloads),
            ("apps/v1", "Deployment", Workloads),
            ("apps/v1", "StatefulSet", Workloads),
            ("apps/v1", "DaemonSet", Workloads),
            ("apps/v1", "ReplicaSet", Workloads),
            ("extensions/v1beta1", "Deployment", Workloads),
            ("batch/v1", "Job", Workloads),
            ("batch/v1", "CronJob", Workloads),
            ("autoscaling/v2", "HorizontalPodAutoscaler", Workloads),
            ("networking.k8s.io/v1", "Ingress", Workloads),
            ("security.istio.io/v1beta1", "PeerAuthentication", CustomResources),
            ("networking.istio.io/v1beta1", "VirtualService", CustomResources),
            ("external-secrets.io/v1beta1", "ExternalSecret", CustomResources),
            ("gateway.networking.k8s.io/v1", "Gateway", CustomResources),
            ("snapshot.storage.k8s.io/v1", "VolumeSnapshot", CustomResources),
            ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", Webhooks),
            ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", Webhooks),
            ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", Webhooks),
            ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", Webhooks),
            ("apiregistration.k8s.io/v1", "APIService", Webhooks),
        ];
        for (api_version, kind, wave) in table {
            assert_eq!(Wave::of(&object(api_version, kind, "x")), wave, "{kind} of {api_version}");
        }
    }

    #[test]
    fn a_custom_kind_named_like_a_built_in_one_is_a_custom_resource() {
        let table = [
            ("serving.knative.dev/v1", "Service"),
            ("example.com/v1", "Namespace"),
            ("example.com/v1", "Deployment"),
            ("ceph.rook.io/v1", "Secret"),
            ("example.com/v1", "CustomResourceDefinition"),
        ];
        for (api_version, kind) in table {
            assert_eq!(
                Wave::of(&object(api_version, kind, "x")),
                Wave::CustomResources,
                "{kind} of {api_version}"
            );
        }
    }

    #[test]
    fn waves_come_in_order_and_keep_the_order_inside() {
        let objects = vec![
            object("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "injector"),
            object("apps/v1", "Deployment", "b"),
            object("apps/v1", "Deployment", "a"),
            object("v1", "ConfigMap", "c"),
            object("v1", "Namespace", "n"),
        ];
        let named: Vec<(&str, Vec<String>)> = waves(objects)
            .into_iter()
            .map(|(wave, objects)| (wave.name(), objects.iter().map(|o| o.name().to_owned()).collect()))
            .collect();
        let expected = [
            ("namespaces", vec!["n"]),
            ("configuration", vec!["c"]),
            ("workloads", vec!["b", "a"]),
            ("webhooks", vec!["injector"]),
        ];
        assert_eq!(
            named,
            expected.map(|(wave, names)| (wave, names.into_iter().map(String::from).collect()))
        );
    }

    #[test]
    fn nothing_makes_no_wave() {
        assert_eq!(waves(Vec::new()), []);
    }

    #[test]
    fn a_wave_stands_in_the_list_where_its_order_says() {
        for (place, wave) in Wave::ALL.into_iter().enumerate() {
            assert_eq!(wave as usize, place);
        }
    }
}
