//! A release is used only if it is what was pinned: against a server on loopback that plays what
//! servers, proxies and lines do.

#![allow(clippy::unwrap_used, reason = "a test")]

mod archives;
mod cache;
mod case;
mod disk;
mod file;
mod killed;
#[cfg(target_os = "linux")]
mod memory;
mod misbehaviour;
mod mutation;
mod offline;
mod program;
mod proxy;
mod resume;
mod server;
mod tarball;
mod tls;
mod trust;
mod unpacked;
