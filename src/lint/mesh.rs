//! What is known of the mesh from its own configuration.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::pods::Pods;
use super::scene::Scene;
use crate::object::Object;
use crate::object::yaml::parse_documents;

/// `meshConfig.rootNamespace`, where nobody set it.
const ROOT: &str = "istio-system";

/// Istio's own.
pub(super) fn namespace() -> Option<Object> {
    Object::new(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ROOT}})).ok()
}

/// The control planes that will be there, of every revision.
pub fn is_istiod(deployment: &Object) -> bool {
    deployment.is("apps", "Deployment") && deployment.label("app") == Some("istiod")
}

/// The version of a control plane: its image's tag, for the label `app.kubernetes.io/version` is the chart's own in
/// builds that are no release.
pub fn version(istiod: &Object) -> Option<&str> {
    let image = istiod.text("/spec/template/spec/containers/0/image")?;
    let (image, _digest) = image.split_once('@').unwrap_or((image, ""));
    let tag = image.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'));
    tag.or_else(|| istiod.label("app.kubernetes.io/version"))
}

/// Where a policy without a selector is one for the whole mesh, as the ConfigMap `istio` says.
pub(super) fn root_namespace<'a>(scene: &Scene<'a>) -> Cow<'a, str> {
    let configuration = scene.there("", "ConfigMap").find(|map| map.name() == "istio");
    let text = configuration.and_then(|map| map.text("/data/mesh"));
    let mesh = text.and_then(|text| parse_documents(text).ok()?.into_iter().next());
    let root = mesh.as_ref().and_then(|mesh| mesh.value["rootNamespace"].as_str());
    root.map_or(Cow::Borrowed(ROOT), |root| Cow::Owned(root.to_owned()))
}

/// Whether the pods get a sidecar: the labels decide as the injector's webhooks do
/// (`manifests/charts/istiod-remote/templates/mutatingwebhook.yaml`), and the annotation that is older than
/// they are; a pod on the host's network never does (`pkg/kube/inject/inject.go`, injectRequired).
pub(super) fn gets_sidecar(scene: &Scene<'_>, pods: &Pods<'_>) -> bool {
    let Some(spec) = pods.spec else { return false };
    if spec["hostNetwork"] == true {
        return false;
    }
    let own = pods.label(INJECT).or_else(|| pods.annotation(INJECT));
    match own {
        Some("true") => true,
        Some("false") => false,
        _ => is_labelled(scene, pods.namespace) || pods.label("istio.io/rev").is_some(),
    }
}

const INJECT: &str = "sidecar.istio.io/inject";

/// Whether pods of the namespace get a sidecar unless they say otherwise.
pub(super) fn is_labelled(scene: &Scene<'_>, namespace: &str) -> bool {
    let mut named = scene.there("", "Namespace").filter(|object| object.name() == namespace);
    named.any(|object| match object.label("istio-injection") {
        Some("enabled") => true,
        Some(_) => false,
        None => object.label("istio.io/rev").is_some(),
    })
}

/// Whether the injector has put a sidecar into these pods. A gateway is a proxy itself.
pub(super) fn has_sidecar(pods: &Pods<'_>) -> bool {
    pods.containers().any(|container| container["name"] == PROXY) && !is_gateway(pods)
}

pub(super) const PROXY: &str = "istio-proxy";

/// A gateway: a proxy that is no sidecar, by its arguments or by the template that it asks the injector for.
pub(super) fn is_gateway(pods: &Pods<'_>) -> bool {
    let asks = pods.annotation("inject.istio.io/templates").is_some_and(|asked| !asked.contains("sidecar"));
    let is_router = |container: &Value| {
        let mut arguments = container["args"].as_array().into_iter().flatten();
        container["name"] == PROXY && arguments.any(|argument| argument == "router")
    };
    asks || pods.containers().any(is_router)
}

/// Whether the sidecar makes the HTTP and gRPC probes of the pods in the kubelet's place: unless the pods or the
/// injector's values say otherwise (`pkg/kube/inject/app_probe.go`, ShouldRewriteAppHTTPProbers).
pub(super) fn rewrites_probes(scene: &Scene<'_>, pods: &Pods<'_>) -> bool {
    match pods.annotation("sidecar.istio.io/rewriteAppHTTPProbers") {
        Some(own) => own == "true",
        None => injector_values(scene)
            .is_none_or(|values| values["sidecarInjectorWebhook"]["rewriteAppHTTPProbe"] != false),
    }
}

/// The values of Istio's charts as they came out of profile and overlay, which the injector keeps in its ConfigMap. None
/// where that is not there: nothing is known of what pods will get.
pub(super) fn injector_values(scene: &Scene<'_>) -> Option<Value> {
    let mut maps = scene.there("", "ConfigMap");
    let configuration = maps.find(|map| map.name().starts_with("istio-sidecar-injector"))?;
    serde_json::from_str(configuration.text("/data/values")?).ok()
}
