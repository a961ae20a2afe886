use std::collections::BTreeSet;

use super::needed::of_the_run;
use super::{Right, guessed};
use crate::object::{GroupKind, Object};
use crate::plan::{ApplySet, NAMESPACE};

/// What the cluster calls the resource of a kind, and whether its objects are in namespaces; None where it has no such kind.
pub type Served<'a> = &'a dyn Fn(&GroupKind) -> Option<(String, bool)>;

/// What it takes to keep the records of layers while they are removed, and to find what belongs to them: objects of each
/// recorded kind in each recorded namespace.
pub fn to_find(sets: &[ApplySet], served: Served<'_>) -> BTreeSet<Right> {
    let records = ["list", "delete"].map(|verb| Right::new(Some(NAMESPACE), "", "configmaps", verb));
    let mut rights = of_the_run();
    rights.extend(records);
    for set in sets {
        for kind in &set.kinds {
            // A kind that is not served any more has no objects.
            let Some((plural, is_namespaced)) = served(kind) else { continue };
            let list = |namespace| Right::new(namespace, &kind.group, plural.clone(), "list");
            if is_namespaced {
                rights.extend(set.namespaces.iter().map(|namespace| list(Some(namespace))));
            } else {
                rights.insert(list(None));
            }
        }
    }
    rights
}

/// What it takes to remove these objects, and to see that they are gone.
pub fn to_remove<'a>(objects: impl IntoIterator<Item = &'a Object>, served: Served<'_>) -> BTreeSet<Right> {
    let rights = objects.into_iter().flat_map(|object| {
        let kind = object.group_kind();
        let plural = served(&kind).map_or_else(|| guessed(&kind.kind), |(plural, _)| plural);
        ["get", "delete"].map(|verb| Right::new(object.namespace(), &kind.group, plural.clone(), verb))
    });
    rights.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rights::testing::lines;

    fn served(kind: &GroupKind) -> Option<(String, bool)> {
        match kind.kind.as_str() {
            "Deployment" => Some(("deployments".to_owned(), true)),
            "Namespace" => Some(("namespaces".to_owned(), false)),
            _ => None,
        }
    }

    #[test]
    fn a_recorded_layer_is_looked_for_where_it_may_be_and_removed_where_it_is() {
        let mut set = ApplySet::named("shop");
        let kinds = ["Deployment.apps", "Namespace", "Gone.example.org"];
        set.kinds = kinds.into_iter().map(GroupKind::from).collect();
        set.namespaces = ["here", "there"].map(str::to_owned).into();
        insta::assert_snapshot!(lines(&to_find(&[set], &served)), @r"
        * namespaces: create get list patch
        here deployments.apps: list
        kubestock-install configmaps: create delete get list patch
        kubestock-install leases.coordination.k8s.io: create get update
        there deployments.apps: list
        ");
        let web = serde_json::json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "here"}});
        let web = Object::new(web).unwrap();
        insta::assert_snapshot!(lines(&to_remove([&web], &served)), @r"here deployments.apps: delete get");
    }
}
