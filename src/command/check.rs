use std::process::ExitCode;
use std::time::Instant;

use super::connect::reach;
use super::logins::logins;
use super::show::Show;
use crate::cli::{CheckArgs, LookArgs};
use crate::engine::{Fetching, Parts, Preflight, Tally};
use crate::event::{Event, Step};
use crate::failure::Failure;
use crate::finding::{self, Code, Finding, Severity};
use crate::settings::Inputs;

/// Says what would not work, and changes nothing.
pub(super) async fn run(profile: &str, arguments: CheckArgs, look: &LookArgs) -> ExitCode {
    let mut show = Show::new(arguments.output, look).report_to(arguments.report.clone());
    let begun = Instant::now();
    let ended = check(profile, arguments, &mut show).await.map(|()| Vec::new());
    show.end(ended, &Tally::default(), begun.elapsed()).await
}

async fn check(profile: &str, arguments: CheckArgs, show: &mut Show) -> Result<(), Failure> {
    let inputs = Inputs::resolve(profile, arguments.bundle.as_deref(), arguments.plan)?;
    let profile = inputs.profile();
    // Files that cannot be read are no finding: there is nothing to look at before they are right.
    let (layers, warnings) = inputs.render()?;
    show.warn(&warnings);
    let logins = logins(arguments.registry.file(), profile, &layers, |none| show.warn(&[none])).await?;
    let fetching = Fetching::begin(profile, &inputs.supply);
    let mut findings = Vec::new();
    let mut reached = None;
    if !arguments.no_cluster {
        match reach(&profile.name, arguments.target, show).await {
            Ok(cluster) => reached = Some(cluster),
            Err(failure) => findings.push(told(Code::Unreachable, &failure)),
        }
    }
    show.begin()?;
    let cluster = reached.as_ref().map(|(cluster, target)| (cluster, target));
    let preflight = Preflight { profile, cluster, supply: &inputs.supply, logins: &logins };
    let rehearsed = preflight.rehearse(Parts { layers, fetching }, &show.announcer, &show.stop).await;
    let mut rehearsed = rehearsed.map_err(|_interrupted| show.interrupted())?;
    for (code, error) in rehearsed.failures.drain(..) {
        findings.push(told(code, &Failure::Engine(Box::new(error))));
    }

    let examining = async {
        findings.extend(preflight.examine(&rehearsed).await);
        finding::sort(&mut findings);
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        let warnings = findings.len() - errors;
        findings.into_iter().for_each(|finding| show.announcer.say(Event::Found(finding)));
        Ok::<_, Failure>((errors, warnings))
    };
    let (errors, warnings) = show.step(Step::Check, examining).await?;
    if errors == 0 { Ok(()) } else { Err(Failure::Found { errors, warnings }) }
}

/// What ends an installation is one finding among others here.
fn told(code: Code, failure: &Failure) -> Finding {
    let hint = failure.hint().unwrap_or_else(|| "an installation would end with the same".to_owned());
    // A finding is one line.
    let seen: Vec<String> = failure.text().lines().map(|line| line.trim().to_owned()).collect();
    Finding::error(code, seen.join("; "), hint)
}
