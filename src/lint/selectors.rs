//! Selectors that match no pods.

use serde_json::{Map, Value};

use super::hosts::NETWORKING;
use super::mesh::root_namespace;
use super::pods::Pods;
use super::scene::{Scene, found};
use crate::finding::{Code, Finding, Severity};
use crate::object::Object;
use crate::plan::Placed;

/// Everything that has pods, in whose absence from the cluster one may be sure that there are none.
const HAS_PODS: [(&str, &str); 4] =
    [("", "Pod"), ("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet")];

/// One kind's selector.
struct Rule {
    group: &'static str,
    kind: &'static str,
    field: &'static str,
    form: Form,
    reach: Reach,
    /// What comes of it.
    hint: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `{app: web}`
    Labels,
    /// `{matchLabels: {app: web}}`, and `matchExpressions`.
    Selector,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Namespace,
    /// Its namespace, but for the root namespace, from where it is every one.
    Mesh,
    Everywhere,
}

const POLICY: &str = "it holds for nothing; correct the labels, or give them to the pods";
const GATEWAY: &str = "no pod listens for it; name the labels of a gateway that is installed (Istio's own has \
                       `istio: ingressgateway`), or have the profile install one";
const SERVICE: &str = "it sends requests nowhere; correct the selector, or the labels of the pod template";

const RULES: [Rule; 13] = [
    rule("", "Service", "/spec/selector", Form::Labels, Reach::Namespace, SERVICE),
    rule(NETWORKING, "Gateway", "/spec/selector", Form::Labels, Reach::Everywhere, GATEWAY),
    rule(NETWORKING, "Sidecar", "/spec/workloadSelector/labels", Form::Labels, Reach::Mesh, POLICY),
    rule(NETWORKING, "EnvoyFilter", "/spec/workloadSelector/labels", Form::Labels, Reach::Mesh, POLICY),
    rule(
        NETWORKING,
        "ServiceEntry",
        "/spec/workloadSelector/labels",
        Form::Labels,
        Reach::Namespace,
        SERVICE,
    ),
    rule(NETWORKING, "ProxyConfig", "/spec/selector", Form::Selector, Reach::Mesh, POLICY),
    rule("security.istio.io", "PeerAuthentication", "/spec/selector", Form::Selector, Reach::Mesh, POLICY),
    rule("security.istio.io", "RequestAuthentication", "/spec/selector", Form::Selector, Reach::Mesh, POLICY),
    rule("security.istio.io", "AuthorizationPolicy", "/spec/selector", Form::Selector, Reach::Mesh, POLICY),
    rule("telemetry.istio.io", "Telemetry", "/spec/selector", Form::Selector, Reach::Mesh, POLICY),
    rule("extensions.istio.io", "WasmPlugin", "/spec/selector", Form::Selector, Reach::Mesh, POLICY),
    rule("networking.k8s.io", "NetworkPolicy", "/spec/podSelector", Form::Selector, Reach::Namespace, POLICY),
    rule("policy", "PodDisruptionBudget", "/spec/selector", Form::Selector, Reach::Namespace, POLICY),
];

const fn rule(
    group: &'static str,
    kind: &'static str,
    field: &'static str,
    form: Form,
    reach: Reach,
    hint: &'static str,
) -> Rule {
    Rule { group, kind, field, form, reach, hint }
}

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    let root = root_namespace(scene);
    let by_rules = scene.planned().filter_map(|placed| {
        let rule = RULES.iter().find(|rule| placed.object.is(rule.group, rule.kind))?;
        by_rule(scene, rule, &root, placed)
    });
    let own = scene.planned().filter_map(by_own);
    by_rules.chain(own).collect()
}

