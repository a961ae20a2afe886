//! What Istio's injector would put into pods, by the configuration that the plan brings for it. The rules are those of
//! `pkg/kube/inject` (inject.go: injectRequired, ProxyImage, ProxyInitImage, selectTemplates) and of the injection
//! templates in `manifests/charts/istio-control/istio-discovery/files`, the same in 1.18 and after but for what is said.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::pod::Pod;
use super::selector::selects;
use crate::object::{Object, yaml};
use crate::plan::{Layer, Plan};

/// The name of an image that stands for the one that is injected (webhook.go, AutoImage).
pub(super) const AUTO: &str = "auto";

const INJECT: &str = "sidecar.istio.io/inject";
pub(super) const PROXY_IMAGE: &str = "sidecar.istio.io/proxyImage";
const PROXY_IMAGE_TYPE: &str = "sidecar.istio.io/proxyImageType";
const PROXY_CONFIG: &str = "proxy.istio.io/config";
const TEMPLATES: &str = "inject.istio.io/templates";

/// Never injected into (inject.go, IgnoredNamespaces).
const IGNORED: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];
/// What istiod makes gateways of by itself (`pilot/pkg/config/kube/gateway`).
const GATEWAY_CLASSES: [&str; 2] = ["istio", "istio-waypoint"];

/// Injection as a plan sets it up.
#[derive(Debug)]
pub(super) struct Injector {
    /// Of the charts.
    pub(super) values: Value,
    /// Policy, selectors and templates.
    config: Value,
    /// What is configured for all proxies, `defaultConfig` of the mesh.
    proxy_config: Value,
    /// The webhooks that call it.
    hooks: Vec<Value>,
    namespaces: BTreeMap<String, Map<String, Value>>,
}

/// The ConfigMap that holds the injector's configuration: with the revision at its end where there is one.
pub(super) fn is_configuration(object: &Object) -> bool {
    object.is("", "ConfigMap")
        && object.name().starts_with("istio-sidecar-injector")
        && object.text("/data/values").is_some()
}

fn is_mesh(object: &Object) -> bool {
    object.is("", "ConfigMap") && object.name().starts_with("istio") && object.text("/data/mesh").is_some()
}

/// A gateway for which istiod makes a Deployment from one of the injector's templates.
pub(super) fn is_gateway(object: &Object) -> bool {
    object.is("gateway.networking.k8s.io", "Gateway")
        && object.text("/spec/gatewayClassName").is_some_and(|class| GATEWAY_CLASSES.contains(&class))
}

impl Injector {
    /// None where the plan brings no Istio: then the cluster's own decides, and is not known here.
    pub(super) fn of(plan: &Plan) -> Option<Self> {
        let objects: Vec<&Object> =
            plan.layers.iter().flat_map(Layer::objects).map(|placed| &placed.object).collect();
        let configuration = objects.iter().find(|object| is_configuration(object))?;
        let mesh = objects.iter().find(|object| is_mesh(object));
        let mesh = mesh.and_then(|mesh| document(mesh.text("/data/mesh")?)).unwrap_or_default();
        Some(Self {
            values: serde_json::from_str(configuration.text("/data/values")?).ok()?,
            config: configuration.text("/data/config").and_then(document).unwrap_or_default(),
            proxy_config: mesh.get("defaultConfig").cloned().unwrap_or_default(),
            hooks: objects.iter().flat_map(|object| hooks(object)).cloned().collect(),
            namespaces: objects
                .into_iter()
                .filter(|object| object.is("", "Namespace"))
                .map(labelled)
                .collect(),
        })
    }

    /// Whether a pod in this namespace comes out of the API server with more than it went in with.
    pub(super) fn injects(&self, namespace: Option<&str>, pod: Pod<'_>) -> bool {
        let none = Map::new();
        let of_namespace = namespace.and_then(|name| self.namespaces.get(name)).unwrap_or(&none);
        let of_pod = pod.labels().unwrap_or(&none);
        let is_called = self.hooks.iter().any(|hook| {
            selects(hook.get("namespaceSelector"), of_namespace)
                && selects(hook.get("objectSelector"), of_pod)
        });
        let is_wanted = match pod.label(INJECT).or(pod.annotation(INJECT)) {
            Some("true") => true,
            Some("false") => false,
            _ => self.injects_by_itself(of_pod),
        };
        let is_ignored = namespace.is_some_and(|name| IGNORED.contains(&name));
        is_called && is_wanted && !is_ignored && !pod.is_on_the_hosts_network()
    }

