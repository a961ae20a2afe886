//! What each check says of a mesh in which one thing is wrong.

use std::time::Duration;

use insta::assert_snapshot;

use super::testing::{objects, shop, told};
use super::{Answer, Call, Caller, Connection, Injection, Promised, Proxy, Route, Rule, Seen};
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
    let (promised, seen) = called("", answered(200, "web"), 1);
    let told: String = Check::ALL.iter().map(|check| told(*check, &promised, &seen)).collect();
    assert_snapshot!(told, @r"
    Passed: istiod 1.18.0 is available, with 1 workload beside it; in step with it: 1 Envoy
    Passed: ready: 1 workload; with endpoints: 1 Service
    Passed: with a ready sidecar: 1 pod in shop; a new pod would get one
    Passed: 1 call through the mesh answered, in 7 ms, as web
    Passed: 1 service STRICT; mutual TLS as shop/web with shop/web; plaintext is cut off: 1 call
    Passed: no VirtualService says anything of calls in the mesh
    Passed: there are none
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
    Failed: no PeerAuthentication says anything of web, and Istio's own PERMISSIVE holds
    error[KSI-542]: no PeerAuthentication says anything of web, and Istio's own PERMISSIVE holds
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
    let status = Answer::Status { code: 200, body: "web".into(), took: Duration::ZERO };
    seen.calls = vec![plaintext(status), plaintext(Answer::Nothing("timed out".into()))];
    assert_snapshot!(told(Check::Mtls, &promised, &seen), @r"
    Failed: Service/shop/web: answers 200 to a call in plaintext that goes round a sidecar; and 2 more
    error[KSI-541]: Service/shop/web: answers 200 to a call in plaintext that goes round a sidecar
    error[KSI-542]: no PeerAuthentication says anything of web, and Istio's own PERMISSIVE holds
    error[KSI-591]: Service/shop/web: does not let itself be called in plaintext, nor refuse it: timed out
    ");
}

fn plaintext(answer: Answer) -> Call {
    Call { caller: Caller::ProxyUser, service: ObjectId::core("Service", Some("shop"), "web"), answer }
}

fn through_mesh(answer: Answer) -> Call {
    Call { caller: Caller::Mesh { account: "web".into() }, ..plaintext(answer) }
}

fn answered(code: u16, body: &str) -> Answer {
    Answer::Status { code, body: body.to_owned(), took: Duration::from_millis(7) }
}

const STRICT: &str = "
{apiVersion: security.istio.io/v1beta1, kind: PeerAuthentication,
 metadata: {name: default, namespace: istio-system}, spec: {mtls: {mode: STRICT}}}
";

/// A mesh that is STRICT, with a probe that has called and been answered.
fn called(changes: &str, answer: Answer, sessions: u64) -> (Promised, Seen) {
    let (promised, mut seen) = shop(&format!("{STRICT}---\n{changes}"));
    seen.injection.insert("shop".into(), Injection::Sidecar);
    seen.probes.insert("shop".into(), Ok(()));
    seen.calls = vec![through_mesh(answer), plaintext(Answer::Cut)];
    let identity = "spiffe://cluster.local/ns/shop/sa/web".to_owned();
    let connection = Connection { sessions, failures: 0, own: identity.clone(), theirs: vec![identity] };
    seen.connections.insert(ObjectId::core("Service", Some("shop"), "web"), connection);
    (promised, seen)
}

fn both((promised, seen): (Promised, Seen)) -> String {
    [Check::Connectivity, Check::Mtls]
        .map(|check| format!("{check}: {}", told(check, &promised, &seen)))
        .concat()
}

#[test]
fn calls_through_the_mesh_are_judged_by_their_answer_and_their_session() {
    assert_snapshot!(both(called("", answered(200, "web"), 1)), @r"
    connectivity: Passed: 1 call through the mesh answered, in 7 ms, as web
    mtls: Passed: 1 service STRICT; mutual TLS as shop/web with shop/web; plaintext is cut off: 1 call
    ");
    assert_snapshot!(both(called("", answered(403, "RBAC: access denied"), 1)), @r"
    connectivity: Failed: Service/shop/web: does not answer a call by web through the mesh: 403, RBAC: access denied
    error[KSI-531]: Service/shop/web: does not answer a call by web through the mesh: 403, RBAC: access denied
    mtls: Passed: 1 service STRICT; mutual TLS as shop/web with shop/web; plaintext is cut off: 1 call
    ");
    assert_snapshot!(both(called("", answered(503, "upstream connect error"), 0)), @r"
    connectivity: Failed: Service/shop/web: does not answer a call by web through the mesh: 503, upstream connect error
    error[KSI-531]: Service/shop/web: does not answer a call by web through the mesh: 503, upstream connect error
    mtls: Blocked(Connectivity): Service/shop/web: 503, upstream connect error
    ");
    assert_snapshot!(both(called("", answered(200, "web"), 0)), @r"
    connectivity: Passed: 1 call through the mesh answered, in 7 ms, as web
    mtls: Failed: Service/shop/web: answers through the mesh, and the caller's proxy has made no TLS session for it
    error[KSI-544]: Service/shop/web: answers through the mesh, and the caller's proxy has made no TLS session for it
    ");
    let (promised, mut foreign) = called("", answered(503, "upstream connect error"), 0);
    foreign.connections.values_mut().for_each(|connection| connection.failures = 4);
    assert_snapshot!(both((promised, foreign)), @r"
    connectivity: Blocked(Mtls): Service/shop/web: 503, upstream connect error
    mtls: Failed: Service/shop/web: comes to no TLS session with its caller: 4 attempts failed
    error[KSI-544]: Service/shop/web: comes to no TLS session with its caller: 4 attempts failed
    ");
}

#[test]
fn a_rule_without_tls_fails_the_check_of_tls_and_blocks_the_call() {
    let rule = "
{apiVersion: networking.istio.io/v1beta1, kind: DestinationRule, metadata: {name: web, namespace: shop},
 spec: {host: web, trafficPolicy: {tls: {mode: DISABLE}}}}
";
    assert_snapshot!(both(called(rule, answered(503, "upstream connect error"), 0)), @r"
    connectivity: Blocked(Mtls): Service/shop/web: 503, upstream connect error
    mtls: Failed: DestinationRule/shop/web: has callers of web do without the mesh's TLS: its mode is DISABLE
    error[KSI-543]: DestinationRule/shop/web: has callers of web do without the mesh's TLS: its mode is DISABLE
    ");
}

#[test]
fn a_policy_that_lets_plaintext_in_is_told_once_with_the_services_it_is_about() {
    let lax = "
{apiVersion: security.istio.io/v1beta1, kind: PeerAuthentication, metadata: {name: lax, namespace: shop},
 spec: {mtls: {mode: PERMISSIVE}}}
";
    assert_snapshot!(both(called(lax, answered(200, "web"), 1)), @r"
    connectivity: Passed: 1 call through the mesh answered, in 7 ms, as web
    mtls: Failed: PeerAuthentication/shop/lax: is PERMISSIVE for its namespace, which lets plaintext in to web
    error[KSI-542]: PeerAuthentication/shop/lax: is PERMISSIVE for its namespace, which lets plaintext in to web
    ");
}

#[test]
fn what_was_not_asked_is_not_proven() {
    let (promised, mut seen) = called("", answered(200, "web"), 1);
    seen.calls.clear();
    assert_snapshot!(both((promised, seen.clone())), @r"
    connectivity: Failed: Service/shop/web: was not called
    error[KSI-591]: Service/shop/web: was not called
    mtls: Failed: Service/shop/web: was not called
    error[KSI-591]: Service/shop/web: was not called
    ");
    assert_snapshot!(both((Promised::default(), seen)), @r"
    connectivity: Blocked(Services): there is no service to call
    mtls: Blocked(Services): there is no service to call
    ");
    let promise = "[{route: [{destination: {host: web}}]}]";
    assert!(routed(promise, &[]).starts_with("Failed"));
}

#[test]
fn a_probe_that_does_not_get_ready_is_told_where_nothing_else_explains_it() {
    let (promised, mut seen) = called("", answered(200, "web"), 1);
    seen.calls.retain(|call| call.caller == Caller::ProxyUser);
    seen.probes.insert("shop".into(), Err("exceeded quota: small".into()));
    assert_snapshot!(both((promised.clone(), seen.clone())), @r"
    connectivity: Failed: Namespace/shop: no probe got ready, so that nothing could be called: exceeded quota: small
    error[KSI-532]: Namespace/shop: no probe got ready, so that nothing could be called: exceeded quota: small
    mtls: Blocked(Connectivity): without a probe nothing shows what connections in the mesh are
    ");
    seen.injection.insert("shop".into(), Injection::NoSidecar);
    assert_snapshot!(both((promised, seen)), @r"
    connectivity: Blocked(Sidecars): no probe can be part of the mesh
    mtls: Blocked(Sidecars): no probe can be part of the mesh
    ");
}

/// The shop with this VirtualService, whose sidecar runs these rules for it.
fn routed(http: &str, rules: &[Rule]) -> String {
    let rules_of = objects(&format!(
        "{{apiVersion: networking.istio.io/v1beta1, kind: VirtualService, metadata: {{name: web, namespace: shop}}, spec: {{hosts: [web], http: {http}}}}}"
    ));
    let (mut promised, mut seen) = shop("");
    promised.objects.extend(rules_of.into_iter().map(|object| (object.id(), object)));
    let route = |rule: &Rule| Route {
        virtual_host: "web.shop.svc.cluster.local:80".into(),
        origin: Some(("shop".into(), "web".into())),
        rule: *rule,
    };
    let routes = rules.iter().map(route).collect();
    seen.routes.insert(ObjectId::core("Pod", Some("shop"), "web-1"), Ok(routes));
    told(Check::Routing, &promised, &seen)
}

#[test]
fn sidecars_must_run_the_timeouts_and_retries_that_are_promised() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let rule = |timeout, retries, per_try| Rule { timeout, retries, per_try };
    let promise =
        "[{route: [{destination: {host: web}}], timeout: 30s, retries: {attempts: 3, perTryTimeout: 10s}}]";
    let good = rule(seconds(30), 3, seconds(10));
    assert_snapshot!(routed(promise, &[good]), @r"
    Passed: 1 sidecar with the timeouts and retries of 1 VirtualService
    ");
    assert_snapshot!(routed(promise, &[rule(seconds(5), 3, seconds(10))]), @r"
    Failed: VirtualService/shop/web: the sidecar of web-1 runs a timeout of 5s, 3 retries of 10s each; promised is a timeout of 30s, 3 retries of 10s each
    error[KSI-551]: VirtualService/shop/web: the sidecar of web-1 runs a timeout of 5s, 3 retries of 10s each; promised is a timeout of 30s, 3 retries of 10s each
    ");
    assert_snapshot!(routed(promise, &[rule(seconds(30), 2, None)]), @r"
    Failed: VirtualService/shop/web: the sidecar of web-1 runs a timeout of 30s, 2 retries; promised is a timeout of 30s, 3 retries of 10s each
    error[KSI-551]: VirtualService/shop/web: the sidecar of web-1 runs a timeout of 30s, 2 retries; promised is a timeout of 30s, 3 retries of 10s each
    ");
    assert_snapshot!(routed(promise, &[]), @r"
    Failed: VirtualService/shop/web: the sidecar of web-1 does not run it
    error[KSI-552]: VirtualService/shop/web: the sidecar of web-1 does not run it
    ");
    assert_snapshot!(routed(promise, &[good, good]), @r"
    Failed: VirtualService/shop/web: the sidecar of web-1 runs 2 rules where 1 are promised
    error[KSI-551]: VirtualService/shop/web: the sidecar of web-1 runs 2 rules where 1 are promised
    ");
    let silent = "[{route: [{destination: {host: web}}]}]";
    assert_snapshot!(routed(silent, &[rule(None, 2, None)]), @r"
    Passed: 1 sidecar with the timeouts and retries of 1 VirtualService
    ");
    let matched = "[{match: [{uri: {prefix: /a}}, {uri: {prefix: /b}}], route: [{}], timeout: 1s}, {route: [{}], timeout: 2s}]";
    let [one, two] = [seconds(1), seconds(2)].map(|timeout| rule(timeout, 2, None));
    assert_snapshot!(routed(matched, &[one, one, two]), @r"
    Passed: 1 sidecar with the timeouts and retries of 1 VirtualService
    ");
}

#[test]
fn an_addon_that_is_there_must_answer() {
    let (mut promised, mut seen) = shop("");
    promised.addons = vec![Addon::Kiali, Addon::Grafana];
    seen.dashboards.insert(Addon::Kiali, Err("no endpoints available for service \"kiali:20001\"".into()));
    assert_snapshot!(told(Check::Dashboards, &promised, &seen), @r#"
    Failed: Service/istio-system/kiali: does not answer: no endpoints available for service "kiali:20001"
    error[KSI-561]: Service/istio-system/kiali: does not answer: no endpoints available for service "kiali:20001"
    "#);
    seen.dashboards.insert(Addon::Kiali, Ok(20001));
    assert_snapshot!(told(Check::Dashboards, &promised, &seen), @r"
    Blocked(ControlPlane): Deployment/istio-system/grafana is not available
    ");
}
