use std::collections::BTreeSet;

use futures::StreamExt;
use http::StatusCode;

use super::run::CONCURRENT;
use crate::cluster::{ApiError, Cluster, Everywhere, Mode};
use crate::object::Object;
use crate::plan::{Layer, Placed, Plan};
use crate::rights::{self, Denied, Missing, Right, Undertaking, granted, is_granting};

const RBAC: &str = "rbac.authorization.k8s.io";

/// What the user is not allowed to do, of all that an installation would do. Nothing is changed.
///
/// # Errors
/// Where the cluster cannot be asked.
pub(super) async fn missing(
    cluster: &Cluster,
    plan: &Plan,
    is_pruned: bool,
    is_verified: bool,
) -> Result<Missing, ApiError> {
    let served = |object: &Object| cluster.resource_of(object);
    let undertaking = Undertaking { plan, is_pruned, is_verified, served: &served };
    let everywhere = everywhere(cluster).await?;
    let rights = denied(cluster, &everywhere, rights::needed(&undertaking)).await?;
    let is_bounded = !may_grant_all(&everywhere);
    let objects = plan.layers.iter().flat_map(Layer::objects);
    let roles = objects.filter(|placed| is_bounded && is_granting(&placed.object));
    let asked = futures::stream::iter(roles.map(|placed| too_strong(cluster, &everywhere, placed)));
    let answers: Vec<Result<Option<Denied>, ApiError>> = asked.buffered(CONCURRENT).collect().await;
    let roles = answers.into_iter().filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
    let mut missing = Missing { rights, roles, user: None };
    if !missing.is_empty() {
        // Servers before 1.28 do not say it.
        missing.user = cluster.user().await.ok().filter(|user| !user.is_empty());
    }
    Ok(missing)
}

/// What may be done everywhere, which spares the questions for each place. Where the server does not say it, they are asked.
pub(super) async fn everywhere(cluster: &Cluster) -> Result<Everywhere, ApiError> {
    match cluster.everywhere().await {
        Err(error) if error.passes() => Err(error),
        answer => Ok(answer.unwrap_or_default()),
    }
}

/// Those of the rights that the user does not have.
pub(super) async fn denied(
    cluster: &Cluster,
    everywhere: &Everywhere,
    rights: BTreeSet<Right>,
) -> Result<BTreeSet<Right>, ApiError> {
    let open = rights.into_iter().filter(|it| !everywhere.allows(&it.verb, &it.group, &it.resource));
    let asked = open.map(async |right| {
        let Right { namespace, group, resource, verb } = &right;
        let allowed = cluster.can_i(verb, group, resource, namespace.as_deref()).await?;
        Ok((!allowed).then_some(right))
    });
    let answers: Vec<Result<Option<Right>, ApiError>> =
        futures::stream::iter(asked).buffer_unordered(CONCURRENT).collect().await;
    answers.into_iter().filter_map(Result::transpose).collect()
}

/// Whether nothing that a role gives is too much: who may escalate and bind needs none of it himself
/// (k8s.io/kubernetes, `pkg/registry/rbac/escalation_check.go`).
fn may_grant_all(everywhere: &Everywhere) -> bool {
    let kinds = ["roles", "clusterroles"];
    kinds.iter().all(|kind| ["escalate", "bind"].iter().all(|verb| everywhere.allows(verb, RBAC, kind)))
}

/// Asks the server by a dry run whether a role or a binding may be made. In a namespace that is still to come, which
/// no dry run can make something in, the rights that the role gives are asked for one by one.
async fn too_strong(
    cluster: &Cluster,
    everywhere: &Everywhere,
    placed: &Placed,
) -> Result<Option<Denied>, ApiError> {
    let object = &placed.object;
    let denied = |lacks: String| Denied { object: object.id(), at: placed.at.clone(), lacks };
    match cluster.apply(object, Mode::DryRun).await {
        Ok(_) => Ok(None),
        Err(ApiError::Refused { status: StatusCode::FORBIDDEN, message, .. }) => {
            Ok(lacking(&message).map(denied))
        }
        Err(error) if error.is_not_found() => {
            Ok(lacking_one_by_one(cluster, everywhere, object).await?.map(denied))
        }
        // What else is wrong with it is told by those who look for that.
        Err(error) if error.passes() => Err(error),
        Err(_) => Ok(None),
    }
}

/// `user "x" (groups=[...]) is attempting to grant RBAC permissions not currently held:` and then they, one a line. None
/// where making a role at all is forbidden, which was asked for already.
fn lacking(message: &str) -> Option<String> {
    message.split_once("not currently held:").map(|(_, rights)| rights.trim().to_owned())
}

async fn lacking_one_by_one(
    cluster: &Cluster,
    everywhere: &Everywhere,
    role: &Object,
) -> Result<Option<String>, ApiError> {
    if cluster.can_i("escalate", RBAC, "roles", role.namespace()).await? {
        return Ok(None);
    }
    let lacks = denied(cluster, everywhere, granted(role)).await?;
    let words = lacks.iter().map(|right| format!("{} {} {}", right.verb, right.group, right.resource));
    let words = words.collect::<Vec<_>>().join(", ");
    Ok((!words.is_empty()).then_some(words))
}