    fn injects_by_itself(&self, labels: &Map<String, Value>) -> bool {
        let is_in = |list: &str| {
            let selectors = self.config.get(list).and_then(Value::as_array).into_iter().flatten();
            let is_empty = |selector: &Value| selector.as_object().is_none_or(Map::is_empty);
            selectors.into_iter().any(|selector| !is_empty(selector) && selects(Some(selector), labels))
        };
        let is_on = self.config.get("policy").and_then(Value::as_str) != Some("disabled");
        !is_in("neverInjectSelector") && (is_on || is_in("alwaysInjectSelector"))
    }

    /// The containers that the pod gets, with their images. Those that it has itself keep what it says.
    pub(super) fn injected(&self, pod: Pod<'_>) -> Vec<(String, String)> {
        let mut containers = Vec::new();
        for template in self.templates(pod) {
            let text = self.template(&template).unwrap_or_default();
            let has = |name: &str| text.contains(&format!("- name: {name}"));
            if has("istio-init") && self.intercepts(pod) {
                let name = if self.has_cni() { "istio-validation" } else { "istio-init" };
                containers.push((name.to_owned(), self.init_image(pod, text)));
            }
            containers.extend(literals(text));
            if has("istio-proxy") {
                containers.push(("istio-proxy".to_owned(), self.proxy_image(pod)));
            }
        }
        let mut seen = Vec::new();
        containers.retain(|(name, _)| {
            let is_first = !seen.contains(name);
            seen.push(name.clone());
            is_first
        });
        containers
    }

    fn template(&self, name: &str) -> Option<&str> {
        self.config.get("templates")?.get(name)?.as_str()
    }

    fn templates(&self, pod: Pod<'_>) -> Vec<String> {
        let names = match pod.annotation(TEMPLATES) {
            Some(names) => names.split(',').map(|name| name.trim().to_owned()).collect(),
            None => words(self.config.get("defaultTemplates")),
        };
        let names = if names.is_empty() { vec!["sidecar".to_owned()] } else { names };
        let resolved = |name: String| match self.config.get("aliases").and_then(|aliases| aliases.get(&name))
        {
            Some(aliases) => words(Some(aliases)),
            None => vec![name],
        };
        names.into_iter().flat_map(resolved).collect()
    }

    /// The image of the container that sets a pod's network up, where nothing says otherwise.
    pub(super) fn plain_init_image(&self) -> String {
        self.init_image(Pod::plain(), self.template("sidecar").unwrap_or_default())
    }

    /// The image of the proxy in this pod.
    pub(super) fn proxy_image(&self, pod: Pod<'_>) -> String {
        let of_pod = pod.annotation(PROXY_CONFIG).and_then(document);
        let image_type = pod.annotation(PROXY_IMAGE_TYPE).map(str::to_owned);
        let image_type = image_type
            .or_else(|| Some(of_pod?.pointer("/image/imageType")?.as_str()?.to_owned()))
            .or_else(|| Some(self.proxy_config.pointer("/image/imageType")?.as_str()?.to_owned()));
        self.image(pod, "/global/proxy/image", image_type.as_deref())
    }

    /// Newer releases have a name of their own for it, which the configuration of the proxy does not change.
    fn init_image(&self, pod: Pod<'_>, template: &str) -> String {
        let name = "/global/proxy_init/image";
        if template.contains(".ProxyInitImage") {
            return self.image(pod, name, pod.annotation(PROXY_IMAGE_TYPE));
        }
        match self.whole(pod, name) {
            Some(whole) => whole,
            None => self.proxy_image(pod),
        }
    }

