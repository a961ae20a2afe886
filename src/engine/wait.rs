use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::diagnose::diagnose;
use super::layer::since;
use super::run::Run;
use super::{EngineError, Unready};
use crate::cluster::Scope;
use crate::event::{Event, WorkloadState};
use crate::object::{ObjectId, Snapshot};
use crate::plan::{Layer, Placed};
use crate::readiness::{self, Assessment, Status, Waiting};

/// How often time alone is looked at: a grace that runs out changes no object.
const LOOK: Duration = Duration::from_secs(1);

/// A reason that may last this long is one that healthy workloads have too, as a first failed probe.
const ORDINARY: Duration = Duration::from_secs(600);

/// The kinds that tell why a workload has no ready pods.
const EXPLAINING: [(&str, &str); 4] =
    [("apps/v1", "ReplicaSet"), ("v1", "Pod"), ("v1", "Event"), ("v1", "ResourceQuota")];

/// What is waited for.
#[derive(Debug)]
pub(super) struct Awaited<'a> {
    pub layer: &'a Layer,
    pub objects: Vec<&'a Placed>,
    pub deadline: Instant,
    /// Not worth a word unless it fails.
    pub quietly: bool,
}

/// Waits until every object is current by the rules of kstatus. Ends early where one has failed in a
/// way that does not mend itself.
pub(super) async fn until_ready(run: &Run<'_>, awaited: &Awaited<'_>) -> Result<(), EngineError> {
    if awaited.objects.is_empty() {
        return Ok(());
    }
    let mut watching = run.cluster.watch(scopes(&awaited.objects));
    let begun = Instant::now();
    let mut waiting = Waiting::new();
    let mut said = BTreeMap::new();
    tokio::select! {
        synced = watching.synced() => synced.map_err(EngineError::api("watching the workloads"))?,
        () = run.stop.cancelled() => return Err(EngineError::Interrupted),
        () = tokio::time::sleep_until(awaited.deadline) => {}
    }
    loop {
        let snapshot = watching.snapshot();
        let now = begun.elapsed();
        let look = |placed: &&Placed| {
            let live = snapshot.get(&placed.object.id())?;
            Some(waiting.look(now, live, &snapshot))
        };
        let assessments: Vec<Option<Assessment>> = awaited.objects.iter().map(look).collect();
        let all: Vec<_> = awaited.objects.iter().copied().zip(&assessments).collect();
        if !awaited.quietly {
            announce(run, awaited.layer, &all, &mut said);
        }
        if all.iter().all(|(_, assessment)| is_current(assessment.as_ref())) {
            return Ok(());
        }
        let failed = assessments.iter().flatten().any(|assessment| assessment.failed);
        if failed || Instant::now() >= awaited.deadline {
            return Err(give_up(run, awaited, &all, &snapshot, failed).await);
        }
        tokio::select! {
            () = watching.changed() => {}
            () = run.stop.cancelled() => return Err(EngineError::Interrupted),
            () = tokio::time::sleep_until(awaited.deadline.min(Instant::now() + LOOK)) => {}
        }
    }
}

fn is_current(assessment: Option<&Assessment>) -> bool {
    assessment.is_some_and(|assessment| assessment.verdict.status == Status::Current)
}

/// Watches for the kinds of these objects, and for what explains them.
fn scopes(objects: &[&Placed]) -> Vec<Scope> {
    let mut scopes = BTreeSet::new();
    for Placed { object, .. } in objects {
        let namespace = object.namespace().map(str::to_owned);
        scopes.insert((object.api_version(), object.kind(), namespace.clone()));
        if readiness::is_workload(object) {
            scopes.extend(EXPLAINING.map(|(api_version, kind)| (api_version, kind, namespace.clone())));
        }
    }
    let scope = |(api_version, kind, namespace): (&str, &str, _)| Scope {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace,
        selector: None,
        fields: None,
    };
    scopes.into_iter().map(scope).collect()
}

/// What was last said of an object; only a change is said again.
type Said = (WorkloadState, u32, u32, Option<String>);

fn announce(
    run: &Run<'_>,
    layer: &Layer,
    all: &[(&Placed, &Option<Assessment>)],
    said: &mut BTreeMap<ObjectId, Said>,
) {
    for (placed, assessment) in all {
        let now = summary(assessment.as_ref());
        let object = placed.object.id();
        if said.get(&object) == Some(&now) {
            continue;
        }
        let (state, ready, wanted, reason) = now.clone();
        let before = said.insert(object.clone(), now);
        // What has no pods and was ready from the start is nothing to tell of.
        if readiness::is_workload(&placed.object) || state != WorkloadState::Ready || before.is_some() {
            let layer = layer.name.clone();
            run.say(Event::Workload { layer, object, state, ready, wanted, reason });
        }
    }
}

fn summary(assessment: Option<&Assessment>) -> Said {
    let Some(assessment) = assessment else {
        return (WorkloadState::InProgress, 0, 0, None);
    };
    let verdict = &assessment.verdict;
    let state = match verdict.status {
        _ if assessment.failed => WorkloadState::Failed,
        Status::Current => WorkloadState::Ready,
        _ if assessment.reason.as_ref().is_some_and(|reason| reason.grace < ORDINARY) => {
            WorkloadState::Suspect
        }
        Status::InProgress | Status::Terminating | Status::Failed => WorkloadState::InProgress,
    };
    let reason = match (&assessment.reason, state) {
        (_, WorkloadState::Ready) => None,
        (Some(reason), _) => Some(reason.text.clone()),
        (None, _) => Some(verdict.message.clone()),
    };
    (state, verdict.ready, verdict.wanted, reason)
}

/// Says all that is known of what is not ready.
async fn give_up(
    run: &Run<'_>,
    awaited: &Awaited<'_>,
    all: &[(&Placed, &Option<Assessment>)],
    snapshot: &Snapshot,
    failed: bool,
) -> EngineError {
    let of_interest = |(_, assessment): &&(&Placed, &Option<Assessment>)| match assessment {
        Some(assessment) if failed => assessment.failed,
        assessment => !is_current(assessment.as_ref()),
    };
    let mut unready = Vec::new();
    for (placed, assessment) in all.iter().filter(of_interest) {
        diagnose(run, awaited.layer, &placed.object, snapshot).await;
        let status = assessment.as_ref().map(|assessment| assessment.verdict.message.clone());
        let reason = assessment.as_ref().and_then(|assessment| assessment.reason.as_ref());
        unready.push(Unready {
            object: placed.object.id(),
            at: placed.at.clone(),
            status: status.unwrap_or_else(|| "is not in the cluster".to_owned()),
            reason: reason.map(|reason| reason.text.clone()),
        });
    }
    let after = since(awaited.layer, awaited.deadline);
    EngineError::NotReady { layer: awaited.layer.name.clone(), after, failed, unready }
}
