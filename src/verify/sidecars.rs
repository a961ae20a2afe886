//! Every pod has a ready sidecar of the control plane's version, and a new pod would get one.

use std::collections::BTreeSet;

use super::control_plane::is_version;
use super::pods::{has_sidecar, is_probe, is_running, is_sidecar_ready, opts_out, selects};
use super::promised::Promised;
use super::proxies::Proxy;
use super::report::{Verdict, count};
use super::seen::{Injection, Seen};
use crate::finding::{Code, Finding};
use crate::object::{Object, ObjectId};
use crate::profile::Check;

pub(super) fn judge(promised: &Promised, seen: &Seen) -> Verdict {
    let mut verdict = Verdict::default();
    if promised.namespaces.is_empty() {
        let hint = "label it (`kubectl label namespace NAME istio-injection=enabled`) and restart its pods";
        let seen = "no namespace of the services is labelled for injection";
        verdict.find([Finding::error(Code::InjectionOff, seen, hint)]);
        return verdict;
    }
    let pods: Vec<&Object> = pods(promised, seen).collect();
    verdict.find(pods.iter().filter_map(|pod| lack(pod)));
    verdict.find(versions(promised, seen));
    let meshed = pods.iter().filter(|pod| has_sidecar(pod)).count();
    verdict.attest(format!("with a ready sidecar: {} in {}", count(meshed, "pod"), promised.place()));
    if !seen.has_istiod() {
        verdict.block(
            Check::ControlPlane,
            "whether a new pod would get a sidecar cannot be asked without istiod",
        );
        return verdict;
    }
    verdict.find(seen.injection.iter().filter_map(|(namespace, injection)| off(namespace, injection)));
    verdict.attest("a new pod would get one");
    verdict
}

/// Whether a new pod of the namespace would be part of the mesh.
pub(super) fn are_given_in(namespace: &str, seen: &Seen) -> bool {
    seen.injection.get(namespace).is_none_or(|injection| *injection == Injection::Sidecar)
}

/// Whether a Service leads to a pod that is not part of the mesh, or not yet.
pub(super) fn lack_behind(service: &Object, seen: &Seen) -> bool {
    let pods = seen.pods(service.namespace().unwrap_or_default()).filter(|pod| is_running(pod));
    let mut behind =
        pods.filter(|pod| selects(service.pointer("/spec/selector"), pod.pointer("/metadata/labels")));
    behind.any(|pod| !is_probe(pod) && (!has_sidecar(pod) || !is_sidecar_ready(pod)))
}

fn pods<'a>(promised: &'a Promised, seen: &'a Seen) -> impl Iterator<Item = &'a Object> {
    let pods = promised.namespaces.iter().flat_map(|namespace| seen.pods(namespace));
    pods.filter(|pod| is_running(pod) && !is_probe(pod))
}

fn lack(pod: &Object) -> Option<Finding> {
    let finding = match (has_sidecar(pod), is_sidecar_ready(pod)) {
        (true, true) => return None,
        (true, false) => {
            let hint = format!(
                "`kubectl logs -n {} {} -c istio-proxy` tells what it waits for",
                pod.namespace().unwrap_or_default(),
                pod.name()
            );
            Finding::error(Code::SidecarUnready, "its sidecar is not ready", hint)
        }
        (false, _) if opts_out(pod) => {
            let hint =
                "take out `sidecar.istio.io/inject: \"false\"` or `hostNetwork`, where it is not meant so";
            Finding::warning(Code::OptedOut, "has no sidecar, as its own template says", hint)
        }
        (false, _) => {
            let hint = "it was made while nothing was injected: restart it (`kubectl rollout restart`)";
            Finding::error(Code::NoSidecar, "has no sidecar", hint)
        }
    };
    Some(finding.on(pod.id()))
}

/// Sidecars keep the version that they were injected with until their pod is made anew.
fn versions(promised: &Promised, seen: &Seen) -> Vec<Finding> {
    let istiods: BTreeSet<&str> = seen.istiods().filter_map(crate::lint::istio_version).collect();
    let wanted: Vec<&str> = match promised.version.as_deref() {
        Some(version) => vec![version],
        None => istiods.into_iter().collect(),
    };
    let is_wanted = |proxy: &&Proxy| {
        proxy.version.is_empty() || wanted.iter().any(|wanted| is_version(&proxy.version, wanted))
    };
    let proxies = seen.proxies.iter().flatten().flatten();
    let of_services = proxies.filter(|proxy| promised.namespaces.contains(&proxy.namespace));
    let others = of_services.filter(|proxy| !wanted.is_empty() && !is_wanted(proxy)).map(|proxy| {
        let seen =
            format!("its sidecar is of version {}, and Istio is {}", proxy.version, wanted.join(" and "));
        let hint = "restart it (`kubectl rollout restart`): a new pod gets the new sidecar";
        let pod = ObjectId::core("Pod", Some(&proxy.namespace), &proxy.pod);
        Finding::error(Code::SidecarVersion, seen, hint).on(pod)
    });
    others.collect()
}

fn off(namespace: &str, injection: &Injection) -> Option<Finding> {
    let (seen, hint) = match injection {
        Injection::Sidecar => return None,
        Injection::NoSidecar => (
            "a new pod would get no sidecar".to_owned(),
            "is the namespace labelled `istio-injection: enabled`, and is the webhook of istio-sidecar-injector there?",
        ),
        Injection::Refused(why) => (
            format!("no new pod can be made: {why}"),
            "does the webhook of istio-sidecar-injector lead to istiod, with the certificate that istiod has?",
        ),
    };
    let namespace = ObjectId::core("Namespace", None, namespace);
    Some(Finding::error(Code::InjectionOff, seen, hint).on(namespace))
}
