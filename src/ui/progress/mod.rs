//! Where a run stands: a pure fold over its facts. Times are since the start of the run.

mod download;
mod layer;

use std::time::Duration;

use crate::event::{Event, PlannedCounts, Step};
use crate::finding::Severity;
use crate::object::ObjectId;

pub(super) use download::Download;
pub(super) use layer::{Applied, Awaited, Layer, Removed, Workload};

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
    /// What was seen to be wrong before anything was changed.
    pub(super) found: Found,
    pub(super) bundle: Option<Bundle>,
    /// The cluster that was brought up on this machine.
    pub(super) local: Option<Local>,
    /// Images that were loaded into it.
    pub(super) loaded: usize,
    /// One that was taken away, and whether there was one.
    pub(super) deleted: Option<(String, bool)>,
    /// What is on its way out, and what it waits for.
    pub(super) held: Vec<(ObjectId, String)>,
    /// What an installation would change, as far as it is known.
    pub(super) planned: PlannedCounts,
    /// Whether all of it is.
    pub(super) is_planned: bool,
    /// Objects of all layers that are there.
    pub(super) present: usize,
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

/// A bundle that was written.
#[derive(Debug)]
pub(super) struct Bundle {
    pub(super) path: String,
    pub(super) bytes: u64,
}

/// A cluster of this machine's own.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) kubernetes: String,
    /// Whether it is new.
    pub(super) made: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Checks {
    pub(super) passed: usize,
    pub(super) failed: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) errors: usize,
    pub(super) warnings: usize,
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
                self.download = Some(Download::of(*total_bytes));
            }
            Event::DownloadProgress { received_bytes, total_bytes }
            | Event::DownloadResumed { received_bytes, total_bytes } => {
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
            Event::BundleWritten { path, bytes, .. } => {
                self.bundle = Some(Bundle { path: path.clone(), bytes: *bytes });
            }
            Event::ClusterReady { kubernetes, made, .. } => {
                self.local = Some(Local { kubernetes: kubernetes.clone(), made: *made });
            }
            Event::ImagesLoaded { images } => self.loaded = images.len(),
            Event::ClusterDeleted { cluster, there } => self.deleted = Some((cluster.clone(), *there)),
            Event::Planned { layers } => {
                for planned in layers {
                    let layer = self.layer_mut(&planned.name);
                    (layer.objects, layer.planned_workloads) = (planned.objects, planned.workloads);
                }
            }
            Event::ObjectPlanned { outcome, .. } => self.planned.count(*outcome),
            Event::PlanFinished(counts) => (self.planned, self.is_planned) = (*counts, true),
            Event::WaveStarted { layer, wave, .. } => self.layer_mut(layer).wave = Some(wave),
            Event::ObjectApplied { layer, object, outcome, .. } => {
                self.layer_mut(layer).apply(object, *outcome);
            }
            Event::ObjectRemoved { layer, object, outcome, .. } => {
                self.held.retain(|(held, _)| held != object);
                // The installer's own namespace is in no layer.
                if !layer.is_empty() {
                    self.layer_mut(layer).remove(*outcome);
                }
            }
            Event::RemovalAwaited { object, reason, .. } => {
                self.held.retain(|(held, _)| held != object);
                self.held.push((object.clone(), reason.clone()));
            }
            Event::ApplyRetried { layer, object, reason } => self.layer_mut(layer).refuse(object, reason),
            Event::Workload { layer, object, state, ready, wanted, reason, finding } => {
                let (object, reason, finding) = (object.clone(), reason.clone(), finding.clone());
                let workload =
                    Workload { object, state: *state, ready: *ready, wanted: *wanted, reason, finding };
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
            Event::Found(finding) | Event::Diagnosed { finding, .. } => match finding.severity {
                Severity::Error => self.found.errors += 1,
                Severity::Warning => self.found.warnings += 1,
            },
            Event::LayerStatus { present, .. } => self.present += present,
            Event::LeaseHeld { .. } | Event::IstioStatus { .. } => {}
            Event::Warned { .. } | Event::Finished(_) => {}
        }
        if has_lease(event) {
            self.lease_holder = None;
        }
    }

    /// Steps that have begun and not ended.
    pub(super) fn running(&self) -> impl Iterator<Item = &StepProgress> {
        self.steps.iter().filter(|step| step.took.is_none())
    }

    /// Whether it looked for what is wrong, and was not to change anything.
    pub(super) fn only_checked(&self) -> bool {
        let has = |is: fn(&Step) -> bool| self.steps.iter().any(|step| is(&step.step));
        has(|step| *step == Step::Check) && !has(|step| matches!(step, Step::Layer(_)))
    }

    /// Whether it made a plan.
    pub(super) fn has_rendered(&self) -> bool {
        self.steps.iter().any(|step| step.step == Step::Render)
    }

    /// Whether it took layers away.
    pub(super) fn removed_layers(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.step, Step::Removal(_)))
    }

    /// The objects of all layers that were to go.
    pub(super) fn removed(&self) -> Removed {
        self.layers.iter().fold(Removed::default(), |sum, layer| sum.plus(layer.removed))
    }

    /// Whether it asked what is there, and was to do nothing else.
    pub(super) fn only_verified(&self) -> bool {
        let has = |is: fn(&Step) -> bool| self.steps.iter().any(|step| is(&step.step));
        has(|step| *step == Step::Verify) && !has(|step| matches!(step, Step::Render | Step::Layer(_)))
    }

    /// Whether it asked how things stand.
    pub(super) fn asked_status(&self) -> bool {
        self.steps.iter().any(|step| step.step == Step::Status)
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
            Step::Connect
            | Step::Cluster(_)
            | Step::Load
            | Step::Delete(_)
            | Step::Fetch
            | Step::Render
            | Step::Check
            | Step::Plan
            | Step::Bundle
            | Step::Prune
            | Step::Removal(_)
            | Step::Verify
            | Step::Status => Awaited::default(),
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
