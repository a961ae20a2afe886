//! Whether a quota that refused a pod would refuse it again.

use crate::object::{GroupKind, Object, ObjectId, Quantity, Snapshot};

/// Whether the next try can succeed: the quota has room by now (it was raised, or pods have ended), or
/// pods of the namespace are just ending. Where the quota is not in the snapshot, its refusal stands.
pub(super) fn may_have_room(message: &str, refused: &Object, snapshot: &Snapshot) -> bool {
    let namespace = refused.namespace();
    let is_ending = |pod: &Object| {
        pod.namespace() == namespace
            && pod.text("/metadata/deletionTimestamp").is_some()
            && !matches!(pod.text("/status/phase"), Some("Failed" | "Succeeded"))
    };
    has_room(message, namespace, snapshot) || snapshot.of_kind("", "Pod").any(is_ending)
}

/// `... exceeded quota: NAME, requested: limits.cpu=2,pods=1, used: ..., limited: ...`
/// (k8s.io/apiserver, pkg/admission/plugin/resourcequota/controller.go).
fn has_room(message: &str, namespace: Option<&str>, snapshot: &Snapshot) -> bool {
    let parse = || {
        let (_, quota) = message.split_once("exceeded quota: ")?;
        let (name, rest) = quota.split_once(", requested: ")?;
        let (requested, _) = rest.split_once(", used: ")?;
        let id = ObjectId {
            group_kind: GroupKind { group: String::new(), kind: "ResourceQuota".into() },
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        };
        let quota = snapshot.get(&id)?;
        requested.split(',').map(|request| fits(request, quota)).try_fold(true, |all, one| Some(all && one?))
    };
    parse().unwrap_or(false)
}

/// Whether `limits.cpu=2` fits into what is left; None where that cannot be told.
fn fits(request: &str, quota: &Object) -> Option<bool> {
    let (resource, amount) = request.trim().split_once('=')?;
    let of = |map: &str| Quantity::read(quota.pointer("/status")?.get(map)?.get(resource)?);
    Some(of("used")? + amount.parse().ok()? <= of("hard")?)
}
