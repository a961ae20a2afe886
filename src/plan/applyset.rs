use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Layer;
use crate::object::{NotAnObject, Object};

/// Where the installer keeps what it must remember in a cluster: the parents of its ApplySets and
/// the Lease of the run that is on.
pub const NAMESPACE: &str = "kubestock-install";

/// The label that members carry (KEP-3659).
pub const PART_OF: &str = "applyset.kubernetes.io/part-of";

/// Who owns the set: `NAME/VERSION`, where another name must not touch it (KEP-3659).
pub const TOOLING: &str = "applyset.kubernetes.io/tooling";

const ID: &str = "applyset.kubernetes.io/id";
const GROUP_KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
const ADDITIONAL_NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";

/// The set of a layer's objects as the cluster knows it: every member carries the set's id, and a
/// parent ConfigMap says of which kinds and in which namespaces members are (KEP-3659). Whoever
/// prunes finds them without the files they came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplySet {
    /// The name of the parent.
    pub name: String,
    pub id: String,
    group_kinds: BTreeSet<String>,
    namespaces: BTreeSet<String>,
}

impl ApplySet {
    pub fn of(layer: &Layer) -> Self {
        let name = format!("{NAMESPACE}-{}", layer.name);
        let objects = || layer.objects().map(|placed| &placed.object);
        Self {
            id: id(&name, NAMESPACE, "ConfigMap", ""),
            group_kinds: objects().map(|object| object.group_kind().to_string()).collect(),
            namespaces: objects().filter_map(|object| object.namespace().map(str::to_owned)).collect(),
            name,
        }
    }

    /// Marks an object as a member. The label is on the object alone, never in a pod template: it
    /// must not restart anything.
    pub fn mark(&self, object: &mut Object) {
        object.set_label(PART_OF, &self.id);
    }

    /// The parent, as it is to be before members are applied: it covers them and all that `live`,
    /// the parent in the cluster, already covers, for nothing of that has been pruned.
    pub fn parent(&self, live: Option<&Object>) -> Result<Object, NotAnObject> {
        let with = |own: &BTreeSet<String>, key: &str| {
            let known = live.and_then(|live| live.annotation(key)).unwrap_or_default();
            let known = known.split(',').filter(|entry| !entry.is_empty()).map(str::to_owned);
            let all: BTreeSet<String> = own.iter().cloned().chain(known).collect();
            Vec::from_iter(all).join(",")
        };
        Object::new(json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": self.name,
                "namespace": NAMESPACE,
                "labels": {ID: self.id},
                "annotations": {
                    TOOLING: concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")),
                    GROUP_KINDS: with(&self.group_kinds, GROUP_KINDS),
                    ADDITIONAL_NAMESPACES: with(&self.namespaces, ADDITIONAL_NAMESPACES),
                },
            },
        }))
    }
}

/// `applyset-<base64url(sha256(name.namespace.kind.group))>-v1`: KEP-3659, "ApplySet ID".
fn id(name: &str, namespace: &str, kind: &str, group: &str) -> String {
    let digest = Sha256::digest(format!("{name}.{namespace}.{kind}.{group}"));
    format!("applyset-{}-v1", URL_SAFE_NO_PAD.encode(digest))
}

/// The namespace that holds the parents, as an object to apply.
pub(crate) fn home() -> Result<Object, NotAnObject> {
    Object::new(json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": {"app.kubernetes.io/managed-by": "kubestock-install"}},
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn layer(kinds: &[(&str, &str, Option<&str>)]) -> Layer {
        let objects = kinds.iter().map(|(api_version, kind, namespace)| {
            let metadata = json!({"name": "a", "namespace": namespace});
            Object::new(json!({"apiVersion": api_version, "kind": kind, "metadata": metadata}))
                .unwrap()
                .into()
        });
        Layer::new("base", objects.collect(), Duration::from_secs(1))
    }

    #[test]
    fn the_id_is_a_hash_of_what_names_the_parent() {
        // That kubectl takes such a parent for one of its own is a test on a cluster.
        let expected = "applyset-cH6yId20fa7Ak8MtKIBN1H8OMqIef-Q9TNkI3Rl_ufo-v1";
        assert_eq!(id("my-set", "my-ns", "ConfigMap", ""), expected);
    }

    #[test]
    fn the_parent_covers_what_is_applied_and_what_was_before() {
        let set =
            ApplySet::of(&layer(&[("apps/v1", "Deployment", Some("staging")), ("v1", "Namespace", None)]));
        let mut before = set.parent(None).unwrap();
        assert_eq!(before.annotation(GROUP_KINDS), Some("Deployment.apps,Namespace"));
        assert_eq!(before.annotation(ADDITIONAL_NAMESPACES), Some("staging"));

        before.set_annotation(GROUP_KINDS, "Secret");
        before.set_annotation(ADDITIONAL_NAMESPACES, "old,staging");
        let after = set.parent(Some(&before)).unwrap();
        assert_eq!(after.annotation(GROUP_KINDS), Some("Deployment.apps,Namespace,Secret"));
        assert_eq!(after.annotation(ADDITIONAL_NAMESPACES), Some("old,staging"));
    }
}
