//! istiod, the gateways and the addons are available, of the version that was promised, and every proxy is in step
//! with istiod.

use std::collections::BTreeSet;

use super::pods::{has_sidecar, is_probe, is_running};
use super::promised::Promised;
use super::proxies::Proxy;
use super::report::{Verdict, count};
use super::seen::Seen;
use crate::finding::{Code, Finding};
use crate::istio::release::Addon;
use crate::lint;
use crate::object::{GroupKind, Object, ObjectId};
use crate::readiness::{self, Status};

pub(super) fn judge(promised: &Promised, seen: &Seen) -> Verdict {
    let mut verdict = Verdict::default();
    verdict.find(istiods(seen));
    verdict.find(others(seen));
    verdict.find(missing_addons(promised, seen));
    verdict.find(versions(promised, seen));
    let versions: BTreeSet<&str> = seen.istiods().filter_map(lint::istio_version).collect();
    let versions = versions.into_iter().collect::<Vec<_>>().join(", ");
    let others = workloads(seen).filter(|workload| !lint::is_istiod(workload)).count();
    verdict.attest(format!("istiod {versions} is available, with {} beside it", count(others, "workload")));
    match &seen.proxies {
        Some(Ok(proxies)) => {
            verdict.find(proxies.iter().filter_map(behind));
            verdict.find(seen.has_istiod().then(|| strangers(promised, seen, proxies)).into_iter().flatten());
            verdict.attest(format!("in step with it: {}", count(proxies.len(), "Envoy")));
        }
        // That istiod is away is told already.
        Some(Err(why)) if seen.has_istiod() => verdict.find([silent(seen, why)]),
        _ => {}
    }
    verdict
}

/// Everything in Istio's namespace that has pods.
fn workloads(seen: &Seen) -> impl Iterator<Item = &Object> {
    let kinds = ["Deployment", "StatefulSet", "DaemonSet"];
    let all = kinds.into_iter().flat_map(|kind| seen.objects.of_kind("apps", kind));
    all.filter(|workload| workload.namespace() == Some(seen.istio_namespace()))
}

/// Why a workload does nothing for anybody; None where it does.
pub(super) fn absence(workload: &Object) -> Option<String> {
    let verdict = readiness::status(workload);
    match verdict.status {
        _ if verdict.wanted == 0 => Some("is scaled to 0 pods".to_owned()),
        Status::Current => None,
        _ => Some(format!("is not ready: {}", verdict.message)),
    }
}

fn istiods(seen: &Seen) -> Vec<Finding> {
    let hint = "without it no pod gets a sidecar, and no proxy learns of changes: install Istio, or scale it up again";
    if seen.istiods().next().is_none() {
        return vec![Finding::error(Code::NoControlPlane, "there is no istiod in the cluster", hint)];
    }
    let away = seen.istiods().filter_map(|istiod| {
        let why = absence(istiod)?;
        Some(Finding::error(Code::NoControlPlane, why, hint).on(istiod.id()))
    });
    away.collect()
}

/// The gateways, the addons, and whatever else serves from there.
fn others(seen: &Seen) -> impl Iterator<Item = Finding> {
    workloads(seen).filter(|workload| !lint::is_istiod(workload)).filter_map(|workload| {
        let why = absence(workload)?;
        let hint = "`kubestock-install diagnose` tells what keeps it from being ready";
        Some(Finding::error(Code::ControlPlanePart, why, hint).on(workload.id()))
    })
}

/// The Deployment that an addon consists of has its name.
pub(super) fn deployment_of(addon: Addon, namespace: &str) -> ObjectId {
    let group_kind = GroupKind { group: "apps".to_owned(), kind: "Deployment".to_owned() };
    ObjectId { group_kind, namespace: Some(namespace.to_owned()), name: addon.to_string() }
}

fn missing_addons(promised: &Promised, seen: &Seen) -> impl Iterator<Item = Finding> {
    let deployments = promised.addons.iter().map(|addon| deployment_of(*addon, seen.istio_namespace()));
    deployments.filter(|id| seen.objects.get(id).is_none()).map(|id| {
        let hint = "install again: what is missing comes back, and what is there is left as it is";
        Finding::error(Code::ControlPlanePart, "the profile brings this addon, and it is not there", hint)
            .on(id)
    })
}

fn versions(promised: &Promised, seen: &Seen) -> Vec<Finding> {
    let Some(promised) = promised.version.as_deref() else { return Vec::new() };
    let others = seen.istiods().filter_map(|istiod| {
        let version = lint::istio_version(istiod).filter(|version| !is_version(version, promised))?;
        let seen = format!("is of version {version}, and the profile asks for {promised}");
        let hint = "install again with the profile, or have it name the version that is there";
        Some(Finding::error(Code::OtherVersion, seen, hint).on(istiod.id()))
    });
    others.collect()
}

/// Whether a version is this one, in whatever flavour its image has: `1.18.0-distroless` is 1.18.0.
pub(super) fn is_version(version: &str, promised: &str) -> bool {
    version == promised || version.strip_prefix(promised).is_some_and(|flavour| flavour.starts_with('-'))
}

fn behind(proxy: &Proxy) -> Option<Finding> {
    let kinds = (!proxy.behind.is_empty()).then(|| proxy.behind.join(", "))?;
    let seen = format!("has not taken over what istiod sent it: {kinds}");
    let hint = format!(
        "`kubectl logs -n {} {} -c istio-proxy` tells what it refuses; an EnvoyFilter is the usual cause",
        proxy.namespace, proxy.pod
    );
    let pod = ObjectId::core("Pod", Some(&proxy.namespace), &proxy.pod);
    Some(Finding::error(Code::ProxyBehind, seen, hint).on(pod))
}

/// Pods with a sidecar that no istiod knows.
fn strangers(promised: &Promised, seen: &Seen, proxies: &[Proxy]) -> Vec<Finding> {
    let is_known = |pod: &Object| {
        proxies
            .iter()
            .any(|proxy| proxy.pod == pod.name() && Some(proxy.namespace.as_str()) == pod.namespace())
    };
    let pods = promised.namespaces.iter().flat_map(|namespace| seen.pods(namespace));
    let strangers =
        pods.filter(|pod| is_running(pod) && has_sidecar(pod) && !is_probe(pod) && !is_known(pod));
    let found = strangers.map(|pod| {
        let hint = "its sidecar learns of no change: do its logs tell that it cannot reach istiod.istio-system:15012?";
        Finding::error(Code::ProxyUnknown, "its sidecar is not connected to istiod", hint).on(pod.id())
    });
    found.collect()
}

fn silent(seen: &Seen, why: &str) -> Finding {
    let hint =
        "its debug address is asked in its container: may this user do that (`create` on `pods/exec`)?";
    let said = format!("does not tell which proxies are in step with it: {why}");
    let finding = Finding::error(Code::Unasked, said, hint);
    match seen.istiods().next() {
        Some(istiod) => finding.on(istiod.id()),
        None => finding,
    }
}
