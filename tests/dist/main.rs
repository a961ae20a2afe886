//! What a release is made of, and how it reaches people. `scripts/reproducible` proves the whole; here is
//! what needs no release build.

#![allow(clippy::unwrap_used, reason = "a test")]

mod action;
mod archive;
mod downloads;
// The lines are for GNU's tools.
#[cfg(target_os = "linux")]
mod installed;
mod notes;
mod sbom;
mod workflows;
