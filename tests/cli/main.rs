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
mod kind;
mod kubeconfig;
mod locality;
mod oidc;
mod open;
mod pin;
mod plan;
mod profiles;
mod registry_auth;
mod render;
mod status;
mod timings;
mod usage;

#[path = "../release/tls.rs"]
#[allow(dead_code, reason = "the other half is for the tests of releases")]
mod tls;
