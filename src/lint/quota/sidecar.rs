use serde_json::Value;

use super::super::mesh::{PROXY, gets_sidecar, injector_values, is_gateway, is_istiod, version};
use super::super::pods::Pods;
use super::super::scene::Scene;
use super::pod::{Container, PodResources};
use super::resources::Resources;

/// What the injector gives pods, as its own configuration says
/// (`manifests/charts/istio-control/istio-discovery/files/injection-template.yaml`).
#[derive(Debug)]
pub(super) struct Injector {
    requests: Resources,
    limits: Resources,
    /// Whether the proxy is an init container that stays, and not a container.
    is_native: bool,
}

impl Injector {
    /// None where nothing is known of what pods will get.
    pub(super) fn of(scene: &Scene<'_>) -> Option<Self> {
        let values = injector_values(scene)?;
        let resources = &values["global"]["proxy"]["resources"];
        Some(Self {
            requests: Resources::read(&resources["requests"]),
            limits: Resources::read(&resources["limits"]),
            is_native: is_native(scene),
        })
    }

    /// Adds the proxy and what sets up its network, to pods that get them.
    pub(super) fn inject(&self, scene: &Scene<'_>, pods: &Pods<'_>, pod: &mut PodResources) {
        if !gets_sidecar(scene, pods) || is_gateway(pods) {
            return;
        }
        let is_native = match pods.annotation("sidecar.istio.io/nativeSidecar") {
            Some(own) => own == "true",
            None => self.is_native,
        };
        let given = |name: &str, stays: bool| {
            let (requests, limits) = self.for_pods(pods);
            Container { name: name.to_owned(), requests, limits, stays }
        };
        let mut proxy = given(PROXY, is_native);
        // A container of that name in the template says what is to be different.
        if let Some(place) = pod.containers.iter().position(|own| own.name == PROXY) {
            let own = pod.containers.remove(place);
            let said = |mut own: Resources, given: &Resources| {
                own.fill_from(given);
                own
            };
            proxy.requests = said(own.requests, &proxy.requests);
            proxy.limits = said(own.limits, &proxy.limits);
        }
        // They run before the pod's own.
        if is_native {
            pod.init.insert(0, proxy);
        } else {
            pod.containers.push(proxy);
        }
        if pods.annotation("sidecar.istio.io/interceptionMode") != Some("NONE") {
            pod.init.insert(0, given("istio-init", false));
        }
    }

    /// One annotation is enough, and none of the values holds any more.
    fn for_pods(&self, pods: &Pods<'_>) -> (Resources, Resources) {
        let annotated = |cpu: &str, memory: &str| {
            let named = [("cpu", cpu), ("memory", memory)].into_iter();
            let amounts = named.filter_map(|(name, annotation)| {
                let amount = pods.annotation(&format!("sidecar.istio.io/{annotation}"))?;
                Some((name.to_owned(), amount.parse().ok()?))
            });
            Resources(amounts.collect())
        };
        let own = (annotated("proxyCPU", "proxyMemory"), annotated("proxyCPULimit", "proxyMemoryLimit"));
        match own.0.is_empty() && own.1.is_empty() {
            true => (self.requests.clone(), self.limits.clone()),
            false => own,
        }
    }
}

/// ENABLE_NATIVE_SIDECARS of istiod (`pilot/pkg/features/pilot.go`): off unless it is set, until Istio 1.27 looks
/// at the nodes by itself.
fn is_native(scene: &Scene<'_>) -> bool {
    let Some(istiod) = scene.there("apps", "Deployment").find(|it| is_istiod(it)) else { return false };
    let environment = istiod.pointer("/spec/template/spec/containers/0/env").and_then(Value::as_array);
    let set =
        environment.into_iter().flatten().rfind(|variable| variable["name"] == "ENABLE_NATIVE_SIDECARS");
    match set.and_then(|variable| variable["value"].as_str()) {
        Some("auto") | None => version(istiod).and_then(minor).is_some_and(|minor| minor >= 27),
        Some(value) => value == "true",
    }
}

/// 18 of 1.18.0.
fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("1.")?.split(['.', '-']).next()?.parse().ok()
}
