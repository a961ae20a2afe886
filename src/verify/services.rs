//! The workloads are ready, and every Service has endpoints.

use std::collections::BTreeSet;

use super::control_plane::absence;
use super::pods::{items, selects};
use super::promised::Promised;
use super::report::{Verdict, count};
use super::seen::Seen;
use crate::finding::{Code, Finding};
use crate::object::Object;

pub(super) fn judge(promised: &Promised, seen: &Seen) -> Verdict {
    let mut verdict = Verdict::default();
    if promised.services().next().is_none() {
        let hint =
            "is it installed, and is its namespace labelled for injection? --namespace names another one";
        verdict.find([Finding::error(Code::NothingToVerify, "there is no service in the mesh", hint)]);
        return verdict;
    }
    let mut told = BTreeSet::new();
    for service in promised.services() {
        let Some(why) = silence(service, seen) else { continue };
        let behind: Vec<&Object> =
            promised.workloads().filter(|workload| is_behind(workload, service)).collect();
        told.extend(behind.iter().map(|workload| workload.id()));
        let cause =
            behind.iter().find_map(|workload| Some(format!("{} {}", workload.id(), away(workload, seen)?)));
        verdict.find([unserved(service, why, cause)]);
    }
    let others = promised.workloads().filter(|workload| !told.contains(&workload.id()));
    verdict.find(others.filter_map(|workload| {
        let (code, hint) =
            (Code::WorkloadUnready, "`kubestock-install diagnose` tells what keeps it from being ready");
        away(workload, seen).map(|why| Finding::error(code, why, hint).on(workload.id()))
    }));
    verdict.attest(format!("ready: {}", count(promised.workloads().count(), "workload")));
    verdict.attest(format!("with endpoints: {}", count(promised.services().count(), "Service")));
    verdict
}

pub(super) fn is_unserved(service: &Object, seen: &Seen) -> bool {
    silence(service, seen).is_some()
}

/// Why nobody answers for a Service; None where somebody does.
fn silence(service: &Object, seen: &Seen) -> Option<Silence> {
    match seen.objects.get(&service.id()) {
        None => Some(Silence::Missing),
        Some(_) if endpoints(service, seen) == 0 => Some(Silence::NoEndpoints),
        Some(_) => None,
    }
}

enum Silence {
    Missing,
    NoEndpoints,
}

/// How many addresses are ready behind a Service.
fn endpoints(service: &Object, seen: &Seen) -> usize {
    let slices = seen.objects.of_kind("discovery.k8s.io", "EndpointSlice");
    let its_own = slices.filter(|slice| {
        slice.namespace() == service.namespace()
            && slice.label("kubernetes.io/service-name") == Some(service.name())
    });
    // One that says nothing is to be taken for ready (EndpointConditions in discovery.k8s.io/v1).
    let endpoints = its_own.flat_map(|slice| items(slice, "/endpoints"));
    endpoints.filter(|endpoint| endpoint["conditions"]["ready"] != false).count()
}

fn is_behind(workload: &Object, service: &Object) -> bool {
    let labels = workload.pointer("/spec/template/metadata/labels");
    workload.namespace() == service.namespace() && selects(service.pointer("/spec/selector"), labels)
}

fn away(workload: &Object, seen: &Seen) -> Option<String> {
    match seen.objects.get(&workload.id()) {
        _ if workload.pointer("/spec/replicas").is_some_and(|replicas| replicas == 0) => None,
        None => Some("is not there".to_owned()),
        Some(live) => absence(live),
    }
}

fn unserved(service: &Object, silence: Silence, cause: Option<String>) -> Finding {
    let finding = match (silence, cause) {
        (Silence::Missing, _) => {
            let hint = "install again: what is missing comes back, and what is there is left as it is";
            Finding::error(Code::ServiceMissing, "is not there", hint)
        }
        (Silence::NoEndpoints, Some(cause)) => {
            let seen = format!("no pod is ready behind it: {cause}");
            let hint = "`kubestock-install diagnose` tells what keeps pods from being ready";
            Finding::error(Code::NoEndpoints, seen, hint)
        }
        (Silence::NoEndpoints, None) => {
            let hint = "does its selector match the labels of the pods, and its `targetPort` one of theirs?";
            Finding::error(Code::NoEndpoints, "no pod is ready behind it", hint)
        }
    };
    finding.on(service.id())
}
