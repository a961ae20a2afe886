//! What a user must be allowed to do in a cluster so that a plan can be carried out there. Pure: from the plan alone.
//!
//! - `needed` lists every request that an installation makes, `removal` those of an uninstallation;
//! - `roles` writes them as objects that grant them;
//! - `granted` lists what the roles of a plan give to others, which only who has it himself may give;
//! - `missing` makes findings of those that were denied.

mod granted;
mod missing;
mod needed;
mod removal;
mod roles;

use std::fmt;

use crate::object::Object;
use crate::plan::Plan;

pub use granted::{granted, is_granting};
pub use missing::{Denied, Missing};
pub use needed::needed;
pub use removal::{Served, to_find, to_remove};
pub use roles::{Grantee, missing_roles, roles};

/// What is to be carried out.
#[derive(Clone, Copy)]
pub struct Undertaking<'a> {
    pub plan: &'a Plan,
    /// Whether what layers do not have any more is removed.
    pub is_pruned: bool,
    /// Whether the mesh is verified at the end.
    pub is_verified: bool,
    /// What the cluster calls the resource of an object's kind (`virtualservices`), and whether objects of it are in a
    /// namespace; None where it has no such kind yet, or is not asked.
    pub served: &'a dyn Fn(&Object) -> Option<(String, bool)>,
}

impl fmt::Debug for Undertaking<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Undertaking").field("is_verified", &self.is_verified).finish_non_exhaustive()
    }
}

/// One verb on one resource, everywhere or in a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Right {
    /// None for what has no namespace, and for all namespaces.
    pub namespace: Option<String>,
    /// Empty for the core group.
    pub group: String,
    /// In the plural, with its part where that is meant: `pods/log`.
    pub resource: String,
    pub verb: String,
}

impl Right {
    fn new(namespace: Option<&str>, group: &str, resource: impl Into<String>, verb: &str) -> Self {
        let namespace = namespace.map(str::to_owned);
        Self { namespace, group: group.to_owned(), resource: resource.into(), verb: verb.to_owned() }
    }

    /// `deployments.apps`
    fn full_resource(&self) -> String {
        match self.group.as_str() {
            "" => self.resource.clone(),
            group => format!("{}.{group}", self.resource),
        }
    }
}

fn guessed(kind: &str) -> String {
    let singular = kind.to_lowercase();
    match singular.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if singular == "endpoints" => singular,
        _ if singular.ends_with('s') => format!("{singular}es"),
        _ => format!("{singular}s"),
    }
}

#[cfg(test)]
mod testing {
    use super::Right;

    /// `shop: get deployments.apps`, one a line.
    pub(super) fn lines<'a>(rights: impl IntoIterator<Item = &'a Right>) -> String {
        let mut verbs: std::collections::BTreeMap<(String, String), Vec<&str>> = Default::default();
        for right in rights {
            let scope = right.namespace.clone().unwrap_or_else(|| "*".to_owned());
            verbs.entry((scope, right.full_resource())).or_default().push(&right.verb);
        }
        let lines = verbs
            .iter()
            .map(|((scope, resource), verbs)| format!("{scope} {resource}: {}\n", verbs.join(" ")));
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_in_the_plural() {
        let table = [
            ("Deployment", "deployments"),
            ("NetworkPolicy", "networkpolicies"),
            ("Gateway", "gateways"),
            ("Ingress", "ingresses"),
            ("Endpoints", "endpoints"),
            ("PodDisruptionBudget", "poddisruptionbudgets"),
        ];
        for (kind, plural) in table {
            assert_eq!(guessed(kind), plural);
        }
    }
}
