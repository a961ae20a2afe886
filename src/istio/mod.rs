//! Istio as a layer of objects: a release is fetched and proven, and its istioctl renders.
//!
//! `istioctl install` writes to the cluster itself, so what it does can be neither planned nor
//! diffed. Here istioctl only renders; the objects are applied like those of any other layer.

pub mod release;
pub mod render;
mod yaml;

pub use yaml::UnreadableYaml;
