//! The Kubernetes API: connect, discover, apply, watch into snapshots, hold a lease, read logs, run commands.
//!
//! Objects go in and out as data ([`Object`](crate::object::Object)), so that any kind of any version can be
//! used. Nothing here knows what the objects are for, and every call ends in time. What only reads is asked again for
//! a few seconds; whether and how long to go on with what writes is the caller's to decide, and [`ApiError::passes`] is
//! what there is to know about it.

mod access;
mod apply;
mod connect;
mod error;
mod forward;
mod handover;
mod kept;
mod kinds;
mod lease;
mod login;
mod objects;
mod pace;
mod pods;
mod proxy;
mod request;
mod seen;
mod settled;
mod target;
mod target_error;
#[cfg(test)]
pub(crate) mod testing;
mod through;
mod watch;

pub use access::Everywhere;
pub use apply::{Applied, Mode, Outcome};
pub use connect::Cluster;
pub use error::{ApiError, FieldConflict, Subject};
pub use kept::keep_context;
pub use lease::{Lapse, Lease};
pub use objects::Cascade;
pub use pods::Output;
pub use seen::{Seen, Sight};
pub use target::{Target, TargetRequest};
pub use target_error::ConnectError;
pub use watch::{Scope, Watching};

/// Who our fields belong to, in every object's `managedFields`.
pub const FIELD_MANAGER: &str = "kubestock-install";

/// How long one request may take, from its first byte to the last of the answer. The API server itself gives
/// up after 60 s, a webhook after 10 s unless it says otherwise (30 s at most).
pub const REQUEST_LIMIT: std::time::Duration = std::time::Duration::from_secs(15);
