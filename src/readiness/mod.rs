//! Whether a workload is ready, and why not: recorded objects and events in, a verdict out. Pure.
//!
//! [`status`] asks one object, by the rules of kstatus (cli-utils, pkg/kstatus/status).

mod conditions;
mod status;

pub use status::{Status, Verdict, is_workload, status};
