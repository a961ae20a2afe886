//! Asks a running mesh what `verify` judges it by, and says what came of it. Nothing is changed.

mod calls;
mod injection;
mod look;

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::run::{Course, Patience};
use super::{EngineError, FailedCheck, istiod};
use crate::cluster::Cluster;
use crate::event::{Announcer, CheckOutcome, Event};
use crate::object::Snapshot;
use crate::plan::{Layer, Plan};
use crate::profile::{Check, Istio};
use crate::verify::{self, Outcome, Promised, Report, Seen};

/// What is to be verified, and by what.
#[derive(Debug)]
pub struct Verification<'a> {
    pub cluster: &'a Cluster,
    /// What was promised; None where what is found in the cluster is held to itself.
    pub plan: Option<&'a Plan>,
    /// The Istio that was promised.
    pub istio: Option<&'a Istio>,
    pub checks: &'a [Check],
    /// All that are in the mesh, where none is named.
    pub namespaces: &'a [String],
    /// How long checks may fail before they have failed.
    pub settling: Duration,
}

/// Carries out the checks, and announces each.
///
/// # Errors
/// What keeps the cluster from being asked at all. A check that fails is a report like any other.
pub async fn verify(
    verification: &Verification<'_>,
    announcer: &Announcer,
    stop: &CancellationToken,
) -> Result<Vec<Report>, EngineError> {
    let course = Course { announcer, stop };
    let mut patience = Patience::until(Instant::now() + verification.settling);
    let reports = loop {
        let reports = course.stoppable(verification.once()).await?;
        let is_proven = reports.iter().all(|report| report.outcome == Outcome::Passed);
        match patience.next(None) {
            Some(wait) if !is_proven => course.pause(wait).await?,
            _ => break reports,
        }
    };
    reports.iter().for_each(|report| announcer.say(Event::from(report)));
    Ok(reports)
}

impl Verification<'_> {
    async fn once(&self) -> Result<Vec<Report>, EngineError> {
        let objects = look::at_mesh(self.cluster).await.map_err(EngineError::api("reading the mesh"))?;
        let promised = self.promised(&objects);
        let (proxies, injection, calls) = tokio::join!(
            istiod::proxies(self.cluster, &objects),
            injection::in_each(self.cluster, &promised.namespaces),
            calls::in_plaintext(self.cluster, &promised, &objects),
        );
        let seen = Seen { objects, proxies, injection: injection?, calls: calls? };
        Ok(self.checks.iter().map(|check| verify::judge(*check, &promised, &seen)).collect())
    }

    fn promised(&self, live: &Snapshot) -> Promised {
        let Some(plan) = self.plan else { return Promised::as_found(live, self.namespaces) };
        let planned = plan.layers.iter().flat_map(Layer::objects).map(|placed| &placed.object);
        Promised {
            version: self.istio.map(|istio| istio.version.to_string()),
            addons: self.istio.map(|istio| istio.addons.clone()).unwrap_or_default(),
            ..Promised::by(planned, live, self.namespaces)
        }
    }
}

impl FailedCheck {
    /// None where the check has passed.
    pub fn of(report: &Report) -> Option<Self> {
        let seen = match report.outcome {
            Outcome::Passed => return None,
            Outcome::Failed => report.seen.clone(),
            Outcome::Blocked(by) => format!("blocked by {by}: {}", report.seen),
        };
        Some(Self { check: report.check.name(), seen })
    }
}

impl From<&Report> for Event {
    fn from(report: &Report) -> Self {
        let outcome = match report.outcome {
            Outcome::Passed => CheckOutcome::Passed,
            Outcome::Failed => CheckOutcome::Failed,
            Outcome::Blocked(by) => CheckOutcome::Blocked { by: by.name() },
        };
        Self::checked(report.check.name(), outcome, report.seen.clone(), report.findings.clone())
    }
}
