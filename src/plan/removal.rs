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
    let named = |kind: &str, name: &str| object.is("", kind) && object.name() == name;
    by_controllers
        || object.kind() == "Event"
        || object.is("", "Endpoints")
        || object.is("discovery.k8s.io", "EndpointSlice")
        || object.group() == "metrics.k8s.io"
        || named("ConfigMap", "kube-root-ca.crt")
        || named("ServiceAccount", "default")
        || is_trust_of_istio(object)
        || is_left_by_istiod(object)
}

/// Whether it is of what istiod writes into every namespace, and leaves there (istio#38497): its root certificate, and in
/// newer versions a list of what is revoked.
pub fn is_trust_of_istio(object: &Object) -> bool {
    let is_of_istio = object.label("istio.io/config") == Some("true");
    object.is("", "ConfigMap") && is_of_istio && object.name().starts_with("istio-ca-")
}

/// Whether istiod has made it at run time in its own namespace, and leaves it there (istio#41607): the key of its
/// certificate authority, and the locks of its leader elections.
fn is_left_by_istiod(object: &Object) -> bool {
    const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";
    let is_lease = object.is("coordination.k8s.io", "Lease") && object.name().starts_with("istio-");
    let is_lock = is_lease || object.is("", "ConfigMap") && object.annotation(LEADER).is_some();
    let is_key = object.is("", "Secret") && object.name() == "istio-ca-secret";
    object.namespace() == Some("istio-system") && (is_lock || is_key)
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
        let trust = |name| {
            let mut trust = object("v1", "ConfigMap", Some("shop"), name);
            trust.set_label("istio.io/config", "true");
            trust
        };
        let lock = |namespace| {
            let mut lock = object("v1", "ConfigMap", namespace, "istio-leader");
            lock.set_annotation("control-plane.alpha.kubernetes.io/leader", "{}");
            lock
        };
        let table = [
            (object("v1", "ConfigMap", Some("shop"), "kube-root-ca.crt"), true),
            (trust("istio-ca-root-cert"), true),
            (trust("mesh"), false),
            (object("v1", "ConfigMap", Some("shop"), "istio-ca-root-cert"), false),
            (lock(system), true),
            (lock(Some("shop")), false),
            (object("coordination.k8s.io/v1", "Lease", system, "istio-gateway-status-leader"), true),
            (object("coordination.k8s.io/v1", "Lease", system, "another"), false),
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
