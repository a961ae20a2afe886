use futures::StreamExt;

use super::EngineError;
use super::run::CONCURRENT;
use crate::cluster::{ApiError, Cluster, FIELD_MANAGER};
use crate::object::Object;
use crate::plan::{ApplySet, NAMESPACE};

/// The layers that the cluster has a record of, the last applied first.
pub async fn installed(cluster: &Cluster) -> Result<Vec<ApplySet>, EngineError> {
    let parents = match cluster.list("v1", "ConfigMap", Some(NAMESPACE), None).await {
        Ok(parents) => parents,
        Err(error) if error.is_not_found() => Vec::new(),
        Err(error) => return Err(EngineError::api("reading which layers there are")(error)),
    };
    let mut sets: Vec<ApplySet> = parents.iter().filter_map(ApplySet::recorded).collect();
    sets.sort_by(|a, b| (b.position, &b.layer).cmp(&(a.position, &a.layer)));
    Ok(sets)
}

/// The objects in the cluster that belong to a set: they carry its label, and we have applied them. A label alone is
/// copied by controllers, from a Service to its Endpoints, say. Of each, its metadata.
pub(super) async fn members(cluster: &Cluster, set: &ApplySet) -> Result<Vec<Object>, ApiError> {
    let selector = set.selector();
    // What cannot be looked at is not gone.
    if let Some(kind) = set.kinds.iter().find(|kind| cluster.may_serve(kind)) {
        return Err(ApiError::Silent { group_kind: kind.clone() });
    }
    let queries = set.kinds.iter().filter_map(|kind| {
        // A kind that is not served any more has no objects.
        let api_version = cluster.version_of(kind)?;
        let is_namespaced = cluster.is_namespaced(&api_version, &kind.kind)?;
        let namespaces = set.namespaces.iter().map(|namespace| Some(namespace.as_str()));
        let places = if is_namespaced { namespaces.collect() } else { vec![None] };
        Some(places.into_iter().map(move |place| (api_version.clone(), kind.kind.as_str(), place)))
    });
    let lists = queries.flatten().map(async |(api_version, kind, namespace)| {
        cluster.list_metadata(&api_version, kind, namespace, Some(&selector)).await
    });
    let lists: Vec<_> = futures::stream::iter(lists).buffered(CONCURRENT).collect().await;
    let mut members = Vec::new();
    for list in lists {
        members.extend(list?.into_iter().filter(|object| object.is_applied_by(FIELD_MANAGER)));
    }
    Ok(members)
}
