use std::path::Path;
use std::process::ExitCode;

use super::told;
use crate::cli::ObjectForm;
use crate::kustomize::{self, DirSource};
use crate::object::{Object, yaml};

/// Prints the objects of a folder, as `kubectl kustomize` does.
pub(super) fn run(path: &Path, form: ObjectForm) -> ExitCode {
    let rendered = match kustomize::render(&DirSource, path) {
        Ok(rendered) => rendered,
        Err(error) => return told::failure(&error.into()),
    };
    for warning in &rendered.warnings {
        told::warning(warning);
    }
    let objects = rendered.objects.into_iter().map(|located| located.object).collect();
    told::print(&text(objects, form))
}

fn text(objects: Vec<Object>, form: ObjectForm) -> String {
    match form {
        ObjectForm::Yaml => yaml::objects_to_string(&objects),
        ObjectForm::Json => {
            let items: Vec<_> = objects.into_iter().map(Object::into_value).collect();
            let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items});
            format!("{list:#}\n")
        }
    }
}
