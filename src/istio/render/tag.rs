use serde_json::{Map, Value, json};
use url::Url;

use super::manner::Manner;
use super::operator::{DEFAULT_REVISION, Operator};
use super::owner::COMPONENT;
use crate::object::Object;

const GROUP: &str = "admissionregistration.k8s.io";
const REVISION: &str = "istio.io/rev";
const TAG: &str = "istio.io/tag";
const INJECTION: &str = "istio-injection";
const NOT_PRUNED: &str = "install.operator.istio.io/owning-resource-not-pruned";
const INJECT: &str = "sidecar.istio.io/inject";

/// The webhooks of the default revision tag, and the revision's own injector switched off where
/// both would answer to `istio-injection=enabled`.
///
/// `install` ends with this (`istioctl/pkg/tag/generate.go`, Generate): the tag's objects are made
/// from the revision's webhook in the cluster. Here they are made from the rendered one, which is
/// the same but for the CA bundle; istiod writes that into every webhook of its revision, the tag's
/// too (`pkg/webhooks/webhookpatch.go`). Where no injector was rendered there is nothing to tag, as
/// there: a remote cluster's istiod is elsewhere.
pub(super) fn add_default_tag(objects: &mut Vec<Object>, operator: Operator<'_>, manner: Manner) {
    let revision = operator.revision().unwrap_or(DEFAULT_REVISION);
    let is_canonical = |object: &Object| {
        object.is(GROUP, "MutatingWebhookConfiguration")
            && object.label(REVISION) == Some(revision)
            && object.label(TAG).is_none()
    };
    let Some(place) = objects.iter().position(is_canonical) else {
        return;
    };
    let injector = objects[place].clone();
    let Some(hook) = injection_hook(&injector) else {
        return;
    };
    let validator = objects.iter().find(|object| {
        object.is(GROUP, "ValidatingWebhookConfiguration") && object.label(REVISION) == Some(revision)
    });
    let mut tagged =
        vec![injector_of_tag(&injector, hook, operator), validator_of_tag(&injector, hook, validator)];
    if manner == Manner::Stream {
        tagged.extend(service_of_tag(objects, revision));
    }
    if revision == DEFAULT_REVISION {
        switch_off(&mut objects[place]);
    }
    objects.extend(tagged.into_iter().filter_map(|tagged| Object::new(tagged).ok()));
}

/// The entry that the tag's are modelled on: its client, rules and policies.
fn injection_hook(injector: &Object) -> Option<&Map<String, Value>> {
    let hooks = injector.pointer("/webhooks")?.as_array()?.iter().filter_map(Value::as_object);
    hooks.into_iter().find(|hook| {
        let name = hook.get("name").and_then(Value::as_str);
        name.is_some_and(|name| name.ends_with("sidecar-injector.istio.io"))
    })
}

/// `manifests/charts/istio-control/istio-discovery/templates/revision-tags.yaml`.
fn injector_of_tag(injector: &Object, hook: &Map<String, Value>, operator: Operator<'_>) -> Value {
    let namespace = operator.namespace();
    let suffix = if namespace == "istio-system" { String::new() } else { format!("-{namespace}") };
    let is = |key: &str, values: &[&str]| json!({"key": key, "operator": "In", "values": values});
    let is_not = |key: &str, values: &[&str]| json!({"key": key, "operator": "NotIn", "values": values});
    let absent = |key: &str| json!({"key": key, "operator": "DoesNotExist"});
    let tag = [DEFAULT_REVISION];
    let mut entries = vec![
        ("rev.namespace.", vec![is(REVISION, &tag), absent(INJECTION)], vec![is_not(INJECT, &["false"])]),
        (
            "rev.object.",
            vec![absent(REVISION), absent(INJECTION)],
            vec![is_not(INJECT, &["false"]), is(REVISION, &tag)],
        ),
        ("namespace.", vec![is(INJECTION, &["enabled"])], vec![is_not(INJECT, &["false"])]),
        ("object.", vec![absent(INJECTION), absent(REVISION)], vec![is(INJECT, &["true"]), absent(REVISION)]),
    ];
    if operator.injects_by_default() {
        let system = ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];
        entries.push((
            "auto.",
            vec![absent(INJECTION), absent(REVISION), is_not("kubernetes.io/metadata.name", &system)],
            vec![absent(INJECT), absent(REVISION)],
        ));
    }
    let webhooks = entries.into_iter().map(|(prefix, namespaces, objects)| {
        let mut entry = hook.clone();
        entry.insert("name".into(), format!("{prefix}sidecar-injector.istio.io").into());
        entry.insert("namespaceSelector".into(), json!({"matchExpressions": namespaces}));
        entry.insert("objectSelector".into(), json!({"matchExpressions": objects}));
        Value::Object(entry)
    });
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": metadata(injector, &format!("istio-revision-tag-default{suffix}"), "sidecar-injector"),
        "webhooks": webhooks.collect::<Vec<_>>(),
    })
}

