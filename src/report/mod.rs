//! What a run came to, for whoever was not there: folded from its facts, and written in several forms. Pure but for
//! the file that it is written to.

mod file;
mod form;
mod html;
mod json;
mod junit;
mod layer;
mod markdown;
mod markup;

#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;

use crate::event::{CheckOutcome, Ending, Event, Finished, PlannedCounts, Step};
use crate::finding::Finding;
use crate::object::redacted_text;

pub use file::{File, NotAFile};
pub use form::{Form, UnknownForm};

use layer::{Layer, Outcome};

/// What is known of a run. Texts are without the secrets that can be told by their form.
#[derive(Debug)]
pub struct Report {
    began: Timestamp,
    target: Option<Target>,
    steps: Vec<StepReport>,
    layers: Vec<Layer>,
    /// Of no layer and no check.
    findings: Vec<Finding>,
    checks: Vec<CheckReport>,
    warnings: Vec<String>,
    /// What an installation would change, where that was asked.
    planned: Option<PlannedCounts>,
    finished: Option<Finished>,
}

#[derive(Debug)]
struct Target {
    profile: String,
    context: String,
    server: String,
}

#[derive(Debug)]
struct StepReport {
    step: Step,
    /// None while it has not ended well.
    took: Option<Duration>,
}

#[derive(Debug)]
struct CheckReport {
    name: String,
    outcome: CheckOutcome,
    seen: String,
    findings: Vec<Finding>,
}

impl Report {
    /// Of a run that begins now.
    pub fn new(began: Timestamp) -> Self {
        Self {
            began,
            target: None,
            steps: Vec::new(),
            layers: Vec::new(),
            findings: Vec::new(),
            checks: Vec::new(),
            warnings: Vec::new(),
            planned: None,
            finished: None,
        }
    }

    pub fn fold(&mut self, event: &Event) {
        match event {
            Event::RunStarted { profile, context, server } => {
                let (profile, context, server) = (profile.clone(), context.clone(), clean(server));
                self.target = Some(Target { profile, context, server });
            }
            Event::StepStarted { step } => {
                self.steps.push(StepReport { step: step.clone(), took: None });
                if let Step::Layer(name) | Step::Removal(name) = step {
                    self.layer(name).outcome = Outcome::Begun;
                }
            }
            Event::StepFinished { step, elapsed } => self.finish(step, *elapsed),
            Event::Planned { layers } => {
                for planned in layers {
                    let layer = self.layer(&planned.name);
                    (layer.objects, layer.workloads) = (planned.objects, planned.workloads);
                }
            }
            Event::ObjectApplied { layer, outcome, .. } => self.layer(layer).counts.apply(*outcome),
            // The installer's own namespace is in no layer.
            Event::ObjectRemoved { layer, outcome, .. } if !layer.is_empty() => {
                self.layer(layer).counts.remove(*outcome);
            }
            Event::PlanFinished(counts) => self.planned = Some(*counts),
            Event::Diagnosed { layer: Some(layer), finding, .. } => {
                let finding = cleaned(finding);
                add(&mut self.layer(layer).findings, finding);
            }
            Event::Found(finding)
            | Event::Diagnosed { layer: None, finding, .. }
            | Event::ObjectPlanned { finding: Some(finding), .. } => {
                add(&mut self.findings, cleaned(finding));
            }
            Event::Checked { check, outcome, seen, findings, .. } => self.checks.push(CheckReport {
                name: check.clone(),
                outcome: *outcome,
                seen: clean(seen),
                findings: findings.iter().map(cleaned).collect(),
            }),
            Event::Warned { warning } => self.warnings.push(clean(warning)),
            Event::Finished(finished) => self.end(finished),
            // On the way, and not what came of it.
            Event::DownloadStarted { .. }
            | Event::DownloadProgress { .. }
            | Event::DownloadResumed { .. }
            | Event::DownloadRetried { .. }
            | Event::ReleaseReady { .. }
            | Event::BundleWritten { .. }
            | Event::ClusterReady { .. }
            | Event::ImagesLoaded { .. }
            | Event::ClusterDeleted { .. }
            | Event::ObjectPlanned { finding: None, .. }
            | Event::WaveStarted { .. }
            | Event::ApplyRetried { .. }
            | Event::ObjectRemoved { .. }
            | Event::RemovalAwaited { .. }
            | Event::Workload { .. }
            | Event::WebhookAwaited { .. }
            | Event::WebhookAnswered { .. }
            | Event::LeaseAwaited { .. }
            | Event::LeaseHeld { .. }
            | Event::IstioStatus { .. }
            | Event::LayerStatus { .. }
            | Event::Interrupted { .. } => {}
        }
    }

