//! The facts that a run announces: the port between doing and showing. The engine says them, `ui`
//! shows them; neither knows the other. `docs/events.md` describes them as JSON lines.

/// Runs to be shown again.
#[cfg(test)]
#[path = "../tests/ui/recording.rs"]
pub(crate) mod recording;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::mpsc;

use crate::finding::Finding;
use crate::object::{Diff, ObjectId};

/// One fact. As JSON, `event` names it, ids are `Kind/namespace/name`, and times are in seconds.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The target and the profile are resolved and will not change any more.
    RunStarted {
        profile: String,
        context: String,
        server: String,
    },
    /// A step that a person would name has begun; steps may overlap.
    StepStarted {
        step: Step,
    },
    StepFinished {
        step: Step,
        #[serde(serialize_with = "seconds")]
        #[cfg_attr(test, schemars(with = "f64"))]
        elapsed: Duration,
    },
    DownloadStarted {
        url: String,
        total_bytes: Option<u64>,
    },
    /// Said a few times a second at most.
    DownloadProgress {
        received_bytes: u64,
        total_bytes: Option<u64>,
    },
    /// What an earlier attempt or an earlier run left is kept, and the server sends the rest.
    DownloadResumed {
        received_bytes: u64,
        total_bytes: Option<u64>,
    },
    /// An attempt failed, and the one of this number (the first is 1) begins after a while.
    DownloadRetried {
        attempt: u32,
        reason: String,
        #[serde(serialize_with = "seconds")]
        #[cfg_attr(test, schemars(with = "f64"))]
        after: Duration,
    },
    /// The release is proven and unpacked; `cached` where nothing was downloaded.
    ReleaseReady {
        version: String,
        sha256: String,
        cached: bool,
    },
    /// A bundle is written, whole.
    BundleWritten {
        path: String,
        bytes: u64,
        sha256: String,
    },
    /// A cluster of this machine's own runs, and its nodes are ready; `made` where there was none of that name.
    ClusterReady {
        cluster: String,
        kubernetes: String,
        made: bool,
    },
    /// Images of this machine are on the cluster's nodes.
    ImagesLoaded {
        images: Vec<String>,
    },
    /// A cluster of this machine's own is gone; `there` where there was one.
    ClusterDeleted {
        cluster: String,
        there: bool,
    },
    /// All is rendered: what each layer will bring.
    Planned {
        layers: Vec<PlannedLayer>,
    },
    /// What an installation would do to an object. Each has one such event, in the order of the layers.
    ObjectPlanned {
        layer: String,
        #[serde(serialize_with = "text")]
        #[cfg_attr(test, schemars(with = "String"))]
        object: ObjectId,
        outcome: PlannedOutcome,
        /// What would change of it; of an object that is not there yet, all.
        #[serde(serialize_with = "text")]
        #[cfg_attr(test, schemars(with = "String"))]
        diff: Diff,
        /// Why it stays although no layer has it.
        reason: Option<String>,
        /// The fields that others hold, where it would be refused for them.
        conflicts: Vec<HeldField>,
        /// Why it would be refused, or whose it is.
        finding: Option<Finding>,
    },
    /// What an installation would change, counted.
    PlanFinished(PlannedCounts),
    WaveStarted {
        layer: String,
        wave: &'static str,
        objects: usize,
    },
    ObjectApplied {
        layer: String,
        #[serde(serialize_with = "text")]
        #[cfg_attr(test, schemars(with = "String"))]
        object: ObjectId,
        outcome: ApplyOutcome,
        /// The server's words, where it refused.
        message: Option<String>,
    },
    /// A refusal that passes (a webhook not up yet, 429, a lost connection): it is tried again.
    ApplyRetried {
        layer: String,
        #[serde(serialize_with = "text")]
        #[cfg_attr(test, schemars(with = "String"))]
        object: ObjectId,
        reason: String,
    },
    /// An object is gone, or stays although its layer goes.
    ObjectRemoved {
        layer: String,
        #[serde(serialize_with = "text")]
        #[cfg_attr(test, schemars(with = "String"))]
        object: ObjectId,
        outcome: RemovalOutcome,
        /// Why it stays.
        reason: Option<String>,
    },
    /// An object is on its way out, and something holds it.
    RemovalAwaited {
        layer: String,
        #[serde(serialize_with = "text")]
        #[cfg_attr(test, schemars(with = "String"))]
        object: ObjectId,
        reason: String,
    },
    /// A workload's state, said when it changes.
    Workload {
        layer: String,
        #[serde(serialize_with = "text")]
        #[cfg_attr(test, schemars(with = "String"))]
        object: ObjectId,
        state: WorkloadState,
        /// Pods that are ready, of those wanted; both 0 where the kind has no pods.
        ready: u32,
        wanted: u32,
        /// Why it is not ready yet, in the words of the cluster.
        reason: Option<String>,
        /// What is wrong with it, where something is.
        finding: Option<Finding>,
    },
    /// A webhook of the layer is asked until it really answers.
    WebhookAwaited {
        layer: String,
        webhook: String,
    },
    WebhookAnswered {
        layer: String,
        webhook: String,
    },
    /// Another run holds the Lease.
    LeaseAwaited {
        holder: String,
    },
    /// What is known of a workload that is not ready: when a layer ends because of it, or when a cluster was asked.
    Diagnosed {
        /// None where no layer was waited for.
        layer: Option<String>,
        #[serde(serialize_with = "text")]
        #[cfg_attr(test, schemars(with = "String"))]
        object: ObjectId,
        reason: Option<String>,
        /// What is wrong, which may hold up others too.
        finding: Finding,
        /// The last events of the workload and its pods, the oldest first.
        events: Vec<String>,
        /// The last lines of its containers that are not well.
        logs: Vec<LogTail>,
    },
    /// A check on the running mesh has ended.
    Checked {
        check: String,
        passed: bool,
        #[serde(flatten)]
        outcome: CheckOutcome,
        /// What was seen.
        seen: String,
        /// What is wrong.
        findings: Vec<Finding>,
    },
    /// Another run holds the Lease while the cluster is looked at.
    LeaseHeld {
        holder: String,
    },
    /// The Istios that are there, beside the version that is planned.
    IstioStatus {
        planned: Option<String>,
        running: Vec<ControlPlane>,
    },
    /// Where a layer stands.
    LayerStatus {
        layer: String,
        /// How many objects it is to have; None where only what was recorded is known.
        planned: Option<usize>,
        present: usize,
        workloads: usize,
        ready: usize,
        /// All in which it is not as it is to be.
        deviations: Vec<Deviation>,
    },
    Warned {
        warning: String,
    },
    /// Something is wrong, or hardly as it was meant, seen before it fails.
    Found(Finding),
    /// A signal asked the run to end at the next safe point.
    Interrupted {
        signal: &'static str,
    },
    /// The one terminal event: nothing follows it.
    Finished(Finished),
}

