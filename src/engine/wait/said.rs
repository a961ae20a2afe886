use std::time::Duration;

use crate::event::WorkloadState;
use crate::finding::Finding;
use crate::object::ObjectId;
use crate::plan::Placed;
use crate::readiness::{Assessment, Status, Trouble};

/// A trouble that may last this long is one that healthy workloads have too, as a first failed probe.
const ORDINARY: Duration = Duration::from_secs(600);

/// What is said of an object.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) state: WorkloadState,
    pub(super) ready: u32,
    pub(super) wanted: u32,
    pub(super) reason: Option<String>,
    pub(super) finding: Option<Finding>,
}

pub(super) fn summary(object: &ObjectId, assessment: Option<&Assessment>) -> Said {
    let Some(Assessment { verdict, trouble, failed }) = assessment else {
        return Said { state: WorkloadState::InProgress, ready: 0, wanted: 0, reason: None, finding: None };
    };
    let state = match verdict.status {
        _ if *failed => WorkloadState::Failed,
        Status::Current => WorkloadState::Ready,
        _ if trouble.as_ref().is_some_and(is_suspect) => WorkloadState::Suspect,
        Status::InProgress | Status::Terminating | Status::Failed => WorkloadState::InProgress,
    };
    let reason = match (trouble, state) {
        (_, WorkloadState::Ready) => None,
        (Some(trouble), _) => Some(trouble.words(object)),
        (None, _) => Some(verdict.message.clone()),
    };
    let needs_eyes = matches!(state, WorkloadState::Suspect | WorkloadState::Failed);
    let finding = trouble.as_ref().filter(|_| needs_eyes).map(|trouble| trouble.finding.clone());
    Said { state, ready: verdict.ready, wanted: verdict.wanted, reason, finding }
}

fn is_suspect(trouble: &Trouble) -> bool {
    trouble.grace < ORDINARY
}

/// What is to be said of an object when the waiting ends. Where it ends because something has failed, what
/// only needs its time is not to blame, and what may pass is told as a warning.
pub(super) fn blamed(
    placed: &Placed,
    assessment: Option<&Assessment>,
    failed: bool,
) -> Option<(ObjectId, Trouble)> {
    let object = placed.object.id();
    let Some(assessment) = assessment else {
        let trouble = Trouble::unexplained(object.clone(), "is not in the cluster");
        return (!failed).then(|| (object, trouble.for_certain()));
    };
    let unexplained = || Trouble::unexplained(object.clone(), &assessment.verdict.message);
    let trouble = assessment.trouble.clone();
    let trouble = match (is_current(Some(assessment)), failed) {
        (true, _) => None,
        (false, true) if !assessment.failed => trouble.filter(is_suspect),
        (false, _) => Some(trouble.unwrap_or_else(unexplained).for_certain()),
    };
    Some((object.clone(), trouble?))
}

pub(super) fn is_current(assessment: Option<&Assessment>) -> bool {
    assessment.is_some_and(|assessment| assessment.verdict.status == Status::Current)
}
