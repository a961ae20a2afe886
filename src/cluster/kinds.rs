use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{APIGroupList, APIResourceList, APIVersions};
use kube::Client;
use kube::client::APIGroupDiscoveryList;
use kube::core::discovery::v2::ACCEPT_AGGREGATED_DISCOVERY_V2;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{ApiError, Subject};
use super::request::{self, Call};
use crate::object::{GroupKind, group_of};

/// Where objects of one kind and version are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) plural: String,
    pub(super) namespaced: bool,
}

impl Resource {
    pub(super) fn group_kind(&self) -> GroupKind {
        GroupKind::of(&self.api_version, &self.kind)
    }

    /// What it is called, and whether its objects are in namespaces.
    pub(super) fn called(&self) -> (String, bool) {
        (self.plural.clone(), self.namespaced)
    }

    /// `v1` of `apps/v1`
    fn version(&self) -> &str {
        self.api_version.rsplit('/').next().unwrap_or_default()
    }

    /// The path of one object; of all, where `name` is empty; and of all in all namespaces, where
    /// `namespace` is None.
    pub(super) fn path(
        &self,
        namespace: Option<&str>,
        name: &str,
        query: &[(&str, &str)],
    ) -> Result<String, url::ParseError> {
        let root = if self.api_version.contains('/') { "apis" } else { "api" };
        let namespace = namespace.filter(|_| self.namespaced);
        let within = namespace.map_or(["", ""], |namespace| ["namespaces", namespace]);
        let segments = [root].into_iter().chain(self.api_version.split('/')).chain(within);
        request::path(segments.chain([self.plural.as_str(), name]), query)
    }
}

/// The kinds that the API server serves, as it told them last.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    served: HashMap<(String, String), Resource>,
    /// The groups of which some version did not tell its kinds.
    silent: BTreeSet<String>,
    /// How often they were read.
    pub(super) generation: u64,
}

impl Kinds {
    pub(super) fn get(&self, api_version: &str, kind: &str) -> Option<&Resource> {
        self.served.get(&(api_version.to_owned(), kind.to_owned()))
    }

    /// In any version.
    pub(super) fn serves(&self, kind: &GroupKind) -> bool {
        self.version_of(kind).is_some()
    }

    pub(super) fn all(&self) -> BTreeMap<GroupKind, BTreeSet<String>> {
        let mut all: BTreeMap<GroupKind, BTreeSet<String>> = BTreeMap::new();
        for resource in self.served.values() {
            all.entry(resource.group_kind()).or_default().insert(resource.version().to_owned());
        }
        all
    }

    /// Each version of a kind holds the same objects. The first is the one that is there longest: `v1`, not `v1beta1`.
    pub(super) fn version_of(&self, kind: &GroupKind) -> Option<String> {
        let of_kind = self.served.values().filter(|resource| resource.group_kind() == *kind);
        of_kind.map(|resource| &resource.api_version).min().cloned()
    }

    /// Each kind of objects that are in namespaces, in one version.
    pub(super) fn namespaced(&self) -> Vec<(String, String)> {
        let of_kind = |kind: GroupKind| {
            let api_version = self.version_of(&kind)?;
            let resource = self.get(&api_version, &kind.kind)?;
            resource.namespaced.then_some((api_version, kind.kind))
        };
        self.all().into_keys().filter_map(of_kind).collect()
    }

    /// Whether a kind that is not known may be there all the same: the server that has its group, a metrics server say, does not
    /// answer.
    pub(super) fn may_serve(&self, group: &str) -> bool {
        self.silent.contains(group)
    }

    pub(super) fn renew(&mut self, found: Found) {
        let resources = found.resources.into_iter();
        self.served = resources.map(|r| ((r.api_version.clone(), r.kind.clone()), r)).collect();
        self.silent = found.silent;
        self.generation += 1;
    }
}

/// What a server told of its kinds.
#[derive(Debug, Default)]
pub(super) struct Found {
    resources: Vec<Resource>,
    silent: BTreeSet<String>,
}

/// Asks for all kinds: in two requests by the aggregated discovery of Kubernetes 1.26 (KEP-3352), by one for
/// each group version from older servers.
pub(super) async fn discover(client: &Client) -> Result<Found, ApiError> {
    let (core, groups) = futures::try_join!(root(client, "/api"), root(client, "/apis"))?;
    let mut found = Found::default();
    let mut group_versions = Vec::new();
    for (path, answer) in [("/api", core), ("/apis", groups)] {
        match answer["kind"].as_str() {
            Some("APIGroupDiscoveryList") => found.add_aggregated(read(path, answer)?),
            Some("APIVersions") => group_versions.extend(read::<APIVersions>(path, answer)?.versions),
            _ => {
                let list: APIGroupList = read(path, answer)?;
                let versions = list.groups.into_iter().flat_map(|group| group.versions);
                group_versions.extend(versions.map(|version| version.group_version));
            }
        }
    }
    let lists = group_versions.into_iter().map(async |version| (one_by_one(client, &version).await, version));
    let mut lists = stream::iter(lists).buffered(8);
    while let Some((list, group_version)) = lists.next().await {
        match list? {
            Some(list) => found.resources.extend(listed(&group_version, list)),
            None => found.is_silent(group_of(&group_version)),
        }
    }
    Ok(found)
}

