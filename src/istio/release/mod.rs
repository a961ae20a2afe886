//! An Istio release: where it comes from, how it is proven, where it is kept.

mod addon;
mod archive_file;
mod archive_name;
mod ca_bundle;
mod digest;
mod download;
mod entry;
mod error;
mod files;
mod istioctl;
mod lock;
mod pinning;
mod pins;
mod platform;
mod proven;
mod receipt;
mod source;
mod store;
mod supply;
mod tls;
mod unpack;
mod version;

pub use addon::Addon;
pub use archive_file::ArchiveFile;
pub use archive_name::{ArchiveName, NotAnArchiveName};
pub use ca_bundle::{CaBundle, CaBundleError};
pub use digest::{CopyError, Digest, NotADigest};
pub use download::{Limits, Progress, WrongRedirect};
pub use error::{Lacking, ReleaseError};
pub(crate) use files::is_private;
pub use istioctl::Istioctl;
pub use pinning::{Pin, PinError, Published, Subject};
pub use pins::{end_of_support, pinned};
pub use platform::{Flavour, NotAPlatform, Platform};
pub use proven::{Obtained, Release};
pub use source::{Archive, Origin, ReleaseSource};
pub use store::Store;
pub use supply::Supply;
#[doc(hidden)]
pub use unpack::unpack_bytes;
pub use unpack::{UnsafeArchive, UnsafeEntry};
pub use version::is_version;
