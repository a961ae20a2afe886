use std::collections::BTreeMap;

use super::trouble::Trouble;
use crate::finding::{Code, Finding};
use crate::object::ObjectId;

/// One finding for each cause, the weightiest first: it names the workloads that suffer from it, where it is
/// not about one of them alone.
pub fn grouped(troubles: &[(ObjectId, Trouble)]) -> Vec<Finding> {
    let mut causes: BTreeMap<Cause, Vec<(ObjectId, &Trouble)>> = BTreeMap::new();
    for (workload, trouble) in troubles {
        causes.entry(Cause::of(trouble)).or_default().push((workload.clone(), trouble));
    }
    let mut findings: Vec<Finding> = causes.into_values().filter_map(one_of).collect();
    crate::finding::sort(&mut findings);
    findings
}

/// What makes two troubles one: the object to mend, or what they share without an object for it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Cause {
    code: Code,
    object: Option<ObjectId>,
    shared: Option<String>,
}

impl Cause {
    fn of(trouble: &Trouble) -> Self {
        let Trouble { finding, shared, .. } = trouble;
        let object = finding.object.clone().filter(|_| shared.is_none());
        Self { code: finding.code, object, shared: shared.clone() }
    }
}

/// The first one's evidence stands for all: what it would say of another differs by a pod's name.
fn one_of(mut suffering: Vec<(ObjectId, &Trouble)>) -> Option<Finding> {
    suffering.sort_by(|(a, one), (b, other)| (one.finding.severity, a).cmp(&(other.finding.severity, b)));
    let (first, trouble) = suffering.first()?;
    let mut finding = trouble.finding.clone();
    let is_about_it = finding.object.as_ref() == Some(first);
    if is_about_it && suffering.len() > 1 {
        finding.object = None;
    }
    if !is_about_it || suffering.len() > 1 {
        finding.affects = suffering.into_iter().map(|(workload, _)| workload).collect();
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(name: &str) -> ObjectId {
        ObjectId::core("Pod", Some("shop"), name)
    }

    fn told(troubles: &[(&str, Trouble)]) -> Vec<String> {
        let troubles: Vec<_> =
            troubles.iter().map(|(name, trouble)| (workload(name), trouble.clone())).collect();
        let findings = grouped(&troubles);
        findings.iter().map(|finding| format!("{} {finding}", finding.severity.name())).collect()
    }

    #[test]
    fn what_waits_for_one_object_is_one_finding_with_all_names() {
        let quota = ObjectId::core("ResourceQuota", Some("shop"), "small");
        let refused = |name: &str| {
            Trouble::new(Code::QuotaRefusesPods, format!("no room for {name}")).on(quota.clone())
        };
        let told = told(&[("b", refused("b")), ("a", refused("a"))]);
        assert_eq!(
            told,
            ["error ResourceQuota/shop/small: no room for a; it holds up Pod/shop/a, Pod/shop/b"]
        );
    }

    #[test]
    fn what_is_about_a_workload_alone_stays_its_own() {
        let crash =
            |name: &str| Trouble::new(Code::CrashLoop, format!("{name}-1: exited")).on(workload(name));
        let told = told(&[("a", crash("a")), ("b", crash("b"))]);
        assert_eq!(told, ["warning Pod/shop/a: a-1: exited", "warning Pod/shop/b: b-1: exited"]);
    }

    #[test]
    fn what_is_shared_without_an_object_is_one_finding_about_none() {
        let pull = |name: &str, registry: &str| {
            let trouble = Trouble::new(Code::RegistryUnreachable, format!("{name}-1: no such host"));
            trouble.on(workload(name)).shared_by(registry)
        };
        let told = told(&[("a", pull("a", "r")), ("b", pull("b", "r")), ("c", pull("c", "other"))]);
        let together = "warning a-1: no such host; it holds up Pod/shop/a, Pod/shop/b";
        assert_eq!(told, [together, "warning Pod/shop/c: c-1: no such host"]);
    }

    #[test]
    fn a_group_weighs_as_its_weightiest_does() {
        let quota = ObjectId::core("ResourceQuota", Some("shop"), "small");
        let refused = || Trouble::new(Code::QuotaRefusesPods, "full").on(quota.clone());
        let passing = refused().suspected_for(std::time::Duration::from_secs(1));
        let told = told(&[("a", passing), ("b", refused())]);
        assert_eq!(told, ["error ResourceQuota/shop/small: full; it holds up Pod/shop/b, Pod/shop/a"]);
    }
}
