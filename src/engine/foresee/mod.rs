//! What an installation would change: the server rehearses all of its plan. Nothing is written.

mod leftovers;
mod refusal;
#[cfg(test)]
mod tests;
mod to_come;

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use http::StatusCode;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::apply::{attempt, made_by};
use super::prune::Pruning;
use super::run::{CONCURRENT, Course, Patience, Run, Tally};
use super::{EngineError, Install, Parts, settle};
use crate::cluster::{ApiError, Applied, Mode, Outcome, Seen};
use crate::event::{Announcer, Event, PlannedCounts, PlannedOutcome, Step};
use crate::finding::{Code, Finding};
use crate::object::{Diff, Object};
use crate::plan::{ApplySet, PART_OF, Placed};
use leftovers::leftovers;
use to_come::{ToCome, brings_role_of};

/// How long what passes (429, a lost connection) is asked again.
const PATIENCE: Duration = Duration::from_secs(10);

/// Says of each object what the installation would do to it, and counts them. Only reads and dry runs are sent, and
/// no Lease is taken.
///
/// # Errors
/// As an installation before it changes anything. What the server refuses is told and counted, and no error.
pub async fn foresee(
    install: &Install<'_>,
    parts: Parts,
    announcer: &Announcer,
    stop: &CancellationToken,
) -> Result<PlannedCounts, EngineError> {
    let (plan, _) = settle::laid_out(Course { announcer, stop }, install, parts).await?;
    let (profile, tally) = (&install.profile.name, Tally::default());
    let run = Run { cluster: install.cluster, plan: &plan, profile, announcer, stop, tally: &tally };
    let mode = if install.force { Mode::ForcedDryRun } else { Mode::DryRun };
    run.step(Step::Plan, run.stoppable(rehearse(&run, mode, &install.pruning))).await
}

async fn rehearse(run: &Run<'_>, mode: Mode, pruning: &Pruning) -> Result<PlannedCounts, EngineError> {
    let mut counts = PlannedCounts::default();
    let mut say = |event: Event| {
        if let Event::ObjectPlanned { outcome, .. } = &event {
            counts.count(*outcome);
        }
        run.say(event);
    };
    let to_come = ToCome::of(run.cluster, run.plan).await;
    let to_come = to_come.map_err(EngineError::api("looking at the namespaces"))?;
    let layers = run.plan.layers.iter().enumerate();
    let sets: Vec<_> =
        layers.map(|(position, layer)| (layer, ApplySet::of(layer, position, run.profile))).collect();
    let rehearsals = sets.iter().flat_map(|(layer, set)| {
        let waves = layer.stages.iter().flat_map(|stage| stage.waves().into_values().flatten());
        waves.map(|placed| Rehearsal { run, mode, to_come: &to_come, set, placed })
    });
    // They overlap, and are told in their order all the same.
    let mut told = futures::stream::iter(rehearsals.map(Rehearsal::told)).buffered(CONCURRENT);
    while let Some(event) = told.try_next().await.map_err(EngineError::api("rehearsing the plan"))? {
        say(event);
    }
    drop(told);
    leftovers(run, pruning, sets).await?.into_iter().for_each(&mut say);
    run.say(Event::PlanFinished(counts));
    Ok(counts)
}

/// Kinds with fields that stay as they were made.
const WITH_IMMUTABLE_FIELDS: [&str; 11] = [
    "ClusterRoleBinding",
    "ConfigMap",
    "DaemonSet",
    "Deployment",
    "Job",
    "PersistentVolumeClaim",
    "RoleBinding",
    "Secret",
    "Service",
    "StatefulSet",
    "StorageClass",
];

/// What the server would refuse for fields that stay as they were made, and so whatever comes meanwhile. Nothing is said of
/// other refusals.
///
/// # Errors
/// Where the cluster cannot be asked.
pub(super) async fn immutable(run: &Run<'_>) -> Result<Vec<Finding>, ApiError> {
    let to_come = ToCome::of(run.cluster, run.plan).await?;
    let at_risk = |placed: &&Placed| {
        WITH_IMMUTABLE_FIELDS.contains(&placed.object.kind()) && !to_come.holds(&placed.object)
    };
    let looks = run.plan.layers.iter().map(async |layer| {
        let set = ApplySet::named(&layer.name);
        let placed: Vec<&Placed> = layer.objects().filter(at_risk).collect();
        let objects: Vec<&Object> = placed.iter().map(|placed| &placed.object).collect();
        let sight = run.cluster.look(&objects, Some(&set.selector())).await;
        (set, placed, sight)
    });
    let looks = futures::future::join_all(looks).await;
    let rehearsals = looks.iter().flat_map(|(set, placed, sight)| {
        let rehearsal = |placed| Rehearsal { run, mode: Mode::ForcedDryRun, to_come: &to_come, set, placed };
        placed.iter().map(move |placed| (rehearsal(*placed), sight.of(&placed.object)))
    });
    let refusals = rehearsals.map(|(rehearsal, seen)| rehearsal.immutable(seen)).collect::<Vec<_>>();
    let refusals: Vec<_> = futures::stream::iter(refusals).buffered(CONCURRENT).try_collect().await?;
    Ok(refusals.into_iter().flatten().collect())
}

