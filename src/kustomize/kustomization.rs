//! What a kustomization file may ask for.

pub(super) mod generator;
pub(super) mod read;
pub(super) mod replacement;

use std::collections::BTreeMap;
use std::fmt;

use super::At;
use super::fields::Entry;
use super::fieldspec::FieldSpec;
use super::origin::Metadata;
use super::vars::Var;

pub(super) use replacement::{Part, Path, Replacement, ReplacementEntry, SourceField, TargetFields};

/// What one kustomization asks for.
#[derive(Clone, Debug)]
pub(super) struct Kustomization {
    pub(super) is_component: bool,
    /// None where neither `resources` nor `bases` is given.
    pub(super) resources: Option<Vec<Entry>>,
    pub(super) components: Vec<Entry>,
    pub(super) namespace: Option<String>,
    pub(super) name_prefix: String,
    pub(super) name_suffix: String,
    pub(super) labels: Vec<Labels>,
    pub(super) common_labels: BTreeMap<String, String>,
    pub(super) common_annotations: BTreeMap<String, String>,
    pub(super) images: Vec<Image>,
    pub(super) replicas: Vec<Replicas>,
    pub(super) patches: Vec<Patch>,
    pub(super) patches_strategic_merge: Vec<Entry>,
    pub(super) patches_json6902: Vec<Patch>,
    pub(super) generators: Vec<Generator>,
    pub(super) replacements: Vec<ReplacementEntry>,
    pub(super) vars: Vec<Var>,
    pub(super) transforming: Vec<Entry>,
    pub(super) generating: Vec<Entry>,
    pub(super) validating: Vec<Entry>,
    pub(super) configurations: Vec<Entry>,
    pub(super) crds: Vec<Entry>,
    pub(super) openapi: OpenApi,
    pub(super) order: Option<Order>,
    pub(super) metadata: Metadata,
    pub(super) at: At,
}

/// Where the schema comes from that lists are merged by.
#[derive(Clone, Debug, Default)]
pub(super) struct OpenApi {
    pub(super) path: Option<Entry>,
    pub(super) version: Option<Entry>,
}

#[derive(Clone, Debug)]
pub(super) struct Labels {
    pub(super) pairs: BTreeMap<String, String>,
    pub(super) include_selectors: bool,
    pub(super) include_templates: bool,
    pub(super) fields: Vec<FieldSpec>,
    pub(super) at: At,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    pub(super) name: String,
    pub(super) new_name: Option<String>,
    pub(super) new_tag: Option<String>,
    pub(super) digest: Option<String>,
    pub(super) tag_suffix: Option<String>,
    pub(super) at: Option<At>,
}

#[derive(Clone, Debug)]
pub(super) struct Replicas {
    pub(super) name: String,
    pub(super) count: i64,
    pub(super) at: At,
}

#[derive(Clone, Debug)]
pub(super) struct Patch {
    pub(super) text: Option<String>,
    pub(super) path: Option<String>,
    pub(super) target: Option<Target>,
    pub(super) allow_name_change: bool,
    pub(super) allow_kind_change: bool,
    pub(super) at: At,
}

/// Which objects are meant: for a patch, all but the selectors are regular expressions for the whole word.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) group: Option<String>,
    pub(super) version: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) label_selector: Option<String>,
    pub(super) annotation_selector: Option<String>,
    pub(super) at: At,
}

impl Target {
    /// The words that it has, with the fields they stand in.
    pub(super) fn words(&self) -> Vec<(&'static str, &str)> {
        let fields = [
            ("group", &self.group),
            ("version", &self.version),
            ("kind", &self.kind),
            ("name", &self.name),
            ("namespace", &self.namespace),
        ];
        fields.into_iter().filter_map(|(field, word)| Some((field, word.as_deref()?))).collect()
    }
}

impl fmt::Display for Target {
    /// `kind: Deployment, name: web`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self.words();
        words.extend(self.label_selector.as_deref().map(|text| ("labelSelector", text)));
        words.extend(self.annotation_selector.as_deref().map(|text| ("annotationSelector", text)));
        let words: Vec<String> = words.into_iter().map(|(field, text)| format!("{field}: {text}")).collect();
        f.write_str(&words.join(", "))
    }
}

#[derive(Clone, Debug)]
pub(super) struct Generator {
    pub(super) kind: Generated,
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) behavior: Behavior,
    pub(super) envs: Vec<Entry>,
    pub(super) literals: Vec<Entry>,
    pub(super) files: Vec<Entry>,
    pub(super) options: GeneratorOptions,
    pub(super) at: At,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Generated {
    ConfigMap,
    Secret { type_: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behavior {
    Create,
    Merge,
    Replace,
}

#[derive(Clone, Debug, Default)]
pub(super) struct GeneratorOptions {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) disable_name_suffix_hash: bool,
    pub(super) immutable: bool,
}

/// The order in which the objects of the outermost kustomization come out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// As loaded.
    Fifo,
    /// By kind: what kubectl does where nothing is said, but with other kinds first and last.
    Legacy { first: Vec<String>, last: Vec<String> },
}

impl GeneratorOptions {
    /// Takes over what the kustomization says for all its generators; the generator's own labels win.
    fn inherit(&mut self, global: &Self) {
        for (own, theirs) in
            [(&mut self.labels, &global.labels), (&mut self.annotations, &global.annotations)]
        {
            for (key, value) in theirs {
                own.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        self.disable_name_suffix_hash |= global.disable_name_suffix_hash;
        self.immutable |= global.immutable;
    }
}
