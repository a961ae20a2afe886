//! What can be said of a Plan before anything is done: alone, and with what its cluster has already. Pure.
//!
//! Each rule has a file and looks at a [`Scene`]: the plan's objects, and those that will be around them. What
//! is found is an error where all was looked at that could mend it; where the cluster was not, the same is a
//! warning.

mod classes;
mod cluster;
mod definitions;
mod gateways;
mod hosts;
mod ingresses;
mod injectors;
mod keys;
mod layers;
mod machine;
mod mesh;
mod mesh_policy;
mod namespaces;
mod pods;
mod port_names;
mod ports;
mod pulls;
mod quota;
mod references;
mod scene;
mod selectors;
mod strict;
#[cfg(test)]
mod testing;
mod twice;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::finding::{self, Code, Finding};
use crate::object::{GroupKind, Object, ObjectId, Snapshot};
use crate::plan::Plan;

pub use cluster::{kubernetes_for, not_ready};
pub use layers::{homeless, shared};
pub use machine::Machine;
pub use mesh::{is_istiod, version as istio_version};
pub use references::wanted;
use scene::Scene;

/// What was read of the cluster that a plan is for.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// The kinds that it serves, each with its versions.
    pub kinds: BTreeMap<GroupKind, BTreeSet<String>>,
    pub objects: Snapshot,
    /// The kinds whose objects could not be read, and why: that one is not in `objects` says nothing.
    pub unread: BTreeMap<GroupKind, String>,
    /// As the server writes it: `v1.33.4`.
    pub version: String,
}

impl Live {
    /// Counts Istio's namespace as there, where it is to come and could not be rendered; what its pods are called
    /// is not known.
    pub fn assume_istio(&mut self) {
        let deployment = GroupKind { group: "apps".into(), kind: "Deployment".into() };
        self.unread.entry(deployment).or_insert_with(|| "Istio could not be rendered".to_owned());
        self.objects.extend(mesh::namespace());
    }
}

/// Whether a finding is about a kind that Istio defines.
pub fn is_for_want_of_istio(finding: &Finding) -> bool {
    let is_istios = |object: &ObjectId| object.group_kind.group.ends_with(".istio.io");
    finding.code == Code::UnknownKind && finding.object.as_ref().is_some_and(is_istios)
}

/// Everything that is wrong with a plan, and with the cluster that it is for, the weightiest first. `istio` is the
/// version that the plan brings.
pub fn preflight(plan: &Plan, live: Option<&Live>, istio: Option<&str>) -> Vec<Finding> {
    let scene = Scene::new(plan, live);
    let mut findings = of_plan(&scene);
    findings.extend(istio.and_then(cluster::support));
    findings.extend(live.map(|live| cluster::find(&scene, live, istio)).unwrap_or_default());
    finding::sort(&mut findings);
    findings
}

/// Everything that the rules find in a plan, the weightiest first. `live` is None where no cluster was asked.
pub fn lint(plan: &Plan, live: Option<&Live>) -> Vec<Finding> {
    let mut findings = of_plan(&Scene::new(plan, live));
    finding::sort(&mut findings);
    findings
}

/// The pull secrets of the cluster's ServiceAccounts, which the rules want to see too.
pub fn pull_secrets(live: &Live) -> BTreeSet<ObjectId> {
    pulls::secrets_of_accounts(live)
}

/// The data of a Secret as the rules may see it: the registries of a pull secret, and of all others the keys alone.
pub fn redacted_data(secret: &Object) -> Map<String, Value> {
    let keys = secret.pointer("/data").and_then(Value::as_object).into_iter().flatten();
    let mut data: Map<String, Value> = keys.map(|(key, _)| (key.clone(), Value::Null)).collect();
    data.extend(pulls::without_credentials(secret));
    data
}

/// What runs in the cluster today and would be cut off by a STRICT policy of the plan, the weightiest first.
pub fn cuts_off(plan: &Plan, live: &Live) -> Vec<Finding> {
    let mut findings = strict::cuts_off(&Scene::new(plan, Some(live)));
    finding::sort(&mut findings);
    findings
}

/// Whether the plan has a STRICT policy, and [`cuts_off`] something to look at.
pub fn has_strict_policy(plan: &Plan) -> bool {
    strict::has_strict_policy(plan)
}

fn of_plan(scene: &Scene<'_>) -> Vec<Finding> {
    const RULES: [fn(&Scene<'_>) -> Vec<Finding>; 17] = [
        definitions::find,
        mesh_policy::find,
        namespaces::find,
        twice::find,
        hosts::find,
        gateways::find,
        ingresses::find,
        ports::find,
        port_names::find,
        selectors::find,
        references::find,
        keys::find,
        pulls::find,
        classes::find,
        injectors::find,
        quota::find,
        strict::find,
    ];
    RULES.iter().flat_map(|rule| rule(scene)).collect()
}