/// `manifests/charts/default/templates/validatingwebhook.yaml`. It does not fail before istiod, once
/// it serves, sets its policy to Fail: [`leave_to_istiod`].
fn validator_of_tag(injector: &Object, hook: &Map<String, Value>, validator: Option<&Object>) -> Value {
    let mut metadata = metadata(injector, "istiod-default-validator", "istiod");
    metadata["labels"]["istio"] = "istiod".into();
    // The release's own rules, where it validates at all.
    let rendered = validator.and_then(|validator| validator.pointer("/webhooks/0")).cloned();
    let mut entry = rendered.unwrap_or_else(|| {
        let groups = ["security", "networking", "telemetry", "extensions"];
        let groups = groups.map(|group| format!("{group}.istio.io"));
        json!({
            "rules": [{"operations": ["CREATE", "UPDATE"], "apiGroups": groups,
                       "apiVersions": ["*"], "resources": ["*"]}],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1beta1", "v1"],
        })
    });
    entry["name"] = "validation.istio.io".into();
    entry["failurePolicy"] = "Ignore".into();
    entry["clientConfig"] = validation_client(hook);
    entry["objectSelector"] = json!({"matchExpressions": [{"key": REVISION, "operator": "DoesNotExist"}]});
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": metadata,
        "webhooks": [entry],
    })
}

/// `manifests/charts/istio-control/istio-discovery/templates/revision-tags-svc.yaml`: the tag's name
/// for the revision's istiod, which newer releases have beside the webhooks.
fn service_of_tag(objects: &[Object], revision: &str) -> Option<Value> {
    let is_istiod = |object: &&Object| {
        object.is("", "Service")
            && object.label(REVISION) == Some(revision)
            && object.text("/spec/selector/app") == Some("istiod")
    };
    let mut service = objects.iter().find(is_istiod)?.to_value();
    service["metadata"]["name"] = "istiod-revision-tag-default".into();
    service["metadata"]["labels"][TAG] = DEFAULT_REVISION.into();
    service["metadata"]["labels"][NOT_PRUNED] = "true".into();
    service["spec"]["selector"] = json!({"app": "istiod", REVISION: revision});
    Some(service)
}

/// The injector's client with the other path: the same istiod (generate.go, fixWhConfig).
fn validation_client(hook: &Map<String, Value>) -> Value {
    let mut client = hook.get("clientConfig").cloned().unwrap_or_else(|| json!({}));
    if let Some(service) = client.get_mut("service") {
        service["path"] = "/validate".into();
    }
    if let Some(mut url) = client.get("url").and_then(Value::as_str).and_then(|url| Url::parse(url).ok()) {
        url.set_path("/validate");
        client["url"] = String::from(url).into();
    }
    client
}

