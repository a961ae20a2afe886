use http::{Method, StatusCode};
use serde_json::Value;

use super::connect::Cluster;
use super::error::ApiError;
use super::objects::Place;
use super::request::{Call, JSON};
use super::{FIELD_MANAGER, handover};
use crate::object::Object;

/// Whether what is applied stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Persist,
    /// The server does all but store: defaults, webhooks, validation and quotas are asked.
    DryRun,
}

/// What applying did to an object, or would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Created,
    Changed,
    Unchanged,
}

/// An object after it was applied.
#[derive(Clone, Debug)]
pub struct Applied {
    pub outcome: Outcome,
    pub live: Object,
}

const APPLY_PATCH: &str = "application/apply-patch+yaml";

/// All that is needed to see whether an object changes: some hold hundreds of kilobytes.
pub(super) const METADATA_ONLY: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/// What only the server sets, and would refuse or take for a wish if it were sent.
const SET_BY_SERVER: [&str; 6] =
    ["managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink"];

impl Cluster {
    /// Applies the object server-side, as [`FIELD_MANAGER`] and never by force: fields that others own with
    /// other values end in [`ApiError::Conflict`]. What `kubectl apply` owned of it becomes ours first.
    ///
    /// The server warns of fields that its schema does not have and drops them, rather than to refuse the
    /// object: Istio's charts have some that newer or older versions of Kubernetes do not know.
    ///
    /// `Unchanged` is told by the resource version, which the server keeps where nothing changes. The first
    /// time that we apply what somebody else made, our ownership is a change.
    pub async fn apply(&self, object: &Object, mode: Mode) -> Result<Applied, ApiError> {
        let place = self.place_of(object).await?;
        let accept = if mode == Mode::Persist { METADATA_ONLY } else { JSON };
        let before = self.live(&place, accept).await?;
        if before.as_ref().is_some_and(|live| live.text("/metadata/deletionTimestamp").is_some()) {
            return Err(ApiError::BeingDeleted { subject: place.subject });
        }

        let body = body(object);
        let (status, live) = match (mode, &before) {
            (Mode::Persist, Some(before)) => {
                self.take_over(&place, before).await?;
                self.patch(&place, &body, mode, false).await?
            }
            (Mode::DryRun, Some(_)) => match self.patch(&place, &body, mode, false).await {
                // A real run would take these over.
                Err(ApiError::Conflict { conflicts, .. })
                    if conflicts.iter().all(|conflict| conflict.manager == handover::KUBECTL_APPLY) =>
                {
                    self.patch(&place, &body, mode, true).await?
                }
                answer => answer?,
            },
            (_, None) => self.patch(&place, &body, mode, false).await?,
        };
        let outcome = match before {
            _ if status == StatusCode::CREATED => Outcome::Created,
            None => Outcome::Created,
            Some(before) if is_same(&before, &live, mode) => Outcome::Unchanged,
            Some(_) => Outcome::Changed,
        };
        Ok(Applied { outcome, live })
    }

    async fn patch(
        &self,
        place: &Place,
        body: &Value,
        mode: Mode,
        force: bool,
    ) -> Result<(StatusCode, Object), ApiError> {
        let mut query = vec![
            ("fieldManager", FIELD_MANAGER),
            ("fieldValidation", "Warn"),
            ("force", if force { "true" } else { "false" }),
        ];
        if mode == Mode::DryRun {
            query.push(("dryRun", "All"));
        }
        let call = Call::get(place.path(&query)?, &place.subject).with_body(APPLY_PATCH, body);
        self.object(Call { method: Method::PATCH, ..call }).await
    }
}

/// What is sent: the object without what is the server's.
fn body(object: &Object) -> Value {
    let mut body = object.clone();
    body.fields_mut().remove("status");
    if let Some(Value::Object(metadata)) = body.fields_mut().get_mut("metadata") {
        SET_BY_SERVER.iter().for_each(|field| {
            metadata.remove(*field);
        });
    }
    body.into_value()
}

fn is_same(before: &Object, after: &Object, mode: Mode) -> bool {
    match mode {
        Mode::Persist => before.text("/metadata/resourceVersion") == after.text("/metadata/resourceVersion"),
        // What is not stored gets no new resource version.
        Mode::DryRun => essence(before) == essence(after),
    }
}

/// An object without what changes whenever it is written.
fn essence(object: &Object) -> Value {
    let mut essence = object.clone();
    if let Some(Value::Object(metadata)) = essence.fields_mut().get_mut("metadata") {
        ["managedFields", "resourceVersion", "generation"].iter().for_each(|field| {
            metadata.remove(*field);
        });
    }
    essence.into_value()
}
