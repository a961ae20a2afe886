use super::run::Run;
use crate::event::{Event, LogTail};
use crate::finding::Finding;
use crate::object::{Object, Snapshot};
use crate::plan::Layer;
use crate::readiness::{self, LogSource};

/// How much of a container's log is shown.
const LINES: i64 = 10;
/// Of how many containers: the first say what the others would.
const CONTAINERS: usize = 3;

/// Says what is known of an object that is not ready: what is wrong, its last events and last log lines.
pub(super) async fn diagnose(
    run: &Run<'_>,
    layer: &Layer,
    object: &Object,
    finding: &Finding,
    snapshot: &Snapshot,
) {
    let live = snapshot.get(&object.id()).unwrap_or(object);
    let diagnosis = readiness::diagnose(live, snapshot);
    let mut logs = Vec::new();
    for source in diagnosis.logs.iter().take(CONTAINERS) {
        logs.extend(tail(run, source).await);
    }
    run.say(Event::Diagnosed {
        layer: layer.name.clone(),
        object: object.id(),
        reason: diagnosis.trouble.map(|trouble| trouble.words(&object.id())),
        finding: finding.clone(),
        events: diagnosis.events,
        logs,
    });
}

/// The end of a container's log. One that cannot be read is left out: it is evidence, not the failure.
async fn tail(run: &Run<'_>, source: &LogSource) -> Option<LogTail> {
    let namespace = source.pod.namespace.as_deref().unwrap_or_default();
    let (pod, container) = (&source.pod.name, &source.container);
    let lines = run.cluster.log_tail(namespace, pod, container, source.previous, LINES).await.ok()?;
    (!lines.is_empty()).then(|| LogTail { pod: pod.clone(), container: container.clone(), lines })
}
