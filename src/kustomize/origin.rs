//! `buildMetadata`: where each object came from and which steps changed it, told in annotations of its own.

use std::path::{Path, PathBuf};

use crate::object::{Object, yaml};

use super::resource::Resources;
use super::source::normal;

const ORIGIN: &str = "config.kubernetes.io/origin";
const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// The version of kustomize that every released kubectl believes to have.
const MANAGER: &str = "kustomize-(devel)";

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    /// Whether anything is asked for, known or not: then everything is noted on the way.
    pub(super) is_noted: bool,
    pub(super) origins: bool,
    pub(super) transformations: bool,
    pub(super) managed_by: bool,
}

/// Where something came from: a file, or an entry or a document in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    File(PathBuf),
    Configured { file: PathBuf, by: Configuration },
}

/// What made or changed an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Configuration {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: String,
}

impl Configuration {
    /// A field of a kustomization, by the plugin that stands behind it.
    pub(super) fn builtin(kind: &str) -> Self {
        let none = String::new;
        Self { api_version: "builtin".into(), kind: kind.into(), name: none(), namespace: none() }
    }

    /// A document that asks for a plugin.
    pub(super) fn of(object: &Object) -> Self {
        Self {
            api_version: object.api_version().into(),
            kind: object.kind().into(),
            name: object.name().into(),
            namespace: object.namespace().unwrap_or_default().into(),
        }
    }
}

impl Origin {
    fn lines(&self) -> Vec<String> {
        let word = |path: &Path| scalar(&path.to_string_lossy());
        match self {
            Self::File(path) => vec![format!("path: {}", word(path))],
            Self::Configured { file, by } => {
                let fields = [
                    ("apiVersion", &by.api_version),
                    ("kind", &by.kind),
                    ("name", &by.name),
                    ("namespace", &by.namespace),
                ];
                let mut lines = vec![format!("configuredIn: {}", word(file)), "configuredBy:".to_owned()];
                let given = fields.into_iter().filter(|(_, value)| !value.is_empty());
                lines.extend(given.map(|(field, value)| format!("  {field}: {}", scalar(value))));
                lines
            }
        }
    }

    /// Writes it down as where an object comes from.
    pub(super) fn write(&self, object: &mut Object) {
        let lines: String = self.lines().iter().map(|line| format!("{line}\n")).collect();
        object.set_annotation(ORIGIN, &lines);
    }

    /// Writes it down with all objects as a step that changed them; an object without an origin was made
    /// by it.
    pub(super) fn write_as_step(&self, resources: &mut Resources) {
        let item: String = self
            .lines()
            .iter()
            .enumerate()
            .map(|(at, line)| format!("{}{line}\n", if at == 0 { "- " } else { "  " }))
            .collect();
        for resource in &mut resources.list {
            // All annotations are made anew.
            resource.shared.part(|place| place.starts_with(&["metadata".into(), "annotations".into()]));
            let object = &mut resource.object;
            if object.annotation(ORIGIN).is_none() {
                self.write(object);
                continue;
            }
            let earlier = object.annotation(TRANSFORMATIONS).unwrap_or_default();
            let all = format!("{earlier}{item}");
            object.set_annotation(TRANSFORMATIONS, &all);
        }
    }
}

/// The file that an object says it comes from.
pub(super) fn file_of(object: &Object) -> Option<PathBuf> {
    let documents = yaml::parse_documents(object.annotation(ORIGIN)?).ok()?;
    Some(documents.first()?.value.get("path")?.as_str()?.into())
}

/// What an object says of where it comes from.
pub(super) fn of(object: &Object) -> Option<String> {
    object.annotation(ORIGIN).map(str::to_owned)
}

pub(super) fn restore(object: &mut Object, origin: &str) {
    object.set_annotation(ORIGIN, origin);
}

/// Where a path leads from the folder of the outermost kustomization.
pub(super) fn below(folder: &Path, path: impl AsRef<Path>) -> PathBuf {
    normal(&folder.join(path))
}

/// Takes away what is not asked for, and adds the label that is.
pub(super) fn finish(metadata: Metadata, resources: &mut Resources) {
    for resource in &mut resources.list {
        let fields = resource.object.fields_mut().get_mut("metadata");
        let annotations = fields.and_then(|metadata| metadata.get_mut("annotations")?.as_object_mut());
        if let Some(annotations) = annotations {
            for (annotation, stays) in
                [(ORIGIN, metadata.origins), (TRANSFORMATIONS, metadata.transformations)]
            {
                if !stays {
                    annotations.remove(annotation);
                }
            }
        }
        if metadata.managed_by {
            resource.object.set_label(MANAGED_BY, MANAGER);
        }
    }
}

fn scalar(text: &str) -> String {
    yaml::to_string(&text.into()).trim_end().to_owned()
}
