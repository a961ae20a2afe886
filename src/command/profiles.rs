use std::process::ExitCode;

use super::told;
use crate::cli::{ObjectForm, ProfileArgs, ProfilesCommand};
use crate::failure::Failure;
use crate::profile::{self, ProfileError, ProfileFile, Summary};
use crate::settings::{self, SettingsError};

/// Lists the profiles of this program, or shows one.
pub(super) fn run(command: Option<ProfilesCommand>) -> ExitCode {
    let text = match command {
        None => Ok(list()),
        Some(ProfilesCommand::Show { profile, resolved, over, output }) => {
            let is_resolved = resolved || !over.is_empty() || output == ObjectForm::Json;
            if is_resolved { explained(&profile, over, output) } else { written(&profile) }
        }
        Some(ProfilesCommand::Schema) => Ok(format!("{:#}\n", profile::schema())),
    };
    match text {
        Ok(text) => told::print(&text),
        Err(error) => told::failure(&Failure::from(SettingsError::from(error))),
    }
}

fn list() -> String {
    let profiles = profile::embedded();
    let width = profiles.iter().map(|profile| profile.name.len()).max().unwrap_or_default();
    let line = |Summary { name, description }| format!("{name:width$}  {description}\n");
    profiles.into_iter().map(line).collect()
}

fn written(name_or_file: &str) -> Result<String, ProfileError> {
    ProfileFile::named(name_or_file).text()
}

fn explained(name_or_file: &str, over: ProfileArgs, form: ObjectForm) -> Result<String, ProfileError> {
    let resolved = settings::resolve_profile(&ProfileFile::named(name_or_file), over)?;
    Ok(match form {
        ObjectForm::Yaml => resolved.to_yaml(),
        ObjectForm::Json => format!("{:#}\n", resolved.to_json()),
    })
}
