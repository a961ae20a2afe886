//! The loop: fetch and render, then each layer: apply, wait; then what was left to the end, and the
//! checks. It says what happens as events, and asks nobody anything.

mod apply;
mod archive;
mod check;
mod contents;
mod cut_off;
mod diagnose;
mod error;
mod fetching;
mod foresee;
mod gate;
mod images;
mod install;
mod istiod;
mod layer;
mod local;
mod locality;
mod look;
mod members;
mod open;
mod pinned;
mod preflight;
mod prepare;
mod prune;
mod removal;
mod rights;
mod run;
mod settle;
#[cfg(test)]
mod simulation;
mod status;
mod survey;
#[cfg(test)]
mod testing;
mod uninstall;
mod verify;
mod wait;
mod warning;
mod within;

pub use crate::lint::kubernetes_for;
pub use archive::archive;
pub use cut_off::cut_off;
pub use error::{EngineError, FailedCheck, FailedObject};
pub use fetching::{Fetching, fetch, fetch_with_archive};
pub use foresee::foresee;
pub use images::images;
pub use install::{Install, Installed, Parts, install};
pub use local::until_ready;
pub use locality::{Locality, locality};
pub use members::installed;
pub use open::{Door, OpenError, Way, find};
pub use preflight::{Preflight, Rehearsed};
pub use prune::{Extent, Pruning};
pub use removal::Discard;
pub use run::Tally;
pub use status::{Standing, recorded, status};
pub use survey::{Survey, survey};
pub use uninstall::{Uninstall, uninstall};
pub use verify::{Probing, Verification, verify};
