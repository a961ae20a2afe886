//! Whether applying an object would change nothing, told from what the server has: all that we would apply is there with
//! the same values, and what we own of it is exactly that.
//!
//! Server-side apply sets what is sent, and takes away what the manager owned before and sends no more (KEP-555). Where
//! there is neither, the server need not be asked. What cannot be told for certain counts as a change: a value that the
//! server writes in a way that is not known here, a list whose order it might change. The price is one request.

use serde_json::{Map, Value};

use super::handover::{is_applied_by_kubectl, is_ours};
use crate::object::{Object, Quantity};

/// `wanted` is what would be sent, `live` the whole object as the server has it.
pub(super) fn is_settled(wanted: &Value, live: &Object) -> bool {
    let Some(owned) = owned(wanted, live) else { return false };
    let is_same = match BUILT_IN.contains(&live.group()) {
        true => is_same_to_kubernetes,
        false => is_equal,
    };
    let mut wanted = wanted.clone();
    strip(&mut wanted);
    let live_fields = live.fields();
    let Value::Object(wanted) = &wanted else { return false };
    let comparison = Comparison { is_same };
    !live.is_being_deleted()
        && !is_applied_by_kubectl(live)
        && comparison.is_map_settled("", owned, wanted, live_fields)
}

/// What we own of it, in the version that would be sent; the fields of another version may have other names.
fn owned<'a>(wanted: &Value, live: &'a Object) -> Option<&'a Map<String, Value>> {
    let entries = live.pointer("/metadata/managedFields")?.as_array()?;
    let ours = entries.iter().find(|entry| is_ours(entry))?;
    (ours["apiVersion"] == wanted["apiVersion"]).then(|| ours["fieldsV1"].as_object())?
}

/// Takes away what nobody owns (`stripMeta` in k8s.io/apimachinery).
fn strip(wanted: &mut Value) {
    let Some(fields) = wanted.as_object_mut() else { return };
    ["apiVersion", "kind"].iter().for_each(|key| _ = fields.remove(*key));
    if let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
        ["name", "namespace"].iter().for_each(|key| _ = metadata.remove(*key));
        if metadata.is_empty() {
            fields.remove("metadata");
        }
    }
}

/// Groups whose kinds the server has types for, by which it writes a value in its own way.
const BUILT_IN: [&str; 4] = ["", "admissionregistration.k8s.io", "apps", "batch"];

/// Maps of quantities, which are written in their canonical form (k8s.io/apimachinery, `pkg/api/resource`).
const OF_QUANTITIES: [&str; 3] = ["hard", "limits", "requests"];

/// What the server adds in the middle of what is owned as a whole: in a map, or in the items of a list, of this name, the
/// field and its value (Kubernetes, `pkg/apis/core/v1/defaults.go`, `pkg/apis/admissionregistration/v1/defaults.go`).
const DEFAULTS: [(&str, &str, &str); 2] = [("fieldRef", "apiVersion", "v1"), ("rules", "scope", "*")];

/// How what is sent is compared with what is there.
struct Comparison {
    /// Whether the second value is what the server makes of the first: in the map of this name, at this key.
    is_same: fn(&str, &str, &Value, &Value) -> bool,
}

impl Comparison {
    /// `owned` is a set of fields as `FieldsV1` has it: each key is a step of a path, and an empty map says that the path
    /// ends there. A path that ends at a map or a list owns it as a whole. The value is in the map `within`.
    fn is_value_settled(&self, within: &str, key: &str, owned: &Value, wanted: &Value, live: &Value) -> bool {
        let Value::Object(owned) = owned else { return false };
        if owned.is_empty() {
            return (self.is_same)(within, key, wanted, live);
        }
        match (wanted, live) {
            (Value::Object(wanted), Value::Object(live)) => self.is_map_settled(key, owned, wanted, live),
            (Value::Array(wanted), Value::Array(live)) => self.is_list_settled(key, owned, wanted, live),
            _ => false,
        }
    }

