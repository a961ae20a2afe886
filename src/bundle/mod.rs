//! All that an installation reads, in one file: for machines without a network.
//!
//! A bundle is a plain tar file. What it holds is an ordinary profile with its layers rendered beside
//! it, the release's archive as it was published, and a list of images: unpacked by hand, it serves
//! as well. `docs/bundle.md` has its layout.

mod archive;
mod contents;
mod error;
mod manifest;
mod open;
mod whole;
mod write;

pub use archive::archive;
pub use contents::{Contents, layer_path};
pub use error::{BundleError, EntryFault};
pub use manifest::{File, Manifest};
pub use open::{Opened, open};
pub use write::{Written, write};

#[cfg(test)]
mod tests;
