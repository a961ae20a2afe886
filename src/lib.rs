//! The rooms of the installer; `docs/architecture.md` tells how they stand to each other.

#![forbid(unsafe_code)]

/// YAML in and out, identity, references between objects, the waves they are applied in. Pure.
pub mod object;

/// What a misspelt word most likely meant.
mod nearest;

/// What a run announces: the port between doing and showing.
pub mod event;

/// A folder with a kustomization file in, objects out: what `kubectl kustomize` does, in process. Pure.
pub mod kustomize;

/// Where an Istio release comes from, how it is proven, where it is kept; what istioctl renders from it.
pub mod istio;

/// What a file in profiles/ may say, and what is said of a wrong one.
pub mod profile;

/// Recorded objects and events in; ready or not, and why not, out. Pure.
pub mod readiness;

/// Shows the facts of a run: bars for a terminal, lines for CI, JSON lines for programs.
pub mod ui;

/// The Kubernetes API: connect, discover, apply, watch, lease, exec. Knows no policy.
pub mod cluster;
