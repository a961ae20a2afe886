//! Workloads that land in two namespaces, as services do that are listed in base and in an overlay.

use std::collections::{BTreeMap, BTreeSet};

use super::pods::Pods;
use super::scene::{Scene, found};
use crate::finding::{Code, Finding, Severity};
use crate::plan::Placed;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    let mut copies: BTreeMap<(String, &str), Vec<&Placed>> = BTreeMap::new();
    for placed in scene.planned() {
        if Pods::of(&placed.object).is_some() {
            copies
                .entry((placed.object.group_kind().to_string(), placed.object.name()))
                .or_default()
                .push(placed);
        }
    }
    // What has gone the same way is one finding: six services that are listed twice are one mistake.
    let mut ways: BTreeMap<BTreeSet<&str>, Vec<&Placed>> = BTreeMap::new();
    for placed in copies.into_values().filter(|placed| are_copies(placed)) {
        let namespaces = placed.iter().filter_map(|placed| placed.object.namespace()).collect();
        ways.entry(namespaces).or_default().push(placed[0]);
    }
    ways.into_iter().map(|(namespaces, workloads)| finding(&namespaces, &workloads)).collect()
}

/// Whether they come from one file, or are the same but for where they lie.
fn are_copies(placed: &[&Placed]) -> bool {
    placed.windows(2).all(|pair| {
        let [one, other] = [pair[0], pair[1]];
        let is_elsewhere = one.object.namespace() != other.object.namespace();
        let same_file = one.at.is_some() && one.at == other.at;
        is_elsewhere && (same_file || one.object.pointer("/spec") == other.object.pointer("/spec"))
    }) && placed.len() > 1
}

fn finding(namespaces: &BTreeSet<&str>, workloads: &[&Placed]) -> Finding {
    let namespaces: Vec<&str> = namespaces.iter().copied().collect();
    let others: Vec<&str> = workloads[1..].iter().map(|placed| placed.object.name()).collect();
    let others = match others.is_empty() {
        true => String::new(),
        false => format!("; so are {}", others.join(", ")),
    };
    let seen = format!("is in the namespaces {}{others}", namespaces.join(" and "));
    let hint = "list a workload in the one overlay that says its namespace, and not in base as well; where both \
                are meant, this may stay";
    found(workloads[0], Code::WorkloadTwice, Severity::Warning, seen, hint)
}

#[cfg(test)]
mod tests {
    use super::super::lint;
    use super::super::testing::{layers, objects};
    use super::*;
    use crate::kustomize::At;

    fn workload(name: &str, namespace: &str, image: &str, file: Option<&str>) -> Placed {
        let yaml = format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}, namespace: {namespace}}},
               spec: {{template: {{spec: {{containers: [{{image: {image}}}]}}}}}}}}"
        );
        let at = file.map(|file| At { file: file.into(), line: Some(1) });
        Placed { at, ..objects(&yaml).remove(0).into() }
    }

    fn told(base: Vec<Placed>, staging: Vec<Placed>) -> Vec<String> {
        let findings = lint(&layers([("base", base), ("staging", staging)]), None).into_iter();
        findings.filter(|finding| finding.code == Code::WorkloadTwice).map(|it| it.to_string()).collect()
    }

    #[test]
    fn services_that_are_listed_in_base_and_overlay_are_one_finding() {
        let services = |namespace: &str| {
            ["web", "api"].map(|name| workload(name, namespace, "a", Some(&format!("{name}.yaml")))).into()
        };
        assert_eq!(
            told(services("default"), services("staging")),
            ["Deployment/default/api (api.yaml:1): is in the namespaces default and staging; so are web"]
        );
    }

    #[test]
    fn what_is_the_same_but_for_its_namespace_is_a_copy_and_what_differs_is_not() {
        let one = |namespace, image, file| vec![workload("web", namespace, image, file)];
        assert_eq!(told(one("a", "x", None), one("b", "x", None)).len(), 1);
        assert_eq!(told(one("a", "x", Some("a.yaml")), one("b", "y", Some("a.yaml"))).len(), 1, "one file");
        assert_eq!(told(one("a", "x", None), one("b", "y", None)).len(), 0);
        assert_eq!(told(one("a", "x", None), vec![workload("other", "b", "x", None)]).len(), 0);
    }
}
