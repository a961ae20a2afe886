//! Asks a running mesh what `verify` judges it by, and says what came of it. Nothing is changed, but for the probes that come
//! and go.

mod calls;
mod dashboards;
mod injection;
mod look;
mod probes;
mod proving;
mod proxies;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::run::Course;
use super::{EngineError, FailedCheck};
use crate::cluster::{ApiError, Cluster};
use crate::event::{Announcer, CheckOutcome, Event};
use crate::object::Snapshot;
use crate::plan::{Layer, Plan};
use crate::profile::{Check, Istio};
use crate::verify::{Outcome, Promised, Report};

pub use probes::Probing;
pub(super) use proving::Proving;

/// What is to be verified, and by what.
#[derive(Debug)]
pub struct Verification<'a> {
    pub cluster: &'a Cluster,
    /// What was promised; None where what is found in the cluster is held to itself.
    pub plan: Option<&'a Plan>,
    /// The Istio that was promised.
    pub istio: Option<&'a Istio>,
    pub checks: Vec<Check>,
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
    verification: Verification<'_>,
    announcer: &Announcer,
    stop: &CancellationToken,
) -> Result<Vec<Report>, EngineError> {
    Proving::of(verification, Course { announcer, stop }).reports().await
}

impl Verification<'_> {
    async fn look(&self) -> Result<Snapshot, EngineError> {
        look::at_mesh(self.cluster).await.map_err(EngineError::api("reading the mesh"))
    }

    async fn if_wanted<T: Default>(&self, check: Check, asking: impl Future<Output = T>) -> T {
        if self.checks.contains(&check) { asking.await } else { T::default() }
    }

    /// Whether a check is about calls.
    fn needs_calls(&self) -> bool {
        self.checks().any(is_about_calls)
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

fn is_about_calls(check: Check) -> bool {
    matches!(check, Check::Connectivity | Check::Mtls)
}

/// The server's words, where it said no: what is asked for here has no name yet.
fn words(error: &ApiError) -> String {
    match error {
        ApiError::Refused { message, .. } => message.clone(),
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