fn by_rule(scene: &Scene<'_>, rule: &Rule, root: &str, placed: &Placed) -> Option<Finding> {
    let selector = placed.object.pointer(rule.field)?;
    if is_empty(selector, rule.form) {
        return None;
    }
    let selected = |pods: &Pods<'_>| match rule.form {
        Form::Labels => selector.as_object().is_some_and(|labels| pods.have(labels)),
        Form::Selector => pods.are_selected_by(selector),
    };
    let namespace = placed.object.namespace().unwrap_or_default();
    let everywhere = match rule.reach {
        Reach::Namespace => false,
        Reach::Mesh => namespace == root,
        Reach::Everywhere => true,
    };
    let is_any = match everywhere {
        true => scene.all_pods().any(selected),
        false => scene.pods_in(namespace).any(selected),
    };
    if is_any {
        return None;
    }
    let matters = matches!(rule.kind, "Service" | "Gateway");
    let severity = match matters && !scene.an_operator_may_act_in(namespace) {
        true => scene.severity(&HAS_PODS),
        false => Severity::Warning,
    };
    let wanted = match rule.form {
        Form::Labels => selector.as_object().map(written).unwrap_or_default(),
        Form::Selector => in_words(selector),
    };
    let within = if everywhere { "".to_owned() } else { format!(" in {namespace}") };
    let seen = format!("selects pods with {wanted}, and none{within} has that");
    Some(found(placed, Code::SelectorMatchesNothing, severity, seen, rule.hint))
}

fn is_empty(selector: &Value, form: Form) -> bool {
    let is_blank = |field: &Value| match field {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    };
    match form {
        Form::Labels => is_blank(selector),
        Form::Selector => is_blank(&selector["matchLabels"]) && is_blank(&selector["matchExpressions"]),
    }
}

/// A workload whose selector does not match its own pods: the API server refuses it.
fn by_own(placed: &Placed) -> Option<Finding> {
    let workload: &Object = &placed.object;
    if workload.group() != "apps" {
        return None;
    }
    let selector = workload.pointer("/spec/selector")?;
    if Pods::of(workload)?.are_selected_by(selector) {
        return None;
    }
    let seen = format!("selects pods with {}, which its own template does not have", in_words(selector));
    let hint =
        "the API server refuses it; give `spec.template.metadata.labels` what `spec.selector` asks for";
    Some(found(placed, Code::SelectorMatchesNothing, Severity::Error, seen, hint))
}

