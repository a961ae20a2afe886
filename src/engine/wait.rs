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
    let mut known = Known::nothing_of(&awaited.objects);
    tokio::select! {
        synced = watching.synced() => synced.map_err(EngineError::api("watching the workloads"))?,
        () = run.stop.cancelled() => return Err(EngineError::Interrupted),
        () = tokio::time::sleep_until(awaited.deadline) => {}
    }
    let mut next_look = begun;
    loop {
        let is_time = Instant::now() >= next_look;
        if is_time {
            next_look = Instant::now() + LOOK;
        }
        let judged = watching.read(|snapshot, changed| {
            let concerned = changed.iter().flat_map(|object| snapshot.spoken_of(object)).collect();
            known.judge(begun.elapsed(), snapshot, &concerned, is_time)
        });
        if !awaited.quietly {
            known.announce(&judged, run, awaited.layer);
        }
        if known.is_ready() {
            return Ok(());
        }
        let failed = known.has_failed();
        if failed || Instant::now() >= awaited.deadline {
            return Err(give_up(run, awaited, &known, &watching.snapshot(), failed).await);
        }
        tokio::select! {
            () = watching.changed() => {}
            () = run.stop.cancelled() => return Err(EngineError::Interrupted),
            () = tokio::time::sleep_until(awaited.deadline.min(next_look)) => {}
        }
    }
}

/// What is known of all that is waited for.
struct Known<'a> {
    rows: Vec<Row<'a>>,
    /// Where each object is in the rows.
    places: BTreeMap<ObjectId, usize>,
    waiting: Waiting,
}

/// What is known of one object.
struct Row<'a> {
    placed: &'a Placed,
    /// None while it is not in the cluster.
    assessment: Option<Assessment>,
    /// What was last said of it: only a change is said again.
    said: Option<Said>,
}

impl<'a> Known<'a> {
    fn nothing_of(objects: &[&'a Placed]) -> Self {
        let rows = objects.iter().map(|placed| Row { placed, assessment: None, said: None }).collect();
        let places = objects.iter().enumerate().map(|(place, placed)| (placed.object.id(), place)).collect();
        Self { rows, places, waiting: Waiting::new() }
    }

    /// Judges those anew of which a change speaks, so that one that becomes ready among thousands is told at once. From time
    /// to time it is `all` that are not ready: a grace may have run out, or a quota been raised.
    fn judge(
        &mut self,
        now: Duration,
        snapshot: &Snapshot,
        concerned: &BTreeSet<ObjectId>,
        all: bool,
    ) -> BTreeSet<usize> {
        let mut due: BTreeSet<usize> =
            concerned.iter().filter_map(|id| self.places.get(id)).copied().collect();
        if all {
            due.extend((0..self.rows.len()).filter(|place| !self.rows[*place].is_current()));
        }
        for place in &due {
            let row = &mut self.rows[*place];
            let live = snapshot.get(&row.placed.object.id());
            row.assessment = live.map(|live| self.waiting.look(now, live, snapshot));
        }
        due
    }

    /// Says what is new of these rows.
    fn announce(&mut self, due: &BTreeSet<usize>, run: &Run<'_>, layer: &Layer) {
        for place in due {
            let row = &mut self.rows[*place];
            let object = row.placed.object.id();
            let now = summary(&object, row.assessment.as_ref());
            if row.said.as_ref() == Some(&now) {
                continue;
            }
            let Said { state, ready, wanted, reason, finding } = now.clone();
            let before = row.said.replace(now);
            // What has no pods and was ready from the start is nothing to tell of.
            if readiness::is_workload(&row.placed.object) || state != WorkloadState::Ready || before.is_some()
            {
                let layer = layer.name.clone();
                run.say(Event::Workload { layer, object, state, ready, wanted, reason, finding });
            }
        }
    }

    fn is_ready(&self) -> bool {
        self.rows.iter().all(Row::is_current)
    }

    fn has_failed(&self) -> bool {
        self.rows.iter().any(|row| row.assessment.as_ref().is_some_and(|assessment| assessment.failed))
    }
}

impl Row<'_> {
    fn is_current(&self) -> bool {
        is_current(self.assessment.as_ref())
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

/// What is said of an object.
#[derive(Clone, PartialEq, Eq)]
struct Said {
    state: WorkloadState,
    ready: u32,
    wanted: u32,
    reason: Option<String>,
    finding: Option<Finding>,
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
    known: &Known<'_>,
    snapshot: &Snapshot,
    failed: bool,
) -> EngineError {
    let troubles: Vec<(ObjectId, Trouble)> =
        known.rows.iter().filter_map(|row| blamed(row.placed, row.assessment.as_ref(), failed)).collect();
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
