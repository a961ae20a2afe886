//! The installer on a real cluster: a real API server, kubelet, istiod and Envoy. `make e2e` runs these.

#![allow(clippy::unwrap_used)]

mod again;
mod airgap;
mod check;
mod cluster;
mod demo;
mod diagnose;
mod dice;
mod faults;
mod images;
mod interruption;
mod laptop;
mod open;
mod oracle;
mod ownership;
mod plan;
mod pull_secrets;
mod pulls;
mod quota;
mod rights;
mod sabotage;
mod secrets;
mod status;
mod strict;
mod trees;
mod trouble;

#[path = "../release/tls.rs"]
#[allow(dead_code, reason = "the other half is for the tests of releases")]
mod tls;
