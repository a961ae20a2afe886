//! Whether a workload is ready, and why not: recorded objects and events in, a verdict out. Pure.
//!
//! - `status` asks one object, by the rules of kstatus (cli-utils, pkg/kstatus/status);
//! - `explain` looks for what is wrong in its ReplicaSet, its pods, their events and the quota;
//! - `Waiting` adds time: an ordinary restart is no failure, a loop of them is, once it has lasted;
//! - `survey` does the same for a state that nobody has watched, by the times in its objects;
//! - `grouped` makes one finding of what several workloads suffer alike;
//! - `diagnose` gathers what to show when the time is over;
//! - `essence` is what any of them reads of an object.

mod conditions;
mod container;
mod diagnosis;
mod essence;
mod evidence;
mod explain;
mod group;
mod patience;
mod sidecar;
mod status;
mod survey;
mod trouble;
mod waiting;

pub use diagnosis::{Diagnosis, LogSource, diagnose};
pub use essence::essence;
pub use evidence::EVIDENCE;
pub use explain::explain;
pub use group::grouped;
pub use sidecar::explain_sidecar;
pub use status::{Status, Verdict, is_workload, status};
pub use survey::survey;
pub use trouble::Trouble;
pub use waiting::{Assessment, Waiting};
