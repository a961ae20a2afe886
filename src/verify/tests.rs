//! What each check says of a mesh in which one thing is wrong.

use insta::assert_snapshot;

use super::testing::{shop, told};
use super::{Answer, Call, Caller, Injection, Proxy};
use crate::istio::release::Addon;
use crate::object::ObjectId;
use crate::profile::Check;

const NO_ISTIOD: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system, labels: {app: istiod}}
spec: {replicas: 0}
status: {observedGeneration: 1}
";

#[test]
fn a_mesh_that_is_well_passes_every_check() {
    let (promised, mut seen) = shop("");
    seen.injection.insert("shop".into(), Injection::Sidecar);
    seen.calls.push(plaintext(Answer::Cut));
    let told: String = Check::ALL.iter().map(|check| told(*check, &promised, &seen)).collect();
    assert_snapshot!(told, @r"
    Passed: istiod 1.18.0 is available, with 1 workload beside it; in step with it: 1 Envoy
    Passed: ready: 1 workload; with endpoints: 1 Service
    Passed: with a ready sidecar: 1 pod in shop; a new pod would get one
    Passed: plaintext is refused by 1 service
    ");
}

#[test]
fn what_is_missing_of_the_control_plane_is_told_and_what_needs_it_is_blocked() {
    let (promised, seen) = shop(NO_ISTIOD);
    assert_snapshot!(told(Check::ControlPlane, &promised, &seen), @r"
    Failed: Deployment/istio-system/istiod: is scaled to 0 pods
    error[KSI-501]: Deployment/istio-system/istiod: is scaled to 0 pods
    ");
    assert_snapshot!(told(Check::Sidecars, &promised, &seen), @r"
    Blocked(ControlPlane): whether a new pod would get a sidecar cannot be asked without istiod
    ");
}

#[test]
fn an_addon_and_a_version_that_the_profile_asks_for_must_be_there() {
    let (mut promised, seen) = shop("");
    promised.addons = vec![Addon::Kiali, Addon::Grafana];
    promised.version = Some("1.19.0".into());
    assert_snapshot!(told(Check::ControlPlane, &promised, &seen), @r"
    Failed: Deployment/istio-system/grafana: the profile brings this addon, and it is not there; and 1 more
    error[KSI-502]: Deployment/istio-system/grafana: the profile brings this addon, and it is not there
    error[KSI-503]: Deployment/istio-system/istiod: is of version 1.18.0, and the profile asks for 1.19.0
    ");
    assert_snapshot!(told(Check::Sidecars, &promised, &seen), @r"
    Failed: Pod/shop/web-1: its sidecar is of version 1.18.0, and Istio is 1.19.0
    error[KSI-523]: Pod/shop/web-1: its sidecar is of version 1.18.0, and Istio is 1.19.0
    ");
}

#[test]
fn a_proxy_that_does_not_follow_istiod_or_is_unknown_to_it_is_told() {
    let (promised, mut seen) = shop("");
    let behind = Proxy {
        pod: "old-1".into(),
        namespace: "shop".into(),
        version: "1.18.0".into(),
        behind: vec!["route".into()],
    };
    seen.proxies = Some(Ok(vec![behind]));
    assert_snapshot!(told(Check::ControlPlane, &promised, &seen), @r"
    Failed: Pod/shop/old-1: has not taken over what istiod sent it: route; and 1 more
    error[KSI-504]: Pod/shop/old-1: has not taken over what istiod sent it: route
    error[KSI-505]: Pod/shop/web-1: its sidecar is not connected to istiod
    ");
    seen.proxies = Some(Err("pods \"istiod-1\" is forbidden".into()));
    assert_snapshot!(told(Check::ControlPlane, &promised, &seen), @r#"
    Failed: Deployment/istio-system/istiod: does not tell which proxies are in step with it: pods "istiod-1" is forbidden
    error[KSI-591]: Deployment/istio-system/istiod: does not tell which proxies are in step with it: pods "istiod-1" is forbidden
    "#);
}

#[test]
fn a_service_without_endpoints_is_told_once_with_the_workload_behind_it() {
    let (promised, mut seen) = shop(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {replicas: 0}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-x, namespace: shop, labels: {kubernetes.io/service-name: web}}
endpoints: [{addresses: [10.0.0.1], conditions: {ready: false}}]
",
    );
    seen.calls.push(plaintext(Answer::Nothing("Connection refused".into())));
    assert_snapshot!(told(Check::Services, &promised, &seen), @r"
    Failed: Service/shop/web: no pod is ready behind it: Deployment/shop/web is scaled to 0 pods
    error[KSI-512]: Service/shop/web: no pod is ready behind it: Deployment/shop/web is scaled to 0 pods
    ");
    assert_snapshot!(told(Check::Mtls, &promised, &seen), @r"
    Blocked(Services): Service/shop/web has no endpoints to call
    ");
}

#[test]
fn a_pod_outside_of_the_mesh_is_told_and_one_that_wants_it_so_is_a_warning() {
    let pod = |name: &str, labels: &str| {
        format!(
            "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: shop, labels: {{{labels}}}}}, spec: {{containers: [{{name: web}}]}}, status: {{phase: Running}}}}\n"
        )
    };
    let (promised, seen) =
        shop(&(pod("web-2", "app: web") + &pod("batch-1", "sidecar.istio.io/inject: 'false'")));
    assert_snapshot!(told(Check::Sidecars, &promised, &seen), @r"
    Failed: Pod/shop/web-2: has no sidecar
    error[KSI-521]: Pod/shop/web-2: has no sidecar
    warning[KSI-525]: Pod/shop/batch-1: has no sidecar, as its own template says
    ");
    let (promised, seen) = shop(&pod("batch-1", "sidecar.istio.io/inject: 'false'"));
    assert_snapshot!(told(Check::Sidecars, &promised, &seen), @r"
    Passed: with a ready sidecar: 1 pod in shop; a new pod would get one
    warning[KSI-525]: Pod/shop/batch-1: has no sidecar, as its own template says
    ");
}

#[test]
fn a_namespace_without_injection_is_told() {
    let (promised, mut seen) = shop("");
    for injection in [Injection::NoSidecar, Injection::Refused("failed calling webhook".into())] {
        seen.injection.insert("shop".into(), injection);
        assert!(told(Check::Sidecars, &promised, &seen).contains("error[KSI-524]: Namespace/shop: "));
    }
}

#[test]
fn an_answer_in_plaintext_is_told_and_silence_proves_nothing() {
    let (promised, mut seen) = shop("");
    let status = Answer::Status { code: 200, body: "web".into(), took: std::time::Duration::ZERO };
    seen.calls = vec![plaintext(status), plaintext(Answer::Nothing("timed out".into()))];
    assert_snapshot!(told(Check::Mtls, &promised, &seen), @r"
    Failed: Service/shop/web: answers 200 to a call in plaintext; and 1 more
    error[KSI-541]: Service/shop/web: answers 200 to a call in plaintext
    error[KSI-591]: Service/shop/web: does not let itself be called in plaintext, nor refuse it: timed out
    ");
}

fn plaintext(answer: Answer) -> Call {
    Call { caller: Caller::ProxyUser, service: ObjectId::core("Service", Some("shop"), "web"), answer }
}
