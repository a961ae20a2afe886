use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::images::pods;
use super::{Image, Placed, Plan};
use crate::image::Logins;
use crate::object::{Object, ObjectId};

/// What the Secrets are called, one in each namespace.
const NAME: &str = "kubestock-registry-auth";

impl Plan {
    /// Has every pod that pulls from one of these registries do so with its login. Each namespace gets a Secret with no more
    /// than its pods need, in the first layer that has one of them.
    ///
    /// The pods name it themselves: a ServiceAccount may be the cluster's own, and its list is one field, of one manager. But a
    /// pod that names any goes by its ServiceAccount's no more, so that those of the plan are named as well.
    pub fn add_pull_secrets(&mut self, images: &[Image], logins: &Logins) {
        let mut needs: BTreeMap<ObjectId, BTreeSet<String>> = BTreeMap::new();
        for image in images {
            let registries: BTreeSet<String> = logins.for_image(&image.applied).map(str::to_owned).collect();
            if !registries.is_empty() {
                image.users.iter().for_each(|user| {
                    needs.entry(user.object.clone()).or_default().extend(registries.clone());
                });
            }
        }
        let mut of_namespace: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (object, registries) in &needs {
            let namespace = object.namespace.clone().unwrap_or_default();
            of_namespace.entry(namespace).or_default().extend(registries.clone());
        }
        let accounts = self.pull_secrets_of_accounts();
        for stage in self.layers.iter_mut().flat_map(|layer| &mut layer.stages) {
            let mut secrets = Vec::new();
            for placed in &mut stage.objects {
                if needs.contains_key(&placed.object.id()) && name_secret(&mut placed.object, &accounts) {
                    let namespace = placed.object.namespace().unwrap_or_default().to_owned();
                    let registries = of_namespace.remove(&namespace);
                    secrets.extend(registries.and_then(|registries| secret(&namespace, logins, &registries)));
                }
            }
            stage.objects.extend(secrets.into_iter().map(Placed::from));
        }
    }

    /// By namespace and name.
    fn pull_secrets_of_accounts(&self) -> BTreeMap<(String, String), Vec<Value>> {
        let objects = self.layers.iter().flat_map(|layer| layer.objects()).map(|placed| &placed.object);
        let accounts = objects.filter(|object| object.is("", "ServiceAccount"));
        let named = accounts.filter_map(|account| {
            let secrets = account.pointer("/imagePullSecrets")?.as_array()?.clone();
            Some(((account.namespace()?.to_owned(), account.name().to_owned()), secrets))
        });
        named.collect()
    }
}

/// Adds the Secret to those that the object's pods name; false where it has no pods.
fn name_secret(object: &mut Object, accounts: &BTreeMap<(String, String), Vec<Value>>) -> bool {
    let namespace = object.namespace().unwrap_or_default().to_owned();
    let places: Vec<String> =
        pods(object).into_iter().map(|(pointer, _)| format!("{pointer}/spec")).collect();
    for place in &places {
        let Some(spec) = object.pointer_mut(place).and_then(Value::as_object_mut) else { continue };
        let account = spec.get("serviceAccountName").and_then(Value::as_str).unwrap_or("default").to_owned();
        let secrets = spec.entry("imagePullSecrets").or_insert_with(|| json!([]));
        let Some(secrets) = secrets.as_array_mut() else { continue };
        if secrets.is_empty() {
            secrets.extend(accounts.get(&(namespace.clone(), account)).into_iter().flatten().cloned());
        }
        if !secrets.iter().any(|secret| secret["name"] == NAME) {
            secrets.push(json!({"name": NAME}));
        }
    }
    !places.is_empty()
}