    fn image(&self, pod: Pod<'_>, name: &str, image_type: Option<&str>) -> String {
        self.whole(pod, name).unwrap_or_else(|| {
            let text = |place| self.value(place).unwrap_or_default();
            let image = Some(text(name)).filter(|image| !image.is_empty()).unwrap_or("proxyv2");
            format!(
                "{}/{image}:{}",
                text("/global/hub"),
                typed(&self.tag(), image_type.or(self.value("/global/variant")))
            )
        })
    }

    /// A name with a slash is the whole of an image, and needs neither hub nor tag.
    fn whole(&self, pod: Pod<'_>, name: &str) -> Option<String> {
        let image = pod.annotation(PROXY_IMAGE).or_else(|| self.value(name))?;
        image.contains('/').then(|| image.to_owned())
    }

    /// A tag may be a number.
    fn tag(&self) -> String {
        match self.values.pointer("/global/tag") {
            Some(Value::String(tag)) => tag.clone(),
            Some(tag) => tag.to_string(),
            None => String::new(),
        }
    }

    fn intercepts(&self, pod: Pod<'_>) -> bool {
        let of_mesh = self.proxy_config.get("interceptionMode").and_then(Value::as_str);
        pod.annotation("sidecar.istio.io/interceptionMode").or(of_mesh) != Some("NONE")
    }

    fn has_cni(&self) -> bool {
        let is_set = |place| self.values.pointer(place).and_then(Value::as_bool).unwrap_or_default();
        is_set("/istio_cni/enabled") || is_set("/pilot/cni/enabled")
    }

    /// A text in the values of the charts.
    pub(super) fn value(&self, place: &str) -> Option<&str> {
        self.values.pointer(place).and_then(Value::as_str)
    }
}

/// A container of a template with an image that depends on nothing: its name, and the image.
pub(super) static LITERAL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?<before>- name: (?<name>\S+)\s*\n\s+image: )(?<image>[^\s{}"']+)"#).ok()
});

fn literals(template: &str) -> Vec<(String, String)> {
    let found = LITERAL.iter().flat_map(|literal| literal.captures_iter(template));
    found.map(|found| (found["name"].to_owned(), found["image"].to_owned())).collect()
}

/// The tag for a type of image: `1.18.0` and `distroless` make `1.18.0-distroless` (inject.go,
/// updateImageTypeIfPresent).
fn typed(tag: &str, image_type: Option<&str>) -> String {
    let Some(image_type) = image_type.filter(|image_type| !image_type.is_empty()) else {
        return tag.to_owned();
    };
    let stem = ["-distroless", "-debug"].into_iter().find_map(|known| tag.strip_suffix(known)).unwrap_or(tag);
    if image_type == "default" { stem.to_owned() } else { format!("{stem}-{image_type}") }
}

/// The one document of a text.
fn document(text: &str) -> Option<Value> {
    Some(yaml::parse_documents(text).ok()?.into_iter().next()?.value)
}

fn words(list: Option<&Value>) -> Vec<String> {
    let words = list.and_then(Value::as_array).into_iter().flatten();
    words.filter_map(|word| word.as_str().map(str::to_owned)).collect()
}

/// The webhooks of an object that make sidecars.
fn hooks(object: &Object) -> impl Iterator<Item = &Value> {
    let is_ours = object.is("admissionregistration.k8s.io", "MutatingWebhookConfiguration");
    let hooks = object.pointer("/webhooks").filter(|_| is_ours).and_then(Value::as_array);
    hooks.into_iter().flatten().filter(|hook| {
        hook.get("name")
            .and_then(Value::as_str)
            .is_some_and(|name| name.ends_with("sidecar-injector.istio.io"))
    })
}

/// A namespace with its labels, and with the one that the API server gives it.
fn labelled(namespace: &Object) -> (String, Map<String, Value>) {
    let labels = namespace.pointer("/metadata/labels").and_then(Value::as_object);
    let mut labels = labels.cloned().unwrap_or_default();
    labels.insert("kubernetes.io/metadata.name".to_owned(), namespace.name().into());
    (namespace.name().to_owned(), labels)
}
