//! `generators`, `transformers` and `validators`: documents that ask for a step by its kind. Those of
//! kustomize itself are known; programs and containers are not run, as kubectl does not run them either.

mod read;

use crate::object::nearest;

use super::build::Context;
use super::fields::{Document, Fields, Unknown};
use super::generate::Generation;
use super::resource::Resource;
use super::transform::Transformer;
use super::{Error, PluginProblem};

const TRANSFORMERS: [&str; 14] = [
    "AnnotationsTransformer",
    "HashTransformer",
    "ImageTagTransformer",
    "LabelTransformer",
    "NamespaceTransformer",
    "PatchJson6902Transformer",
    "PatchStrategicMergeTransformer",
    "PatchTransformer",
    "PrefixSuffixTransformer",
    "PrefixTransformer",
    "ReplacementTransformer",
    "ReplicaCountTransformer",
    "SuffixTransformer",
    "ValueAddTransformer",
];

const GENERATORS: [&str; 4] =
    ["ConfigMapGenerator", "HelmChartInflationGenerator", "IAMPolicyGenerator", "SecretGenerator"];

/// The steps that a document asks for.
pub(super) fn transformers(asked: &Resource, context: &Context<'_>) -> Result<Vec<Transformer>, Error> {
    refuse_foreign(asked)?;
    if GENERATORS.contains(&asked.object.kind()) {
        return Err(refuse(asked, PluginProblem::NoTransformer));
    }
    with_fields(asked, |fields| read::transformers(asked, fields, context))
}

/// The objects that a document asks for.
pub(super) fn generator(asked: &Resource) -> Result<Generation, Error> {
    refuse_foreign(asked)?;
    match asked.object.kind() {
        "HelmChartInflationGenerator" => Err(refuse(asked, PluginProblem::Helm)),
        kind if TRANSFORMERS.contains(&kind) => Err(refuse(asked, PluginProblem::NoGenerator)),
        _ => with_fields(asked, |fields| read::generator(asked, fields)),
    }
}

fn refuse_foreign(asked: &Resource) -> Result<(), Error> {
    if asked.object.api_version() != "builtin" {
        return Err(refuse(asked, PluginProblem::Foreign));
    }
    let known = || TRANSFORMERS.into_iter().chain(GENERATORS);
    match known().any(|kind| kind == asked.object.kind()) {
        true => Ok(()),
        false => {
            let nearest = nearest(asked.object.kind(), known());
            Err(refuse(asked, PluginProblem::Unknown { nearest }))
        }
    }
}

fn with_fields<T>(asked: &Resource, read: impl FnOnce(&Fields<'_>) -> Result<T, Error>) -> Result<T, Error> {
    let (file, lines) = (asked.file.clone(), Default::default());
    let document = Document { file, lines, line: asked.line, unknown: Unknown::Ignored };
    read(&Fields::new(&document, asked.object.fields()))
}

fn refuse(asked: &Resource, problem: PluginProblem) -> Error {
    Error::Plugin { at: asked.at(), kind: asked.object.kind().into(), problem }
}
