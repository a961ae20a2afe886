//! Pods that are refused whatever room there is.

use std::collections::{BTreeMap, BTreeSet};

use super::super::scene::{Scene, about};
use super::Asking;
use super::limit_range::Limits;
use super::pod::Container;
use super::resources::Resources;
use crate::finding::{Code, Finding, Severity};
use crate::object::Object;

/// Where a quota counts one of these, every container has to say it. Only these: "do not add more resources to
/// this list" (`pkg/quota/v1/evaluator/core/pods.go`, validationSet).
const TO_BE_SAID: [&str; 6] =
    ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

/// One for the quota, with all the containers that say nothing.
pub(super) fn refused_for_silence(
    scene: &Scene<'_>,
    quota: &Object,
    hard: &Resources,
    counted: &[&Asking<'_>],
) -> Option<Finding> {
    let asked: Vec<&str> = TO_BE_SAID.into_iter().filter(|name| hard.get(name).is_some()).collect();
    let mut silent: BTreeSet<String> = BTreeSet::new();
    let mut missing: BTreeSet<&str> = BTreeSet::new();
    for asking in counted.iter().filter(|asking| asking.is_planned && asking.scale.steady > 0) {
        for container in asking.each.all() {
            let unsaid: Vec<&str> = asked.iter().copied().filter(|name| !says(container, name)).collect();
            if !unsaid.is_empty() {
                silent.insert(format!("{} of {}", container.name, asking.name()));
                missing.extend(unsaid);
            }
        }
    }
    if silent.is_empty() {
        return None;
    }
    let missing = missing.into_iter().collect::<Vec<_>>().join(", ");
    let silent = silent.into_iter().collect::<Vec<_>>().join(", ");
    let seen = format!(
        "asks every container to say its {missing}, and these do not: {silent}; their pods will be refused"
    );
    let hint =
        "write `resources` into the containers, or add a LimitRange with defaults for those that have none";
    Some(about(scene, quota, Code::QuotaNeedsValues, Severity::Error, seen, hint))
}

fn says(container: &Container, name: &str) -> bool {
    match name.strip_prefix("limits.") {
        Some(name) => container.limits.get(name).is_some(),
        None => container.requests.get(name.strip_prefix("requests.").unwrap_or(name)).is_some(),
    }
}

/// Workloads whose pods the LimitRanges refuse: those that are refused for the same reason are one finding.
pub(super) fn refused_by_limits(scene: &Scene<'_>, limits: &Limits, asking: &[Asking<'_>]) -> Vec<Finding> {
    let mut reasons: BTreeMap<String, Vec<&Asking<'_>>> = BTreeMap::new();
    for asking in asking.iter().filter(|asking| asking.is_planned) {
        let refusals = limits.refusals(&asking.each);
        if let Some(first) = refusals.first() {
            let why: Vec<&str> = refusals.iter().map(|refusal| refusal.why.as_str()).collect();
            reasons.entry(format!("{}, by {}", why.join("; "), first.by)).or_default().push(asking);
        }
    }
    let finding = |(why, refused): (String, Vec<&Asking<'_>>)| {
        let others: Vec<&str> = refused[1..].iter().map(|asking| asking.name()).collect();
        let others = if others.is_empty() {
            String::new()
        } else {
            format!(", as are those of {}", others.join(", "))
        };
        let seen = format!("{why}; its pods will be refused{others}");
        let hint = "change the container's `resources`, or the LimitRange; a sidecar gets what \
                    `values.global.proxy.resources` in the profile's `istio.overlay` says";
        about(scene, refused[0].pods.owner, Code::LimitRange, Severity::Error, seen, hint)
    };
    reasons.into_iter().map(finding).collect()
}