impl Found {
    fn is_silent(&mut self, group: &str) {
        self.silent.insert(group.to_owned());
    }

    fn add_aggregated(&mut self, list: APIGroupDiscoveryList) {
        for group in list.items {
            let name = group.metadata.and_then(|metadata| metadata.name).unwrap_or_default();
            for version in group.versions {
                if version.freshness.as_deref() == Some("Stale") {
                    self.is_silent(&name);
                }
                let version_name = version.version.unwrap_or_default();
                let api_version =
                    if name.is_empty() { version_name } else { format!("{name}/{version_name}") };
                self.resources.extend(version.resources.into_iter().filter_map(|resource| {
                    Some(Resource {
                        api_version: api_version.clone(),
                        kind: resource.response_kind?.kind?,
                        plural: resource.resource?,
                        namespaced: resource.scope.as_deref() == Some("Namespaced"),
                    })
                }));
            }
        }
    }
}

async fn root(client: &Client, path: &str) -> Result<Value, ApiError> {
    let subject = Arc::new(Subject::Path(path.to_owned()));
    let call = Call::get(path.to_owned(), &subject).accepting(ACCEPT_AGGREGATED_DISCOVERY_V2);
    Ok(call.json(client).await?.1)
}

/// The kinds of one group version; None where it does not answer. An aggregated API that is down (a metrics server,
/// mostly) hides its own kinds and no others.
async fn one_by_one(client: &Client, group_version: &str) -> Result<Option<APIResourceList>, ApiError> {
    let root = if group_version.contains('/') { "apis" } else { "api" };
    let path = format!("/{root}/{group_version}");
    let subject = Arc::new(Subject::Path(path.clone()));
    match Call::get(path.clone(), &subject).json(client).await {
        Ok((_, answer)) => read(&path, answer).map(Some),
        Err(ApiError::Refused { status, message, .. }) => {
            tracing::debug!(group_version, %status, message, "this API is not there");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn listed(group_version: &str, list: APIResourceList) -> Vec<Resource> {
    // `pods/log` is a part of a resource, not one.
    let whole = list.resources.into_iter().filter(|resource| !resource.name.contains('/'));
    whole
        .map(|resource| Resource {
            api_version: group_version.to_owned(),
            kind: resource.kind,
            plural: resource.name,
            namespaced: resource.namespaced,
        })
        .collect()
}

fn read<T: DeserializeOwned>(path: &str, answer: Value) -> Result<T, ApiError> {
    serde_json::from_value(answer).map_err(|error| ApiError::Unreadable {
        subject: Arc::new(Subject::Path(path.to_owned())),
        source: Arc::new(error),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;

    use super::*;
    use crate::cluster::testing::{Answer, Asked, cluster, whole};

    fn aggregated_answer(asked: &Asked) -> Answer {
        let accept = asked.headers["accept"].to_str().unwrap();
        assert!(accept.contains("as=APIGroupDiscoveryList"), "{accept}");
        let resource = |kind: &str, plural: &str, scope: &str| {
            json!({
                "resource": plural, "scope": scope, "singularResource": "", "verbs": ["get"],
                "responseKind": {"group": "", "version": "", "kind": kind},
                "subresources": [{"subresource": "status", "verbs": ["get"]}],
            })
        };
        let version = |version: &str, resources: Value| json!({"version": version, "resources": resources});
        let items = match asked.path.as_str() {
            "/api" => json!([{"metadata": {"name": ""}, "versions": [version("v1", json!([
                resource("Pod", "pods", "Namespaced"), resource("Namespace", "namespaces", "Cluster"),
            ]))]}]),
            _ => json!([{"metadata": {"name": "networking.istio.io"}, "versions": [
                version("v1beta1", json!([resource("Gateway", "gateways", "Namespaced")])),
                version("v1alpha3", json!([resource("EnvoyFilter", "envoyfilters", "Namespaced")])),
            ]}]),
        };
        Answer::ok(
            json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items}),
        )
    }

    #[tokio::test]
    async fn all_kinds_are_read_in_two_requests() {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let cluster = whole(move |asked| {
            count.fetch_add(1, Ordering::Relaxed);
            aggregated_answer(&asked)
        });
        cluster.discover().await.unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        assert_eq!(cluster.is_namespaced("v1", "Pod"), Some(true));
        assert_eq!(cluster.is_namespaced("v1", "Namespace"), Some(false));
        assert_eq!(cluster.is_namespaced("networking.istio.io/v1alpha3", "EnvoyFilter"), Some(true));
        assert_eq!(cluster.is_namespaced("networking.istio.io/v1beta1", "EnvoyFilter"), None);
        assert!(cluster.serves("networking.istio.io", "EnvoyFilter"));
        assert!(!cluster.serves("", "EnvoyFilter"));
        let served: Vec<String> =
            cluster.served().iter().map(|(kind, versions)| format!("{kind}: {versions:?}")).collect();
        let expected = [
            "Namespace: {\"v1\"}",
            "Pod: {\"v1\"}",
            "EnvoyFilter.networking.istio.io: {\"v1alpha3\"}",
            "Gateway.networking.istio.io: {\"v1beta1\"}",
        ];
        assert_eq!(served, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn an_older_server_is_asked_version_by_version_and_a_broken_api_hides_only_its_own() {
        let cluster = whole(|asked| match asked.path.as_str() {
            "/api" => Answer::ok(json!({"kind": "APIVersions", "versions": ["v1"]})),
            "/apis" => Answer::ok(json!({"kind": "APIGroupList", "groups": [
                {"name": "apps", "versions": [{"groupVersion": "apps/v1", "version": "v1"}]},
                {"name": "metrics.k8s.io", "versions": [{"groupVersion": "metrics.k8s.io/v1beta1", "version": "v1beta1"}]},
            ]})),
            "/api/v1" => Answer::ok(json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": [
                {"name": "pods", "singularName": "pod", "namespaced": true, "kind": "Pod", "verbs": []},
                {"name": "pods/eviction", "singularName": "", "namespaced": true, "kind": "Eviction", "verbs": []},
            ]})),
            "/apis/apps/v1" => Answer::ok(json!({"groupVersion": "apps/v1", "resources": [
                {"name": "deployments", "singularName": "", "namespaced": true, "kind": "Deployment", "verbs": []},
            ]})),
            _ => Answer::Text(503, "service unavailable".to_owned(), http::HeaderMap::new()),
        });
        cluster.discover().await.unwrap();
        assert!(cluster.serves("", "Pod") && cluster.serves("apps", "Deployment"));
        assert!(!cluster.serves("", "Eviction"));

        // What is hidden may be there, and what is not is not.
        let error = cluster.list("metrics.k8s.io/v1beta1", "PodMetrics", None, None).await.unwrap_err();
        assert_eq!(error.to_string(), "PodMetrics.metrics.k8s.io: the API of its group does not answer");
        let error = cluster.list("apps/v1", "Gone", None, None).await.unwrap_err();
        assert!(matches!(error, ApiError::UnknownKind { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn a_kind_that_is_new_is_looked_for_once_for_all_who_miss_it() {
        let discoveries = Arc::new(AtomicUsize::new(0));
        let count = discoveries.clone();
        let cluster = whole(move |asked| match asked.path.as_str() {
            "/api" | "/apis" => {
                count.fetch_add(1, Ordering::Relaxed);
                aggregated_answer(&asked)
            }
            _ => Answer::not_found("gateways"),
        });
        let read = || cluster.read("networking.istio.io/v1beta1", "Gateway", Some("ns"), "web");
        let found = futures::future::join_all((0..16).map(|_| read())).await;
        assert!(found.into_iter().all(|found| found.unwrap().is_none()));
        assert_eq!(discoveries.load(Ordering::Relaxed), 2);

        let unknown = cluster.read("networking.istio.io/v1", "Gateway", Some("ns"), "web").await.unwrap_err();
        assert!(unknown.passes());
        assert_eq!(unknown.to_string(), "the cluster knows no Gateway in networking.istio.io/v1");
        assert_eq!(discoveries.load(Ordering::Relaxed), 4);
    }

    #[tokio::test]
    async fn a_list_is_read_page_by_page_and_its_items_get_their_kind() {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        let cluster = cluster(move |asked| {
            let page = asked.query("continue").map(str::to_owned);
            assert_eq!(asked.query("labelSelector"), Some("app in (web, api)"));
            log.lock().unwrap().push((asked.path.clone(), page.clone()));
            let (name, more) = match page.as_deref() {
                None => ("a", "next/page="),
                Some(_) => ("b", ""),
            };
            let items = json!([{"metadata": {"name": name, "namespace": "ns"}}]);
            Answer::ok(json!({"kind": "ConfigMapList", "metadata": {"continue": more}, "items": items}))
        });
        let objects = cluster.list("v1", "ConfigMap", None, Some("app in (web, api)")).await.unwrap();
        let ids: Vec<String> = objects.iter().map(|object| object.id().to_string()).collect();
        assert_eq!(ids, ["ConfigMap/ns/a", "ConfigMap/ns/b"]);
        let path = "/api/v1/configmaps".to_owned();
        assert_eq!(*asked.lock().unwrap(), [(path.clone(), None), (path, Some("next/page=".to_owned()))]);
    }
}
