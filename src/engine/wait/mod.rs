//! The wait for objects until they are ready: from watches to what is said of each.

mod known;
mod said;

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use self::known::{Known, Moment, Row};
use self::said::blamed;
use super::EngineError;
use super::diagnose::diagnosed;
use super::layer::since;
use super::run::Run;
use crate::cluster::{Scope, Watching};
use crate::object::ObjectId;
use crate::plan::{Layer, Placed};
use crate::readiness::{self, Trouble};

/// How often time alone is looked at: a grace that runs out changes no object.
const LOOK: Duration = Duration::from_secs(1);

/// The same for each of thousands: some ten times of what it takes to judge one.
const LOOK_OF_EACH: Duration = Duration::from_millis(2);

/// How often it is looked at why those are not ready of which something has changed: of a workload that starts, a dozen
/// things change at about the same time. That one is ready waits for nothing.
const TURN: Duration = Duration::from_millis(100);

/// So many are judged at a time: what becomes ready meanwhile is not told before these are.
const MOST: usize = 8;

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
    next_turn: Instant,
    next_look: Instant,
}

impl<'a> Wait<'a> {
    pub(super) fn begin(run: &'a Run<'a>, awaited: &'a Awaited<'a>) -> Self {
        let (own, evidence) = scopes(&awaited.objects);
        let watching = run.cluster.watch_for(own, readiness::essence);
        let (known, begun) = (Known::nothing_of(&awaited.objects), Instant::now());
        Self { run, awaited, watching, evidence, known, begun, next_turn: begun, next_look: begun }
    }

    /// Tells how they are while they are still being applied. Whatever has failed, and that something cannot be watched, is for
    /// [`Self::until_ready`] to say.
    pub(super) async fn while_applying<T>(&mut self, applying: impl Future<Output = T>) -> T {
        let telling = async {
            loop {
                self.look(|row| row.is_known());
                if !self.evidence.is_empty() && self.known.is_waiting() {
                    self.watch_evidence();
                }
                let next = self.next();
                tokio::select! {
                    () = self.watching.changed() => {}
                    () = tokio::time::sleep_until(next) => {}
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
            if self.is_over() {
                // Who gives up says all there is to say; it may also be that nothing is wrong any more.
                self.look_at(usize::MAX, |_| true);
            }
            if self.known.is_ready() {
                return Ok(());
            }
            if self.is_over() {
                return Err(self.give_up().await);
            }
            let next = deadline.min(self.next());
            tokio::select! {
                () = self.watching.changed() => {}
                () = run.stop.cancelled() => return Err(EngineError::Interrupted),
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }

    /// Whether it is of no use to wait longer.
    fn is_over(&self) -> bool {
        self.known.has_failed() || Instant::now() >= self.awaited.deadline
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

    /// Judges what may have changed as far as it is its turn, and says what is new of those that are to be told.
    fn look(&mut self, is_told: impl Fn(&Row<'_>) -> bool) {
        let now = Instant::now();
        if now < self.next_turn {
            return self.look_at(0, is_told);
        }
        self.look_at(MOST, is_told);
        // Where some are left, it rests as long as it worked: there is other work for the same thread.
        self.next_turn = if self.known.is_behind() { Instant::now() + now.elapsed() } else { now + TURN };
    }

    /// Judges what has become ready, and so many of the others.
    fn look_at(&mut self, most: usize, is_told: impl Fn(&Row<'_>) -> bool) {
        let now = Instant::now();
        if now >= self.next_look && !self.known.is_behind() {
            let moved = self.known.let_time_pass();
            self.next_look = now + LOOK.max(LOOK_OF_EACH * moved);
        }
        let (known, moment) = (&mut self.known, Moment { time: now - self.begun, tally: self.run.tally });
        let (judged, spent) = self.watching.read(|snapshot, changed| {
            let mut judged = known.note(moment, snapshot, changed);
            judged.extend(known.judge_due(moment, snapshot, most));
            let spent = known.spent(&judged, snapshot);
            (judged, spent)
        });
        self.watching.forget(&spent);
        if !self.awaited.quietly {
            self.known.announce(&judged, is_told, self.run, self.awaited.layer);
        }
    }

    /// When to look again where nothing changes.
    fn next(&self) -> Instant {
        if self.known.is_behind() { self.next_turn } else { self.next_look }
    }

    /// Says all that is known of what is not ready: each cause once, with the evidence of one workload that
    /// suffers from it.
    async fn give_up(&self) -> EngineError {
        let failed = self.known.has_failed();
        let (run, layer, snapshot) = (self.run, self.awaited.layer, self.watching.snapshot());
        let blamed = |row: &Row<'_>| blamed(row.placed, row.assessment.as_ref(), failed);
        let troubles: Vec<(ObjectId, Trouble)> = self.known.unready().filter_map(blamed).collect();
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
