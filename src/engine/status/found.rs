use std::collections::BTreeSet;

use futures::StreamExt;
use jiff::Timestamp;

use crate::cluster::Cluster;
use crate::engine::layer::is_awaited;
use crate::engine::run::CONCURRENT;
use crate::event::{Deviation, Event, How};
use crate::object::{Object, ObjectId, Snapshot};
use crate::readiness::{self, Status, Trouble};

/// A layer as the cluster has it.
#[derive(Debug, Default)]
pub(super) struct Found {
    layer: String,
    /// None where only what was recorded is known.
    pub(super) planned: Option<usize>,
    /// Of those that are planned; of those that are there, where nothing is.
    pub(super) workloads: usize,
    pub(super) live: Vec<Object>,
    pub(super) deviations: Vec<Deviation>,
}

impl Found {
    pub(super) fn of(layer: &str) -> Self {
        Self { layer: layer.to_owned(), ..Self::default() }
    }

    pub(super) fn deviates(&mut self, object: ObjectId, how: Option<How>) {
        self.deviations.extend(how.map(|how| Deviation { object, how }));
    }

    /// What is there and not ready, or about to go.
    fn unready(&self) -> impl Iterator<Item = &Object> {
        self.live.iter().filter(|object| match readiness::status(object).status {
            Status::Current => false,
            Status::Terminating => true,
            Status::InProgress | Status::Failed => is_awaited(object),
        })
    }
}

impl From<Found> for Event {
    fn from(found: Found) -> Self {
        let is_ready = |object: &&Object| {
            readiness::is_workload(object) && readiness::status(object).status == Status::Current
        };
        Self::LayerStatus {
            planned: found.planned,
            present: found.live.len(),
            workloads: found.workloads,
            ready: found.live.iter().filter(is_ready).count(),
            layer: found.layer,
            deviations: found.deviations,
        }
    }
}

/// Adds what is not ready, with why: what explains it is read only where there is something to explain.
pub(super) async fn explain(cluster: &Cluster, layers: &mut [Found]) {
    let mut objects: Snapshot = layers.iter().flat_map(|found| found.live.iter().cloned()).collect();
    let namespaces: BTreeSet<String> = layers
        .iter()
        .flat_map(Found::unready)
        .filter(|object| readiness::is_workload(object))
        .filter_map(|object| object.namespace().map(str::to_owned))
        .collect();
    let kinds = namespaces.iter().flat_map(|namespace| readiness::EVIDENCE.map(|kind| (namespace, kind)));
    let asked: Vec<_> = kinds
        .map(|(namespace, (api_version, kind))| cluster.list(api_version, kind, Some(namespace), None))
        .collect();
    // What cannot be read explains nothing.
    let evidence: Vec<_> = futures::stream::iter(asked).buffer_unordered(CONCURRENT).collect().await;
    objects.extend(evidence.into_iter().flatten().flatten());
    let troubles = readiness::survey(&objects, Timestamp::now());
    for found in layers {
        let unready: Vec<Deviation> = found.unready().map(|object| deviation(object, &troubles)).collect();
        found.deviations.extend(unready);
        found.deviations.sort_by(|a, b| (&a.how, &a.object).cmp(&(&b.how, &b.object)));
    }
}

fn deviation(object: &Object, troubles: &[(ObjectId, Trouble)]) -> Deviation {
    let id = object.id();
    let trouble = troubles.iter().find(|(sufferer, _)| *sufferer == id);
    let reason = trouble.map(|(_, trouble)| trouble.words(&id));
    let reason = reason.unwrap_or_else(|| readiness::status(object).message);
    Deviation { object: id, how: How::NotReady { reason } }
}