fn secret(namespace: &str, logins: &Logins, registries: &BTreeSet<String>) -> Option<Object> {
    let config = logins.to_docker_config(registries.iter().map(String::as_str));
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": NAME, "namespace": namespace, "labels": {"app.kubernetes.io/part-of": "kubestock"}},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": STANDARD.encode(config)},
    });
    Object::new(secret).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::image::{Login, Rules};
    use crate::object::yaml;
    use crate::plan::Layer;

    fn plan(layers: &[&str]) -> Plan {
        let layer = |(number, text): (usize, &&str)| {
            let objects = yaml::parse_documents(text).unwrap().into_iter();
            let objects = objects.map(|document| Object::new(document.value).unwrap().into()).collect();
            Layer::new(format!("layer-{number}"), objects, Duration::from_secs(1))
        };
        Plan::of(layers.iter().enumerate().map(layer).collect()).0
    }

    fn deployment(namespace: &str, name: &str, image: &str, more: &str) -> String {
        format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}, namespace: {namespace}}}, \
             spec: {{template: {{spec: {{containers: [{{name: c, image: {image}}}]{more}}}}}}}}}"
        )
    }

    /// The pull secrets of each pod, and the registries of each Secret.
    fn added(plan: &mut Plan) -> Vec<String> {
        let mut logins = Logins::default();
        for registry in ["private.example", "other.example/shop"] {
            let login = Login { username: "me".to_owned(), password: "hunter2".to_owned() };
            logins.insert(registry, login);
        }
        let images = plan.place_images(&Rules::default()).unwrap().list;
        plan.add_pull_secrets(&images, &logins);
        let told = |layer: &Layer| {
            let lines = layer.objects().filter_map(|placed| {
                let object = &placed.object;
                let what = if object.is("", "Secret") {
                    let text = object
                        .text("/data/.dockerconfigjson")
                        .or(object.pointer("/data")?.get(".dockerconfigjson")?.as_str())?;
                    let config: Value = serde_json::from_slice(&STANDARD.decode(text).unwrap()).unwrap();
                    config["auths"].as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(", ")
                } else {
                    object
                        .pointer("/spec/template/spec/imagePullSecrets")
                        .map(Value::to_string)
                        .unwrap_or_default()
                };
                Some(format!("{} {}: {what}", layer.name, object.id()))
            });
            lines.collect::<Vec<_>>()
        };
        plan.layers.iter().flat_map(told).filter(|line| !line.contains("ServiceAccount")).collect()
    }

    #[test]
    fn each_namespace_gets_no_more_than_its_pods_need_with_the_first_layer_that_has_one() {
        let first = deployment("a", "web", "private.example/web:1", "");
        let second = [
            deployment("a", "shop", "other.example/shop/api:1", ""),
            deployment("b", "api", "other.example/shop/api:1", ""),
            deployment("b", "free", "other.example/free:1", ""),
            deployment("c", "free", "web:1", ""),
        ];
        let mut plan = plan(&[&first, &second.join("\n---\n")]);
        assert_eq!(
            added(&mut plan),
            [
                r#"layer-0 Deployment/a/web: [{"name":"kubestock-registry-auth"}]"#,
                "layer-0 Secret/a/kubestock-registry-auth: other.example/shop, private.example",
                r#"layer-1 Deployment/a/shop: [{"name":"kubestock-registry-auth"}]"#,
                r#"layer-1 Deployment/b/api: [{"name":"kubestock-registry-auth"}]"#,
                "layer-1 Deployment/b/free: ",
                "layer-1 Deployment/c/free: ",
                "layer-1 Secret/b/kubestock-registry-auth: other.example/shop",
            ]
        );
    }

    #[test]
    fn what_pods_pull_with_already_stays() {
        let account = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: web, namespace: a}, imagePullSecrets: [{name: theirs}]}";
        let image = "private.example/web:1";
        let objects = [
            account.to_owned(),
            deployment("a", "account", image, ", serviceAccountName: web"),
            deployment("a", "own", image, ", imagePullSecrets: [{name: own}], serviceAccountName: web"),
        ];
        let mut plan = plan(&[&objects.join("\n---\n")]);
        let told = added(&mut plan);
        assert!(told[0].ends_with(r#"[{"name":"theirs"},{"name":"kubestock-registry-auth"}]"#), "{told:?}");
        assert!(told[1].ends_with(r#"[{"name":"own"},{"name":"kubestock-registry-auth"}]"#), "{told:?}");
    }

    #[test]
    fn without_a_login_for_any_image_nothing_changes() {
        let text = deployment("a", "web", "web:1", "");
        let mut plan = plan(&[&text]);
        assert_eq!(added(&mut plan), ["layer-0 Deployment/a/web: "]);
    }
}
