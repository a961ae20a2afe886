//! What goes wrong while workloads start, and what only looks so: made for real on the sandbox, and replayed from
//! what was recorded there.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod catalogue;
mod cluster;
mod judge;
mod objects;
mod observer;
mod real;
mod recording;
mod replay;
