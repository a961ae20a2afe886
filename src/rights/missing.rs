use std::collections::{BTreeMap, BTreeSet};

use super::Right;
use crate::finding::{Code, Finding};
use crate::kustomize::At;
use crate::object::ObjectId;

/// A role or a binding of the plan that may not be made, because it gives what its maker does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    pub object: ObjectId,
    pub at: Option<At>,
    /// What is not held: the server's words.
    pub lacks: String,
}

/// All that a user may not do, of what is to be done.
#[derive(Clone, Debug, Default)]
pub struct Missing {
    pub rights: BTreeSet<Right>,
    pub roles: Vec<Denied>,
    /// Whom the API server takes the user for; None where it is too old to say.
    pub user: Option<String>,
}

impl Missing {
    pub fn is_empty(&self) -> bool {
        self.rights.is_empty() && self.roles.is_empty()
    }

    /// The findings of an installation.
    pub fn findings(&self) -> Vec<Finding> {
        let ask = match &self.user {
            Some(_) => {
                "`kubestock-install check` with the same arguments and `--print-missing-roles` prints roles that \
                        allow it, to be applied by someone who may (docs/rights.md)"
            }
            None => {
                "`kubestock-install check` with this profile and `--print-roles USER` prints roles that allow it, to \
                     be applied by someone who may (docs/rights.md)"
            }
        };
        self.found(ask)
    }

    /// The findings of an uninstallation: no plan says what would allow it.
    pub fn findings_of_removal(&self) -> Vec<Finding> {
        self.found("someone who may do it has to grant it, or to remove the layers himself (docs/rights.md)")
    }

    /// One finding for the cluster and for each namespace in which rights are missing, and one for each role that may
    /// not be given.
    fn found(&self, ask: &str) -> Vec<Finding> {
        let mut scopes: BTreeMap<Option<&str>, Vec<&Right>> = BTreeMap::new();
        for right in &self.rights {
            scopes.entry(right.namespace.as_deref()).or_default().push(right);
        }
        let of_scope = |(namespace, rights): (Option<&str>, Vec<&Right>)| match namespace {
            None => Finding::error(Code::RightsMissing, format!("the user may not {}", words(&rights)), ask),
            Some(namespace) => {
                let seen = format!("in it, the user may not {}", words(&rights));
                Finding::error(Code::RightsMissing, seen, ask).on(ObjectId::core(
                    "Namespace",
                    None,
                    namespace,
                ))
            }
        };
        let of_role = |denied: &Denied| {
            let seen = format!("gives rights that the user does not have: {}", denied.lacks);
            Finding::error(Code::RoleTooStrong, seen, ask).on(denied.object.clone()).at(denied.at.clone())
        };
        scopes.into_iter().map(of_scope).chain(self.roles.iter().map(of_role)).collect()
    }
}

/// `create, patch deployments.apps, services; list pods`
fn words(rights: &[&Right]) -> String {
    let mut verbs: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for right in rights {
        verbs.entry(right.full_resource()).or_default().insert(&right.verb);
    }
    let mut shared: BTreeMap<BTreeSet<&str>, Vec<String>> = BTreeMap::new();
    for (resource, verbs) in verbs {
        shared.entry(verbs).or_default().push(resource);
    }
    let one = |(verbs, resources): (BTreeSet<&str>, Vec<String>)| {
        let verbs: Vec<&str> = verbs.into_iter().collect();
        format!("{} {}", verbs.join(", "), resources.join(", "))
    };
    shared.into_iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_by_namespace() {
        let right = |namespace, group, resource: &str, verb| Right::new(namespace, group, resource, verb);
        let rights = BTreeSet::from([
            right(None, "rbac.authorization.k8s.io", "clusterroles", "create"),
            right(Some("shop"), "", "services", "patch"),
            right(Some("shop"), "apps", "deployments", "patch"),
            right(Some("shop"), "", "services", "create"),
            right(Some("shop"), "apps", "deployments", "create"),
            right(Some("shop"), "", "pods", "list"),
        ]);
        let denied = Denied {
            object: ObjectId::core("ServiceAccount", Some("shop"), "any"),
            at: None,
            lacks: "get nodes".to_owned(),
        };
        let missing = Missing { rights, roles: vec![denied], user: Some("jane".to_owned()) };
        let findings = missing.findings();
        let lines: Vec<String> =
            findings.iter().map(|finding| format!("{}: {finding}", finding.label())).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        error[KSI-121]: the user may not create clusterroles.rbac.authorization.k8s.io
        error[KSI-121]: Namespace/shop: in it, the user may not create, patch deployments.apps, services; list pods
        error[KSI-122]: ServiceAccount/shop/any: gives rights that the user does not have: get nodes
        ");
    }
}
