use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Layer;
use crate::object::{GroupKind, NotAnObject, Object};

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

/// Who has installed the layer, and which one in the order it was: ours, beside what the KEP knows.
const PROFILES: &str = "kubestock-install/profiles";
const POSITION: &str = "kubestock-install/position";

/// The set of a layer's objects as the cluster knows it: every member carries the set's id, and a
/// parent ConfigMap says of which kinds and in which namespaces members are (KEP-3659). Whoever
/// prunes finds them without the files they came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplySet {
    pub layer: String,
    /// The name of the parent.
    pub name: String,
    pub id: String,
    /// The profiles that have installed the layer.
    pub profiles: BTreeSet<String>,
    /// Layers are applied in the order of their positions, and removed in the reverse one.
    pub position: usize,
    pub kinds: BTreeSet<GroupKind>,
    pub namespaces: BTreeSet<String>,
}

impl ApplySet {
    pub fn of(layer: &Layer, position: usize, profile: &str) -> Self {
        let objects = || layer.objects().map(|placed| &placed.object);
        Self {
            profiles: BTreeSet::from([profile.to_owned()]),
            position,
            kinds: objects().map(Object::group_kind).collect(),
            namespaces: objects().filter_map(|object| object.namespace().map(str::to_owned)).collect(),
            ..Self::named(&layer.name)
        }
    }

    /// The set of a layer of this name, without members: enough to mark one.
    pub fn named(layer: &str) -> Self {
        let name = format!("{NAMESPACE}-{layer}");
        Self {
            layer: layer.to_owned(),
            id: id(&name, NAMESPACE, "ConfigMap", ""),
            name,
            profiles: BTreeSet::new(),
            position: 0,
            kinds: BTreeSet::new(),
            namespaces: BTreeSet::new(),
        }
    }

    /// What a parent in the cluster says; None where the object is no parent of ours.
    pub fn recorded(parent: &Object) -> Option<Self> {
        let layer = parent.name().strip_prefix(NAMESPACE)?.strip_prefix('-')?;
        let tooling = parent.annotation(TOOLING)?;
        let set = Self::named(layer);
        let is_ours = parent.label(ID) == Some(&set.id) && tooling.split('/').next() == Some(NAMESPACE);
        let list = |key: &str| -> Vec<&str> {
            let entries = parent.annotation(key).unwrap_or_default().split(',');
            entries.filter(|entry| !entry.is_empty()).collect()
        };
        is_ours.then(|| Self {
            profiles: list(PROFILES).into_iter().map(str::to_owned).collect(),
            position: parent.annotation(POSITION).and_then(|text| text.parse().ok()).unwrap_or(0),
            kinds: list(GROUP_KINDS).into_iter().map(GroupKind::from).collect(),
            namespaces: list(ADDITIONAL_NAMESPACES).into_iter().map(str::to_owned).collect(),
            ..set
        })
    }

    /// The set with all that `before` covers: nothing of that has been pruned yet.
    pub fn covering(mut self, before: Option<&Self>) -> Self {
        if let Some(before) = before {
            self.profiles.extend(before.profiles.iter().cloned());
            self.kinds.extend(before.kinds.iter().cloned());
            self.namespaces.extend(before.namespaces.iter().cloned());
        }
        self
    }

    /// The set with these members alone.
    pub fn with(self, members: &[Object]) -> Self {
        let kinds = members.iter().map(Object::group_kind).collect();
        let namespaces = members.iter().filter_map(|object| object.namespace().map(str::to_owned)).collect();
        Self { kinds, namespaces, ..self }
    }

    /// Marks an object as a member. The label is on the object alone, never in a pod template: it
    /// must not restart anything.
    pub fn mark(&self, object: &mut Object) {
        object.set_label(PART_OF, &self.id);
    }

    /// The label that picks the members.
    pub fn selector(&self) -> String {
        format!("{PART_OF}={}", self.id)
    }

    /// The parent, as it is to be before members are applied.
    pub fn parent(&self) -> Result<Object, NotAnObject> {
        let list = |mut entries: Vec<String>| {
            entries.sort();
            entries.join(",")
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
                    GROUP_KINDS: list(self.kinds.iter().map(ToString::to_string).collect()),
                    ADDITIONAL_NAMESPACES: list(self.namespaces.iter().cloned().collect()),
                    PROFILES: list(self.profiles.iter().cloned().collect()),
                    POSITION: self.position.to_string(),
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
        let objects = [("apps/v1", "Deployment", Some("staging")), ("v1", "Namespace", None)];
        let set = ApplySet::of(&layer(&objects), 2, "demo");
        let parent = set.parent().unwrap();
        assert_eq!(parent.annotation(GROUP_KINDS), Some("Deployment.apps,Namespace"));
        assert_eq!(parent.annotation(ADDITIONAL_NAMESPACES), Some("staging"));
        assert_eq!(ApplySet::recorded(&parent).as_ref(), Some(&set));

        let before = ApplySet::of(&layer(&[("v1", "Secret", Some("old"))]), 0, "production");
        let after = set.clone().covering(Some(&before)).parent().unwrap();
        assert_eq!(after.annotation(GROUP_KINDS), Some("Deployment.apps,Namespace,Secret"));
        assert_eq!(after.annotation(ADDITIONAL_NAMESPACES), Some("old,staging"));
        assert_eq!(after.annotation(PROFILES), Some("demo,production"));
        assert_eq!(after.annotation(POSITION), Some("2"));
        assert_eq!(set.clone().with(&[]).parent().unwrap().annotation(GROUP_KINDS), Some(""));
    }

    #[test]
    fn a_parent_of_another_tool_or_of_another_name_is_none_of_ours() {
        let parent = ApplySet::of(&layer(&[]), 0, "demo").parent().unwrap();
        let mut of_kubectl = parent.clone();
        of_kubectl.set_annotation(TOOLING, "kubectl/v1.33");
        let mut renamed = parent.into_value();
        renamed["metadata"]["name"] = "kubestock-install-other".into();
        for parent in [of_kubectl, Object::new(renamed).unwrap()] {
            assert_eq!(ApplySet::recorded(&parent), None);
        }
    }
}