/// What a person would call a step of the run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "kind", content = "name")]
pub enum Step {
    Connect,
    /// Brings up a cluster on this machine, with kind.
    Cluster(String),
    /// Loads images of this machine into it.
    Load,
    /// Takes it away.
    Delete(String),
    Fetch,
    Render,
    /// Looks for what is wrong before anything is changed.
    Check,
    /// Has the server rehearse what an installation would change.
    Plan,
    /// Writes a bundle.
    Bundle,
    /// Applies one layer and waits for it.
    Layer(String),
    /// Waits for what was applied but not awaited on the way (the addons).
    Rollout,
    /// Removes what the layers do not have any more.
    Prune,
    /// Removes a layer, and waits until it is gone.
    Removal(String),
    /// Proves on the running mesh what the profile promises.
    Verify,
    /// Compares what is there with what is planned.
    Status,
}

/// The last lines that a container logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LogTail {
    pub pod: String,
    pub container: String,
    pub lines: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlannedLayer {
    pub name: String,
    pub objects: usize,
    pub workloads: usize,
}

/// What an installation would do to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PlannedOutcome {
    Create,
    Change,
    None,
    /// The server would not let it be as the layer has it.
    Refused,
    /// No layer has it any more.
    Prune,
    /// The same, and it stays.
    Keep,
}

/// A field that another manager holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HeldField {
    pub manager: String,
    /// As the server writes it: `.spec.replicas`.
    pub field: String,
}

/// How many objects an installation would do what to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlannedCounts {
    pub create: usize,
    pub change: usize,
    pub none: usize,
    pub refused: usize,
    pub prune: usize,
    pub keep: usize,
}

