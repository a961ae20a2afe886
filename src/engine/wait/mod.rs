//! The wait for objects until they are ready: from watches to what is said of each.

mod known;
mod said;

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use self::known::{Known, Row};
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
