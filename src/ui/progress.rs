//! Where a run stands: a pure fold over its facts. Times are since the start of the run.

use std::collections::VecDeque;
use std::time::Duration;

use crate::event::{ApplyOutcome, Event, Step, WorkloadState};
use crate::object::ObjectId;

/// What is known of a run so far.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) target: Option<Target>,
    /// In the order in which they began.
    pub(super) steps: Vec<StepProgress>,
    pub(super) download: Option<Download>,
    pub(super) release: Option<Release>,
    pub(super) layers: Vec<Layer>,
    pub(super) checks: Checks,
    /// Who holds the Lease that the run waits for.
    pub(super) lease_holder: Option<String>,
    /// The signal that asked the run to end.
    pub(super) signal: Option<&'static str>,
}

#[derive(Debug)]
pub(super) struct Target {
    pub(super) profile: String,
    pub(super) context: String,
    pub(super) server: String,
}

#[derive(Debug)]
pub(super) struct StepProgress {
    pub(super) step: Step,
    pub(super) began: Duration,
    pub(super) took: Option<Duration>,
}

#[derive(Debug)]
pub(super) struct Release {
    pub(super) version: String,
    pub(super) cached: bool,
}

#[derive(Debug, Default)]
pub(super) struct Download {
    pub(super) received: u64,
    pub(super) total: Option<u64>,
    /// What was received when, over the last seconds.
    recent: VecDeque<(Duration, u64)>,
    /// Why it begins again.
    pub(super) retry: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) name: String,
    pub(super) objects: usize,
    planned_workloads: usize,
    pub(super) applied: Applied,
    pub(super) wave: Option<&'static str>,
    /// Objects that were refused, and will be tried again.
    pub(super) refused: Vec<(ObjectId, String)>,
    /// Webhooks that do not answer yet.
    pub(super) webhooks: Vec<String>,
    /// In the order in which they were first heard of.
    pub(super) workloads: Vec<Workload>,
}

/// Objects by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Applied {
    pub(super) created: usize,
    pub(super) changed: usize,
    pub(super) unchanged: usize,
    pub(super) failed: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Workload {
    pub(super) object: ObjectId,
    pub(super) state: WorkloadState,
    pub(super) ready: u32,
    pub(super) wanted: u32,
    pub(super) reason: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Checks {
    pub(super) passed: usize,
    pub(super) failed: usize,
}

impl Progress {
    pub(super) fn fold(&mut self, event: &Event, at: Duration) {
        match event {
            Event::RunStarted { profile, context, server } => {
                let (profile, context, server) = (profile.clone(), context.clone(), server.clone());
                self.target = Some(Target { profile, context, server });
            }
            Event::StepStarted { step } => {
                self.steps.push(StepProgress { step: step.clone(), began: at, took: None });
            }
            Event::StepFinished { step, elapsed } => self.finish_step(step, *elapsed),
            Event::DownloadStarted { total_bytes, .. } => {
                self.download = Some(Download { total: *total_bytes, ..Download::default() });
            }
            Event::DownloadProgress { received_bytes, total_bytes } => {
                let download = self.download.get_or_insert_default();
                download.total = total_bytes.or(download.total);
                download.receive(*received_bytes, at);
            }
            Event::DownloadRetried { reason, .. } => {
                self.download.get_or_insert_default().retry = Some(reason.clone());
            }
            Event::ReleaseReady { version, cached, .. } => {
                self.release = Some(Release { version: version.clone(), cached: *cached });
            }
            Event::Planned { layers } => {
                for planned in layers {
                    let layer = self.layer_mut(&planned.name);
                    (layer.objects, layer.planned_workloads) = (planned.objects, planned.workloads);
                }
            }
            Event::WaveStarted { layer, wave, .. } => self.layer_mut(layer).wave = Some(wave),
            Event::ObjectApplied { layer, object, outcome, .. } => {
                self.layer_mut(layer).apply(object, *outcome);
            }
            Event::ApplyRetried { layer, object, reason } => self.layer_mut(layer).refuse(object, reason),
            Event::Workload { layer, object, state, ready, wanted, reason } => {
                let (object, reason) = (object.clone(), reason.clone());
                let workload = Workload { object, state: *state, ready: *ready, wanted: *wanted, reason };
                self.layer_mut(layer).hear_of(workload);
            }
            Event::WebhookAwaited { layer, webhook } => {
                let webhooks = &mut self.layer_mut(layer).webhooks;
                if !webhooks.contains(webhook) {
                    webhooks.push(webhook.clone());
                }
            }
            Event::WebhookAnswered { layer, webhook } => {
                self.layer_mut(layer).webhooks.retain(|awaited| awaited != webhook);
            }
            Event::LeaseAwaited { holder } => self.lease_holder = Some(holder.clone()),
            Event::Checked { passed: true, .. } => self.checks.passed += 1,
            Event::Checked { passed: false, .. } => self.checks.failed += 1,
            Event::Interrupted { signal } => self.signal = Some(signal),
            Event::Diagnosed { .. } | Event::Warned { .. } | Event::Finished(_) => {}
        }
        if has_lease(event) {
            self.lease_holder = None;
        }
    }

    /// Steps that have begun and not ended.
    pub(super) fn running(&self) -> impl Iterator<Item = &StepProgress> {
        self.steps.iter().filter(|step| step.took.is_none())
    }

    pub(super) fn layer(&self, name: &str) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.name == name)
    }

    /// The objects of all layers.
    pub(super) fn applied(&self) -> Applied {
        self.layers.iter().fold(Applied::default(), |sum, layer| sum.plus(layer.applied))
    }

    /// The workloads that a step waits for, and how many there are.
    pub(super) fn awaited(&self, step: &Step) -> Awaited<'_> {
        match step {
            Step::Layer(name) => self.layer(name).into_iter().collect(),
            Step::Rollout => self.layers.iter().collect(),
            Step::Connect | Step::Fetch | Step::Render | Step::Verify => Awaited::default(),
        }
    }

    fn finish_step(&mut self, step: &Step, elapsed: Duration) {
        let running =
            self.steps.iter_mut().rev().find(|running| running.step == *step && running.took.is_none());
        match running {
            Some(running) => running.took = Some(elapsed),
            // A step may be too short to be announced before.
            None => self.steps.push(StepProgress {
                step: step.clone(),
                began: Duration::ZERO,
                took: Some(elapsed),
            }),
        }
    }

    fn layer_mut(&mut self, name: &str) -> &mut Layer {
        let place = self.layers.iter().position(|layer| layer.name == name).unwrap_or_else(|| {
            self.layers.push(Layer { name: name.to_owned(), ..Layer::default() });
            self.layers.len() - 1
        });
        &mut self.layers[place]
    }
}

