//! Waits as an installation does, and notes what would be said.

use std::time::Duration;

use kubestock_install::object::{Object, Snapshot};
use kubestock_install::readiness::{self, Status, Waiting};

use super::judge::Told;

#[derive(Default)]
pub(crate) struct Observer {
    waiting: Waiting,
    pub(crate) told: Vec<Told>,
}

impl Observer {
    /// Looks at all that was applied of this snapshot, so long after the beginning.
    pub(crate) fn look(&mut self, at: Duration, snapshot: &Snapshot) {
        let applied: Vec<&Object> = snapshot.iter().filter(|object| is_applied(object)).collect();
        let mut troubles = Vec::new();
        let (mut failed, mut all_ready) = (false, !applied.is_empty());
        for object in applied {
            let assessment = self.waiting.look(at, object, snapshot);
            failed |= assessment.failed;
            all_ready &= assessment.verdict.status == Status::Current;
            troubles.extend(assessment.trouble.map(|trouble| (object.id(), trouble)));
        }
        let findings = readiness::grouped(&troubles);
        self.told.push(Told { at, findings, failed, all_ready });
    }
}

/// Nobody else has made it.
fn is_applied(object: &Object) -> bool {
    readiness::is_workload(object) && object.pointer("/metadata/ownerReferences").is_none()
}
