use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;

use crate::cluster::{ApiError, Cluster};
use crate::object::{GroupKind, Object};
use crate::plan::{Layer, Plan};

/// What the plan brings and the cluster does not have yet: what is in it is new, and no dry run can tell of it.
#[derive(Debug)]
pub(super) struct ToCome {
    namespaces: BTreeSet<String>,
    kinds: BTreeSet<GroupKind>,
    /// The kinds that the plan defines anew, and the version of each that the cluster serves meanwhile.
    redefined: BTreeMap<GroupKind, String>,
}

impl ToCome {
    pub(super) async fn of(cluster: &Cluster, plan: &Plan) -> Result<Self, ApiError> {
        let objects = plan.layers.iter().flat_map(Layer::objects).map(|placed| &placed.object);
        let mut namespaces = BTreeSet::new();
        for namespace in objects.filter(|object| object.is("", "Namespace")) {
            match cluster.get(namespace).await {
                Ok(None) => _ = namespaces.insert(namespace.name().to_owned()),
                Ok(Some(_)) => {}
                // A dry run of what is in it tells as well.
                Err(ApiError::Refused { status: StatusCode::FORBIDDEN, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let served = cluster.served();
        let (mut kinds, mut redefined) = (BTreeSet::new(), BTreeMap::new());
        for kind in plan.defined_kinds() {
            match served.get(&kind).and_then(|versions| versions.last()) {
                Some(version) => _ = redefined.insert(kind.clone(), format!("{}/{version}", kind.group)),
                None => _ = kinds.insert(kind),
            }
        }
        Ok(Self { namespaces, kinds, redefined })
    }

    /// Whether the object is in a namespace, or of a kind, that is still to come.
    pub(super) fn holds(&self, object: &Object) -> bool {
        object.namespace().is_some_and(|namespace| self.namespaces.contains(namespace))
            || self.kinds.contains(&object.group_kind())
    }

    /// The object in a version that can be rehearsed, where its own comes with a newer definition of its kind.
    pub(super) fn as_served(&self, cluster: &Cluster, object: &Object) -> Option<Object> {
        let is_served = cluster.is_namespaced(object.api_version(), object.kind()).is_some();
        let version = self.redefined.get(&object.group_kind()).filter(|_| !is_served)?;
        let mut object = object.clone();
        object.fields_mut().insert("apiVersion".to_owned(), version.as_str().into());
        Some(object)
    }
}

/// Whether the plan has the role that a binding is for: who may not bind any role must be allowed all that this one
/// allows, which no server can tell before the role is there.
pub(super) fn brings_role_of(plan: &Plan, binding: &Object) -> bool {
    let text = |field| binding.text(field).unwrap_or_default();
    let (group, kind, name) = (text("/roleRef/apiGroup"), text("/roleRef/kind"), text("/roleRef/name"));
    let mut objects = plan.layers.iter().flat_map(Layer::objects).map(|placed| &placed.object);
    binding.group() == "rbac.authorization.k8s.io"
        && objects.any(|role| role.is(group, kind) && role.name() == name)
}
