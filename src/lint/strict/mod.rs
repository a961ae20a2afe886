//! What a STRICT policy of the plan would cut off: whoever calls pods of the mesh in plaintext.
//!
//! From one moment to the next such a policy (PeerAuthentication) closes the ports of all pods with a sidecar to
//! everybody without a certificate of the mesh. Nothing is said of ports that a policy of the cluster has closed
//! already.

mod api_server;
mod callers;
mod doors;
mod entrances;
mod members;
mod mentions;
mod policies;
mod probes;
mod rules;
mod scrapes;
#[cfg(test)]
mod tests;

use super::scene::Scene;
use crate::finding::Finding;
use crate::object::Object;
use crate::plan::{Layer, Plan};

use doors::Doors;
use members::Members;
use policies::Policies;

/// What every hint ends with.
const OR_PERMISSIVE: &str = "or begin with `--mtls permissive`, which closes nothing";

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    Closing::of(scene, Whom::Everybody).map(|closing| closing.findings()).unwrap_or_default()
}

/// The same for pods alone that run already: what somebody reaches today.
pub(super) fn cuts_off(scene: &Scene<'_>) -> Vec<Finding> {
    Closing::of(scene, Whom::Running).map(|closing| closing.findings()).unwrap_or_default()
}

/// Whether the plan has a policy that may close a port.
pub(super) fn has_strict_policy(plan: &Plan) -> bool {
    plan.layers.iter().flat_map(Layer::objects).any(|placed| policies::closes(&placed.object))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    Everybody,
    Running,
}

/// The pods whose ports the plan closes, and all others.
#[derive(Debug)]
struct Closing<'a> {
    scene: &'a Scene<'a>,
    members: Members<'a>,
    doors: Doors<'a>,
}

impl<'a> Closing<'a> {
    /// None where nothing is closed.
    fn of(scene: &'a Scene<'a>, whom: Whom) -> Option<Self> {
        if !scene.planned().any(|placed| policies::closes(&placed.object)) {
            return None;
        }
        let policies = Policies::of(scene);
        let mut members = Members::of(scene, &policies);
        if whom == Whom::Running {
            members.closed.retain(|closed| closed.answers_today);
        }
        let doors = Doors::of(scene, &members.closed);
        (!members.closed.is_empty()).then_some(Self { scene, members, doors })
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = callers::find(self);
        findings.extend(entrances::find(self));
        findings.extend(scrapes::find(self));
        findings.extend(api_server::find(self));
        findings.extend(probes::find(self));
        findings.extend(rules::find(self));
        findings
    }
}

/// `web`, for the pods of a Deployment; for a pod that something else made, the name of that.
fn called(owner: &Object) -> &str {
    let maker = owner.is("", "Pod").then(|| owner.text("/metadata/ownerReferences/0/name")).flatten();
    maker.unwrap_or_else(|| owner.name())
}
