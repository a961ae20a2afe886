//! A Kubernetes object as data: read from YAML, named, written back. Pure: no I/O, no client.

mod id;
mod object;
pub mod yaml;

pub use id::{GroupKind, ObjectId};
pub use object::{NotAnObject, Object};
