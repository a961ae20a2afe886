//! Whether a running mesh is what was promised: what was seen of it in, a report for each check out. Pure.
//!
//! Each check has a file, and tells what is wrong as findings. What it cannot judge because something is broken that
//! another check is about, is blocked by that one: one fault is told once. Who asks the cluster is the engine.

mod calls;
mod control_plane;
mod mtls;
mod pods;
mod promised;
mod proxies;
mod report;
mod seen;
mod services;
mod sidecars;
#[cfg(test)]
mod testing;

use crate::profile::Check;

pub use calls::{Answer, Call, Caller, command};
pub use pods::{MANAGED_BY, PROBE, has_sidecar, is_running};
pub use promised::Promised;
pub use proxies::Proxy;
pub use report::{Outcome, Report};
pub use seen::{Injection, Seen};

/// What a check comes to.
pub fn judge(check: Check, promised: &Promised, seen: &Seen) -> Report {
    let verdict = match check {
        Check::ControlPlane => control_plane::judge(promised, seen),
        Check::Services => services::judge(promised, seen),
        Check::Sidecars => sidecars::judge(promised, seen),
        Check::Mtls => mtls::judge(promised, seen),
    };
    verdict.report(check)
}

#[cfg(test)]
mod tests;
