use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::connect::reach;
use super::show::Show;
use crate::cli::{LookArgs, VerifyArgs};
use crate::engine::{self, EngineError, FailedCheck, Probing, Tally, Verification};
use crate::event::Step;
use crate::failure::Failure;
use crate::plan::Plan;
use crate::profile::Check;
use crate::settings::Inputs;

/// For changes that are still on their way to the proxies.
const SETTLING: Duration = Duration::from_secs(2);

/// Proves that a mesh is what was promised, whoever installed it.
pub(super) async fn run(profile: Option<&str>, arguments: VerifyArgs, look: &LookArgs) -> ExitCode {
    let files = arguments.report.iter().chain(&arguments.junit).cloned();
    let mut show = Show::new(arguments.output, look).report_to(files);
    let begun = Instant::now();
    let ended = prove(profile, arguments, &mut show).await.map(|()| Vec::new());
    show.end(ended, &Tally::default(), begun.elapsed()).await
}

async fn prove(profile: Option<&str>, arguments: VerifyArgs, show: &mut Show) -> Result<(), Failure> {
    let mut checks = arguments.checks();
    let mut inputs = None;
    if profile.is_some() || arguments.bundle.is_some() {
        let profile = profile.unwrap_or_default();
        inputs = Some(Inputs::resolve(profile, arguments.bundle.as_deref(), arguments.plan)?);
    }
    // As at the end of an installation: while plaintext is let in on purpose, nobody is refused for it.
    if inputs.as_ref().is_some_and(|inputs| inputs.profile().is_permissive()) {
        checks.retain(|check| *check != Check::Mtls);
    }
    let plan = inputs.as_ref().map(|inputs| planned(inputs, show)).transpose()?;
    let name = inputs.as_ref().map_or("verify", |inputs| &inputs.profile().name);
    let (cluster, _) = reach(name, arguments.target, show).await?;
    show.begin()?;
    let probing = match (arguments.no_probes, arguments.pairs) {
        (true, _) => Probing::Off,
        (false, true) => Probing::Pairs,
        (false, false) => Probing::One,
    };
    let verification = Verification {
        cluster: &cluster,
        plan: plan.as_ref(),
        istio: inputs.as_ref().and_then(|inputs| inputs.profile().istio.as_ref()),
        checks,
        namespaces: &arguments.namespace,
        probing,
        settling: SETTLING,
    };
    let verifying = async {
        let reports = engine::verify(verification, &show.announcer, &show.stop).await;
        let reports = reports.map_err(|error| match error {
            EngineError::Interrupted => show.interrupted(),
            error => Failure::from(error),
        })?;
        let failed: Vec<FailedCheck> = reports.iter().filter_map(FailedCheck::of).collect();
        if failed.is_empty() { Ok(()) } else { Err(EngineError::Checks(failed).into()) }
    };
    show.step_to_its_end(Step::Verify, verifying).await
}

/// What the layers promise. Istio itself is not rendered for it: the profile says what matters of it.
fn planned(inputs: &Inputs, show: &Show) -> Result<Plan, Failure> {
    let (layers, warnings) = inputs.render()?;
    show.warn(&warnings);
    Ok(Plan::of(layers).0)
}
