//! An Istio release: where it comes from, how it is proven, where it is kept.

mod addon;
mod digest;
mod download;
mod error;
mod istioctl;
mod lock;
mod pins;
mod platform;
mod receipt;
mod source;
mod store;
mod unpack;

pub use addon::Addon;
pub use digest::{Digest, NotADigest};
pub use download::{Limits, Progress};
pub use error::{ReleaseError, UnsafeEntry};
pub use istioctl::Istioctl;
pub use pins::pinned;
pub use platform::{Flavour, Platform};
pub use source::{Archive, Origin, ReleaseSource};
pub use store::{Obtained, Release, Store};
