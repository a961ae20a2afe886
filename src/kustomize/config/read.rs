//! Reading `configurations`: files that add fields to the steps.

use std::borrow::Cow;

use crate::kustomize::fields::{Document, Entry, Fields, Unknown};
use crate::kustomize::fieldspec::FieldSpec;
use crate::kustomize::gvk::Gvk;
use crate::kustomize::load::{self, Folder};
use crate::kustomize::{At, Error, Source};

use super::{Config, Reference};

const KNOWN: [&str; 11] = [
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "templateLabels",
    "commonAnnotations",
    "nameReference",
    "varReference",
    "images",
    "replicas",
];

/// What the files of `configurations` say together.
pub(in crate::kustomize) fn from_files(
    source: &dyn Source,
    folder: &Folder,
    entries: &[Entry],
) -> Result<Config, Error> {
    let mut config = Config::default();
    for entry in entries {
        let (file, document) = load::one_document(source, folder, entry)?;
        let Some(document) = document else { continue };
        let at = At { file: file.clone(), line: None };
        let located = Document { file, lines: document.lines, line: None, unknown: Unknown::Refused };
        let more = match Fields::one_or_list(&located, &document.value)?.as_slice() {
            [fields] => read(fields)?,
            _ => return Err(Error::NoKustomizationDocument { at }),
        };
        config.merge(&more).map_err(|path| Error::FieldSpecConflict { at, path })?;
    }
    Ok(config)
}

fn read(fields: &Fields<'_>) -> Result<Config, Error> {
    fields.allow(&KNOWN)?;
    let specs = |list: &str| -> Result<Vec<FieldSpec>, Error> {
        fields.items(list)?.iter().map(field_spec).collect()
    };
    let mut config = Config {
        name_prefix: specs("namePrefix")?,
        name_suffix: specs("nameSuffix")?,
        namespace: specs("namespace")?,
        common_labels: specs("commonLabels")?,
        labels: specs("labels")?,
        template_labels: specs("templateLabels")?,
        common_annotations: specs("commonAnnotations")?,
        name_reference: fields.items("nameReference")?.iter().map(reference).collect::<Result<_, _>>()?,
        var_reference: specs("varReference")?,
        images: specs("images")?,
        replicas: specs("replicas")?,
    };
    config.sort();
    Ok(config)
}

fn reference(fields: &Fields<'_>) -> Result<Reference, Error> {
    fields.allow(&["group", "version", "kind", "fieldSpecs"])?;
    let specs = fields.items("fieldSpecs")?;
    Ok(Reference { target: gvk(fields)?, fields: specs.iter().map(field_spec).collect::<Result<_, _>>()? })
}

/// A field and the kinds that have it.
pub(in crate::kustomize) fn field_spec(fields: &Fields<'_>) -> Result<FieldSpec, Error> {
    fields.allow(&["group", "version", "kind", "path", "create"])?;
    let path = fields.text("path")?.unwrap_or_default();
    Ok(FieldSpec { of: gvk(fields)?, path: path.into(), create: fields.flag("create")? })
}

fn gvk(fields: &Fields<'_>) -> Result<Gvk, Error> {
    let word = |field| Ok::<Cow<'static, str>, Error>(fields.text(field)?.unwrap_or_default().into());
    Ok(Gvk { group: word("group")?, version: word("version")?, kind: word("kind")? })
}
