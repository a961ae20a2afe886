use std::collections::BTreeSet;

use serde_json::Value;

use super::super::Live;
use super::super::scene::Scene;
use crate::finding::{Code, Finding, Severity};
use crate::object::{GroupKind, Object};

const ADMISSION: &str = "admissionregistration.k8s.io";

/// Webhooks of the cluster that are asked and cannot answer: their Service is not there, or no pod is ready
/// behind it. Those that the plan itself brings answer once it is applied.
pub(super) fn find(scene: &Scene<'_>, live: &Live) -> Vec<Finding> {
    let kinds = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
    let configurations = kinds.iter().flat_map(|kind| live.objects.of_kind(ADMISSION, kind));
    configurations.filter_map(|configuration| of_configuration(scene, live, configuration)).collect()
}

/// One for a configuration, at its first webhook that cannot answer and matters most.
fn of_configuration(scene: &Scene<'_>, live: &Live, configuration: &Object) -> Option<Finding> {
    let webhooks = configuration.pointer("/webhooks").and_then(Value::as_array).into_iter().flatten();
    let silent = webhooks
        .filter_map(|webhook| Some((weight(scene, webhook), webhook, silence(scene, live, webhook)?)));
    let (severity, webhook, why) = silent.min_by_key(|(severity, ..)| *severity)?;
    let name = webhook["name"].as_str().unwrap_or_default();
    let seen = format!("its webhook {name} cannot answer: {why}");
    let hint = match severity {
        Severity::Error => {
            "what it is asked about is refused until it answers; bring its pods back, or delete the configuration if who \
             made it is gone"
        }
        Severity::Warning => "delete the configuration if who made it is gone",
    };
    Some(Finding::new(Code::WebhookUnanswered, severity, seen, hint).on(configuration.id()))
}

/// Why a webhook cannot answer; None where it can, or where that is not known.
fn silence(scene: &Scene<'_>, live: &Live, webhook: &Value) -> Option<String> {
    let service = &webhook["clientConfig"]["service"];
    let (namespace, name) = (service["namespace"].as_str()?, service["name"].as_str()?);
    let is_unread = |group: &str, kind: &str| {
        live.unread.contains_key(&GroupKind { group: group.into(), kind: kind.into() })
    };
    if scene
        .planned_of("", "Service")
        .any(|own| own.object.name() == name && own.object.namespace() == Some(namespace))
    {
        return None;
    }
    if scene.get("", "Service", namespace, name).is_none() {
        return (!is_unread("", "Service")).then(|| format!("{namespace} has no Service {name}"));
    }
    let mut slices = scene.there("discovery.k8s.io", "EndpointSlice").filter(|slice| {
        slice.namespace() == Some(namespace) && slice.label("kubernetes.io/service-name") == Some(name)
    });
    let is_ready = |slice: &Object| {
        let endpoints = slice.pointer("/endpoints").and_then(Value::as_array);
        // Not said is ready (EndpointConditions).
        endpoints.into_iter().flatten().any(|endpoint| endpoint["conditions"]["ready"] != false)
    };
    let answers = is_unread("discovery.k8s.io", "EndpointSlice") || slices.any(is_ready);
    (!answers).then(|| format!("no pod is ready behind the Service {namespace}/{name}"))
}

/// An error where the API server refuses what it cannot ask about, and that is in the plan.
fn weight(scene: &Scene<'_>, webhook: &Value) -> Severity {
    let is_ignored = webhook["failurePolicy"] == "Ignore";
    if is_ignored || !is_asked_about(scene, webhook) || !reaches(scene, webhook) {
        return Severity::Warning;
    }
    Severity::Error
}

fn is_asked_about(scene: &Scene<'_>, webhook: &Value) -> bool {
    let mut planned: BTreeSet<(String, String)> = scene
        .planned()
        .map(|placed| (placed.object.group().to_owned(), plural(placed.object.kind())))
        .collect();
    if scene.planned().any(|placed| super::super::pods::Pods::of(&placed.object).is_some()) {
        planned.insert((String::new(), "pods".to_owned()));
    }
    let rules = webhook["rules"].as_array().into_iter().flatten();
    rules.into_iter().any(|rule| {
        let names = |field: &str, name: &str| {
            let listed = rule[field].as_array().into_iter().flatten().filter_map(Value::as_str);
            listed.map(|listed| listed.trim_end_matches("/*")).any(|listed| listed == "*" || listed == name)
        };
        planned.iter().any(|(group, plural)| names("apiGroups", group) && names("resources", plural))
    })
}

/// Whether its `namespaceSelector` selects one of the plan's namespaces.
fn reaches(scene: &Scene<'_>, webhook: &Value) -> bool {
    let selector = &webhook["namespaceSelector"];
    let needed = scene.planned_namespaces();
    let mut namespaces =
        scene.there("", "Namespace").filter(|namespace| needed.contains(namespace.name())).peekable();
    selector.is_null()
        || namespaces.peek().is_none()
        || namespaces.any(|namespace| is_selected(namespace, selector))
}

fn is_selected(namespace: &Object, selector: &Value) -> bool {
    let name = namespace.name();
    let label = |key: &str| match key {
        "kubernetes.io/metadata.name" => Some(name),
        key => namespace.label(key),
    };
    super::super::pods::matches(selector, label)
}

/// The resource of a kind, as the API server forms it.
fn plural(kind: &str) -> String {
    let kind = kind.to_lowercase();
    match kind.as_str() {
        "endpoints" => kind,
        _ if kind.ends_with(['s', 'x']) || kind.ends_with("ch") => kind + "es",
        _ => match kind.strip_suffix('y') {
            Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
            _ => kind + "s",
        },
    }
}
