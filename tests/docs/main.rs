//! The documents: every command in them is run, every link leads somewhere, and the book has every page.
//!
//! A block that is indented, or fenced as `sh`, is commands; where lines of it begin with `$`, these alone are, and the
//! rest is what they print. Whatever else is shown is fenced with the name of what it is.

#![allow(clippy::unwrap_used, reason = "a test")]

mod book;
mod commands;
mod page;
mod pictures;
mod programs;

// The lines are for GNU's tools.
#[cfg(target_os = "linux")]
mod examples;
#[cfg(target_os = "linux")]
mod home;
#[cfg(target_os = "linux")]
mod release;
#[cfg(target_os = "linux")]
mod run;
