use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::EngineError;
use super::diagnose::diagnosed;
use super::layer::since;
use super::run::{Run, Tally};
use crate::cluster::{Scope, Watching};
use crate::event::{Event, WorkloadState};
use crate::finding::Finding;
use crate::object::{Object, ObjectId, Packed, Snapshot};
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

/// The way of some objects to readiness, watched from before they are applied, so that each is told as soon as it is ready.
pub(super) struct Wait<'a> {
    run: &'a Run<'a>,
    awaited: &'a Awaited<'a>,
    watching: Watching,
    /// What explains those that are not ready, as long as nobody has watched it.
    evidence: Vec<Scope>,
    known: Known<'a>,
    begun: Instant,
    next_look: Instant,
}

impl<'a> Wait<'a> {
    pub(super) fn begin(run: &'a Run<'a>, awaited: &'a Awaited<'a>) -> Self {
        let (own, evidence) = scopes(&awaited.objects);
        let watching = run.cluster.watch_for(own, readiness::essence);
        let (known, begun) = (Known::nothing_of(&awaited.objects), Instant::now());
        Self { run, awaited, watching, evidence, known, begun, next_look: begun }
    }

    /// Tells how they are while they are still being applied. Whatever has failed, and that something cannot be watched, is for
    /// [`Self::until_ready`] to say.
    pub(super) async fn while_applying<T>(&mut self, applying: impl Future<Output = T>) -> T {
        let telling = async {
            loop {
                self.look(|row| row.is_known());
                if self.known.rows.iter().any(|row| row.is_known() && !row.is_current()) {
                    self.watch_evidence();
                }
                tokio::select! {
                    () = self.watching.changed() => {}
                    () = tokio::time::sleep_until(self.next_look) => {}
                }
            }
        };
        tokio::select! {
            done = applying => done,
            () = telling => unreachable!("it has no end"),
        }
    }

    /// Waits until every object is current by the rules of kstatus. Ends early where one has failed in a way that does not
    /// mend itself.
    pub(super) async fn until_ready(mut self) -> Result<(), EngineError> {
        let (run, deadline) = (self.run, self.awaited.deadline);
        if self.awaited.objects.is_empty() {
            return Ok(());
        }
        self.listed().await?;
        self.look(|row| row.is_current());
        if self.known.is_ready() {
            return Ok(());
        }
        self.watch_evidence();
        self.listed().await?;
        loop {
            self.look(|_| true);
            if self.known.is_ready() {
                return Ok(());
            }
            let failed = self.known.has_failed();
            if failed || Instant::now() >= deadline {
                return Err(self.give_up(failed).await);
            }
            tokio::select! {
                () = self.watching.changed() => {}
                () = run.stop.cancelled() => return Err(EngineError::Interrupted),
                () = tokio::time::sleep_until(deadline.min(self.next_look)) => {}
            }
        }
    }

    /// Waits until all that is watched is known, or the time is over.
    async fn listed(&mut self) -> Result<(), EngineError> {
        tokio::select! {
            synced = self.watching.synced() => synced.map_err(EngineError::api("watching the workloads"))?,
            () = self.run.stop.cancelled() => return Err(EngineError::Interrupted),
            () = tokio::time::sleep_until(self.awaited.deadline) => {}
        }
        self.next_look = Instant::now();
        Ok(())
    }

    /// Only for what is not ready: a run with nothing to change need not read all pods and Events.
    fn watch_evidence(&mut self) {
        self.watching.widen(std::mem::take(&mut self.evidence));
    }

