use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use super::told;
use crate::cli::ObjectForm;
use crate::failure::Failure;
use crate::kustomize::{self, DirSource};
use crate::object::{Object, yaml};

/// Prints the objects of a folder, as `kubectl kustomize` does.
pub(super) fn run(path: &Path, form: ObjectForm) -> ExitCode {
    match print(path, form) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => told::failure(&failure),
    }
}

fn print(path: &Path, form: ObjectForm) -> Result<(), Failure> {
    let rendered = kustomize::render(&DirSource, path)?;
    for warning in &rendered.warnings {
        told::warning(warning);
    }
    let objects: Vec<Object> = rendered.objects.into_iter().map(|located| located.object).collect();
    let text = match form {
        ObjectForm::Yaml => yaml::objects_to_string(&objects),
        ObjectForm::Json => {
            let items: Vec<_> = objects.into_iter().map(Object::into_value).collect();
            let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items});
            format!("{list:#}\n")
        }
    };
    std::io::stdout().write_all(text.as_bytes()).map_err(Failure::Output)
}
