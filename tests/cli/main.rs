//! The command line as a person meets it: the real program, its words and its exit codes. No cluster is
//! needed; what is contacted listens on loopback.

#![allow(clippy::unwrap_used, reason = "a test")]

mod bundle;
mod check;
mod ci;
mod completions;
mod fetch;
mod files;
mod home;
mod images;
mod kubeconfig;
mod locality;
mod open;
mod pin;
mod plan;
mod profiles;
mod render;
mod status;
mod timings;
mod usage;
