use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Right, Undertaking, guessed};
use crate::object::{Object, Wave, group_of};
use crate::plan::{Gate, Layer, NAMESPACE};
use crate::readiness;
use crate::verify;

/// What applying an object asks for: it is read, patched, and made where it is not there, which the API server asks
/// for by a name of its own (k8s.io/apiserver, pkg/endpoints/handlers/patch.go).
const APPLY: [&str; 3] = ["get", "create", "patch"];

const WATCH: [&str; 2] = ["list", "watch"];

/// Every right that an installation, its waiting and its checks ask for.
pub fn needed(undertaking: &Undertaking<'_>) -> BTreeSet<Right> {
    let layers = || undertaking.plan.layers.iter();
    let objects = || layers().flat_map(Layer::objects).map(|placed| &placed.object);
    let mut rights = of_the_run();
    if undertaking.is_pruned {
        rights.insert(Right::new(Some(NAMESPACE), "", "configmaps", "list"));
    }
    // Thousands of objects have a few kinds.
    let mut seen = HashSet::new();
    for object in objects() {
        let kind = (object.namespace(), object.group(), object.kind());
        if seen.insert(kind) {
            let resource = Resource::of(object, undertaking);
            rights.extend(of_kind(object, &resource));
            if undertaking.is_pruned {
                rights.extend(resource.rights(&["delete"]));
            }
        }
    }
    if undertaking.is_pruned {
        rights.extend(layers().flat_map(|layer| to_look_through(layer, undertaking)));
    }
    for gate in layers().flat_map(|layer| &layer.stages).flat_map(|stage| &stage.gates) {
        let (Gate::Validation { invalid: asked, .. } | Gate::Injection { pod: asked, .. }) = gate;
        rights.extend(Resource::of(asked, undertaking).rights(&["create"]));
    }
    if undertaking.is_verified {
        let workloads = objects().filter(|object| readiness::is_workload(object));
        let checked: BTreeSet<&str> = workloads.filter_map(Object::namespace).collect();
        if !checked.is_empty() {
            rights.extend(of_the_mesh());
        }
        rights.extend(checked.into_iter().flat_map(of_checks));
    }
    rights
}

/// Where objects of a kind are, as the cluster calls it.
struct Resource<'a> {
    namespace: Option<&'a str>,
    group: &'a str,
    plural: String,
}

impl<'a> Resource<'a> {
    /// As the cluster says; else as the definition in the plan; else by the rules of English, which are right for all kinds
    /// of Kubernetes and of Istio.
    fn of(object: &'a Object, undertaking: &Undertaking<'_>) -> Self {
        let served = (undertaking.served)(object).or_else(|| defined(object, undertaking));
        let (plural, is_namespaced) = served.unwrap_or_else(|| (guessed(object.kind()), true));
        Self { namespace: object.namespace().filter(|_| is_namespaced), group: object.group(), plural }
    }

    fn rights(&self, verbs: &[&str]) -> impl Iterator<Item = Right> {
        verbs.iter().map(|verb| Right::new(self.namespace, self.group, self.plural.clone(), verb))
    }
}

/// What a definition of the plan says of its kind.
fn defined(object: &Object, undertaking: &Undertaking<'_>) -> Option<(String, bool)> {
    let mut objects = undertaking.plan.layers.iter().flat_map(Layer::objects).map(|placed| &placed.object);
    let definition = objects.find(|definition| {
        definition.is("apiextensions.k8s.io", "CustomResourceDefinition")
            && definition.text("/spec/group") == Some(object.group())
            && definition.text("/spec/names/kind") == Some(object.kind())
    })?;
    let plural = definition.text("/spec/names/plural")?.to_owned();
    Some((plural, definition.text("/spec/scope") != Some("Cluster")))
}

/// What a layer does not have any more is looked for among all of its kinds, in all of its namespaces: that is what is
/// recorded of it (KEP-3659).
fn to_look_through(layer: &Layer, undertaking: &Undertaking<'_>) -> BTreeSet<Right> {
    let objects = || layer.objects().map(|placed| &placed.object);
    let namespaces: BTreeSet<&str> = objects().filter_map(Object::namespace).collect();
    let kinds: BTreeMap<(&str, &str), &Object> =
        objects().map(|object| ((object.group(), object.kind()), object)).collect();
    let resources = kinds.into_values().map(|object| Resource::of(object, undertaking));
    let places = |resource: Resource<'_>| -> Vec<Right> {
        let list = |namespace| Right::new(namespace, resource.group, resource.plural.clone(), "list");
        match resource.namespace {
            Some(_) => namespaces.iter().map(|namespace| list(Some(*namespace))).collect(),
            None => vec![list(None)],
        }
    };
    resources.flat_map(places).collect()
}

/// The run's own records: its namespace, its Lease, and the parents of its ApplySets.
pub(super) fn of_the_run() -> BTreeSet<Right> {
    let namespaces = APPLY.map(|verb| Right::new(None, "", "namespaces", verb));
    let parents = APPLY.map(|verb| Right::new(Some(NAMESPACE), "", "configmaps", verb));
    let lease = ["get", "create", "update"];
    let lease = lease.map(|verb| Right::new(Some(NAMESPACE), "coordination.k8s.io", "leases", verb));
    namespaces.into_iter().chain(parents).chain(lease).collect()
}

