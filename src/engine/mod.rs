//! The loop: fetch and render, then each layer: apply, wait; then what was left to the end, and the
//! checks. It says what happens as events, and asks nobody anything.

mod apply;
mod archive;
mod check;
mod cut_off;
mod diagnose;
mod error;
mod gate;
mod images;
mod install;
mod istiod;
mod layer;
mod locality;
mod look;
mod pinned;
mod preflight;
mod prepare;
mod rights;
mod run;
mod settle;
mod survey;
mod verify;
mod wait;
mod warning;

pub use archive::archive;
pub use cut_off::cut_off;
pub use error::{EngineError, FailedCheck, FailedObject};
pub use images::images;
pub use install::{Install, Installed, install};
pub use locality::{Locality, locality};
pub use preflight::{Preflight, Rehearsed};
pub use prepare::{fetch, fetch_with_archive};
pub use run::Tally;
pub use survey::{Survey, survey};
pub use verify::{Probing, Verification, verify};
