//! The steps that change objects, in kustomize's order.

use super::build::Context;
use super::config::Config;
use super::fields::Entry;
use super::images::SetImage;
use super::kustomization::{Kustomization, Patch, Replacement};
use super::labels::AddPairs;
use super::names::{AddAffix, Place};
use super::namespace::{SetNamespace, Subjects};
use super::patch::Patches;
use super::replicas::SetReplicas;
use super::resource::Resources;
use super::value_add::AddValue;
use super::{Error, hash, replacements};

/// One step.
#[derive(Clone, Debug)]
pub(super) enum Transformer {
    /// `patchesStrategicMerge`: texts, or paths of files.
    StrategicMerge(Vec<Entry>),
    Patch(Box<Patch>),
    /// `patchesJson6902`.
    Json6902(Box<Patch>),
    Namespace(SetNamespace),
    Affix(AddAffix),
    Labels(AddPairs),
    Annotations(AddPairs),
    Replicas(SetReplicas),
    Image(SetImage),
    Replacements(Vec<Replacement>),
    Value(AddValue),
    /// Adds the hashes to names before the end, where they are added again.
    Hash,
}

impl Transformer {
    pub(super) fn run(&self, context: &mut Context<'_>, resources: &mut Resources) -> Result<(), Error> {
        match self {
            Self::StrategicMerge(entries) => Patches::new(context).strategic_merge(entries, resources),
            Self::Patch(patch) => Patches::new(context).any(patch, resources),
            Self::Json6902(patch) => Patches::new(context).json6902(patch, resources),
            Self::Namespace(step) => step.run(resources),
            Self::Affix(step) => step.run(resources),
            Self::Labels(step) | Self::Annotations(step) => step.run(resources),
            Self::Replicas(step) => step.run(resources),
            Self::Image(step) => step.run(resources, context.warnings),
            Self::Replacements(all) => replacements::make(all, resources),
            Self::Value(step) => step.run(resources),
            Self::Hash => {
                hash::add_to_names(resources);
                Ok(())
            }
        }
    }

    /// The plugin that does such steps.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::StrategicMerge(_) => "PatchStrategicMergeTransformer",
            Self::Patch(_) => "PatchTransformer",
            Self::Json6902(_) => "PatchJson6902Transformer",
            Self::Namespace(_) => "NamespaceTransformer",
            Self::Affix(AddAffix { place: Place::Prefix, .. }) => "PrefixTransformer",
            Self::Affix(_) => "SuffixTransformer",
            Self::Labels(_) => "LabelTransformer",
            Self::Annotations(_) => "AnnotationsTransformer",
            Self::Replicas(_) => "ReplicaCountTransformer",
            Self::Image(_) => "ImageTagTransformer",
            Self::Replacements(_) => "ReplacementTransformer",
            Self::Value(_) => "ValueAddTransformer",
            Self::Hash => "HashTransformer",
        }
    }
}

/// The steps that the fields of a kustomization ask for.
pub(super) fn of(
    kustomization: &Kustomization,
    config: &Config,
    context: &Context<'_>,
) -> Result<Vec<Transformer>, Error> {
    let mut steps = Vec::new();
    if !kustomization.patches_strategic_merge.is_empty() {
        steps.push(Transformer::StrategicMerge(kustomization.patches_strategic_merge.clone()));
    }
    let boxed = |patches: &[Patch]| patches.iter().cloned().map(Box::new).collect::<Vec<_>>();
    steps.extend(boxed(&kustomization.patches).into_iter().map(Transformer::Patch));
    steps.extend(kustomization.namespace.clone().map(|namespace| {
        let (fields, subjects) = (config.namespace.clone(), Subjects::default());
        Transformer::Namespace(SetNamespace { namespace, fields, unset_only: false, subjects })
    }));
    let affixes = [
        (Place::Prefix, &kustomization.name_prefix, &config.name_prefix),
        (Place::Suffix, &kustomization.name_suffix, &config.name_suffix),
    ];
    for (place, word, fields) in affixes.into_iter().filter(|(_, word, _)| !word.is_empty()) {
        steps.push(Transformer::Affix(AddAffix { place, word: word.clone(), fields: fields.clone() }));
    }
    for labels in &kustomization.labels {
        steps.push(Transformer::Labels(AddPairs::labels(labels, config)?));
    }
    if !kustomization.labels.is_empty() || !kustomization.common_labels.is_empty() {
        let (pairs, fields) = (kustomization.common_labels.clone(), config.common_labels.clone());
        steps.push(Transformer::Labels(AddPairs { pairs, fields }));
    }
    if !kustomization.common_annotations.is_empty() {
        let (pairs, fields) = (kustomization.common_annotations.clone(), config.common_annotations.clone());
        steps.push(Transformer::Annotations(AddPairs { pairs, fields }));
    }
    steps.extend(boxed(&kustomization.patches_json6902).into_iter().map(Transformer::Json6902));
    for replicas in kustomization.replicas.iter().cloned() {
        steps.push(Transformer::Replicas(SetReplicas { replicas, fields: config.replicas.clone() }));
    }
    for image in kustomization.images.iter().cloned() {
        steps.push(Transformer::Image(SetImage { image, fields: config.images.clone() }));
    }
    if !kustomization.replacements.is_empty() {
        let all = replacements::read(context.source, context.folder, &kustomization.replacements)?;
        steps.push(Transformer::Replacements(all));
    }
    Ok(steps)
}
