//! What can be said of the cluster that a plan is for.

mod apis;
mod definitions;
mod istio;
mod namespaces;
mod nodes;
mod room;
#[cfg(test)]
mod tests;
mod version;
mod webhooks;

use super::Live;
use super::scene::Scene;
use crate::finding::{Code, Finding};

pub use nodes::not_ready;
pub use version::kubernetes_for;
pub(super) use version::support;

pub(super) fn find(scene: &Scene<'_>, live: &Live, istio: Option<&str>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = unread(live).into_iter().collect();
    findings.extend(istio.and_then(|istio| version::fits(&live.version, istio)));
    findings.extend(nodes::find(scene, live));
    findings.extend(room::find(scene, live));
    findings.extend(namespaces::find(scene, live));
    findings.extend(webhooks::find(scene, live));
    findings.extend(apis::find(live));
    findings.extend(istio::find(scene, live));
    findings.extend(definitions::find(scene, live));
    findings
}

fn unread(live: &Live) -> Option<Finding> {
    let kinds: Vec<String> = live.unread.iter().map(|(kind, why)| format!("{kind} ({why})")).collect();
    if kinds.is_empty() {
        return None;
    }
    let seen = format!("not everything could be looked at: {}", kinds.join(", "));
    let hint = "what these could mend is told as a warning; a user who may read them sees more";
    Some(Finding::warning(Code::Unread, seen, hint))
}
