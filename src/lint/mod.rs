//! What can be said of a Plan before anything is done: alone, and with what its cluster has already. Pure.
//!
//! Each rule has a file and looks at a [`Scene`]: the plan's objects, and those that will be around them. What
//! is found is an error where all was looked at that could mend it; where the cluster was not, the same is a
//! warning.

mod definitions;
mod gateways;
mod hosts;
mod keys;
mod mesh;
mod mesh_policy;
mod namespaces;
mod pods;
mod port_names;
mod ports;
mod quota;
mod references;
mod scene;
mod selectors;
#[cfg(test)]
mod testing;
mod twice;

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{self, Finding};
use crate::object::{GroupKind, Snapshot};
use crate::plan::Plan;

pub use references::wanted;
use scene::Scene;

/// What was read of the cluster that a plan is for.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// The kinds that it serves, each with its versions.
    pub kinds: BTreeMap<GroupKind, BTreeSet<String>>,
    pub objects: Snapshot,
    /// The kinds whose objects could not be read: that one is not in `objects` says nothing.
    pub unread: BTreeSet<GroupKind>,
}

/// Everything that the rules find, the weightiest first. `live` is None where no cluster was asked.
pub fn lint(plan: &Plan, live: Option<&Live>) -> Vec<Finding> {
    let scene = Scene::new(plan, live);
    const RULES: [fn(&Scene<'_>) -> Vec<Finding>; 12] = [
        definitions::find,
        mesh_policy::find,
        namespaces::find,
        twice::find,
        hosts::find,
        gateways::find,
        ports::find,
        port_names::find,
        selectors::find,
        references::find,
        keys::find,
        quota::find,
    ];
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&scene)).collect();
    finding::sort(&mut findings);
    findings
}
