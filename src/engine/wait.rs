use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::EngineError;
use super::diagnose::diagnosed;
use super::layer::since;
use super::run::Run;
use crate::cluster::Scope;
use crate::event::{Event, WorkloadState};
use crate::finding::Finding;
use crate::object::{ObjectId, Snapshot};
use crate::plan::{Layer, Placed};
use crate::readiness::{self, Assessment, Status, Trouble, Waiting};

/// How often time alone is looked at: a grace that runs out changes no object.
const LOOK: Duration = Duration::from_secs(1);

/// A trouble that may last this long is one that healthy workloads have too, as a first failed probe.
const ORDINARY: Duration = Duration::from_secs(600);

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
            scopes.extend(
                readiness::EVIDENCE.map(|(api_version, kind)| (api_version, kind, namespace.clone())),
            );
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
#[derive(Clone, PartialEq, Eq)]
struct Said {
    state: WorkloadState,
    ready: u32,
    wanted: u32,
    reason: Option<String>,
    finding: Option<Finding>,
}

fn announce(
    run: &Run<'_>,
    layer: &Layer,
    all: &[(&Placed, &Option<Assessment>)],
    said: &mut BTreeMap<ObjectId, Said>,
) {
    for (placed, assessment) in all {
        let object = placed.object.id();
        let now = summary(&object, assessment.as_ref());
        if said.get(&object) == Some(&now) {
            continue;
        }
        let Said { state, ready, wanted, reason, finding } = now.clone();
        let before = said.insert(object.clone(), now);
        // What has no pods and was ready from the start is nothing to tell of.
        if readiness::is_workload(&placed.object) || state != WorkloadState::Ready || before.is_some() {
            let layer = layer.name.clone();
            run.say(Event::Workload { layer, object, state, ready, wanted, reason, finding });
        }
    }
}

fn summary(object: &ObjectId, assessment: Option<&Assessment>) -> Said {
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

/// Says all that is known of what is not ready: each cause once, with the evidence of one workload that
/// suffers from it.
async fn give_up(
    run: &Run<'_>,
    awaited: &Awaited<'_>,
    all: &[(&Placed, &Option<Assessment>)],
    snapshot: &Snapshot,
    failed: bool,
) -> EngineError {
    let troubles: Vec<(ObjectId, Trouble)> =
        all.iter().filter_map(|(placed, assessment)| blamed(placed, assessment.as_ref(), failed)).collect();
    let mut findings = readiness::grouped(&troubles);
    for finding in &mut findings {
        finding.at = finding.object.as_ref().and_then(|object| run.plan.place_of(object));
    }
    let told = diagnosed(run.cluster, Some(&awaited.layer.name), &mut findings, snapshot).await;
    told.into_iter().for_each(|event| run.say(event));
    let after = since(awaited.layer, awaited.deadline);
    EngineError::NotReady { layer: awaited.layer.name.clone(), after, failed, findings }
}

/// What is to be said of an object when the waiting ends. Where it ends because something has failed, what
/// only needs its time is not to blame, and what may pass is told as a warning.
fn blamed(placed: &Placed, assessment: Option<&Assessment>, failed: bool) -> Option<(ObjectId, Trouble)> {
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