/// One object on its way through a dry run.
struct Rehearsal<'a> {
    run: &'a Run<'a>,
    mode: Mode,
    to_come: &'a ToCome,
    set: &'a ApplySet,
    placed: &'a Placed,
}

impl Rehearsal<'_> {
    async fn told(self) -> Result<Event, ApiError> {
        let mut object = self.placed.object.clone();
        self.set.mark(&mut object);
        if self.to_come.holds(&object) {
            return Ok(self.planned(PlannedOutcome::Create, Diff::of_new(&object)));
        }
        let as_served = self.to_come.as_served(self.run.cluster, &object);
        let asked = as_served.as_ref().unwrap_or(&object);
        match self.rehearsed(asked).await {
            Ok(applied) => Ok(self.outcome(&object, &applied)),
            Err(error) if is_about_the_cluster(&error) => Err(error),
            Err(error) if error.is_not_found() && brings_role_of(self.run.plan, &object) => {
                Ok(self.planned(PlannedOutcome::Create, Diff::of_new(&object)))
            }
            Err(error) => Ok(self.refused(&error)),
        }
    }

    /// What is not there has no fields that could stay.
    async fn immutable(self, seen: Seen<'_>) -> Result<Option<Finding>, ApiError> {
        let mut object = self.placed.object.clone();
        self.set.mark(&mut object);
        let read;
        let seen = match seen {
            Seen::Unknown => {
                read = self.run.cluster.get(&object).await;
                match &read {
                    Ok(live) => live.as_ref().map_or(Seen::Absent, Seen::There),
                    Err(error) if is_about_the_cluster(error) => return Err(error.clone()),
                    Err(_) => return Ok(None),
                }
            }
            seen => seen,
        };
        if seen == Seen::Absent || matches!(seen, Seen::There(live) if is_changeable(&object, live)) {
            return Ok(None);
        }
        match attempt(self.run.cluster, &object, seen, self.mode).await {
            Err(error) if is_about_the_cluster(&error) => Err(error),
            Err(error) => {
                let finding = refusal::finding(self.placed, &error);
                Ok((finding.code == Code::FieldImmutable).then_some(finding))
            }
            Ok(_) => Ok(None),
        }
    }

    /// The dry run, once more where what refused it passes.
    async fn rehearsed(&self, object: &Object) -> Result<Applied, ApiError> {
        let mut patience = Patience::until(Instant::now() + PATIENCE);
        loop {
            let error = match attempt(self.run.cluster, object, Seen::Unknown, self.mode).await {
                Ok(applied) => return Ok(applied),
                Err(error) => error,
            };
            // Nothing that is missing comes while nothing is written.
            let is_missing = error.is_not_found() || matches!(error, ApiError::UnknownKind { .. });
            match patience.after(&error).filter(|_| !is_missing) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error),
            }
        }
    }

    fn outcome(&self, object: &Object, applied: &Applied) -> Event {
        let Some(before) = &applied.before else {
            // As the layer has it: what the server makes up for it, an address, say, would be another next time.
            return self.planned(PlannedOutcome::Create, Diff::of_new(object));
        };
        self.run.tally.remember(object.id(), before);
        if applied.outcome == Outcome::Unchanged {
            return self.planned(PlannedOutcome::None, Diff::default());
        }
        let mut event = self.planned(PlannedOutcome::Change, Diff::between(before, &applied.live));
        if let Event::ObjectPlanned { finding, .. } = &mut event {
            *finding = made_by(self.placed, &applied.makers, ("is", "it would have what the layer says"));
        }
        event
    }

    fn planned(&self, outcome: PlannedOutcome, diff: Diff) -> Event {
        Event::ObjectPlanned {
            layer: self.set.layer.clone(),
            object: self.placed.object.id(),
            outcome,
            diff,
            reason: None,
            conflicts: Vec::new(),
            finding: None,
        }
    }

    fn refused(&self, error: &ApiError) -> Event {
        Event::ObjectPlanned {
            layer: self.set.layer.clone(),
            object: self.placed.object.id(),
            outcome: PlannedOutcome::Refused,
            diff: Diff::default(),
            reason: None,
            conflicts: refusal::conflicts(error),
            finding: Some(refusal::finding(self.placed, error)),
        }
    }
}

/// A ConfigMap stays as it is only where it says so, which is seen of members: they are read whole. There may be thousands.
fn is_changeable(object: &Object, live: &Object) -> bool {
    let is_member = live.label(PART_OF).is_some() && live.label(PART_OF) == object.label(PART_OF);
    object.is("", "ConfigMap") && is_member && live.pointer("/immutable").is_none_or(|it| *it == false)
}

/// Whether it would be the same for every object.
fn is_about_the_cluster(error: &ApiError) -> bool {
    match error {
        ApiError::Refused { status, .. } => *status == StatusCode::UNAUTHORIZED,
        ApiError::Lost { .. }
        | ApiError::TimedOut { .. }
        | ApiError::Untrusted { .. }
        | ApiError::Credentials { .. } => true,
        _ => false,
    }
}
