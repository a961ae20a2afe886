use std::process::ExitCode;

use super::connect::reach_quietly;
use super::logins::logins;
use super::quiet::quietly;
use super::told;
use crate::cli::CheckArgs;
use crate::engine::{EngineError, Fetching, Parts, Preflight};
use crate::failure::Failure;
use crate::object::{Object, yaml};
use crate::rights::{Grantee, Undertaking, missing_roles, roles};
use crate::settings::Inputs;

/// Which roles are to be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roles {
    /// With all that an installation does, for this user. No cluster is asked.
    All(String),
    /// With what the user of the kubeconfig lacks in its cluster.
    Missing,
}

impl Roles {
    /// None where the plan is to be looked at.
    pub(super) fn wanted(arguments: &CheckArgs) -> Option<Self> {
        let all = arguments.print_roles.clone().map(Self::All);
        all.or_else(|| arguments.print_missing_roles.then_some(Self::Missing))
    }
}

/// Prints roles that allow a user what an installation does.
pub(super) async fn run(profile: &str, arguments: CheckArgs, wanted: Roles) -> ExitCode {
    match print(profile, arguments, wanted).await {
        Ok(objects) if objects.is_empty() => {
            told::note("you may do all that this plan asks for: there is nothing to grant");
            ExitCode::SUCCESS
        }
        Ok(objects) => told::print(&yaml::objects_to_string(&objects)),
        Err(failure) => told::failure(&failure),
    }
}

async fn print(profile: &str, arguments: CheckArgs, wanted: Roles) -> Result<Vec<Object>, Failure> {
    let inputs = Inputs::resolve(profile, arguments.bundle.as_deref(), arguments.plan)?;
    let (layers, warnings) = inputs.render()?;
    warnings.iter().for_each(told::warning);
    let warn = |none: String| told::warning(&none);
    let logins = logins(arguments.registry.file(), inputs.profile(), &layers, warn).await?;
    quietly(async |announcer, stop| {
        let fetching = Fetching::begin(inputs.profile(), &inputs.supply);
        let reached = match wanted {
            Roles::All(_) => None,
            Roles::Missing => Some(reach_quietly(arguments.target).await?),
        };
        let cluster = reached.as_ref().map(|(cluster, target)| (cluster, target));
        let profile = inputs.profile();
        let preflight = Preflight { profile, cluster, supply: &inputs.supply, logins: &logins };
        let mut rehearsed = preflight.rehearse(Parts { layers, fetching }, announcer, stop).await?;
        // Roles for a part of the plan would end in an installation that is half done.
        if let Some((_, error)) = rehearsed.failures.drain(..).next() {
            return Err(error.into());
        }
        let plan = rehearsed.plan();
        match wanted {
            Roles::All(user) => {
                let is_verified = profile.is_verified();
                let undertaking = Undertaking { plan, is_pruned: true, is_verified, served: &|_| None };
                Ok(roles(&undertaking, &Grantee::of(&user)))
            }
            Roles::Missing => {
                let missing = preflight.missing(&rehearsed).await;
                let missing = missing.map_err(EngineError::api("asking what may be done"))?;
                match &missing.user {
                    _ if missing.is_empty() => Ok(Vec::new()),
                    Some(user) => Ok(missing_roles(plan, &missing, &Grantee::of(user))),
                    None => Err(Failure::NamelessUser),
                }
            }
        }
    })
    .await
}
