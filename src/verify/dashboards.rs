//! The addons answer at the ports of their Services.

use super::control_plane::{absence, deployment_of};
use super::promised::Promised;
use super::report::Verdict;
use super::seen::Seen;
use crate::finding::{Code, Finding};
use crate::istio::release::Addon;
use crate::object::ObjectId;
use crate::profile::Check;

/// The Service by which a person reaches an addon.
pub fn service_of(addon: Addon) -> &'static str {
    match addon {
        Addon::Prometheus => "prometheus",
        Addon::Grafana => "grafana",
        // Its own Service is the collector.
        Addon::Jaeger => "tracing",
        Addon::Kiali => "kiali",
    }
}

pub(super) fn judge(promised: &Promised, seen: &Seen) -> Verdict {
    let mut verdict = Verdict::default();
    let mut answering = Vec::new();
    for addon in &promised.addons {
        let deployment = deployment_of(*addon, seen.istio_namespace());
        if seen.objects.get(&deployment).is_none_or(|live| absence(live).is_some()) {
            verdict.block(Check::ControlPlane, format!("{deployment} is not available"));
            continue;
        }
        match seen.dashboards.get(addon) {
            Some(Ok(port)) => answering.push(format!("{addon} at port {port}")),
            Some(Err(why)) => verdict.find([silent(*addon, why, seen)]),
            None => {}
        }
    }
    verdict.attest(match answering.is_empty() {
        true => "there are none".to_owned(),
        false => format!("answering: {}", answering.join(", ")),
    });
    verdict
}

fn silent(addon: Addon, why: &str, seen: &Seen) -> Finding {
    let hint = "does the Service's `targetPort` lead to the port that the addon listens at?";
    let service = ObjectId::core("Service", Some(seen.istio_namespace()), service_of(addon));
    Finding::error(Code::DashboardSilent, format!("does not answer: {why}"), hint).on(service)
}
