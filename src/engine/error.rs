use std::time::Duration;

use crate::cluster::ApiError;
use crate::finding::Finding;
use crate::istio::release::ReleaseError;
use crate::istio::render::RenderError;
use crate::kustomize::At;
use crate::object::{NotAnObject, ObjectId};
use crate::plan::{Homeless, ImageError};

/// Why a run did not reach its end.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A signal asked for it; what was applied stays.
    #[error("interrupted")]
    Interrupted,

    /// What the run would have to do and its user may not; nothing was changed.
    #[error("the user may not do all of it")]
    Rights(Vec<Finding>),

    /// Objects that cannot be as their layers have them; nothing was changed.
    #[error("{} objects have fields that stay as they were made", .0.len())]
    Immutable(Vec<Finding>),

    /// `doing` ends the sentence "while ...".
    #[error("{source} (while {doing})")]
    Api { doing: &'static str, source: ApiError },

    #[error(transparent)]
    Release(#[from] ReleaseError),

    #[error(transparent)]
    Istio(#[from] RenderError),

    #[error("the kubeconfig for istioctl cannot be written")]
    Kubeconfig(#[source] std::io::Error),

    #[error("an object of the installer's own is malformed")]
    Own(#[from] NotAnObject),

    /// Objects that name no namespace, and of which there is no other copy.
    #[error("{} objects name no namespace", .0.len())]
    Homeless(Vec<Homeless>),

    #[error(transparent)]
    Images(#[from] Box<ImageError>),

    #[error("{} objects of layer `{layer}` could not be applied", failed.len())]
    Apply { layer: String, failed: Vec<FailedObject> },

    #[error("{} objects of layer `{layer}` could not be removed", failed.len())]
    NotRemoved { layer: String, failed: Vec<FailedObject> },

    /// Objects that something holds.
    #[error("{} objects of layer `{layer}` are not gone", findings.len())]
    NotGone { layer: String, findings: Vec<Finding> },

    /// `failed` where waiting longer is of no use; else the time was over.
    #[error("layer `{layer}` is not ready after {} s", after.as_secs())]
    NotReady { layer: String, after: Duration, failed: bool, findings: Vec<Finding> },

    #[error("the webhook `{webhook}` does not answer after {} s", after.as_secs())]
    Silent { layer: String, webhook: String, after: Duration, last: String },

    #[error("{} checks failed", .0.len())]
    Checks(Vec<FailedCheck>),

    /// Another run may have begun: this one must not go on writing.
    #[error("the Lease of this run was lost")]
    LeaseLost,
}

/// A check that did not see what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCheck {
    pub check: &'static str,
    pub seen: String,
}

/// An object that the server refused for good, or until the time was over.
#[derive(Debug)]
pub struct FailedObject {
    pub object: ObjectId,
    pub at: Option<At>,
    pub error: ApiError,
}

impl EngineError {
    pub(crate) fn api(doing: &'static str) -> impl FnOnce(ApiError) -> Self {
        move |source| Self::Api { doing, source }
    }
}
