use std::process::ExitCode;

use super::quiet::quietly;
use super::told;
use crate::cli::CheckArgs;
use crate::engine::Preflight;
use crate::failure::Failure;
use crate::object::yaml;
use crate::rights::{Grantee, roles};
use crate::settings::Inputs;

/// Prints roles that allow a user all that an installation does. No cluster is asked.
pub(super) async fn run(profile: &str, arguments: CheckArgs, user: &str) -> ExitCode {
    match print(profile, arguments, user).await {
        Ok(text) => told::print(&text),
        Err(failure) => told::failure(&failure),
    }
}

async fn print(profile: &str, arguments: CheckArgs, user: &str) -> Result<String, Failure> {
    let inputs = Inputs::resolve(profile, arguments.bundle.as_deref(), arguments.plan)?;
    let (layers, warnings) = inputs.render()?;
    warnings.iter().for_each(told::warning);
    let preflight = Preflight { profile: inputs.profile(), layers, cluster: None, supply: &inputs.supply };
    let mut rehearsed =
        quietly(async |announcer, stop| Ok(preflight.rehearse(announcer, stop).await?)).await?;
    // Roles for a part of the plan would end in an installation that is half done.
    if let Some((_, error)) = rehearsed.failures.drain(..).next() {
        return Err(error.into());
    }
    Ok(yaml::objects_to_string(&roles(rehearsed.plan(), &Grantee::of(user))))
}
