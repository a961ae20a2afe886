//! Reading `configMapGenerator`, `secretGenerator` and `generatorOptions`.

use crate::kustomize::Error;
use crate::kustomize::fields::{Entry, Fields};

use super::read::{each, given};
use super::{Behavior, Generated, Generator, GeneratorOptions};

const GENERATOR: &[&str] =
    &["name", "namespace", "behavior", "literals", "files", "envs", "env", "options", "type"];

pub(super) fn all(fields: &Fields<'_>, options: &GeneratorOptions) -> Result<Vec<Generator>, Error> {
    let config_map = |f: &Fields<'_>| generator(f, Generated::ConfigMap, f.text("name")?, options);
    let secret = |f: &Fields<'_>| generator(f, secret(f)?, f.text("name")?, options);
    Ok([each(fields, "configMapGenerator", config_map)?, each(fields, "secretGenerator", secret)?].concat())
}

fn secret(fields: &Fields<'_>) -> Result<Generated, Error> {
    let type_ = fields.text("type")?.filter(|type_| !type_.is_empty());
    Ok(Generated::Secret { type_: type_.unwrap_or_else(|| "Opaque".into()) })
}

fn generator(
    fields: &Fields<'_>,
    kind: Generated,
    name: Option<String>,
    global: &GeneratorOptions,
) -> Result<Generator, Error> {
    let known = if kind == Generated::ConfigMap { &GENERATOR[..GENERATOR.len() - 1] } else { GENERATOR };
    fields.allow(known)?;
    let mut own = match fields.child("options")? {
        Some(fields) => options(&fields)?,
        None => GeneratorOptions::default(),
    };
    own.inherit(global);
    let mut envs = fields.texts("envs")?;
    if let Some(text) = fields.text("env")?.filter(|text| !text.is_empty()) {
        envs.push(Entry { text, at: fields.at("env") });
    }
    Ok(Generator {
        kind,
        name: given(fields, "name", name)?,
        namespace: fields.text("namespace")?.filter(|namespace| !namespace.is_empty()),
        behavior: behavior(fields)?,
        envs,
        literals: fields.texts("literals")?,
        files: fields.texts("files")?,
        options: own,
        at: fields.here(),
    })
}

/// A document that asks for a ConfigMap or a Secret: its name may be its own.
pub(in crate::kustomize) fn plugin(fields: &Fields<'_>, is_secret: bool) -> Result<Generator, Error> {
    let metadata = fields.child("metadata")?;
    let own = |field: &str| -> Result<Option<String>, Error> {
        let text = metadata.as_ref().map(|metadata| metadata.text(field)).transpose()?.flatten();
        Ok(fields.text(field)?.filter(|text| !text.is_empty()).or(text))
    };
    let (name, namespace) = (own("name")?, own("namespace")?);
    let kind = if is_secret { secret(fields)? } else { Generated::ConfigMap };
    let data = generator(fields, kind, name, &GeneratorOptions::default())?;
    Ok(Generator { namespace, ..data })
}

fn behavior(fields: &Fields<'_>) -> Result<Behavior, Error> {
    match fields.text("behavior")?.as_deref() {
        None | Some("" | "create") => Ok(Behavior::Create),
        Some("merge") => Ok(Behavior::Merge),
        Some("replace") => Ok(Behavior::Replace),
        Some(other) => Err(Error::WrongValue {
            at: fields.at("behavior"),
            field: "behavior".into(),
            value: other.into(),
            expected: "create, merge or replace",
        }),
    }
}

pub(super) fn options(fields: &Fields<'_>) -> Result<GeneratorOptions, Error> {
    fields.allow(&["labels", "annotations", "disableNameSuffixHash", "immutable"])?;
    Ok(GeneratorOptions {
        labels: fields.pairs("labels")?,
        annotations: fields.pairs("annotations")?,
        disable_name_suffix_hash: fields.flag("disableNameSuffixHash")?,
        immutable: fields.flag("immutable")?,
    })
}
