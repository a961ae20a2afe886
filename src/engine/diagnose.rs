use crate::cluster::Cluster;
use crate::event::{Event, LogTail};
use crate::finding::Finding;
use crate::object::{ObjectId, Snapshot};
use crate::readiness::{self, LogSource};

/// How much of a container's log is shown.
const LINES: i64 = 10;
/// Of how many containers: the first say what the others would.
const CONTAINERS: usize = 3;

/// Findings about workloads, each with the evidence of one that suffers from it: its last events and last log
/// lines, which may tell more of the finding itself. `layer` is None where no layer was waited for.
pub(super) async fn diagnosed(
    cluster: &Cluster,
    layer: Option<&str>,
    findings: &mut [Finding],
    snapshot: &Snapshot,
) -> Vec<Event> {
    let mut events = Vec::new();
    for finding in findings {
        let sufferer = finding.affects.first().or(finding.object.as_ref());
        if let Some(object) = sufferer.cloned() {
            events.push(with_evidence(cluster, layer, object, finding, snapshot).await);
        }
    }
    events
}

async fn with_evidence(
    cluster: &Cluster,
    layer: Option<&str>,
    object: ObjectId,
    finding: &mut Finding,
    snapshot: &Snapshot,
) -> Event {
    let (mut events, mut logs) = (Vec::new(), Vec::new());
    if let Some(live) = snapshot.get(&object) {
        let diagnosis = readiness::diagnose(live, snapshot);
        events = diagnosis.events;
        for source in diagnosis.logs.iter().take(CONTAINERS) {
            logs.extend(tail(cluster, source).await);
        }
    }
    logs.iter().for_each(|log| readiness::explain_sidecar(finding, &log.lines));
    Event::Diagnosed {
        layer: layer.map(str::to_owned),
        object,
        reason: Some(finding.to_string()),
        finding: finding.clone(),
        events,
        logs,
    }
}

/// The end of a container's log. One that cannot be read is left out: it is evidence, not the failure.
async fn tail(cluster: &Cluster, source: &LogSource) -> Option<LogTail> {
    let namespace = source.pod.namespace.as_deref().unwrap_or_default();
    let (pod, container) = (&source.pod.name, &source.container);
    let lines = cluster.log_tail(namespace, pod, container, source.previous, LINES).await.ok()?;
    (!lines.is_empty()).then(|| LogTail { pod: pod.clone(), container: container.clone(), lines })
}
