//! A Kubernetes object as data: read from YAML, named, written back. Pure: no I/O, no client.

mod id;
mod quantity;
mod resource;
mod snapshot;
mod wave;
pub mod yaml;

pub use id::{GroupKind, ObjectId};
pub use quantity::{NotAQuantity, Quantity};
pub use resource::{NotAnObject, Object};
pub use snapshot::Snapshot;
pub use wave::{Wave, waves};
