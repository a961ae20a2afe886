//! The name of a container image: taken apart, moved to a mirror, pinned to a digest; and who may pull it. Pure.

mod digest;
mod logins;
mod reference;
mod registry;
mod rules;

pub use digest::{ImageDigest, NotAnImageDigest};
pub use logins::{Login, Logins};
pub use reference::{NotAReference, Reference, registry_host};
pub use registry::{NotARegistry, Registry};
pub use rules::{Contradiction, Rules};
