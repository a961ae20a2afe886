//! Whether a running mesh is what was promised: what was seen of it in, a report for each check out. Pure.
//!
//! Each check has a file, and tells what is wrong as findings. What it cannot judge because something is broken that
//! another check is about, is blocked by that one: one fault is told once. Who asks the cluster is the engine.

mod calls;
mod connectivity;
mod control_plane;
mod dashboards;
mod duration;
mod envoy;
mod mtls;
mod pods;
mod policy;
mod probe;
mod promised;
mod proxies;
mod report;
mod routing;
mod seen;
mod services;
mod sidecars;
#[cfg(test)]
mod testing;

use crate::profile::Check;

pub use calls::{Answer, Call, Caller, command, limit};
pub use dashboards::service_of;
use duration::duration;
pub use envoy::{CERTIFICATES, CLUSTERS, Connection, ROUTES, Route, Rule, SESSIONS, connections};
pub use pods::{PROBE, has_sidecar, is_probe, is_running};
pub use probe::{CONTAINER, Probe, Sidecar};
pub use promised::{Promised, is_labelled, port};
pub use proxies::Proxy;
pub use report::{Outcome, Report};
pub use seen::{Injection, KINDS, OF_ISTIO, Seen, istio_namespace};

/// What a check comes to.
pub fn judge(check: Check, promised: &Promised, seen: &Seen) -> Report {
    let verdict = match check {
        Check::ControlPlane => control_plane::judge(promised, seen),
        Check::Services => services::judge(promised, seen),
        Check::Sidecars => sidecars::judge(promised, seen),
        Check::Connectivity => connectivity::judge(promised, seen),
        Check::Mtls => mtls::judge(promised, seen),
        Check::Routing => routing::judge(promised, seen),
        Check::Dashboards => dashboards::judge(promised, seen),
    };
    verdict.report(check)
}

#[cfg(test)]
mod tests;
