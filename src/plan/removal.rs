use std::collections::HashSet;

use crate::object::{Object, Wave, waves};

/// Members of a layer's set that were not applied by this run: the layer does not have them any more. By their uids, for
/// a name may be written in ways that mean the same.
pub fn superfluous(members: Vec<Object>, applied: &HashSet<String>) -> Vec<Object> {
    let is_applied = |member: &Object| member.text("/metadata/uid").is_some_and(|uid| applied.contains(uid));
    members.into_iter().filter(|member| !is_applied(member)).collect()
}

/// The waves in which objects are removed: what was applied last goes first, so that nothing misses what it needs to end
/// well, and no webhook that is on its way out is asked.
pub fn backwards(objects: Vec<Object>) -> Vec<(Wave, Vec<Object>)> {
    let mut waves = waves(objects);
    waves.reverse();
    waves
}

/// Whether more than the object itself would be lost with it.
pub fn is_container(object: &Object) -> bool {
    object.is("", "Namespace")
        || object.is("apiextensions.k8s.io", "CustomResourceDefinition")
        || object.is("", "PersistentVolumeClaim")
}

/// Whether an object in a namespace is worth nothing to anybody once the rest is gone: what Kubernetes and Istio put into
/// every namespace, or derive from something else.
pub fn is_incidental(object: &Object) -> bool {
    let by_controllers = object.pointer("/metadata/ownerReferences").is_some();
    let named = |kind: &str, names: &[&str]| object.is("", kind) && names.contains(&object.name());
    by_controllers
        || object.kind() == "Event"
        || object.is("", "Endpoints")
        || object.is("discovery.k8s.io", "EndpointSlice")
        || object.group() == "metrics.k8s.io"
        || named("ConfigMap", &["kube-root-ca.crt", ISTIO_CA])
        || named("ServiceAccount", &["default"])
        || is_left_by_istiod(object)
}

/// The certificate that istiod writes into every namespace, and leaves there (istio#38497).
pub const ISTIO_CA: &str = "istio-ca-root-cert";

/// What istiod makes at run time in its own namespace, and leaves there (istio#41607): its certificate authority, and
/// the locks of its leader elections.
fn is_left_by_istiod(object: &Object) -> bool {
    let in_its_namespace = object.namespace() == Some("istio-system");
    let is_lock = (object.is("", "ConfigMap") || object.is("coordination.k8s.io", "Lease"))
        && object.name().starts_with("istio-")
        && ["leader", "election"].iter().any(|word| object.name().contains(word));
    in_its_namespace && (is_lock || object.is("", "Secret") && object.name() == "istio-ca-secret")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> Object {
        let metadata = json!({"name": name, "namespace": namespace, "uid": format!("uid-{name}")});
        Object::new(json!({"apiVersion": api_version, "kind": kind, "metadata": metadata})).unwrap()
    }

    #[test]
    fn what_was_not_applied_is_superfluous() {
        let members = ["a", "b", "c"].map(|name| object("v1", "ConfigMap", Some("shop"), name));
        let applied = HashSet::from(["uid-b".to_owned()]);
        let left = superfluous(members.to_vec(), &applied);
        assert_eq!(left.iter().map(Object::name).collect::<Vec<_>>(), ["a", "c"]);
    }

    #[test]
    fn what_was_applied_last_goes_first() {
        let objects = vec![
            object("v1", "Namespace", None, "shop"),
            object("v1", "Secret", Some("shop"), "s"),
            object("apps/v1", "Deployment", Some("shop"), "d"),
            object("networking.istio.io/v1beta1", "VirtualService", Some("shop"), "v"),
            object("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", None, "w"),
        ];
        let names: Vec<String> = backwards(objects)
            .iter()
            .flat_map(|(_, all)| all)
            .map(|object| object.name().to_owned())
            .collect();
        assert_eq!(names, ["w", "v", "d", "s", "shop"]);
    }

    #[test]
    fn what_is_in_every_namespace_is_worth_nothing() {
        let system = Some("istio-system");
        let owned = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop",
            "ownerReferences": [{"kind": "ReplicaSet", "name": "r"}]}});
        let table = [
            (object("v1", "ConfigMap", Some("shop"), "kube-root-ca.crt"), true),
            (object("v1", "ConfigMap", Some("shop"), "istio-ca-root-cert"), true),
            (object("v1", "ConfigMap", Some("shop"), "istio-leader"), false),
            (object("v1", "ConfigMap", system, "istio-leader"), true),
            (object("v1", "ConfigMap", system, "istio-namespace-controller-election"), true),
            (object("v1", "ConfigMap", system, "istio"), false),
            (object("v1", "Secret", system, "istio-ca-secret"), true),
            (object("v1", "Secret", system, "cacerts"), false),
            (object("v1", "ServiceAccount", Some("shop"), "default"), true),
            (object("v1", "ServiceAccount", Some("shop"), "web"), false),
            (object("events.k8s.io/v1", "Event", Some("shop"), "e"), true),
            (object("v1", "PersistentVolumeClaim", Some("shop"), "data"), false),
            (Object::new(owned).unwrap(), true),
        ];
        for (object, expected) in table {
            assert_eq!(is_incidental(&object), expected, "{}", object.id());
        }
    }
}