    fn is_map_settled(
        &self,
        name: &str,
        owned: &Map<String, Value>,
        wanted: &Map<String, Value>,
        live: &Map<String, Value>,
    ) -> bool {
        let is_field_settled = |(key, value): (&String, &Value)| {
            let Some(owned) = owned.get(&format!("f:{key}")) else { return false };
            match live.get(key) {
                Some(live) => self.is_value_settled(name, key, owned, value, live),
                // What says nothing is left out by the server, and owned: had somebody taken it away, it were not.
                None => is_nothing(value) && owned.as_object().is_some_and(Map::is_empty),
            }
        };
        steps(owned).count() == wanted.len() && wanted.iter().all(is_field_settled)
    }

    /// A list that several managers may have items of: by keys (`k:{"name":"web"}`), or as a set (`v:"tcp"`). The items
    /// that we send must stand in our order among the live ones.
    fn is_list_settled(
        &self,
        name: &str,
        owned: &Map<String, Value>,
        wanted: &[Value],
        live: &[Value],
    ) -> bool {
        let mut later = live.iter();
        let is_item_settled = |item: &Value| {
            let mut own = steps(owned).filter(|(step, _)| is_of(step, item));
            let (Some((step, below)), None) = (own.next(), own.next()) else { return false };
            let Some(live) = later.by_ref().find(|live| is_of(step, live)) else { return false };
            match step.starts_with("v:") {
                true => item == live,
                false => self.is_value_settled(name, name, below, item, live),
            }
        };
        steps(owned).count() == wanted.len() && wanted.iter().all(is_item_settled)
    }
}

fn is_equal(_: &str, _: &str, wanted: &Value, live: &Value) -> bool {
    wanted == live
}

fn is_same_to_kubernetes(within: &str, key: &str, wanted: &Value, live: &Value) -> bool {
    match (wanted, live) {
        (Value::String(wanted), Value::String(live)) if OF_QUANTITIES.contains(&within) => {
            wanted.parse().is_ok_and(|quantity: Quantity| quantity.to_string() == *live)
        }
        (Value::Array(wanted), Value::Array(live)) => {
            let is_same = |(wanted, live)| is_same_to_kubernetes(within, key, wanted, live);
            wanted.len() == live.len() && wanted.iter().zip(live).all(is_same)
        }
        (Value::Object(wanted), Value::Object(live)) => {
            let is_same = |(field, live): (&String, &Value)| match wanted.get(field) {
                Some(wanted) => is_same_to_kubernetes(key, field, wanted, live),
                None => DEFAULTS
                    .iter()
                    .any(|(map, default, value)| (*map, *default) == (key, field.as_str()) && live == value),
            };
            wanted.keys().all(|field| live.contains_key(field)) && live.iter().all(is_same)
        }
        _ => wanted == live,
    }
}

/// What a type of Kubernetes has where nothing was said.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// Whether a step leads to this item of a list. A key that has a default may be left out of what is sent.
fn is_of(step: &str, item: &Value) -> bool {
    let parsed = |text| serde_json::from_str::<Value>(text).ok();
    if let Some(value) = step.strip_prefix("v:") {
        return parsed(value).as_ref() == Some(item);
    }
    match step.strip_prefix("k:").and_then(parsed) {
        Some(Value::Object(keys)) => {
            keys.iter().all(|(key, value)| item.get(key).is_none_or(|of_item| of_item == value))
        }
        _ => false,
    }
}