/// Whether the fact shows that the run holds the Lease: nothing is applied without it.
fn has_lease(event: &Event) -> bool {
    matches!(event, Event::StepStarted { .. } | Event::WaveStarted { .. } | Event::ObjectApplied { .. })
}

impl Download {
    /// How far back the rate looks: long enough to be calm, short enough to see a stall.
    const WINDOW: Duration = Duration::from_secs(5);

    fn receive(&mut self, received: u64, at: Duration) {
        self.retry = None;
        self.received = received;
        self.recent.push_back((at, received));
        while self.recent.get(1).is_some_and(|(then, _)| at.saturating_sub(*then) >= Self::WINDOW) {
            self.recent.pop_front();
        }
    }

    /// Bytes a second; None before there is something to measure.
    pub(super) fn rate(&self, at: Duration) -> Option<f64> {
        let (then, received) = *self.recent.front()?;
        let seconds = at.saturating_sub(then).as_secs_f64();
        (seconds >= 0.5 && self.received > received).then(|| (self.received - received) as f64 / seconds)
    }

    /// None where the total is not known, or nothing arrives.
    pub(super) fn time_left(&self, at: Duration) -> Option<Duration> {
        let left = self.total?.saturating_sub(self.received);
        Duration::try_from_secs_f64(left as f64 / self.rate(at)?).ok()
    }
}

impl Layer {
    fn apply(&mut self, object: &ObjectId, outcome: ApplyOutcome) {
        self.refused.retain(|(refused, _)| refused != object);
        match outcome {
            ApplyOutcome::Created => self.applied.created += 1,
            ApplyOutcome::Changed => self.applied.changed += 1,
            ApplyOutcome::Unchanged => self.applied.unchanged += 1,
            ApplyOutcome::Failed => self.applied.failed += 1,
        }
    }

    fn refuse(&mut self, object: &ObjectId, reason: &str) {
        self.refused.retain(|(refused, _)| refused != object);
        self.refused.push((object.clone(), reason.to_owned()));
    }

    fn hear_of(&mut self, workload: Workload) {
        match self.workloads.iter_mut().find(|known| known.object == workload.object) {
            Some(known) => *known = workload,
            None => self.workloads.push(workload),
        }
    }

    pub(super) fn workload(&self, object: &ObjectId) -> Option<&Workload> {
        self.workloads.iter().find(|workload| workload.object == *object)
    }

    pub(super) fn ready(&self) -> usize {
        self.workloads.iter().filter(|workload| workload.is_ready()).count()
    }

    /// Workloads to wait for: those planned, or more where more were heard of.
    pub(super) fn wanted(&self) -> usize {
        self.planned_workloads.max(self.workloads.len())
    }

    pub(super) fn is_applied(&self) -> bool {
        self.applied.total() >= self.objects
    }
}

impl Applied {
    pub(super) fn total(self) -> usize {
        self.created + self.changed + self.unchanged + self.failed
    }

    fn plus(self, other: Self) -> Self {
        Self {
            created: self.created + other.created,
            changed: self.changed + other.changed,
            unchanged: self.unchanged + other.unchanged,
            failed: self.failed + other.failed,
        }
    }
}

impl Workload {
    pub(super) fn is_ready(&self) -> bool {
        self.state == WorkloadState::Ready
    }

    /// Whether its reason needs eyes now.
    pub(super) fn is_suspect(&self) -> bool {
        matches!(self.state, WorkloadState::Suspect | WorkloadState::Failed)
    }
}

/// The workloads that something waits for.
#[derive(Debug, Default)]
pub(super) struct Awaited<'a> {
    pub(super) ready: usize,
    pub(super) wanted: usize,
    /// Not ready: the one that is least likely to become so first.
    pub(super) waiting: Vec<&'a Workload>,
}

impl<'a> FromIterator<&'a Layer> for Awaited<'a> {
    fn from_iter<I: IntoIterator<Item = &'a Layer>>(layers: I) -> Self {
        let mut awaited = Self::default();
        for layer in layers {
            awaited.ready += layer.ready();
            awaited.wanted += layer.wanted();
            awaited.waiting.extend(layer.workloads.iter().filter(|workload| !workload.is_ready()));
        }
        // Stable: among equals, the one that was heard of first has waited longest.
        awaited.waiting.sort_by_key(|workload| {
            let trouble = match workload.state {
                WorkloadState::Failed => 0,
                WorkloadState::Suspect => 1,
                WorkloadState::InProgress | WorkloadState::Ready => 2,
            };
            (trouble, workload.ready * 100 / workload.wanted.max(1))
        });
        awaited
    }
}