fn of_kind(object: &Object, resource: &Resource<'_>) -> Vec<Right> {
    let mut rights: Vec<Right> = resource.rights(&APPLY).collect();
    let is_awaited = matches!(Wave::of(object), Wave::Workloads | Wave::CustomResources | Wave::Definitions);
    if is_awaited {
        rights.extend(resource.rights(&WATCH));
    }
    if object.kind() == "MutatingWebhookConfiguration" {
        // Looked for before Istio is rendered: its injector.
        rights.extend(resource.rights(&["list"]));
    }
    if readiness::is_workload(object) {
        for (api_version, kind) in readiness::EVIDENCE {
            let right =
                |verb: &&str| Right::new(resource.namespace, group_of(api_version), guessed(kind), verb);
            rights.extend(WATCH.iter().map(right));
        }
        rights.push(Right::new(resource.namespace, "", "pods/log", "get"));
    }
    rights
}

/// What the checks read of the mesh, in all namespaces: a policy may stand anywhere.
fn of_the_mesh() -> BTreeSet<Right> {
    let of_istio = verify::OF_ISTIO.into_iter();
    let kinds =
        verify::KINDS.map(|(api_version, kind)| (group_of(api_version), kind)).into_iter().chain(of_istio);
    let lists = kinds.map(|(group, kind)| Right::new(None, group, guessed(kind), "list"));
    // Probes are watched wherever they are; istiod and the dashboards are asked.
    let probes = [Right::new(None, "", "pods", "watch")];
    let of_istio =
        [("configmaps", "get"), ("services/proxy", "get"), ("pods/exec", "get"), ("pods/exec", "create")];
    let of_istio = of_istio.map(|(resource, verb)| Right::new(Some("istio-system"), "", resource, verb));
    lists.chain(probes).chain(of_istio).collect()
}

/// Pods are listed, probes are made and taken away, and they call the others: by a WebSocket, which is asked for as
/// `get`, and by newer servers as `create` (KEP-4006).
fn of_checks(namespace: &str) -> [Right; 5] {
    let right = |resource: &str, verb| Right::new(Some(namespace), "", resource, verb);
    [
        right("pods", "list"),
        right("pods", "create"),
        right("pods", "delete"),
        right("pods/exec", "get"),
        right("pods/exec", "create"),
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::object::yaml::parse_documents;
    use crate::plan::Plan;
    use crate::rights::testing::lines;

    fn plan(text: &str) -> Plan {
        let objects =
            parse_documents(text).unwrap().into_iter().map(|d| Object::new(d.value).unwrap().into());
        Plan { layers: vec![Layer::new("shop", objects.collect(), Duration::from_secs(1))] }
    }

    #[test]
    fn members_are_looked_for_in_all_namespaces_of_their_layer() {
        let plan = plan(
            "
apiVersion: v1
kind: Service
metadata: {name: a, namespace: here}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: there}
",
        );
        let undertaking = Undertaking { plan: &plan, is_pruned: true, is_verified: false, served: &|_| None };
        insta::assert_snapshot!(lines(&needed(&undertaking)), @r"
        * namespaces: create get patch
        here configmaps: list
        here services: create delete get list patch
        kubestock-install configmaps: create get list patch
        kubestock-install leases.coordination.k8s.io: create get update
        there configmaps: create delete get list patch
        there services: list
        ");
    }

    #[test]
    fn every_request_is_covered_and_nothing_else() {
        let text = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: proxies.example.org}
spec: {group: example.org, names: {kind: Proxy, plural: proxys}}
---
apiVersion: example.org/v1
kind: Proxy
metadata: {name: a, namespace: shop}
---
apiVersion: v1
kind: Service
metadata: {name: a, namespace: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: b, namespace: shop}
";
        let plan = plan(text);
        let of_english = |_: &Object| None;
        let undertaking =
            Undertaking { plan: &plan, is_pruned: true, is_verified: true, served: &of_english };
        insta::assert_snapshot!(lines(&needed(&undertaking)), @r"
        * customresourcedefinitions.apiextensions.k8s.io: create delete get list patch watch
        * daemonsets.apps: list
        * deployments.apps: list
        * destinationrules.networking.istio.io: list
        * endpointslices.discovery.k8s.io: list
        * namespaces: create get list patch
        * peerauthentications.security.istio.io: list
        * pods: list watch
        * services: list
        * statefulsets.apps: list
        * virtualservices.networking.istio.io: list
        istio-system configmaps: get
        istio-system pods/exec: create get
        istio-system services/proxy: get
        kubestock-install configmaps: create get list patch
        kubestock-install leases.coordination.k8s.io: create get update
        shop deployments.apps: create delete get list patch watch
        shop events: list watch
        shop persistentvolumeclaims: list watch
        shop pods: create delete list watch
        shop pods/exec: create get
        shop pods/log: get
        shop proxys.example.org: create delete get list patch watch
        shop replicasets.apps: list watch
        shop resourcequotas: list watch
        shop services: create delete get list patch
        ");
    }
}
