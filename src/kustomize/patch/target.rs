//! Which objects a patch's `target` selects.

use std::collections::BTreeMap;
use std::fmt;

use regex::Regex;
use serde_json::{Map, Value};

use super::super::kustomization::Target;
use super::super::resource::Resource;
use super::super::{At, Error};

/// A target, ready to be asked.
pub(super) struct Selector<'t> {
    target: &'t Target,
    patterns: BTreeMap<&'static str, Regex>,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
}

impl<'t> Selector<'t> {
    pub(super) fn new(target: &'t Target) -> Result<Self, Error> {
        let mut patterns = BTreeMap::new();
        for (field, pattern) in words(target) {
            let regex = Regex::new(&format!("^(?:{pattern})$")).map_err(|problem| Error::Regex {
                at: target.at.clone(),
                field: field.into(),
                problem: in_one_line(&problem),
            })?;
            patterns.insert(field, regex);
        }
        let labels = requirements(target.label_selector.as_deref(), &target.at)?;
        let annotations = requirements(target.annotation_selector.as_deref(), &target.at)?;
        Ok(Self { target, patterns, labels, annotations })
    }

    /// Name and namespace may be those that the object was loaded with, or those it has by now. The
    /// namespace of an object without one is `default`.
    pub(super) fn selects(&self, resource: &Resource) -> bool {
        let (now, then) = (resource.id(), resource.original_id());
        let is = |field: &str, words: &[&str]| {
            self.patterns.get(field).is_none_or(|pattern| words.iter().any(|word| pattern.is_match(word)))
        };
        is("group", &[&now.group])
            && is("version", &[&now.version])
            && is("kind", &[&now.kind])
            && is("name", &[&then.name, &now.name])
            && is("namespace", &[&then.namespace, &now.namespace])
            && hold(&self.labels, resource.object.pointer("/metadata/labels"))
            && hold(&self.annotations, resource.object.pointer("/metadata/annotations"))
    }
}

impl fmt::Display for Selector<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = words(self.target);
        words.extend(self.target.label_selector.as_deref().map(|text| ("labelSelector", text)));
        words.extend(self.target.annotation_selector.as_deref().map(|text| ("annotationSelector", text)));
        let words: Vec<String> = words.into_iter().map(|(field, text)| format!("{field}: {text}")).collect();
        f.write_str(&words.join(", "))
    }
}

/// The last line of a regular expression's error is what is wrong; the others point into it.
pub(in crate::kustomize) fn in_one_line(problem: &regex::Error) -> String {
    let text = problem.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

fn words(target: &Target) -> Vec<(&'static str, &str)> {
    let fields = [
        ("group", &target.group),
        ("version", &target.version),
        ("kind", &target.kind),
        ("name", &target.name),
        ("namespace", &target.namespace),
    ];
    fields.into_iter().filter_map(|(field, word)| Some((field, word.as_deref()?))).collect()
}

/// One part of a label selector.
#[derive(Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

fn hold(requirements: &[Requirement], labels: Option<&Value>) -> bool {
    let none = Map::new();
    let labels = labels.and_then(Value::as_object).unwrap_or(&none);
    let is_in = |key: &String, values: &[String]| {
        labels
            .get(key)
            .and_then(Value::as_str)
            .is_some_and(|value| values.iter().any(|wanted| wanted == value))
    };
    requirements.iter().all(|requirement| match requirement {
        Requirement::In(key, values) => is_in(key, values),
        Requirement::NotIn(key, values) => !is_in(key, values),
        Requirement::Exists(key) => labels.contains_key(key),
        Requirement::Missing(key) => !labels.contains_key(key),
    })
}

fn requirements(selector: Option<&str>, at: &At) -> Result<Vec<Requirement>, Error> {
    let Some(selector) = selector else { return Ok(Vec::new()) };
    let parts = parts(selector).into_iter().filter(|part| !part.trim().is_empty());
    let requirements: Option<Vec<Requirement>> = parts.map(requirement).collect();
    requirements.ok_or_else(|| Error::Selector { at: at.clone(), selector: selector.into() })
}

/// The parts between the commas that stand outside of parentheses.
fn parts(selector: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (at, sign) in selector.char_indices() {
        match sign {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&selector[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&selector[start..]);
    parts
}

fn requirement(part: &str) -> Option<Requirement> {
    let part = part.trim();
    let word = |text: &str| {
        let text = text.trim();
        let is_word = text.chars().all(|c| c.is_alphanumeric() || "-_./".contains(c));
        is_word.then(|| text.to_owned())
    };
    let key = |text: &str| word(text).filter(|key| !key.is_empty());
    if let Some((before, value)) = part.split_once("!=") {
        return Some(Requirement::NotIn(key(before)?, vec![word(value)?]));
    }
    if let Some((before, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Some(Requirement::In(key(before)?, vec![word(value)?]));
    }
    if let Some((before, values)) = part.strip_suffix(')').and_then(|part| part.split_once('(')) {
        let values: Vec<String> = values.split(',').map(word).collect::<Option<_>>()?;
        let (before, operator) = before.trim_end().rsplit_once(char::is_whitespace)?;
        return match operator {
            "in" => Some(Requirement::In(key(before)?, values)),
            "notin" => Some(Requirement::NotIn(key(before)?, values)),
            _ => None,
        };
    }
    match part.strip_prefix('!') {
        Some(rest) => key(rest).map(Requirement::Missing),
        None => key(part).map(Requirement::Exists),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn label_selectors_hold_as_kubernetes_defines_them() {
        let labels = json!({"app": "a", "tier": "web"});
        let table = [
            ("app=a", true),
            ("app==a,tier=db", false),
            ("app!=b", true),
            ("other!=b", true),
            ("tier in (db, web)", true),
            ("tier notin (db, web)", false),
            ("app,!other", true),
            ("other", false),
            ("", true),
        ];
        let at = At { file: "k".into(), line: None };
        for (selector, holds) in table {
            assert_eq!(hold(&requirements(Some(selector), &at).unwrap(), Some(&labels)), holds, "{selector}");
        }
        for wrong in ["a b", "=x", "a in b", "a in (b", "a > 1"] {
            assert!(requirements(Some(wrong), &at).is_err(), "{wrong}");
        }
    }
}