    /// Judges what may have changed, and says what is new of those that are to be told.
    fn look(&mut self, is_told: impl Fn(&Row<'_>) -> bool) {
        let now = Instant::now();
        let is_time = now >= self.next_look;
        let (known, tally) = (&mut self.known, self.run.tally);
        let (judged, spent) = self.watching.read(|snapshot, changed| {
            let judged = known.judge(now - self.begun, snapshot, changed, tally, is_time);
            let spent = known.spent(&judged, snapshot);
            (judged, spent)
        });
        self.watching.forget(&spent);
        if is_time {
            // Thousands with a trouble take a while, in which what changes is not told.
            self.next_look = Instant::now() + LOOK.max(now.elapsed() * 10);
        }
        if !self.awaited.quietly {
            self.known.announce(&judged, is_told, self.run, self.awaited.layer);
        }
    }

    /// Says all that is known of what is not ready: each cause once, with the evidence of one workload that
    /// suffers from it.
    async fn give_up(&self, failed: bool) -> EngineError {
        let (run, layer, snapshot) = (self.run, self.awaited.layer, self.watching.snapshot());
        let blamed = |row: &Row<'_>| blamed(row.placed, row.assessment.as_ref(), failed);
        let troubles: Vec<(ObjectId, Trouble)> = self.known.rows.iter().filter_map(blamed).collect();
        let mut findings = readiness::grouped(&troubles);
        for finding in &mut findings {
            finding.at = finding.object.as_ref().and_then(|object| run.plan.place_of(object));
        }
        let told = diagnosed(run.cluster, Some(&layer.name), &mut findings, &snapshot).await;
        told.into_iter().for_each(|event| run.say(event));
        let after = since(layer, self.awaited.deadline);
        EngineError::NotReady { layer: layer.name.clone(), after, failed, findings }
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
    id: ObjectId,
    /// None while it is not in the cluster.
    assessment: Option<Assessment>,
    /// What was last said of it: only a change is said again.
    said: Option<Said>,
}

impl<'a> Known<'a> {
    fn nothing_of(objects: &[&'a Placed]) -> Self {
        let row = |placed: &&'a Placed| Row { placed, id: placed.object.id(), assessment: None, said: None };
        let rows: Vec<Row<'a>> = objects.iter().map(row).collect();
        let places = rows.iter().enumerate().map(|(place, row)| (row.id.clone(), place)).collect();
        Self { rows, places, waiting: Waiting::new() }
    }

    /// Judges those anew of which a change speaks, so that one that becomes ready among thousands is told at once. From time
    /// to time it is those that move without: a grace may have run out, or a quota been raised.
    fn judge(
        &mut self,
        now: Duration,
        snapshot: &mut Snapshot,
        changed: Vec<Packed>,
        tally: &Tally,
        is_time: bool,
    ) -> BTreeSet<usize> {
        let mut due = BTreeSet::new();
        for object in changed {
            let concerned = snapshot.spoken_of(&object.unpack());
            due.extend(concerned.iter().filter_map(|id| self.places.get(id)));
            snapshot.pack();
        }
        if is_time {
            due.extend((0..self.rows.len()).filter(|place| self.rows[*place].moves_with_time()));
        }
        for place in &due {
            let row = &mut self.rows[*place];
            let live = snapshot.get(&row.id).filter(|live| tally.has_applied(live));
            row.assessment = live.map(|live| self.waiting.look(now, live, snapshot));
            snapshot.pack();
        }
        due
    }

    /// What explains nothing any more, for these rows are ready: of thousands, it is most of what would be held. A pod that is
    /// ending may still hold up others, by what it has of a quota.
    fn spent(&self, judged: &BTreeSet<usize>, snapshot: &Snapshot) -> BTreeSet<ObjectId> {
        let ready = judged.iter().map(|place| &self.rows[*place]).filter(|row| row.is_current());
        let ready = ready.filter_map(|row| snapshot.get(&row.id));
        let mut spent: BTreeSet<ObjectId> = ready.flat_map(|live| snapshot.speaking_of(live)).collect();
        spent.retain(|id| {
            !self.places.contains_key(id) && !snapshot.get(id).is_some_and(Object::is_being_deleted)
        });
        spent
    }

    /// Says what is new of these rows.
    fn announce(
        &mut self,
        due: &BTreeSet<usize>,
        is_told: impl Fn(&Row<'_>) -> bool,
        run: &Run<'_>,
        layer: &Layer,
    ) {
        for place in due {
            let row = &mut self.rows[*place];
            let has_pods = readiness::is_workload(&row.placed.object);
            // What has no pods is told of once it is seen: most of it is ready then, and was nothing to wait for.
            if !is_told(row) || !(row.is_known() || has_pods) {
                continue;
            }
            let now = summary(&row.id, row.assessment.as_ref());
            if row.said.as_ref() == Some(&now) {
                continue;
            }
            let Said { state, ready, wanted, reason, finding } = now.clone();
            let before = row.said.replace(now);
            // What has no pods and was ready from the start is nothing to tell of.
            if has_pods || state != WorkloadState::Ready || before.is_some() {
                let (layer, object) = (layer.name.clone(), row.id.clone());
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
    fn is_known(&self) -> bool {
        self.assessment.is_some()
    }

    fn is_current(&self) -> bool {
        is_current(self.assessment.as_ref())
    }

    /// Whether it may be judged otherwise although nothing has changed that speaks of it: a trouble lasts, and what is applied
    /// is known to be a moment after it is seen.
    fn moves_with_time(&self) -> bool {
        self.assessment.as_ref().is_none_or(|assessment| assessment.trouble.is_some())
    }
}

fn is_current(assessment: Option<&Assessment>) -> bool {
    assessment.is_some_and(|assessment| assessment.verdict.status == Status::Current)
}

/// The kinds of these objects, and those that explain how they are.
fn scopes(objects: &[&Placed]) -> (Vec<Scope>, Vec<Scope>) {
    let (mut own, mut evidence) = (BTreeSet::new(), BTreeSet::new());
    for Placed { object, .. } in objects {
        let namespace = object.namespace();
        own.insert((object.api_version(), object.kind(), namespace));
        if readiness::is_workload(object) {
            evidence.extend(readiness::EVIDENCE.map(|(api_version, kind)| (api_version, kind, namespace)));
        }
    }
    let scope = |(api_version, kind, namespace): &(&str, &str, Option<&str>)| Scope {
        api_version: (*api_version).to_owned(),
        kind: (*kind).to_owned(),
        namespace: namespace.map(str::to_owned),
        selector: None,
        fields: None,
    };
    (own.iter().map(scope).collect(), evidence.difference(&own).map(scope).collect())
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
