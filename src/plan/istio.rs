use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::layer::{Gate, Layer, Rollout, Stage};
use crate::istio::render::COMPONENT;
use crate::object::Object;

const ADMISSION: &str = "admissionregistration.k8s.io";
const REVISION: &str = "istio.io/rev";

/// What of Istio must be ready before what: `componentDependencies` in
/// `operator/pkg/name/name.go` and the order in `operator/pkg/helmreconciler`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Base,
    Pilot,
    Others,
    /// The IstioOperator that records the installation: only true once it is one.
    Record,
}

impl Part {
    fn of(object: &Object) -> Self {
        match object.label(COMPONENT) {
            _ if object.is("install.istio.io", "IstioOperator") => Self::Record,
            None | Some("Base") => Self::Base,
            Some("Pilot") => Self::Pilot,
            Some(_) => Self::Others,
        }
    }
}

/// Istio as a layer: CRDs and base, then istiod until its webhooks really answer, then the gateways,
/// then the record of the installation.
pub fn istio(objects: Vec<Object>, timeout: Duration) -> Layer {
    let mut parts: BTreeMap<Part, Stage> = BTreeMap::new();
    for object in objects {
        let part = Part::of(&object);
        if let Some(gate) = gate(&object) {
            // Whichever part brings the webhook, istiod is who answers.
            parts.entry(part.max(Part::Pilot)).or_default().gates.push(gate);
        }
        parts.entry(part).or_default().objects.push(object.into());
    }
    Layer { name: "istio".into(), stages: parts.into_values().collect(), timeout, rollout: Rollout::Awaited }
}

/// The addons of a release as a layer; nothing in the mesh needs them, and they need nothing of it but its namespace and
/// its definitions.
pub fn addons(objects: Vec<Object>, timeout: Duration) -> Layer {
    let objects = objects.into_iter().map(Into::into).collect();
    Layer { rollout: Rollout::Beside, ..Layer::new("addons", objects, timeout) }
}

/// The probe that only this webhook can answer.
fn gate(configuration: &Object) -> Option<Gate> {
    if configuration.group() != ADMISSION {
        return None;
    }
    let webhook = configuration.name().to_owned();
    // The webhooks of the default revision are for objects that name none; the others for their own.
    let is_default = configuration.label("istio.io/tag") == Some("default");
    let revision = configuration.label(REVISION).filter(|_| !is_default);
    match configuration.kind() {
        "ValidatingWebhookConfiguration" => {
            Some(Gate::Validation { webhook, invalid: invalid_gateway(revision)? })
        }
        // A revision's own injector is switched off where it is the default: the tag's serves.
        "MutatingWebhookConfiguration" if is_default => {
            let namespace = service_namespace(configuration)?;
            Some(Gate::Injection { webhook, pod: injectable_pod(namespace)? })
        }
        _ => None,
    }
}

fn service_namespace(configuration: &Object) -> Option<&str> {
    configuration.text("/webhooks/0/clientConfig/service/namespace")
}

/// A Gateway without servers, which the API server's schema lets pass and istiod does not: what
/// istiod itself probes with (`pkg/webhooks/validation/controller/controller.go`, isEndpointReady
/// and isDryRunOfInvalidConfigRejected).
fn invalid_gateway(revision: Option<&str>) -> Option<Object> {
    let mut gateway = Object::new(json!({
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "Gateway",
        "metadata": {"name": "kubestock-install-validation-probe", "namespace": "istio-system"},
        "spec": {},
    }))
    .ok()?;
    if let Some(revision) = revision {
        gateway.set_label(REVISION, revision);
    }
    Some(gateway)
}

/// A Pod that asks for a sidecar by its own label, so that its namespace need not be labelled.
fn injectable_pod(namespace: &str) -> Option<Object> {
    Object::new(json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "kubestock-install-injection-probe",
            "namespace": namespace,
            "labels": {"sidecar.istio.io/inject": "true"},
        },
        "spec": {"containers": [{"name": "probe", "image": "probe"}]},
    }))
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(api_version: &str, kind: &str, name: &str, labels: serde_json::Value) -> Object {
        Object::new(json!({"apiVersion": api_version, "kind": kind,
            "metadata": {"name": name, "labels": labels},
            "webhooks": [{"clientConfig": {"service": {"namespace": "istio-system"}}}]}))
        .unwrap()
    }

    fn names(stage: &Stage) -> Vec<&str> {
        stage.objects.iter().map(|placed| placed.object.name()).collect()
    }

    #[test]
    fn base_comes_before_istiod_before_the_gateways_before_the_record() {
        let layer = istio(
            vec![
                object("install.istio.io/v1alpha1", "IstioOperator", "installed-state", json!({})),
                object(
                    "apps/v1",
                    "Deployment",
                    "istio-ingressgateway",
                    json!({COMPONENT: "IngressGateways"}),
                ),
                object("apps/v1", "Deployment", "istiod", json!({COMPONENT: "Pilot"})),
                object("v1", "ServiceAccount", "istio-reader", json!({COMPONENT: "Base"})),
                object("v1", "Namespace", "istio-system", json!({})),
            ],
            Duration::from_secs(60),
        );
        let stages: Vec<Vec<&str>> = layer.stages.iter().map(names).collect();
        let expected: [&[&str]; 4] =
            [&["istio-reader", "istio-system"], &["istiod"], &["istio-ingressgateway"], &["installed-state"]];
        assert_eq!(stages, expected);
    }

    #[test]
    fn each_webhook_that_can_answer_is_asked_with_what_only_it_sees() {
        let group = "admissionregistration.k8s.io/v1";
        let pilot = |tag: Option<&str>| match tag {
            Some(tag) => json!({COMPONENT: "Pilot", "istio.io/rev": "default", "istio.io/tag": tag}),
            None => json!({COMPONENT: "Pilot", "istio.io/rev": "default"}),
        };
        let layer = istio(
            vec![
                object(group, "MutatingWebhookConfiguration", "istio-sidecar-injector", pilot(None)),
                object(
                    group,
                    "MutatingWebhookConfiguration",
                    "istio-revision-tag-default",
                    pilot(Some("default")),
                ),
                object(group, "ValidatingWebhookConfiguration", "istio-validator-istio-system", pilot(None)),
                object(
                    group,
                    "ValidatingWebhookConfiguration",
                    "istiod-default-validator",
                    pilot(Some("default")),
                ),
            ],
            Duration::from_secs(60),
        );
        let asked: Vec<(&str, Option<&str>)> = layer.stages[0]
            .gates
            .iter()
            .map(|gate| match gate {
                Gate::Validation { webhook, invalid } => (webhook.as_str(), invalid.label(REVISION)),
                Gate::Injection { webhook, pod } => (webhook.as_str(), pod.label("sidecar.istio.io/inject")),
            })
            .collect();
        assert_eq!(
            asked,
            [
                ("istio-revision-tag-default", Some("true")),
                ("istio-validator-istio-system", Some("default")),
                ("istiod-default-validator", None),
            ]
        );
    }
}
