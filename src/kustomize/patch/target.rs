//! Which objects a patch's `target` selects.

use std::collections::BTreeMap;
use std::fmt;

use regex::Regex;

use super::super::Error;
use super::super::kustomization::Target;
use super::super::label_selector::LabelSelector;
use super::super::resource::Resource;

/// A target, ready to be asked.
pub(in crate::kustomize) struct Selector<'t> {
    target: &'t Target,
    patterns: BTreeMap<&'static str, Regex>,
    labels: LabelSelector,
    annotations: LabelSelector,
}

impl<'t> Selector<'t> {
    pub(in crate::kustomize) fn new(target: &'t Target) -> Result<Self, Error> {
        let mut patterns = BTreeMap::new();
        for (field, pattern) in target.words() {
            let regex = Regex::new(&format!("^(?:{pattern})$")).map_err(|problem| Error::Regex {
                at: target.at.clone(),
                field: field.into(),
                problem: in_one_line(&problem),
            })?;
            patterns.insert(field, regex);
        }
        let labels = LabelSelector::read(target.label_selector.as_deref(), &target.at)?;
        let annotations = LabelSelector::read(target.annotation_selector.as_deref(), &target.at)?;
        Ok(Self { target, patterns, labels, annotations })
    }

    /// Name and namespace may be those that the object was loaded with, or those it has by now. The
    /// namespace of an object without one is `default`.
    pub(in crate::kustomize) fn selects(&self, resource: &Resource) -> bool {
        let (now, then) = (resource.id(), resource.original_id());
        let is = |field: &str, words: &[&str]| {
            self.patterns.get(field).is_none_or(|pattern| words.iter().any(|word| pattern.is_match(word)))
        };
        is("group", &[&now.group])
            && is("version", &[&now.version])
            && is("kind", &[&now.kind])
            && is("name", &[&then.name, &now.name])
            && is("namespace", &[&then.namespace, &now.namespace])
            && self.labels.holds(resource.object.pointer("/metadata/labels"))
            && self.annotations.holds(resource.object.pointer("/metadata/annotations"))
    }
}

impl fmt::Display for Selector<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.fmt(f)
    }
}

/// The last line of a regular expression's error is what is wrong; the others point into it.
pub(in crate::kustomize) fn in_one_line(problem: &regex::Error) -> String {
    let text = problem.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}
