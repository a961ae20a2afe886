use jiff::Timestamp;

use super::diagnose::diagnosed;
use super::look::{self, Rules};
use crate::cluster::Cluster;
use crate::event::{Announcer, Event};
use crate::finding::{Finding, Severity};
use crate::lint::{self, Live};
use crate::object::{Object, Snapshot};
use crate::plan::Plan;
use crate::readiness;

/// What is wrong in a cluster, whoever installed what runs there.
#[derive(Debug)]
pub struct Survey {
    /// The cluster's own troubles, and those of its workloads, each with its kind's weightiest first.
    pub findings: Vec<Finding>,
    /// The same with the evidence, as they were announced.
    pub events: Vec<Event>,
    /// All that was read.
    pub objects: Snapshot,
    /// What could not be read, and why.
    pub unread: Vec<String>,
}

impl Survey {
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// Looks at the workloads of these namespaces, or of all, and at the cluster that they run in, and says what is
/// wrong. Nothing is changed.
pub async fn survey(cluster: &Cluster, namespaces: &[String], announcer: &Announcer) -> Survey {
    let nothing = Plan::default();
    let mut live = look::look(cluster, &nothing, Rules::OfCluster).await;
    look::at_workloads(cluster, namespaces, &mut live).await;
    let mut findings = lint::preflight(&nothing, Some(&live), None);
    let mut events: Vec<Event> = findings.iter().cloned().map(Event::Found).collect();

    let Live { objects, unread, .. } = live;
    let of_interest: Snapshot = objects.iter().filter(|object| is_in(object, namespaces)).cloned().collect();
    let mut of_workloads = readiness::grouped(&readiness::survey(&of_interest, Timestamp::now()));
    events.extend(diagnosed(cluster, None, &mut of_workloads, &of_interest).await);
    findings.extend(of_workloads);
    events.iter().for_each(|event| announcer.say(event.clone()));
    let unread = unread.into_iter().map(|(kind, why)| format!("objects of {kind}: {why}")).collect();
    Survey { findings, events, objects, unread }
}

fn is_in(object: &Object, namespaces: &[String]) -> bool {
    namespaces.is_empty() || namespaces.iter().any(|name| object.namespace() == Some(name))
}
