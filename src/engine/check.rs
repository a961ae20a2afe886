//! The checks that an installation ends with: those that its profile asks for, and that what runs is what it is
//! pinned to.

use std::time::Duration;

use tokio::time::Instant;

use super::pinned::{self, Pins};
use super::run::{Patience, Run};
use super::verify::{self, Probing, Verification};
use super::{EngineError, FailedCheck};
use crate::event::{ApplyOutcome, CheckOutcome, Event};
use crate::profile::{Check, Profile};

/// How long a check may fail before it has failed: configuration takes a moment to reach a sidecar.
const SETTLING: Duration = Duration::from_secs(20);

/// Carries out the checks, all of them, and fails with those that failed.
pub(super) async fn all(run: &Run<'_>, profile: &Profile, pins: Option<&Pins>) -> Result<(), EngineError> {
    let mut failed = Vec::new();
    let checks: Vec<Check> = profile.provable_checks().collect();
    if !checks.is_empty() {
        let verification = Verification {
            cluster: run.cluster,
            plan: Some(run.plan),
            istio: profile.istio.as_ref(),
            checks: &checks,
            namespaces: &[],
            probing: if has_changed(run) { Probing::One } else { Probing::Off },
            settling: SETTLING,
        };
        let reports = verify::verify(&verification, run.announcer, run.stop).await?;
        failed.extend(reports.iter().filter_map(FailedCheck::of));
    }
    if let Some(pins) = pins {
        failed.extend(images(run, pins).await?);
    }
    if failed.is_empty() { Ok(()) } else { Err(EngineError::Checks(failed)) }
}

/// A run that changed nothing leaves nothing behind to be proven by calls, and makes no pods.
fn has_changed(run: &Run<'_>) -> bool {
    [ApplyOutcome::Created, ApplyOutcome::Changed].iter().any(|outcome| run.tally.get(*outcome) > 0)
}

/// Compares what runs with the digests, until it is right or the time is over.
async fn images(run: &Run<'_>, pins: &Pins) -> Result<Option<FailedCheck>, EngineError> {
    let mut patience = Patience::until(Instant::now() + SETTLING);
    let seen = loop {
        run.go_on()?;
        let seen = pinned::check(run, pins).await;
        let seen = seen
            .or_else(|error| if error.passes() { Ok(Err(error.to_string())) } else { Err(error) })
            .map_err(EngineError::api("checking the mesh"))?;
        match (&seen, patience.next(None)) {
            (Err(_), Some(wait)) => run.pause(wait).await?,
            _ => break seen,
        }
    };
    let (outcome, failed, seen) = match seen {
        Ok(seen) => (CheckOutcome::Passed, None, seen),
        Err(seen) => {
            let failed = FailedCheck { check: pinned::CHECK, seen: seen.clone() };
            (CheckOutcome::Failed, Some(failed), seen)
        }
    };
    run.say(Event::checked(pinned::CHECK, outcome, seen, Vec::new()));
    Ok(failed)
}
