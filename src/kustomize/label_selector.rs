//! Label selectors as Kubernetes writes them: `a=b,c!=d,e in (f,g),h,!i`.

use serde_json::{Map, Value};

use super::{At, Error};

/// What must hold for an object's labels, or its annotations. An empty one holds for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LabelSelector(Vec<Requirement>);

/// One part of a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
    Above(String, i64),
    Below(String, i64),
}

impl LabelSelector {
    pub(super) fn read(selector: Option<&str>, at: &At) -> Result<Self, Error> {
        let Some(selector) = selector else { return Ok(Self::default()) };
        let parts = parts(selector).into_iter().filter(|part| !part.trim().is_empty());
        let requirements: Option<Vec<Requirement>> = parts.map(requirement).collect();
        match requirements {
            Some(requirements) => Ok(Self(requirements)),
            None => Err(Error::Selector { at: at.clone(), selector: selector.into() }),
        }
    }

    pub(super) fn holds(&self, labels: Option<&Value>) -> bool {
        let none = Map::new();
        let labels = labels.and_then(Value::as_object).unwrap_or(&none);
        let text = |key: &str| labels.get(key).and_then(Value::as_str);
        let is_in = |key: &str, values: &[String]| {
            text(key).is_some_and(|value| values.iter().any(|wanted| wanted == value))
        };
        let number = |key: &str| text(key).and_then(|value| value.parse::<i64>().ok());
        self.0.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => is_in(key, values),
            Requirement::NotIn(key, values) => !is_in(key, values),
            Requirement::Exists(key) => labels.contains_key(key),
            Requirement::Missing(key) => !labels.contains_key(key),
            Requirement::Above(key, limit) => number(key).is_some_and(|value| value > *limit),
            Requirement::Below(key, limit) => number(key).is_some_and(|value| value < *limit),
        })
    }
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
    if let Some((before, limit)) = part.split_once('>') {
        return Some(Requirement::Above(key(before)?, limit.trim().parse().ok()?));
    }
    if let Some((before, limit)) = part.split_once('<') {
        return Some(Requirement::Below(key(before)?, limit.trim().parse().ok()?));
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
        let labels = json!({"app": "a", "tier": "web", "size": "7"});
        let table = [
            ("app=a", true),
            ("app==a,tier=db", false),
            ("app!=b", true),
            ("other!=b", true),
            ("tier in (db, web)", true),
            ("tier notin (db, web)", false),
            ("app,!other", true),
            ("other", false),
            ("size>6,size<8", true),
            ("size > 7", false),
            ("", true),
        ];
        let at = At { file: "k".into(), line: None };
        for (selector, holds) in table {
            let read = LabelSelector::read(Some(selector), &at).unwrap();
            assert_eq!(read.holds(Some(&labels)), holds, "{selector}");
        }
        for wrong in ["a b", "=x", "a in b", "a in (b", "a > b"] {
            assert!(LabelSelector::read(Some(wrong), &at).is_err(), "{wrong}");
        }
    }
}