/// The steps below a path, without the one that stands for the path itself.
fn steps(owned: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    owned.iter().filter(|(step, _)| *step != ".")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::{Cascade, Mode, Outcome};

    /// A Deployment as it is sent.
    fn wanted() -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"app": "web"}},
                "template": {"spec": {
                    "containers": [
                        {"name": "web", "args": ["--a", "--b"], "ports": [{"containerPort": 80}]},
                        {"name": "side"},
                    ],
                    "volumes": [{"name": "tmp", "emptyDir": {}}],
                }},
            },
        })
    }

    /// The same as the server has it: with its defaults, what controllers wrote, and who owns what.
    fn live() -> Value {
        let mut live = wanted();
        let metadata = json!({"uid": "u", "resourceVersion": "7", "labels": {"by": "another"}, "managedFields": [
            {"manager": "controller", "operation": "Update", "apiVersion": "apps/v1", "subresource": "status",
             "fieldsV1": {"f:status": {}}},
            {"manager": "kubestock-install", "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": {
                "f:metadata": {"f:labels": {"f:app": {}}},
                "f:spec": {
                    "f:replicas": {}, "f:selector": {},
                    "f:template": {"f:spec": {
                        "f:containers": {
                            "k:{\"name\":\"web\"}": {".": {}, "f:name": {}, "f:args": {}, "f:ports": {
                                "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}},
                            "k:{\"name\":\"side\"}": {".": {}, "f:name": {}},
                        },
                        "f:volumes": {"k:{\"name\":\"tmp\"}": {".": {}, "f:name": {}, "f:emptyDir": {}}},
                    }},
                },
            }},
        ]});
        json_patch::merge(&mut live, &json!({"metadata": metadata, "status": {"replicas": 2}}));
        let containers = live.pointer_mut("/spec/template/spec/containers").unwrap();
        containers[0]["ports"][0]["protocol"] = "TCP".into();
        containers[0]["imagePullPolicy"] = "Always".into();
        containers.as_array_mut().unwrap().insert(1, json!({"name": "injected"}));
        live
    }

    fn settled(wanted: &Value, live: &Value) -> bool {
        is_settled(wanted, &Object::new(live.clone()).unwrap())
    }

    #[test]
    fn what_is_there_and_ours_is_settled_among_defaults_and_what_others_own() {
        assert!(settled(&wanted(), &live()));
    }

    #[test]
    fn what_the_server_writes_in_its_own_way_is_settled() {
        let container = "/spec/template/spec/containers/0";
        let owned =
            "/metadata/managedFields/1/fieldsV1/f:spec/f:template/f:spec/f:containers/k:{\"name\":\"web\"}";
        let downward =
            json!({"downwardAPI": {"items": [{"path": "a", "fieldRef": {"fieldPath": "spec.nodeName"}}]}});
        let mut downward_live = downward.clone();
        downward_live["downwardAPI"]["items"][0]["fieldRef"]["apiVersion"] = "v1".into();
        let table = [
            ("resources", json!({"limits": {"cpu": "2000m"}}), Some(json!({"limits": {"cpu": "2"}})), true),
            (
                "resources",
                json!({"limits": {"memory": "1024Mi"}}),
                Some(json!({"limits": {"memory": "1Gi"}})),
                true,
            ),
            ("resources", json!({"limits": {"cpu": "2000m"}}), Some(json!({"limits": {"cpu": "3"}})), false),
            (
                "resources",
                json!({"limits": {"memory": "1073741824"}}),
                Some(json!({"limits": {"memory": "1Gi"}})),
                false,
            ),
            ("other", json!({"words": {"cpu": "2000m"}}), Some(json!({"words": {"cpu": "2"}})), false),
            ("env", downward.clone(), Some(downward_live.clone()), true),
            ("env", downward_live.clone(), Some(downward.clone()), false),
            (
                "env",
                json!({"fieldRef": {"fieldPath": "a"}}),
                Some(json!({"fieldRef": {"fieldPath": "a", "apiVersion": "v2"}})),
                false,
            ),
            ("securityContext", json!({}), None, true),
            ("securityContext", Value::Null, None, true),
            ("subPath", json!(""), None, true),
            ("tty", json!(false), None, true),
            ("tty", json!(true), None, false),
            ("grace", json!(0), None, true),
            ("grace", json!(1), None, false),
        ];
        for (field, sent, found, expected) in table {
            let (mut wanted, mut live) = (wanted(), live());
            let name = format!("f:{field}");
            wanted.pointer_mut(container).unwrap()[field] = sent.clone();
            live.pointer_mut(owned).unwrap()[&name] = json!({});
            if let Some(found) = &found {
                live.pointer_mut(container).unwrap()[field] = found.clone();
            }
            assert_eq!(settled(&wanted, &live), expected, "{field}: {sent} and {found:?}");
            // A kind that the server has no type for keeps what it was sent.
            if found.is_some() {
                wanted["apiVersion"] = "example.org/v1".into();
                live["apiVersion"] = "example.org/v1".into();
                live["metadata"]["managedFields"][1]["apiVersion"] = "example.org/v1".into();
                assert!(!settled(&wanted, &live), "{field}: {sent} of another kind");
            }
        }
    }

    #[test]
    fn whatever_is_sent_in_another_way_is_not_settled() {
        let container = "/spec/template/spec/containers/0";
        let table = [
            ("another value", "/spec/replicas", json!(3)),
            ("another kind of value", "/spec/replicas", json!("2")),
            ("a label more", "/metadata/labels", json!({"app": "web", "more": "1"})),
            ("a label that another owns", "/metadata/labels", json!({"app": "web", "by": "another"})),
            ("no labels", "/metadata/labels", json!({})),
            ("an item of a whole list more", &format!("{container}/args"), json!(["--a", "--b", "--c"])),
            ("a whole list in another order", &format!("{container}/args"), json!(["--b", "--a"])),
            (
                "the key of an item",
                &format!("{container}/ports"),
                json!([{"containerPort": 80, "protocol": "UDP"}]),
            ),
            ("a default that was not sent before", &format!("{container}/imagePullPolicy"), json!("Always")),
            (
                "an item with a key less",
                "/spec/template/spec/containers",
                json!([{"args": ["--a", "--b"]}, {"name": "side"}]),
            ),
            ("a whole map", "/spec/selector", json!({"matchLabels": {"app": "web"}, "matchExpressions": []})),
            ("an empty map", "/spec/template/spec/volumes/0/emptyDir", json!({"medium": "Memory"})),
            ("another version", "/apiVersion", json!("apps/v1beta1")),
        ];
        for (what, pointer, value) in table {
            let mut wanted = wanted();
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            wanted.pointer_mut(parent).unwrap()[key] = value;
            assert!(!settled(&wanted, &live()), "{what}");
        }
    }

    #[test]
    fn the_order_of_items_is_looked_at() {
        let mut wanted = wanted();
        let containers = wanted.pointer_mut("/spec/template/spec/containers").unwrap();
        containers.as_array_mut().unwrap().swap(0, 1);
        assert!(!settled(&wanted, &live()));
    }

    #[test]
    fn whatever_has_become_of_it_is_not_settled() {
        let ours = "/metadata/managedFields/1";
        let kubectls = json!({"manager": "kubectl-client-side-apply", "operation": "Update", "apiVersion": "apps/v1",
            "fieldsV1": {"f:spec": {"f:replicas": {}}}});
        let table = [
            ("another value", "/spec/replicas".to_owned(), json!(5)),
            ("an item that went", "/spec/template/spec/containers".to_owned(), json!([{"name": "web"}])),
            (
                "a field of ours that is not sent any more",
                format!("{ours}/fieldsV1/f:spec/f:paused"),
                json!({}),
            ),
            ("a field that another has taken", format!("{ours}/fieldsV1/f:spec"), json!({"f:selector": {}})),
            ("another manager", format!("{ours}/manager"), json!("somebody")),
            ("what kubectl applied", "/metadata/managedFields/0".to_owned(), kubectls),
            ("on its way out", "/metadata/deletionTimestamp".to_owned(), json!("2026-01-01T00:00:00Z")),
            ("unowned", "/metadata/managedFields".to_owned(), Value::Null),
        ];
        for (what, pointer, value) in table {
            let mut live = live();
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            let parent = live.pointer_mut(parent).unwrap();
            match key.parse::<usize>() {
                Ok(index) => parent[index] = value,
                Err(_) => parent[key] = value,
            }
            assert!(!settled(&wanted(), &live), "{what}");
        }
    }

    #[test]
    fn the_metadata_of_an_object_alone_settles_nothing() {
        let mut live = live();
        live["spec"].take();
        assert!(!settled(&wanted(), &live));
    }

    /// Objects with all the sorts of lists and maps that server-side apply knows.
    fn sorts(space: &str) -> [Value; 4] {
        let mut deployment = wanted();
        json_patch::merge(&mut deployment, &json!({"spec": {"replicas": 0}}));
        let containers = deployment.pointer_mut("/spec/template/spec/containers").unwrap();
        containers[0]["image"] = "example.com/web".into();
        containers[0]["env"] = json!([{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)"}]);
        containers[0]["resources"] =
            json!({"limits": {"cpu": "1000m", "memory": "1024Mi"}, "requests": {"memory": "1048576"}});
        containers[0]["env"][0] =
            json!({"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}});
        containers[0]["securityContext"] = json!({});
        containers[0]["readinessProbe"] =
            json!({"initialDelaySeconds": 0, "httpGet": {"port": 80, "path": "/"}});
        containers[1]["image"] = "example.com/side".into();
        let service = json!({"spec": {"selector": {"app": "web"}, "ports": [
            {"name": "a", "port": 80, "targetPort": "http"}, {"name": "b", "port": 81, "protocol": "UDP"}]}});
        let config = json!({"data": {"a": "1", "b": ""}, "metadata": {"finalizers": ["example.com/a"]}});
        let role = json!({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]});
        let named = |api_version: &str, kind: &str, more: Value| {
            let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "web"}});
            json_patch::merge(&mut object, &more);
            object
        };
        let deployment = named("apps/v1", "Deployment", {
            json_patch::merge(
                &mut deployment["spec"],
                &json!({"template": {"metadata": {"labels": {"app": "web"}}}}),
            );
            deployment
        });
        let rest = [("v1", "Service", service), ("v1", "ConfigMap", config)];
        let [service, config] = rest.map(|(version, kind, more)| named(version, kind, more));
        let role = named("rbac.authorization.k8s.io/v1", "Role", role);
        [deployment, service, config, role].map(|mut object| {
            object["metadata"]["namespace"] = space.into();
            object
        })
    }

    /// The same with one value, item or field of it changed, taken away or moved.
    fn mutants(of: &Value, pointer: &str, found: &mut Vec<Value>, whole: &Value) {
        let mut with = |change: &dyn Fn(&mut Value)| {
            let mut mutant = whole.clone();
            change(mutant.pointer_mut(pointer).unwrap());
            found.push(mutant);
        };
        match of {
            Value::Object(fields) => {
                for key in fields.keys() {
                    with(&|value| _ = value.as_object_mut().unwrap().remove(key));
                }
            }
            Value::Array(items) => {
                (0..items.len()).for_each(|at| with(&|value| _ = value.as_array_mut().unwrap().remove(at)));
                with(&|value| value.as_array_mut().unwrap().reverse());
            }
            Value::String(text) => with(&|value| *value = format!("{text}x").into()),
            Value::Number(_) => with(&|value| *value = (value.as_u64().unwrap() + 1).into()),
            _ => {}
        }
        let inner: Vec<(String, &Value)> = match of {
            Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), value)).collect(),
            Value::Array(items) => {
                items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect()
            }
            _ => Vec::new(),
        };
        for (key, value) in inner {
            let key = key.replace('~', "~0").replace('/', "~1");
            mutants(value, &format!("{pointer}/{key}"), found, whole);
        }
    }

    #[tokio::test]
    #[ignore = "needs a cluster: make e2e"]
    async fn a_real_server_would_change_nothing_of_what_is_settled() {
        let cluster = crate::cluster::testing::real().await;
        let space = "settled";
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}});
        let namespace = Object::new(namespace).unwrap();
        cluster.apply(&namespace, Mode::Force).await.unwrap();
        let (mut told, mut untold) = (0, 0);
        for original in sorts(space) {
            let object = Object::new(original.clone()).unwrap();
            cluster.apply(&object, Mode::Force).await.unwrap();
            let live = cluster.get(&object).await.unwrap().unwrap();
            assert!(is_settled(&original, &live), "{original}");
            let mut all = vec![original.clone()];
            mutants(&original, "", &mut all, &original);
            for mutant in all.iter().filter(|mutant| Object::new((*mutant).clone()).is_ok()) {
                let mutant_object = Object::new(mutant.clone()).unwrap();
                if mutant_object.id() != object.id() {
                    continue;
                }
                let live = cluster.get(&object).await.unwrap().unwrap();
                let settled = is_settled(mutant, &live);
                let Ok(applied) = cluster.apply(&mutant_object, Mode::Force).await else { continue };
                let unchanged = applied.outcome == Outcome::Unchanged;
                assert!(unchanged || !settled, "settled, and changed: {mutant}");
                told += usize::from(settled);
                untold += usize::from(unchanged && !settled);
                cluster.apply(&object, Mode::Force).await.unwrap();
            }
            // Else its namespace would wait for its finalizers.
            let mut released = object.clone();
            released.pointer_mut("/metadata").unwrap().as_object_mut().unwrap().remove("finalizers");
            cluster.apply(&released, Mode::Force).await.unwrap();
        }
        cluster.delete(&namespace, Cascade::Background).await.unwrap();
        assert!(told > 2, "{told} of {} unchanged ones are told", told + untold);
    }
}
