//! The checks that an installation ends with: those that its profile asks for, and that what runs is what it is
//! pinned to.

use std::time::Duration;

use tokio::time::Instant;

use super::pinned::{self, Pins};
use super::run::{Patience, Run};
use super::verify::{Probing, Proving, Verification};
use super::{EngineError, FailedCheck};
use crate::event::{ApplyOutcome, CheckOutcome, Event};
use crate::profile::Profile;

/// How long a check may fail before it has failed: configuration takes a moment to reach a sidecar.
const SETTLING: Duration = Duration::from_secs(20);

/// The checks of a run that has applied all its layers.
pub(super) struct Checks<'a> {
    run: &'a Run<'a>,
    pins: Option<&'a Pins>,
    /// None where the profile asks for no check.
    proving: Option<Proving<'a>>,
}

impl<'a> Checks<'a> {
    pub(super) fn of(run: &'a Run<'a>, profile: &'a Profile, pins: Option<&'a Pins>) -> Self {
        let proving = profile.is_verified().then(|| {
            let verification = Verification {
                cluster: run.cluster,
                plan: Some(run.plan),
                istio: profile.istio.as_ref(),
                checks: profile.provable_checks().collect(),
                namespaces: &[],
                probing: if has_changed(run) { Probing::One } else { Probing::Off },
                settling: SETTLING,
            };
            Proving::of(verification, run.course())
        });
        Self { run, pins, proving }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.proving.is_none() && self.pins.is_none()
    }

    /// Begins with those that need not wait for what is done beside them.
    pub(super) async fn beside<T>(
        &mut self,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        match &mut self.proving {
            Some(proving) => proving.beside(work).await,
            None => work.await,
        }
    }

    /// Carries out all of them, and fails with those that failed.
    pub(super) async fn all(&mut self) -> Result<(), EngineError> {
        let mut failed = Vec::new();
        if let Some(proving) = &mut self.proving {
            failed.extend(proving.reports().await?.iter().filter_map(FailedCheck::of));
        }
        if let Some(pins) = self.pins {
            failed.extend(images(self.run, pins).await?);
        }
        if failed.is_empty() { Ok(()) } else { Err(EngineError::Checks(failed)) }
    }

    /// Leaves nothing behind of what was begun.
    pub(super) async fn end(&mut self) {
        if let Some(proving) = &mut self.proving {
            proving.end().await;
        }
    }
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