    fn finish(&mut self, step: &Step, elapsed: Duration) {
        if let Step::Layer(name) | Step::Removal(name) = step {
            let layer = self.layer(name);
            (layer.outcome, layer.took) = (Outcome::Done, Some(elapsed));
        }
        let open = self.steps.iter_mut().rev().find(|open| open.step == *step && open.took.is_none());
        match open {
            Some(open) => open.took = Some(elapsed),
            None => self.steps.push(StepReport { step: step.clone(), took: Some(elapsed) }),
        }
    }

    fn end(&mut self, finished: &Finished) {
        for layer in &mut self.layers {
            layer.end(finished.outcome);
        }
        self.finished = Some(Finished {
            error: finished.error.as_deref().map(clean),
            hint: finished.hint.as_deref().map(clean),
            ..finished.clone()
        });
    }

    fn layer(&mut self, name: &str) -> &mut Layer {
        let place = self.layers.iter().position(|layer| layer.name == name).unwrap_or_else(|| {
            self.layers.push(Layer::of(name));
            self.layers.len() - 1
        });
        &mut self.layers[place]
    }

    /// Whether layers were applied or removed, or were to be.
    fn has_worked_on_layers(&self) -> bool {
        self.layers.iter().any(|layer| layer.outcome != Outcome::NotBegun)
    }

    /// `demo on kind-kubestock`: what was done, and where.
    fn subject(&self) -> String {
        match &self.target {
            Some(target) => format!("{} on {}", target.profile, target.context),
            None => "kubestock-install".to_owned(),
        }
    }

    fn ending(&self) -> &'static str {
        match self.finished.as_ref().map(|finished| finished.outcome) {
            Some(Ending::Done) => "done",
            Some(Ending::Failed) | None => "failed",
            Some(Ending::Interrupted) => "interrupted",
        }
    }

    /// How long a step took that ended well.
    fn took_for(&self, step: &Step) -> Option<Duration> {
        self.steps.iter().find(|done| done.step == *step)?.took
    }

    fn took(&self) -> Duration {
        self.finished.as_ref().map_or(Duration::ZERO, |finished| finished.elapsed)
    }
}

impl CheckReport {
    fn outcome(&self) -> &'static str {
        match self.outcome {
            CheckOutcome::Passed => "passed",
            CheckOutcome::Failed => "failed",
            CheckOutcome::Blocked { .. } => "blocked",
        }
    }

    fn seen(&self) -> String {
        match self.outcome {
            CheckOutcome::Blocked { by } => format!("blocked by {by}: {}", self.seen),
            CheckOutcome::Passed | CheckOutcome::Failed => self.seen.clone(),
        }
    }
}

/// `31.9 s`: the same unit everywhere, so that a column can be compared.
fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// What was found again is not told again.
fn add(findings: &mut Vec<Finding>, finding: Finding) {
    if !findings.contains(&finding) {
        findings.push(finding);
    }
}

fn cleaned(finding: &Finding) -> Finding {
    Finding { seen: clean(&finding.seen), hint: clean(&finding.hint), ..finding.clone() }
}

fn clean(text: &str) -> String {
    redacted_text(text).into_owned()
}