/// `app=web, version=v1`
pub(super) fn written(labels: &Map<String, Value>) -> String {
    let one = |(key, value): (&String, &Value)| format!("{key}={}", value.as_str().unwrap_or_default());
    labels.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn in_words(selector: &Value) -> String {
    let labels = selector["matchLabels"].as_object().map(written).filter(|labels| !labels.is_empty());
    let expressions = selector["matchExpressions"].as_array().into_iter().flatten().map(|expression| {
        let text = |field: &str| expression[field].as_str().unwrap_or_default().to_owned();
        let values = expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let values: Vec<&str> = values.collect();
        match values.is_empty() {
            true => format!("{} {}", text("key"), text("operator")),
            false => format!("{} {} ({})", text("key"), text("operator"), values.join(", ")),
        }
    });
    labels.into_iter().chain(expressions).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::testing::told;
    use super::*;

    const WEB: &str = "
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web, tier: front}}, spec: {containers: []}}";

    /// An object of a rule in a namespace, with a selector for this value of `app`.
    fn selecting(rule: &Rule, namespace: &str, app: &str) -> String {
        let labels = format!("{{app: {app}}}");
        let selector =
            if rule.form == Form::Selector { format!("{{matchLabels: {labels}}}") } else { labels };
        let field = rule.field.trim_start_matches("/spec/");
        let spec = match field.split_once('/') {
            Some((outer, inner)) => format!("{{{outer}: {{{inner}: {selector}}}}}"),
            None => format!("{{{field}: {selector}}}"),
        };
        let api_version = if rule.group.is_empty() { "v1".to_owned() } else { format!("{}/v1", rule.group) };
        format!(
            "{{apiVersion: {api_version}, kind: {}, metadata: {{name: s, namespace: {namespace}}}, spec: {spec}}}",
            rule.kind
        )
    }

    #[test]
    fn every_kind_of_selector_is_held_against_the_pods() {
        for rule in &RULES {
            let told = |namespace: &str, app: &str| {
                told(Code::SelectorMatchesNothing, &format!("{}{WEB}", selecting(rule, namespace, app)), "")
            };
            assert_eq!(told("shop", "web"), "", "{}", rule.kind);
            let nothing = told("shop", "wbe");
            assert!(
                nothing.contains("/shop/s: selects pods with app=wbe, and none"),
                "{}: {nothing}",
                rule.kind
            );
            assert_eq!(told("other", "web").is_empty(), rule.reach == Reach::Everywhere, "{}", rule.kind);
            assert_eq!(
                told("istio-system", "web").is_empty(),
                rule.reach != Reach::Namespace,
                "{}",
                rule.kind
            );
        }
    }

    #[test]
    fn what_selects_everything_or_says_nothing_is_let_be() {
        let silent = [
            "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: shop}, spec: {}}",
            "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: shop}, spec: {selector: {}}}",
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: s, namespace: shop}, spec: {podSelector: {}}}",
            "{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: s, namespace: shop}, spec: {mtls: {}}}",
        ];
        for object in silent {
            assert_eq!(told(Code::SelectorMatchesNothing, object, ""), "", "{object}");
        }
    }

    #[test]
    fn a_service_without_pods_is_an_error_unless_something_may_make_them() {
        let service = selecting(&RULES[0], "shop", "db");
        insta::assert_snapshot!(told(Code::SelectorMatchesNothing, &service, ""), @"error: Service/shop/s: selects pods with app=db, and none in shop has that (it sends requests nowhere; correct the selector, or the labels of the pod template)");
        let operated = format!(
            "{service}\n---\n{{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {{name: db, namespace: shop}}}}"
        );
        assert!(told(Code::SelectorMatchesNothing, &operated, "").starts_with("warning: "));
        let pod = "{apiVersion: v1, kind: Pod, metadata: {name: db-0, namespace: shop, labels: {app: db}}, spec: {containers: []}}";
        assert_eq!(told(Code::SelectorMatchesNothing, &service, pod), "", "a pod of the cluster");
        let entry = "{apiVersion: networking.istio.io/v1beta1, kind: WorkloadEntry, metadata: {name: vm, namespace: shop}, spec: {labels: {app: db}}}";
        assert_eq!(told(Code::SelectorMatchesNothing, &service, entry), "", "a machine outside");
    }

    #[test]
    fn expressions_select_as_kubernetes_has_them() {
        let table = [
            ("{key: app, operator: In, values: [web, api]}", true),
            ("{key: app, operator: In, values: [api]}", false),
            ("{key: app, operator: NotIn, values: [api]}", true),
            ("{key: gone, operator: NotIn, values: [api]}", true),
            ("{key: app, operator: Exists}", true),
            ("{key: gone, operator: Exists}", false),
            ("{key: gone, operator: DoesNotExist}", true),
            ("{key: app, operator: DoesNotExist}", false),
        ];
        for (expression, matches) in table {
            let policy = format!(
                "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: s, namespace: shop}}, spec: {{podSelector: {{matchExpressions: [{expression}]}}}}}}"
            );
            let told = told(Code::SelectorMatchesNothing, &format!("{policy}{WEB}"), "");
            assert_eq!(told.is_empty(), matches, "{expression}: {told}");
        }
    }

    #[test]
    fn a_workload_that_does_not_select_its_own_pods_is_refused() {
        let yaml = WEB.replace("matchLabels: {app: web}", "matchLabels: {app: wbe}");
        insta::assert_snapshot!(told(Code::SelectorMatchesNothing, yaml.trim_start_matches("\n---"), ""), @"error: Deployment/shop/web: selects pods with app=wbe, which its own template does not have (the API server refuses it; give `spec.template.metadata.labels` what `spec.selector` asks for)");
    }
}
