//! A quota that refuses pods, and whether it would refuse them again.

use crate::object::{Object, ObjectId, Quantity, Snapshot};

/// `... exceeded quota: NAME, requested: limits.cpu=2, used: limits.cpu=7, limited: limits.cpu=8`, with the
/// resources that are too little alone (k8s.io/apiserver, pkg/admission/plugin/resourcequota/controller.go).
#[derive(Debug)]
pub(super) struct Refusal<'a> {
    quota: &'a str,
    requested: &'a str,
    used: &'a str,
    limited: &'a str,
}

impl<'a> Refusal<'a> {
    pub(super) fn read(message: &'a str) -> Option<Self> {
        let (_, refusal) = message.split_once("exceeded quota: ")?;
        let (quota, rest) = refusal.split_once(", requested: ")?;
        let (requested, rest) = rest.split_once(", used: ")?;
        let (used, limited) = rest.split_once(", limited: ")?;
        Some(Self { quota, requested, used, limited })
    }

    pub(super) fn quota(&self, refused: &Object) -> ObjectId {
        ObjectId::core("ResourceQuota", refused.namespace(), self.quota)
    }

    /// `limits.cpu: 2 requested, 7 of 8 used`
    pub(super) fn words(&self) -> String {
        let of = |amounts, resource| {
            each(amounts).find(|(name, _)| *name == resource).map_or("?", |(_, amount)| amount)
        };
        let words = |(resource, requested)| {
            let (used, limited) = (of(self.used, resource), of(self.limited, resource));
            format!("{resource}: {requested} requested, {used} of {limited} used")
        };
        each(self.requested).map(words).collect::<Vec<_>>().join("; ")
    }

    /// Whether the next try can succeed: the quota has room by now (it was raised, or pods have ended), or
    /// pods of the namespace are just ending. Where the quota is not in the snapshot, its refusal stands.
    pub(super) fn may_pass(&self, refused: &Object, snapshot: &Snapshot) -> bool {
        let counts = |pod: &Object| !matches!(pod.text("/status/phase"), Some("Failed" | "Succeeded"));
        let quota = snapshot.get(&self.quota(refused));
        quota.is_some_and(|quota| self.fits(quota)) || snapshot.ending_pods(refused.namespace()).any(counts)
    }

    /// Whether all of the request fits into what is left, as far as that can be told.
    fn fits(&self, quota: &Object) -> bool {
        let of = |map: &str, resource| Quantity::read(quota.pointer("/status")?.get(map)?.get(resource)?);
        each(self.requested).all(|(resource, amount)| {
            let fits = || Some(of("used", resource)? + amount.parse().ok()? <= of("hard", resource)?);
            fits().unwrap_or(false)
        })
    }
}

/// The resources of `limits.cpu=2,pods=1`.
fn each(amounts: &str) -> impl Iterator<Item = (&str, &str)> {
    amounts.split(',').filter_map(|amount| amount.trim().split_once('='))
}
