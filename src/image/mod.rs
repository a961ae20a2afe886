//! The name of a container image: taken apart, moved to a mirror, pinned to a digest. Pure.

mod digest;
mod reference;
mod registry;
mod rules;

pub use digest::{ImageDigest, NotAnImageDigest};
pub use reference::{NotAReference, Reference};
pub use registry::{NotARegistry, Registry};
pub use rules::{Contradiction, Rules};