impl PlannedCounts {
    pub fn count(&mut self, outcome: PlannedOutcome) {
        let number = match outcome {
            PlannedOutcome::Create => &mut self.create,
            PlannedOutcome::Change => &mut self.change,
            PlannedOutcome::None => &mut self.none,
            PlannedOutcome::Refused => &mut self.refused,
            PlannedOutcome::Prune => &mut self.prune,
            PlannedOutcome::Keep => &mut self.keep,
        };
        *number += 1;
    }

    /// Whether the cluster would not be the same afterwards.
    pub fn has_changes(&self) -> bool {
        self.create + self.change + self.prune > 0
    }

    /// The objects of the layers.
    pub fn planned(&self) -> usize {
        self.create + self.change + self.none + self.refused
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ApplyOutcome {
    Created,
    Changed,
    Unchanged,
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RemovalOutcome {
    Removed,
    /// It holds something.
    Kept,
    /// A definition that others may use.
    Spared,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum WorkloadState {
    InProgress,
    /// Not ready, for a reason that a healthy workload does not have (a crash, a refused image, an
    /// exceeded quota): worth showing at once, though it may pass.
    Suspect,
    Ready,
    Failed,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum CheckOutcome {
    Passed,
    Failed,
    /// It could not be asked because of what another check has found.
    Blocked {
        #[serde(rename = "blocked_by")]
        by: &'static str,
    },
}

/// An istiod and all that injects for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ControlPlane {
    pub revision: String,
    /// None where its image tells none.
    pub version: Option<String>,
}

/// In what an object is not as it is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Deviation {
    #[serde(serialize_with = "text")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub object: ObjectId,
    #[serde(flatten)]
    pub how: How,
}

/// As what an object is found, where it is not as it is to be. Ordered: what weighs most comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "deviation")]
pub enum How {
    Missing,
    NotReady {
        reason: String,
    },
    /// Applying it would change these fields.
    Differs {
        fields: Vec<String>,
    },
    /// Others manage these fields and give them other values.
    Held {
        fields: Vec<HeldField>,
    },
    /// The API server does not say what applying it would do.
    Unknown {
        reason: String,
    },
}

/// How the run ended.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finished {
    pub outcome: Ending,
    pub exit_code: u8,
    pub created: usize,
    pub changed: usize,
    pub unchanged: usize,
    pub failed: usize,
    pub removed: usize,
    #[serde(serialize_with = "seconds")]
    #[cfg_attr(test, schemars(with = "f64"))]
    pub elapsed: Duration,
    /// What went wrong, in full; None where all is done.
    pub error: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Commands that a person would run next.
    pub next: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    Done,
    Failed,
    Interrupted,
}

impl Event {
    /// A check has ended.
    pub fn checked(
        check: &str,
        outcome: CheckOutcome,
        seen: impl Into<String>,
        findings: Vec<Finding>,
    ) -> Self {
        let passed = outcome == CheckOutcome::Passed;
        Self::Checked { check: check.to_owned(), passed, outcome, seen: seen.into(), findings }
    }
}

/// Where a run says its facts. Cheap to clone; saying never blocks and never fails.
#[derive(Clone, Debug)]
pub struct Announcer {
    sender: mpsc::UnboundedSender<Event>,
    record: Option<Record>,
}

impl Announcer {
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender, record: None }, receiver)
    }

    /// Keeps a record of what is said from now on, by this announcer and those that are cloned from it.
    pub fn keep_record(&mut self) -> Record {
        let record = Record { start: Instant::now(), facts: Arc::default() };
        self.record.insert(record).clone()
    }

    pub fn say(&self, event: Event) {
        if let Some(record) = &self.record {
            record.keep(event.clone());
        }
        // Nobody listening is no reason to stop working.
        let _ = self.sender.send(event);
    }
}

/// What was said, each fact with its time since the record was begun: when it was said, whenever it is shown.
#[derive(Clone, Debug)]
pub struct Record {
    start: Instant,
    facts: Arc<Mutex<Vec<(Duration, Event)>>>,
}

impl Record {
    fn keep(&self, event: Event) {
        let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that times never go back.
        facts.push((self.start.elapsed(), event));
    }

    /// The facts until now, in the order in which they were said, and the end of the run as the last.
    pub fn ended_with(&self, finished: Finished) -> Vec<(Duration, Event)> {
        self.keep(Event::Finished(finished));
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((duration.as_secs_f64() * 1000.0).round() / 1000.0)
}

fn text<S: serde::Serializer>(value: &impl std::fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
