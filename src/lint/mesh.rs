//! What is known of the mesh from its own configuration.

use std::borrow::Cow;

use serde_json::json;

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
pub(super) fn is_istiod(deployment: &Object) -> bool {
    deployment.is("apps", "Deployment") && deployment.label("app") == Some("istiod")
}

/// The version of a control plane: its image's tag, for the label `app.kubernetes.io/version` is the chart's own in
/// builds that are no release.
pub(super) fn version(istiod: &Object) -> Option<&str> {
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
