//! Clusters of this machine's own: kind makes them, loads images into them and takes them away; a container engine
//! runs their node. Knows nothing of what is installed there.

mod engine;
mod error;
mod image;
mod images;
mod machine;
mod name;
mod tool;

pub use engine::Engine;
pub use error::KindError;
pub use image::node_image;
pub use machine::Machine;
pub use name::{ClusterName, NotAName};
pub use tool::Kind;
