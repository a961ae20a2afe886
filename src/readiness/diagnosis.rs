use super::container::containers;
use super::evidence::{Event, Evidence, is_pod_ready};
use super::explain::troubles;
use super::status::status;
use super::trouble::{Trouble, one_line};
use crate::object::{Object, ObjectId, Snapshot};

/// What can be told of a workload that is not ready when the time is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The last events of the workload, its newest ReplicaSet and its pods, the oldest first:
    /// `FailedCreate (x4): exceeded quota: ...`.
    pub events: Vec<String>,
    /// The logs that may tell more, the most telling first.
    pub logs: Vec<LogSource>,
}

/// One container's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSource {
    pub pod: ObjectId,
    pub container: String,
    /// The log of the run before this one, which crashed.
    pub previous: bool,
}

const MOST_EVENTS: usize = 10;

/// Gathers what a person would ask for next about a workload that is not ready.
pub fn diagnose(workload: &Object, snapshot: &Snapshot) -> Diagnosis {
    let evidence = Evidence::gather(workload, snapshot);
    let trouble = troubles(workload, &status(workload), &evidence, snapshot).into_iter().next();
    let logs = logs(&evidence, trouble.as_ref());
    Diagnosis { events: last_events(&evidence), logs }
}

/// Warnings before what is normal, the newest before older ones; pods that tell the same are told once.
fn last_events(evidence: &Evidence<'_>) -> Vec<String> {
    let mut told: Vec<(Event<'_>, usize)> = Vec::new();
    for (place, event) in evidence.events.iter().enumerate() {
        let known = told.iter_mut().find(|(e, _)| e.reason == event.reason && e.message == event.message);
        match known {
            Some((earlier, last)) => {
                earlier.count = earlier.count.saturating_add(event.count);
                *last = place;
            }
            None => told.push((event.clone(), place)),
        }
    }
    told.sort_by_key(|(event, place)| (event.is_warning, *place));
    let mut last = told.split_off(told.len().saturating_sub(MOST_EVENTS));
    last.sort_by_key(|(_, place)| *place);
    last.iter().map(|(event, _)| words(event)).collect()
}

fn words(event: &Event<'_>) -> String {
    let message = one_line(event.message);
    match event.count {
        ..=1 => format!("{}: {message}", event.reason),
        count => format!("{} (x{count}): {message}", event.reason),
    }
}

/// Of the pod that the trouble is about, else of the first that is not ready: its replicas say the same.
fn logs(evidence: &Evidence<'_>, trouble: Option<&Trouble>) -> Vec<LogSource> {
    let pod = match trouble.and_then(|trouble| trouble.pod.as_ref()) {
        Some(id) => evidence.pods.iter().find(|pod| pod.id() == *id),
        None => evidence.pods.iter().find(|pod| !is_pod_ready(pod)),
    };
    let Some(pod) = pod else {
        return Vec::new();
    };
    let unwell = containers(pod).filter(|container| !container.is_well() && container.has_begun());
    let mut logs: Vec<LogSource> = unwell
        .map(|container| LogSource {
            pod: pod.id(),
            container: container.name.to_owned(),
            previous: container.has_crashed_before(),
        })
        .collect();
    let told = trouble.and_then(|trouble| trouble.container.as_deref());
    logs.sort_by_key(|log| told != Some(log.container.as_str()));
    logs
}
