//! The installer on a real cluster: a real API server, kubelet, istiod and Envoy. `make e2e` runs these.

#![allow(clippy::unwrap_used)]

mod airgap;
mod check;
mod cluster;
mod demo;
mod diagnose;
mod images;
mod interruption;
mod open;
mod oracle;
mod ownership;
mod pulls;
mod quota;
mod rights;
mod sabotage;
mod status;
mod strict;
mod trees;
mod trouble;