/// The injector's labels and annotations, with what marks a tag's object. `install` does not prune
/// them though no chart renders them.
fn metadata(injector: &Object, name: &str, app: &str) -> Value {
    let mut metadata = json!({"name": name});
    for kept in ["labels", "annotations"] {
        if let Some(entries) = injector.pointer(&format!("/metadata/{kept}")) {
            metadata[kept] = entries.clone();
        }
    }
    metadata["labels"]["app"] = app.into();
    metadata["labels"][TAG] = DEFAULT_REVISION.into();
    metadata["labels"][COMPONENT] = "Pilot".into();
    metadata["labels"][NOT_PRUNED] = "true".into();
    metadata
}

/// `istioctl/pkg/tag/util.go`, DeactivateIstioInjectionWebhook: the object stays, and matches nothing.
fn switch_off(injector: &mut Object) {
    let never = json!({"matchLabels": {"istio.io/deactivated": "never-match"}});
    let hooks = injector.fields_mut().get_mut("webhooks").and_then(Value::as_array_mut);
    for hook in hooks.into_iter().flatten() {
        hook["namespaceSelector"] = never.clone();
        hook["objectSelector"] = never.clone();
    }
}

/// Leaves a webhook's failure policy out of `object` where istiod has raised it from Ignore to Fail
/// in the cluster: applied again, Ignore would open the door until istiod notices.
///
/// istiod sets it, and the CA bundle, once it serves (`pkg/webhooks/validation/controller`);
/// generate.go, fixWhConfig, leaves it alone for the same reason.
pub fn leave_to_istiod(object: &mut Object, live: &Object) {
    if !object.is(GROUP, "ValidatingWebhookConfiguration") {
        return;
    }
    let raised = |name: Option<&Value>| {
        let hooks = live.pointer("/webhooks").and_then(Value::as_array);
        hooks.into_iter().flatten().any(|hook| hook.get("name") == name && hook["failurePolicy"] == "Fail")
    };
    let hooks = object.fields_mut().get_mut("webhooks").and_then(Value::as_array_mut);
    for hook in hooks.into_iter().flatten().filter_map(Value::as_object_mut) {
        let ignores = hook.get("failurePolicy").is_some_and(|policy| policy == "Ignore");
        if ignores && raised(hook.get("name")) {
            hook.remove("failurePolicy");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn injector(revision: &str, client: Value) -> Object {
        let hook = |name: &str| {
            json!({"name": name, "clientConfig": client, "failurePolicy": "Fail", "sideEffects": "None",
                   "namespaceSelector": {"matchLabels": {"istio-injection": "enabled"}}})
        };
        Object::new(json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "istio-sidecar-injector", "labels": {
                "istio.io/rev": revision, "app": "sidecar-injector", "release": "istio",
                "operator.istio.io/managed": "Reconcile"}},
            "webhooks": [hook("rev.namespace.sidecar-injector.istio.io"), hook("object.sidecar-injector.istio.io")],
        }))
        .unwrap()
    }

    fn service() -> Value {
        json!({"service": {"name": "istiod", "namespace": "istio-system", "path": "/inject", "port": 443}})
    }

    fn tagged(revision: &str, client: Value, operator: &Value) -> Vec<Object> {
        let mut objects = vec![injector(revision, client)];
        add_default_tag(&mut objects, Operator(operator), Manner::Folder);
        objects
    }

    fn names(object: &Object) -> Vec<&str> {
        let hooks = object.pointer("/webhooks").and_then(Value::as_array).unwrap();
        hooks.iter().map(|hook| hook["name"].as_str().unwrap().split('.').next().unwrap()).collect()
    }

    #[test]
    fn the_tag_takes_over_from_the_default_revisions_injector() {
        let objects = tagged("default", service(), &json!({}));
        let ids: Vec<String> = objects.iter().map(|object| object.id().to_string()).collect();
        assert_eq!(
            ids,
            [
                "MutatingWebhookConfiguration/istio-sidecar-injector",
                "MutatingWebhookConfiguration/istio-revision-tag-default",
                "ValidatingWebhookConfiguration/istiod-default-validator",
            ]
        );
        let never = json!({"matchLabels": {"istio.io/deactivated": "never-match"}});
        for place in 0..2 {
            assert_eq!(objects[0].pointer(&format!("/webhooks/{place}/namespaceSelector")), Some(&never));
            assert_eq!(objects[0].pointer(&format!("/webhooks/{place}/objectSelector")), Some(&never));
        }
        assert_eq!(names(&objects[1]), ["rev", "rev", "namespace", "object"]);
        let enabled = json!({"matchExpressions": [{"key": "istio-injection", "operator": "In", "values": ["enabled"]}]});
        assert_eq!(objects[1].pointer("/webhooks/2/namespaceSelector"), Some(&enabled));
        assert_eq!(objects[1].pointer("/webhooks/2/clientConfig"), Some(&service()));
    }

    #[test]
    fn the_tags_objects_are_marked_so_that_they_are_kept_and_found() {
        let objects = tagged("default", service(), &json!({}));
        let expected = |app: &str| {
            json!({
                "app": app, "istio.io/rev": "default", "istio.io/tag": "default", "release": "istio",
                "install.operator.istio.io/owning-resource-not-pruned": "true",
                "operator.istio.io/component": "Pilot", "operator.istio.io/managed": "Reconcile",
            })
        };
        assert_eq!(objects[1].pointer("/metadata/labels"), Some(&expected("sidecar-injector")));
        let mut validator = expected("istiod");
        validator["istio"] = "istiod".into();
        assert_eq!(objects[2].pointer("/metadata/labels"), Some(&validator));
    }

    #[test]
    fn a_named_revisions_injector_stays_as_it_is() {
        let objects = tagged("canary", service(), &json!({"spec": {"revision": "canary"}}));
        assert_eq!(objects[0], injector("canary", service()));
        assert_eq!(objects[1].label("istio.io/rev"), Some("canary"));
    }

    #[test]
    fn namespaces_without_a_label_are_injected_only_if_that_was_asked_for() {
        let operator =
            json!({"spec": {"values": {"sidecarInjectorWebhook": {"enableNamespacesByDefault": true}}}});
        let objects = tagged("default", service(), &operator);
        assert_eq!(names(&objects[1]), ["rev", "rev", "namespace", "object", "auto"]);
    }

    #[test]
    fn the_validator_calls_the_same_istiod_under_another_path() {
        let remote = json!({"url": "https://istiod.test:15017/inject/cluster/west"});
        let cases = [
            (service(), "/webhooks/0/clientConfig/service/path", "/validate"),
            (remote, "/webhooks/0/clientConfig/url", "https://istiod.test:15017/validate"),
        ];
        for (client, place, expected) in cases {
            let objects = tagged("default", client, &json!({}));
            assert_eq!(objects[2].text(place), Some(expected));
            assert_eq!(objects[2].text("/webhooks/0/failurePolicy"), Some("Ignore"));
        }
    }

    #[test]
    fn without_an_injector_there_is_nothing_to_tag() {
        let mut objects = Vec::new();
        add_default_tag(&mut objects, Operator(&json!({})), Manner::Folder);
        assert_eq!(objects, []);
    }

    #[test]
    fn a_failure_policy_that_istiod_raised_is_left_to_it() {
        let rendered = tagged("default", service(), &json!({})).remove(2);
        let mut live = rendered.clone();
        let mut again = rendered.clone();
        leave_to_istiod(&mut again, &live);
        assert_eq!(again, rendered, "istiod has not raised it yet");

        live.fields_mut()["webhooks"][0]["failurePolicy"] = "Fail".into();
        leave_to_istiod(&mut again, &live);
        assert_eq!(again.pointer("/webhooks/0/failurePolicy"), None);
        assert_eq!(again.text("/webhooks/0/name"), Some("validation.istio.io"));
    }
}
