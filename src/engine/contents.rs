use std::collections::HashSet;

use futures::StreamExt;
use http::StatusCode;

use super::EngineError;
use super::removal::Discard;
use super::run::CONCURRENT;
use crate::cluster::{ApiError, Cluster};
use crate::object::{GroupKind, Object};
use crate::plan::{is_container, is_incidental};

/// How many objects are named.
const NAMED: usize = 3;

/// What would be lost with an object and may not be, in words. None where it holds nothing, or nothing but what goes before
/// it, by these uids, or where it may go all the same.
///
/// # Errors
/// Where the cluster cannot be asked. What the user may not read counts as held.
pub(super) async fn at_stake(
    cluster: &Cluster,
    object: &Object,
    discard: &Discard,
    going: &HashSet<String>,
) -> Result<Option<String>, EngineError> {
    if !is_container(object) || discard.takes(object) {
        return Ok(None);
    }
    let contents = contents(cluster, object, going).await;
    contents.map_err(EngineError::api("looking what an object holds"))
}

/// What is in a namespace, of a definition's kind, or on a claim.
async fn contents(
    cluster: &Cluster,
    object: &Object,
    going: &HashSet<String>,
) -> Result<Option<String>, ApiError> {
    let stays = |held: &Object| !held.text("/metadata/uid").is_some_and(|uid| going.contains(uid));
    match object.kind() {
        "Namespace" => of_namespace(cluster, object.name(), stays).await,
        "CustomResourceDefinition" => of_definition(cluster, object, stays).await,
        _ => of_claim(cluster, object).await,
    }
}

async fn of_namespace(
    cluster: &Cluster,
    namespace: &str,
    stays: impl Fn(&Object) -> bool,
) -> Result<Option<String>, ApiError> {
    let lists = cluster.namespaced_kinds().into_iter().map(async |(api_version, kind)| {
        match cluster.list_metadata(&api_version, &kind, Some(namespace), None).await {
            // A kind that can be created alone, or is on its way out.
            Err(ApiError::Refused {
                status: StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_FOUND, ..
            }) => Ok(Vec::new()),
            list => list,
        }
    });
    let lists: Vec<_> = futures::stream::iter(lists).buffered(CONCURRENT).collect().await;
    let mut held = Vec::new();
    for list in lists {
        match list {
            Ok(objects) => {
                held.extend(objects.into_iter().filter(|object| !is_incidental(object) && stays(object)));
            }
            Err(error) if is_unreadable(&error) => {
                return Ok(Some(format!("what it holds is not known: {error}")));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(named(&held))
}

async fn of_definition(
    cluster: &Cluster,
    definition: &Object,
    stays: impl Fn(&Object) -> bool,
) -> Result<Option<String>, ApiError> {
    let Some(definition) = cluster.get(definition).await? else { return Ok(None) };
    let text = |pointer| definition.text(pointer).unwrap_or_default().to_owned();
    let kind = GroupKind { group: text("/spec/group"), kind: text("/spec/names/kind") };
    let Some(api_version) = cluster.version_of(&kind) else { return Ok(None) };
    match cluster.list_metadata(&api_version, &kind.kind, None, None).await {
        Ok(objects) => Ok(named(&objects.into_iter().filter(stays).collect::<Vec<_>>())),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) if is_unreadable(&error) => Ok(Some(format!("what it holds is not known: {error}"))),
        Err(error) => Err(error),
    }
}

async fn of_claim(cluster: &Cluster, claim: &Object) -> Result<Option<String>, ApiError> {
    let live = cluster.get(claim).await?;
    let volume = live.as_ref().and_then(|live| live.text("/spec/volumeName"));
    Ok(volume.map(|volume| format!("it holds the volume {volume}")))
}

/// What the user may not read, and what an API of another server holds that does not answer.
fn is_unreadable(error: &ApiError) -> bool {
    matches!(error, ApiError::Refused { status, .. } if *status == StatusCode::FORBIDDEN || status.is_server_error())
}

/// `it holds ConfigMap/shop/a, Secret/shop/b and 3 more`
fn named(objects: &[Object]) -> Option<String> {
    let names: Vec<String> = objects.iter().take(NAMED).map(|object| object.id().to_string()).collect();
    let more = objects.len().saturating_sub(NAMED);
    match (names.as_slice(), more) {
        ([], _) => None,
        (names, 0) => Some(format!("it holds {}", names.join(", "))),
        (names, more) => Some(format!("it holds {} and {more} more", names.join(", "))),
    }
}
