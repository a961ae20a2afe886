//! Asks a running mesh what `verify` judges it by, and says what came of it. Nothing is changed, but for the probes that come
//! and go.

mod calls;
mod dashboards;
mod injection;
mod look;
mod probes;
mod proxies;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::run::{Course, Patience};
use super::{EngineError, FailedCheck, istiod};
use crate::cluster::{ApiError, Cluster};
use crate::event::{Announcer, CheckOutcome, Event};
use crate::object::{ObjectId, Snapshot};
use crate::plan::{Layer, Plan};
use crate::profile::{Check, Istio};
use crate::verify::{self, Call, Connection, Outcome, Promised, Report, Seen};

pub use probes::Probing;

use probes::Probes;

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
    pub probing: Probing,
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
    let objects = course.stoppable(verification.look()).await?;
    let promised = verification.promised(&objects);
    let probing = if verification.needs_probes() { verification.probing } else { Probing::Off };
    let mut probes = Probes::make(verification.cluster, &promised, &objects, probing).await;
    // However it ends, and by a signal too, the probes go.
    let reports = course.stoppable(verification.settled(&mut probes)).await;
    probes.remove().await;
    let reports = reports?;
    reports.iter().for_each(|report| announcer.say(Event::from(report)));
    Ok(reports)
}

impl Verification<'_> {
    /// Looks until all is proven, or the time is over.
    async fn settled(&self, probes: &mut Probes<'_>) -> Result<Vec<Report>, EngineError> {
        probes.ready().await;
        let mut patience = Patience::until(Instant::now() + self.settling);
        loop {
            let reports = self.once(probes).await?;
            let is_proven = reports.iter().all(|report| report.outcome == Outcome::Passed);
            match patience.next(None) {
                Some(wait) if !is_proven => tokio::time::sleep(wait).await,
                _ => break Ok(reports),
            }
        }
    }

    async fn once(&self, probes: &Probes<'_>) -> Result<Vec<Report>, EngineError> {
        let (cluster, objects) = (self.cluster, self.look().await?);
        let promised = self.promised(&objects);
        let (proxies, injection, calls, routes, dashboards) = tokio::join!(
            istiod::proxies(cluster, &objects),
            injection::in_each(cluster, &promised.namespaces),
            self.calls(&promised, &objects, probes),
            self.if_wanted(Check::Routing, proxies::routes(cluster, &promised, &objects)),
            self.if_wanted(Check::Dashboards, dashboards::all(cluster, &promised, &objects)),
        );
        let (calls, connections) = calls.map_err(EngineError::api("calling the services"))?;
        let injection = injection?;
        let probes = probes.outcomes();
        let seen = Seen { objects, proxies, injection, probes, calls, connections, routes, dashboards };
        Ok(self.checks().map(|check| verify::judge(check, &promised, &seen)).collect())
    }

    async fn look(&self) -> Result<Snapshot, EngineError> {
        look::at_mesh(self.cluster).await.map_err(EngineError::api("reading the mesh"))
    }

    async fn calls(
        &self,
        promised: &Promised,
        objects: &Snapshot,
        probes: &Probes<'_>,
    ) -> Result<(Vec<Call>, BTreeMap<ObjectId, Connection>), ApiError> {
        if !self.needs_probes() {
            return Ok((Vec::new(), BTreeMap::new()));
        }
        let calls = calls::all(self.cluster, promised, objects, probes).await?;
        Ok((calls, calls::connections(self.cluster, promised, probes).await))
    }

    async fn if_wanted<T: Default>(&self, check: Check, asking: impl Future<Output = T>) -> T {
        if self.checks.contains(&check) { asking.await } else { T::default() }
    }

    /// Whether a check is about calls.
    fn needs_probes(&self) -> bool {
        self.checks().any(|check| matches!(check, Check::Connectivity | Check::Mtls))
    }

    /// Without a probe, nothing calls through the mesh.
    fn checks(&self) -> impl Iterator<Item = Check> {
        let can_be_made = |check: &Check| self.probing != Probing::Off || *check != Check::Connectivity;
        self.checks.iter().copied().filter(can_be_made)
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

/// The server's words, where it said no: what is asked for here has no name yet.
fn words(error: ApiError) -> String {
    match error {
        ApiError::Refused { message, .. } => message,
        error => error.to_string(),
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
