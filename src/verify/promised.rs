use std::collections::{BTreeMap, BTreeSet};

use super::dashboards::service_of;
use super::pods::{has_sidecar, items};
use super::seen::istio_namespace;
use crate::istio::release::Addon;
use crate::object::{Object, ObjectId, Snapshot};

/// What an installation is held to.
#[derive(Clone, Debug, Default)]
pub struct Promised {
    /// The version of Istio; None where any will do.
    pub version: Option<String>,
    /// What must be there beside the control plane.
    pub addons: Vec<Addon>,
    /// The namespaces in which pods have sidecars.
    pub namespaces: BTreeSet<String>,
    /// The Services, workloads and VirtualServices in them, as they were promised.
    pub objects: BTreeMap<ObjectId, Object>,
}

/// What calls can be made to.
const WORKLOADS: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];

impl Promised {
    /// What these objects promise in the namespaces whose pods they, or the cluster as it is, give sidecars; all of
    /// them, or those of `only`.
    pub fn by<'a>(objects: impl IntoIterator<Item = &'a Object>, live: &Snapshot, only: &[String]) -> Self {
        let objects: Vec<&Object> = objects.into_iter().collect();
        let places: BTreeSet<&str> = objects.iter().filter_map(|object| object.namespace()).collect();
        let namespace = |name: &str| {
            let is_it = |object: &Object| object.is("", "Namespace") && object.name() == name;
            let planned = objects.iter().copied().find(|object| is_it(object));
            planned.or_else(|| live.of_kind("", "Namespace").find(|object| is_it(object)))
        };
        let is_wanted = |name: &str| only.is_empty() || only.iter().any(|only| only == name);
        let is_meshed = |name: &&str| is_wanted(name) && namespace(name).is_some_and(is_labelled);
        let namespaces = places.into_iter().filter(is_meshed).map(str::to_owned).collect();
        Self::in_namespaces(&objects, namespaces)
    }

    /// What is there is what it should be: the namespaces that are labelled for injection or have pods with sidecars.
    pub fn as_found(live: &Snapshot, only: &[String]) -> Self {
        let labelled = live.of_kind("", "Namespace").filter(|namespace| is_labelled(namespace));
        let meshed = live.of_kind("", "Pod").filter(|pod| has_sidecar(pod) && !is_gateway(pod));
        let names = labelled.map(Object::name).chain(meshed.filter_map(Object::namespace));
        let is_wanted = |name: &&str| only.is_empty() || only.iter().any(|only| only == name);
        let namespaces = names.filter(is_wanted).map(str::to_owned).collect();
        let objects: Vec<&Object> = live.iter().collect();
        let is_there = |addon: &Addon| {
            let mut services = live.of_kind("", "Service");
            services.any(|service| {
                service.name() == service_of(*addon) && service.namespace() == Some(istio_namespace(live))
            })
        };
        let addons = Addon::ALL.into_iter().filter(is_there).collect();
        Self { addons, ..Self::in_namespaces(&objects, namespaces) }
    }

    fn in_namespaces(objects: &[&Object], namespaces: BTreeSet<String>) -> Self {
        let is_theirs = |object: &&&Object| {
            object.namespace().is_some_and(|namespace| namespaces.contains(namespace)) && is_promise(object)
        };
        let objects =
            objects.iter().filter(is_theirs).map(|object| (object.id(), (*object).clone())).collect();
        Self { version: None, addons: Vec::new(), namespaces, objects }
    }

    pub fn services(&self) -> impl Iterator<Item = &Object> {
        self.objects.values().filter(|object| object.is("", "Service"))
    }

    pub(super) fn workloads(&self) -> impl Iterator<Item = &Object> {
        self.objects.values().filter(|object| is_workload(object))
    }

    /// Where each Service answers, by its first port.
    pub fn callable(&self) -> impl Iterator<Item = (ObjectId, String)> {
        self.services().filter_map(|service| {
            let (name, namespace) = (service.name(), service.namespace()?);
            Some((service.id(), format!("http://{name}.{namespace}:{}/health", port(service)?)))
        })
    }

    pub(super) fn virtual_services(&self) -> impl Iterator<Item = &Object> {
        self.objects.values().filter(|object| object.is("networking.istio.io", "VirtualService"))
    }

    /// The identities of the workloads in a namespace, by name.
    pub fn accounts(&self, namespace: &str) -> BTreeSet<String> {
        let theirs = self.workloads().filter(|workload| workload.namespace() == Some(namespace));
        let account = |workload: &Object| {
            workload.text("/spec/template/spec/serviceAccountName").unwrap_or("default").to_owned()
        };
        theirs.map(account).collect()
    }

    /// The namespaces in words.
    pub(super) fn place(&self) -> String {
        self.namespaces.iter().cloned().collect::<Vec<_>>().join(", ")
    }
}

/// Whether its pods get a sidecar unless they say otherwise, as the injector's webhooks decide.
pub fn is_labelled(namespace: &Object) -> bool {
    match namespace.label("istio-injection") {
        Some(injection) => injection == "enabled",
        None => namespace.label("istio.io/rev").is_some(),
    }
}

/// A Service without a selector, or without a port for TCP, leads to nothing of the mesh's own.
fn is_promise(object: &Object) -> bool {
    match (object.group(), object.kind()) {
        ("", "Service") => object.pointer("/spec/selector").is_some() && port(object).is_some(),
        ("networking.istio.io", "VirtualService") => true,
        _ => is_workload(object),
    }
}

fn is_workload(object: &Object) -> bool {
    object.group() == "apps" && WORKLOADS.contains(&object.kind())
}

/// The first port of a Service that TCP goes to.
pub fn port(service: &Object) -> Option<u16> {
    let is_tcp =
        |port: &&serde_json::Value| port["protocol"].as_str().is_none_or(|protocol| protocol == "TCP");
    items(service, "/spec/ports").find(is_tcp)?["port"].as_u64()?.try_into().ok()
}

/// Gateways have the container of a sidecar and nothing beside it.
fn is_gateway(pod: &Object) -> bool {
    items(pod, "/spec/containers").count() == 1 && items(pod, "/spec/initContainers").count() == 0
}
