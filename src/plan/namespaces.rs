use std::collections::BTreeSet;

use super::{Placed, Plan};
use crate::kustomize::At;
use crate::object::{GroupKind, Object, ObjectId};

/// An object of a namespaced kind that names no namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Homeless {
    pub object: ObjectId,
    pub layer: String,
    pub at: Option<At>,
    /// The namespace in which another layer has the same object: this one is a second copy that
    /// `kubectl apply` would put into `default`.
    pub copy_in: Option<String>,
}

impl Plan {
    /// Takes out the objects of namespaced kinds that name no namespace. Where they go would be a
    /// matter of whoever's kubeconfig it is; a Plan says the same for everyone.
    ///
    /// `is_namespaced` knows the kinds of the cluster; those that the plan itself defines are known
    /// from their definitions.
    pub fn remove_homeless(&mut self, is_namespaced: impl Fn(&Object) -> Option<bool>) -> Vec<Homeless> {
        let defined = self.namespaced_definitions();
        let is_homeless = |object: &Object| {
            let is_namespaced =
                || is_namespaced(object).unwrap_or_else(|| defined.contains(&object.group_kind()));
            object.namespace().is_none() && is_namespaced()
        };
        let mut homeless = Vec::new();
        for layer in &mut self.layers {
            for stage in &mut layer.stages {
                let (away, kept) = stage.objects.drain(..).partition(|placed| is_homeless(&placed.object));
                stage.objects = kept;
                homeless.extend(away.into_iter().map(|placed: Placed| Homeless {
                    object: placed.object.id(),
                    layer: layer.name.clone(),
                    at: placed.at,
                    copy_in: None,
                }));
            }
        }
        for found in &mut homeless {
            found.copy_in = self.namespace_of_copy(&found.object).map(str::to_owned);
        }
        homeless
    }

    /// The kinds that the plan itself defines.
    pub fn defined_kinds(&self) -> BTreeSet<GroupKind> {
        self.definitions().filter_map(defined_kind).collect()
    }

    fn namespaced_definitions(&self) -> BTreeSet<GroupKind> {
        let is_namespaced = |definition: &&Object| definition.text("/spec/scope") == Some("Namespaced");
        self.definitions().filter(is_namespaced).filter_map(defined_kind).collect()
    }

    fn definitions(&self) -> impl Iterator<Item = &Object> {
        let objects = self.layers.iter().flat_map(super::Layer::objects).map(|placed| &placed.object);
        objects.filter(|object| object.is("apiextensions.k8s.io", "CustomResourceDefinition"))
    }

    fn namespace_of_copy(&self, id: &ObjectId) -> Option<&str> {
        let objects = self.layers.iter().flat_map(super::Layer::objects).map(|placed| &placed.object);
        let mut copies =
            objects.filter(|object| object.name() == id.name && object.group_kind() == id.group_kind);
        copies.find_map(Object::namespace)
    }
}

fn defined_kind(definition: &Object) -> Option<GroupKind> {
    Some(GroupKind {
        group: definition.text("/spec/group")?.to_owned(),
        kind: definition.text("/spec/names/kind")?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Layer;
    use serde_json::json;
    use std::time::Duration;

    fn object(kind: &str, name: &str, namespace: Option<&str>) -> Placed {
        let metadata = json!({"name": name, "namespace": namespace});
        Object::new(json!({"apiVersion": "v1", "kind": kind, "metadata": metadata})).unwrap().into()
    }

    fn plan(layers: [(&str, Vec<Placed>); 2]) -> Plan {
        let layer = |(name, objects): (&str, _)| Layer::new(name, objects, Duration::from_secs(1));
        Plan::of(layers.map(layer).into()).0
    }

    fn is_namespaced(object: &Object) -> Option<bool> {
        Some(object.kind() != "Namespace")
    }

    #[test]
    fn a_second_copy_without_a_namespace_is_taken_out_and_its_other_copy_named() {
        let mut plan = plan([
            ("base", vec![object("Namespace", "staging", None), object("Service", "frontend", None)]),
            ("staging", vec![object("Service", "frontend", Some("staging"))]),
        ]);
        let homeless = plan.remove_homeless(is_namespaced);
        assert_eq!(homeless.len(), 1);
        assert_eq!(homeless[0].object.to_string(), "Service/frontend");
        assert_eq!(homeless[0].copy_in.as_deref(), Some("staging"));
        assert_eq!(plan.layers[0].objects().count(), 1);
    }

    #[test]
    fn an_object_that_lives_nowhere_else_is_named_without_one() {
        let mut plan = plan([("base", vec![object("Secret", "token", None)]), ("staging", vec![])]);
        let homeless = plan.remove_homeless(is_namespaced);
        assert_eq!(homeless[0].copy_in, None);
    }

    #[test]
    fn a_kind_that_the_plan_defines_is_known_by_its_definition() {
        let definition = Object::new(json!({"apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition", "metadata": {"name": "shops.example.org"},
            "spec": {"group": "example.org", "scope": "Namespaced", "names": {"kind": "Shop"}}}));
        let shop = Object::new(json!({"apiVersion": "example.org/v1", "kind": "Shop",
            "metadata": {"name": "corner"}}));
        let layer = vec![definition.unwrap().into(), shop.unwrap().into()];
        let mut plan = plan([("base", layer), ("staging", vec![])]);
        let homeless = plan.remove_homeless(|_| None);
        assert_eq!(homeless[0].object.to_string(), "Shop/corner");
    }
}
