//! A Kubernetes object as data: read from YAML, named, written back; and what a misspelt name in it most likely meant.
//! Pure: no I/O, no client.

mod diff;
mod id;
mod link;
mod named;
mod nearest;
mod packed;
mod quantity;
mod redact;
mod resource;
mod snapshot;
mod wave;
pub mod yaml;

pub use diff::{Diff, Hunk, Line, Sign};
pub use id::{GroupKind, ObjectId, group_of};
pub use named::Named;
pub(crate) use nearest::nearest;
pub use packed::Packed;
pub use quantity::{NotAQuantity, Quantity};
pub use redact::{redacted, redacted_text};
pub use resource::{NotAnObject, Object};
pub use snapshot::Snapshot;
pub use wave::{Wave, waves};
