use std::sync::Arc;

use serde_json::Value;

use super::Object;

/// What an object says of another, or of itself: the way by which it is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Link {
    /// It is owned by the one with this uid.
    OwnedBy(Arc<str>),
    /// It is an Event about this one: `Pod/shop/web`.
    About(Arc<str>),
    /// It is a pod on its way out of this namespace.
    EndingIn(Arc<str>),
}

impl Link {
    pub(super) fn all_of(object: &Object) -> impl Iterator<Item = Self> {
        let uids = owners(object).filter_map(|owner| owner["uid"].as_str());
        let owned = uids.map(|uid| Self::OwnedBy(uid.into()));
        let is_ending = object.is("", "Pod") && object.is_being_deleted();
        let ending = is_ending.then(|| Self::EndingIn(object.namespace().unwrap_or_default().into()));
        let regarded = object.regarded().map(|regarded| {
            let [kind, namespace, name] =
                ["kind", "namespace", "name"].map(|field| regarded[field].as_str().unwrap_or_default());
            Self::about(kind, namespace, name)
        });
        owned.chain(regarded).chain(ending)
    }

    /// What the Events about this object have.
    pub(super) fn to_events_of(object: &Object) -> Self {
        Self::about(object.kind(), object.namespace().unwrap_or_default(), object.name())
    }

    fn about(kind: &str, namespace: &str, name: &str) -> Self {
        Self::About(format!("{kind}/{namespace}/{name}").into())
    }
}

pub(super) fn owners(object: &Object) -> impl Iterator<Item = &Value> {
    object.pointer("/metadata/ownerReferences").and_then(Value::as_array).into_iter().flatten()
}
