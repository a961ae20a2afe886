//! What the documents of kustomize's own plugins say.

use crate::kustomize::build::Context;
use crate::kustomize::config::field_spec;
use crate::kustomize::fields::{Document, Entry, Fields, Unknown};
use crate::kustomize::fieldspec::FieldSpec;
use crate::kustomize::generate::{Generation, GkeAccount};
use crate::kustomize::images::SetImage;
use crate::kustomize::kustomization::{Patch, generator, read, replacement};
use crate::kustomize::labels::AddPairs;
use crate::kustomize::load;
use crate::kustomize::names::{AddAffix, Place};
use crate::kustomize::namespace::{SetNamespace, Subjects};
use crate::kustomize::replacements;
use crate::kustomize::replicas::SetReplicas;
use crate::kustomize::resource::Resource;
use crate::kustomize::transform::Transformer;
use crate::kustomize::value_add::{AddTo, AddValue};
use crate::kustomize::{Error, PluginProblem};

use super::refuse;

pub(super) fn transformers(
    asked: &Resource,
    fields: &Fields<'_>,
    context: &Context<'_>,
) -> Result<Vec<Transformer>, Error> {
    let affix = |place, word| affix(asked, fields, place, word);
    Ok(match asked.object.kind() {
        "PrefixSuffixTransformer" => {
            vec![affix(Place::Prefix, "prefix")?, affix(Place::Suffix, "suffix")?]
        }
        "PrefixTransformer" => vec![affix(Place::Prefix, "prefix")?],
        "SuffixTransformer" => vec![affix(Place::Suffix, "suffix")?],
        "AnnotationsTransformer" => {
            let (pairs, fields) = (fields.pairs("annotations")?, specs(fields)?);
            vec![Transformer::Annotations(AddPairs { pairs, fields })]
        }
        "LabelTransformer" => {
            let (pairs, fields) = (fields.pairs("labels")?, specs(fields)?);
            vec![Transformer::Labels(AddPairs { pairs, fields })]
        }
        "NamespaceTransformer" => vec![namespace(fields)?],
        "HashTransformer" => vec![Transformer::Hash],
        "ImageTagTransformer" => {
            let image = fields.child("imageTag")?.as_ref().map(read::image).transpose()?;
            let (image, fields) = (image.unwrap_or_default(), specs(fields)?);
            vec![Transformer::Image(SetImage { image, fields })]
        }
        "ReplicaCountTransformer" => {
            let Some(replica) = fields.child("replica")? else {
                return Err(Error::MissingField { at: fields.here(), field: "replica" });
            };
            let (replicas, fields) = (read::replicas(&replica)?, specs(fields)?);
            vec![Transformer::Replicas(SetReplicas { replicas, fields })]
        }
        "PatchTransformer" => vec![Transformer::Patch(Box::new(read::patch(fields)?))],
        "PatchJson6902Transformer" => vec![Transformer::Json6902(Box::new(json6902(fields)?))],
        "PatchStrategicMergeTransformer" => {
            let mut patches = fields.texts("paths")?;
            patches.extend(given(fields, "patches")?.map(|text| Entry { text, at: fields.at("patches") }));
            if patches.is_empty() {
                return Err(Error::MissingField { at: fields.here(), field: "paths" });
            }
            vec![Transformer::StrategicMerge(patches)]
        }
        "ReplacementTransformer" => {
            let entries = read::each(fields, "replacements", replacement::entry)?;
            let all = replacements::read(context.source, context.folder, &entries)?;
            vec![Transformer::Replacements(all)]
        }
        "ValueAddTransformer" => vec![Transformer::Value(value_add(fields, context)?)],
        _ => return Err(refuse(asked, PluginProblem::Unknown { nearest: None })),
    })
}

pub(super) fn generator(asked: &Resource, fields: &Fields<'_>) -> Result<Generation, Error> {
    match asked.object.kind() {
        "IAMPolicyGenerator" => gke_account(fields).map(Generation::GkeAccount),
        kind => generator::plugin(fields, kind == "SecretGenerator").map(Generation::Data),
    }
}

fn given(fields: &Fields<'_>, field: &str) -> Result<Option<String>, Error> {
    Ok(fields.text(field)?.filter(|text| !text.is_empty()))
}

