use std::collections::HashMap;
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

/// Where objects of one kind and version are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) plural: String,
    pub(super) namespaced: bool,
}

impl Resource {
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
    /// How often they were read.
    pub(super) generation: u64,
}

impl Kinds {
    pub(super) fn get(&self, api_version: &str, kind: &str) -> Option<&Resource> {
        self.served.get(&(api_version.to_owned(), kind.to_owned()))
    }

    /// In any version.
    pub(super) fn serves(&self, group: &str, kind: &str) -> bool {
        self.served.values().any(|resource| {
            let its_group = resource.api_version.split_once('/').map_or("", |(group, _)| group);
            resource.kind == kind && its_group == group
        })
    }

    pub(super) fn renew(&mut self, resources: Vec<Resource>) {
        self.served = resources.into_iter().map(|r| ((r.api_version.clone(), r.kind.clone()), r)).collect();
        self.generation += 1;
    }
}

/// Asks for all kinds: in two requests by the aggregated discovery of Kubernetes 1.26 (KEP-3352), by one for
/// each group version from older servers.
pub(super) async fn discover(client: &Client) -> Result<Vec<Resource>, ApiError> {
    let (core, groups) = futures::try_join!(root(client, "/api"), root(client, "/apis"))?;
    let mut resources = Vec::new();
    let mut group_versions = Vec::new();
    for (path, answer) in [("/api", core), ("/apis", groups)] {
        match answer["kind"].as_str() {
            Some("APIGroupDiscoveryList") => resources.extend(aggregated(read(path, answer)?)),
            Some("APIVersions") => group_versions.extend(read::<APIVersions>(path, answer)?.versions),
            _ => {
                let list: APIGroupList = read(path, answer)?;
                let versions = list.groups.into_iter().flat_map(|group| group.versions);
                group_versions.extend(versions.map(|version| version.group_version));
            }
        }
    }
    let mut lists = stream::iter(group_versions).map(|version| one_by_one(client, version)).buffered(8);
    while let Some(found) = lists.next().await {
        resources.extend(found?);
    }
    Ok(resources)
}

async fn root(client: &Client, path: &str) -> Result<Value, ApiError> {
    let subject = Arc::new(Subject::Path(path.to_owned()));
    let call = Call::get(path.to_owned(), &subject).accepting(ACCEPT_AGGREGATED_DISCOVERY_V2);
    Ok(call.json(client).await?.1)
}

fn aggregated(list: APIGroupDiscoveryList) -> Vec<Resource> {
    let mut resources = Vec::new();
    for group in list.items {
        let name = group.metadata.and_then(|metadata| metadata.name).unwrap_or_default();
        for version in group.versions {
            let version_name = version.version.unwrap_or_default();
            let api_version = if name.is_empty() { version_name } else { format!("{name}/{version_name}") };
            resources.extend(version.resources.into_iter().filter_map(|resource| {
                Some(Resource {
                    api_version: api_version.clone(),
                    kind: resource.response_kind?.kind?,
                    plural: resource.resource?,
                    namespaced: resource.scope.as_deref() == Some("Namespaced"),
                })
            }));
        }
    }
    resources
}

/// The kinds of one group version. An aggregated API that is down (a metrics server, mostly) hides its own
/// kinds and no others.
async fn one_by_one(client: &Client, group_version: String) -> Result<Vec<Resource>, ApiError> {
    let root = if group_version.contains('/') { "apis" } else { "api" };
    let path = format!("/{root}/{group_version}");
    let subject = Arc::new(Subject::Path(path.clone()));
    match Call::get(path.clone(), &subject).json(client).await {
        Ok((_, answer)) => Ok(listed(&group_version, read(&path, answer)?)),
        Err(ApiError::Refused { status, message, .. }) => {
            tracing::debug!(group_version, %status, message, "this API is not there");
            Ok(Vec::new())
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
