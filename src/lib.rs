//! The rooms of the installer; `docs/architecture.md` tells how they stand to each other.

#![forbid(unsafe_code)]

#[cfg(windows)]
compile_error!("kubestock-install runs on Linux and macOS; on Windows, build and run it inside WSL");

/// YAML in and out, identity, references between objects, the waves they are applied in. Pure.
pub mod object;

/// The names of container images: taken apart, moved to a mirror, pinned; and who may pull them. Pure.
pub mod image;

/// The one shape of "something is wrong": code, severity, object, evidence, next step. Pure.
pub mod finding;

/// What a run announces: the port between doing and showing.
pub mod event;

/// A run as its facts tell it afterwards: what took how long, and what the total is made of. Pure.
pub mod timeline;

/// What a run came to, in the forms that it is kept in. Pure.
pub mod report;

/// A folder with a kustomization file in, objects out: what `kubectl kustomize` does, in process. Pure.
pub mod kustomize;

/// Where an Istio release comes from, how it is proven, where it is kept; what istioctl renders from it.
pub mod istio;

/// What a file in profiles/ may say, what comes of several, and what is said of a wrong one.
pub mod profile;

/// What a run will do: layers of objects in the order they are applied. Pure.
pub mod plan;

/// What can be said of a Plan before anything is done, with and without its cluster. Pure.
pub mod lint;

/// Whether a running mesh is what was promised: what was seen of it in, a report for each check out. Pure.
pub mod verify;

/// The Kubernetes API: connect, discovery, apply, watch into snapshots, exec. Knows no policy.
pub mod cluster;

/// The loop: prepare, then each layer: apply, wait; then the checks. Events out.
pub mod engine;

/// All that an installation reads, in one file, for machines without a network.
pub mod bundle;

/// A file that is written whole or not at all. Knows no other room.
pub mod whole;

/// A program that is run for what it says. Knows no other room.
pub mod child;

/// Clusters that kind makes on this machine, and what that takes.
pub mod kind;

/// What docker and its like keep of logins to registries.
pub mod docker;

/// The command line.
pub mod cli;

/// Flags, environment and profile, resolved once.
pub mod settings;

/// The commands, each from its arguments to its exit code.
pub mod command;

/// Every room's error in words for a person, with a hint and an exit code.
pub mod failure;

/// Recorded objects and events in; ready or not, and why not, out. Pure.
pub mod readiness;

/// What a user must be allowed to do so that a plan can be carried out. Pure.
pub mod rights;

/// Shows the facts of a run: bars for a terminal, lines for CI, JSON lines for programs.
pub mod ui;