fn specs(fields: &Fields<'_>) -> Result<Vec<FieldSpec>, Error> {
    fields.items("fieldSpecs")?.iter().map(field_spec).collect()
}

fn affix(asked: &Resource, fields: &Fields<'_>, place: Place, field: &str) -> Result<Transformer, Error> {
    if !fields.has("fieldSpecs") {
        return Err(refuse(asked, PluginProblem::NoFieldSpecs));
    }
    let word = fields.text(field)?.unwrap_or_default();
    Ok(Transformer::Affix(AddAffix { place, word, fields: specs(fields)? }))
}

fn namespace(fields: &Fields<'_>) -> Result<Transformer, Error> {
    let metadata = fields.child("metadata")?;
    let namespace = metadata.map(|metadata| metadata.text("namespace")).transpose()?.flatten();
    let subjects = match fields.text("setRoleBindingSubjects")?.unwrap_or_default().as_str() {
        "" | "defaultOnly" => Subjects::NamedDefault,
        "allServiceAccounts" => Subjects::ServiceAccounts,
        "none" => Subjects::None,
        other => {
            let (field, value) = ("setRoleBindingSubjects", other.to_owned());
            let expected = "defaultOnly, allServiceAccounts or none";
            return Err(Error::WrongValue { at: fields.at(field), field: field.into(), value, expected });
        }
    };
    Ok(Transformer::Namespace(SetNamespace {
        namespace: namespace.unwrap_or_default(),
        fields: specs(fields)?,
        unset_only: fields.flag("unsetOnly")?,
        subjects,
    }))
}

fn json6902(fields: &Fields<'_>) -> Result<Patch, Error> {
    Ok(Patch {
        text: given(fields, "jsonOp")?,
        path: given(fields, "path")?,
        target: fields.child("target")?.as_ref().map(read::target).transpose()?,
        allow_name_change: false,
        allow_kind_change: false,
        at: fields.here(),
    })
}

fn value_add(fields: &Fields<'_>, context: &Context<'_>) -> Result<AddValue, Error> {
    let mut targets = read::each(fields, "targets", add_to)?;
    if let Some(text) = given(fields, "targetFilePath")? {
        let entry = Entry { text, at: fields.at("targetFilePath") };
        let (file, document) = load::one_document(context.source, context.folder, &entry)?;
        if let Some(read) = document {
            let document = Document { file, lines: read.lines, line: None, unknown: Unknown::Ignored };
            for fields in Fields::one_or_list(&document, &read.value)? {
                targets.extend(read::each(&fields, "targets", add_to)?);
            }
        }
    }
    if targets.is_empty() {
        return Err(Error::MissingField { at: fields.here(), field: "targets" });
    }
    let word = fields.text("value")?.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    let folder = || context.folder.real.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(AddValue { value: word.unwrap_or_else(folder), targets })
}

fn add_to(fields: &Fields<'_>) -> Result<AddTo, Error> {
    let Some(path) = given(fields, "fieldPath")? else {
        return Err(Error::MissingField { at: fields.here(), field: "fieldPath" });
    };
    let position = fields.integer("filePathPosition")?.unwrap_or(0);
    let position = usize::try_from(position).map_err(|_| Error::WrongValue {
        at: fields.at("filePathPosition"),
        field: "filePathPosition".into(),
        value: position.to_string(),
        expected: "0 or more",
    })?;
    let selector = fields.child("selector")?.as_ref().map(read::target).transpose()?;
    Ok(AddTo { selector, path, position, at: fields.here() })
}

fn gke_account(fields: &Fields<'_>) -> Result<GkeAccount, Error> {
    let cloud = fields.text("cloud")?.unwrap_or_default();
    if cloud != "gke" {
        let (at, field, expected) = (fields.at("cloud"), "cloud".into(), "gke");
        return Err(Error::WrongValue { at, field, value: cloud, expected });
    }
    let text = |mapping: &str, field: &str| -> Result<String, Error> {
        let child = fields.child(mapping)?;
        Ok(child.map(|child| child.text(field)).transpose()?.flatten().unwrap_or_default())
    };
    Ok(GkeAccount {
        name: text("kubernetesService", "name")?,
        namespace: text("kubernetesService", "namespace")?,
        account: text("serviceAccount", "name")?,
        project: text("serviceAccount", "projectId")?,
        at: fields.here(),
    })
}
