use std::time::Duration;

use super::patience::{CONFIRM, Patience, SLOW, rule};
use crate::finding::{Code, Finding, Severity};
use crate::object::ObjectId;

/// What is wrong with a workload, and how long that may last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Its object is what has to be mended, where that is known: a quota, a Secret; else the workload.
    pub finding: Finding,
    /// It cannot come right unless a person changes something.
    pub certain: bool,
    /// How long it may last before it is a failure. Never zero: even what is certain is looked at twice,
    /// because a snapshot may be a moment old.
    pub grace: Duration,
    /// The pod that has the trouble; None where there is no pod, because it was refused.
    pub pod: Option<ObjectId>,
    pub container: Option<String>,
    /// What several workloads with this trouble have in common, where that is no object: a registry.
    pub(super) shared: Option<String>,
}

/// Restarts before a crash can be called a loop.
const RESTARTS_OF_A_LOOP: i64 = 3;

impl Trouble {
    /// `seen` stands alone: it begins with the name of the pod, or of what makes pods, that has the trouble.
    pub(super) fn new(code: Code, seen: impl AsRef<str>) -> Self {
        let rule = rule(code);
        let trouble = Self {
            finding: Finding::warning(code, one_line(seen.as_ref()), rule.hint),
            certain: false,
            grace: SLOW,
            pod: None,
            container: None,
            shared: None,
        };
        match rule.patience {
            Patience::None => trouble.for_certain(),
            Patience::For(grace) => trouble.suspected_for(grace),
        }
    }

    /// A workload that is not ready though nothing shows that is wrong; `seen` is what its status says.
    pub fn unexplained(workload: ObjectId, seen: &str) -> Self {
        Self::new(Code::NotReady, seen).on(workload)
    }

    pub(super) fn on(self, object: ObjectId) -> Self {
        Self { finding: self.finding.on(object), ..self }
    }

    pub(super) fn of_pod(self, pod: &ObjectId) -> Self {
        Self { pod: Some(pod.clone()), ..self }
    }

    pub(super) fn of_container(self, name: &str) -> Self {
        Self { container: Some(name.to_owned()), ..self }
    }

    pub(super) fn shared_by(self, what: impl Into<String>) -> Self {
        Self { shared: Some(what.into()), ..self }
    }

    /// It cannot pass after all, or has had its time.
    pub fn for_certain(self) -> Self {
        let finding = Finding { severity: Severity::Error, ..self.finding };
        Self { finding, certain: true, grace: CONFIRM, ..self }
    }

    /// It may pass after all, within this time.
    pub(super) fn suspected_for(self, grace: Duration) -> Self {
        let finding = Finding { severity: Severity::Warning, ..self.finding };
        Self { finding, certain: false, grace, ..self }
    }

    /// A crash is a failure once a container has had its restarts and is down again; one that runs gets
    /// the time to become ready.
    pub(super) fn of_crash(self, restarts: i64, is_running: bool) -> Self {
        match is_running || restarts < RESTARTS_OF_A_LOOP {
            true => self.suspected_for(SLOW),
            false => self,
        }
    }

    /// In one line, for where the workload's name stands before it.
    pub fn words(&self, workload: &ObjectId) -> String {
        match &self.finding.object {
            Some(object) if object != workload => self.finding.to_string(),
            _ => self.finding.seen.clone(),
        }
    }
}

/// Messages of runtimes and probes have line breaks and tabs.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
