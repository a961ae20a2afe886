use std::collections::HashMap;
use std::time::Duration;

use super::span::{Outcome, Span, Told, What};
use super::{Target, Timeline};
use crate::event::{ApplyOutcome, CheckOutcome, Event, RemovalOutcome, Step, WorkloadState};
use crate::object::{ObjectId, Wave};

/// Objects whose removal is told within this time were found gone by one look.
const ONE_LOOK: Duration = Duration::from_millis(100);

pub(super) fn gather(facts: &[(Duration, Event)]) -> Timeline {
    let mut gathering = Gathering::default();
    for (at, event) in facts {
        gathering.hear(*at, event);
    }
    gathering.end()
}

/// What goes on at a time: places in the list of spans.
#[derive(Default)]
struct Gathering {
    timeline: Timeline,
    steps: Vec<usize>,
    /// The last step of each layer, whether it goes on or not.
    layers: HashMap<String, usize>,
    /// The last wave of each layer.
    waves: HashMap<String, usize>,
    /// When each object was applied that nobody has waited for yet.
    applied: HashMap<ObjectId, Duration>,
    refused: HashMap<ObjectId, usize>,
    awaited: HashMap<ObjectId, usize>,
    webhooks: HashMap<String, usize>,
    held: HashMap<ObjectId, usize>,
    established: Option<usize>,
    lease: Option<usize>,
    download: Option<usize>,
    /// The last two looks that found something gone.
    gone: [Duration; 2],
}

impl Gathering {
    fn hear(&mut self, at: Duration, event: &Event) {
        self.timeline.length = at;
        self.end_what_it_shows_to_be_over(at, event);
        match event {
            Event::RunStarted { profile, context, server } => {
                let (profile, context, server) = (profile.clone(), context.clone(), server.clone());
                self.timeline.target = Some(Target { profile, context, server });
            }
            Event::StepStarted { step } => self.begin_step(at, step),
            Event::StepFinished { step, elapsed } => self.finish_step(at, step, *elapsed),
            Event::DownloadStarted { url, .. } => self.begin_download(at, url),
            Event::DownloadProgress { received_bytes, .. }
            | Event::DownloadResumed { received_bytes, .. } => {
                self.receive(at, *received_bytes);
            }
            Event::DownloadRetried { reason, .. } => self.tell(self.download, at, reason, true),
            Event::ReleaseReady { .. } => self.download = None,
            Event::LeaseAwaited { holder } if self.lease.is_none() => {
                self.lease = Some(self.begin(at, What::Lease { holder: holder.clone() }, None));
            }
            Event::WaveStarted { layer, wave, objects } => self.begin_wave(at, layer, wave, *objects),
            Event::ObjectApplied { layer, object, outcome, message } => {
                self.apply(at, layer, object, *outcome, message.as_deref());
            }
            Event::ApplyRetried { layer, object, reason } => self.refuse(at, layer, object, reason),
            Event::Workload { layer, object, state, ready, wanted, reason, .. } => {
                let reason = match (reason, wanted) {
                    (Some(reason), _) => reason.clone(),
                    (None, 0) => "not ready yet".to_owned(),
                    (None, wanted) => format!("{ready} of {wanted} pods ready"),
                };
                self.hear_of(at, layer, object, *state, &reason);
            }
            Event::WebhookAwaited { layer, webhook } => {
                let span = self.begin(at, What::Webhook { name: webhook.clone() }, self.home(layer));
                self.webhooks.insert(webhook.clone(), span);
            }
            Event::WebhookAnswered { webhook, .. } => {
                let span = self.webhooks.remove(webhook);
                self.finish(span, at, Outcome::Done);
            }
            Event::ObjectRemoved { layer, object, outcome: RemovalOutcome::Removed, .. } => {
                self.remove(at, layer, object);
            }
            Event::RemovalAwaited { layer, object, reason } => self.hold(at, layer, object, reason),
            Event::Checked { check, outcome, seen, .. } => self.check(at, check, *outcome, seen),
            Event::Interrupted { signal } => _ = self.timeline.interrupted.get_or_insert((at, *signal)),
            Event::Finished(finished) => self.timeline.finished = Some(finished.clone()),
            _ => {}
        }
    }

    /// Some waits have no fact for their end, but one that could not have come before.
    fn end_what_it_shows_to_be_over(&mut self, at: Duration, event: &Event) {
        if matches!(
            event,
            Event::StepStarted { .. } | Event::WaveStarted { .. } | Event::ObjectApplied { .. }
        ) {
            let lease = self.lease.take();
            self.finish(lease, at, Outcome::Done);
        }
        if matches!(
            event,
            Event::StepFinished { .. }
                | Event::WaveStarted { .. }
                | Event::Workload { .. }
                | Event::WebhookAwaited { .. }
                | Event::WebhookAnswered { .. }
        ) {
            let established = self.established.take();
            self.finish(established, at, Outcome::Done);
        }
    }

    fn begin(&mut self, began: Duration, what: What, parent: Option<usize>) -> usize {
        let (outcome, told) = (Outcome::Unfinished, Vec::new());
        self.timeline.spans.push(Span { what, parent, began, ended: began, outcome, told });
        self.timeline.spans.len() - 1
    }

    fn finish(&mut self, span: Option<usize>, at: Duration, outcome: Outcome) {
        if let Some(span) = span {
            let span = &mut self.timeline.spans[span];
            (span.ended, span.outcome) = (at, outcome);
        }
    }

    fn tell(&mut self, span: Option<usize>, at: Duration, text: &str, is_trouble: bool) {
        if let Some(span) = span {
            self.timeline.spans[span].told.push(Told { at, text: text.to_owned(), is_trouble });
        }
    }

    /// The step that something of a layer is part of.
    fn home(&self, layer: &str) -> Option<usize> {
        let is_pruning = |step: &&usize| self.timeline.spans[**step].what == What::Step(Step::Prune);
        self.steps.iter().find(is_pruning).or_else(|| self.layers.get(layer)).copied()
    }

    fn begin_step(&mut self, at: Duration, step: &Step) {
        let span = self.begin(at, What::Step(step.clone()), None);
        self.steps.push(span);
        if let Step::Layer(name) | Step::Removal(name) = step {
            self.layers.insert(name.clone(), span);
        }
        self.gone = [at; 2];
    }

    fn finish_step(&mut self, at: Duration, step: &Step, elapsed: Duration) {
        let is_it = |place: &usize| self.timeline.spans[*place].what == What::Step(step.clone());
        let span = match self.steps.iter().rposition(is_it) {
            Some(place) => self.steps.remove(place),
            None => self.begin(at.saturating_sub(elapsed), What::Step(step.clone()), None),
        };
        self.finish(Some(span), at, Outcome::Done);
        if *step == Step::Fetch {
            self.download = None;
        }
    }

    fn begin_download(&mut self, at: Duration, url: &str) {
        let fetch = self.steps.last().copied();
        match self.download {
            // Another attempt, perhaps at another source.
            Some(span) => {
                if let What::Download { url: from, .. } = &mut self.timeline.spans[span].what {
                    *from = url.to_owned();
                }
            }
            None => {
                self.download = Some(self.begin(at, What::Download { url: url.to_owned(), bytes: 0 }, fetch));
            }
        }
    }

    /// What comes after the last byte is the installer's own: the archive is proven and unpacked.
    fn receive(&mut self, at: Duration, received: u64) {
        self.finish(self.download, at, Outcome::Done);
        let Some(place) = self.download else { return };
        let span = &mut self.timeline.spans[place];
        if let What::Download { bytes, .. } = &mut span.what {
            *bytes = received;
        }
        if span.told.last().is_some_and(|told| told.is_trouble) {
            self.tell(Some(place), at, "", false);
        }
    }

    fn begin_wave(&mut self, at: Duration, layer: &str, name: &'static str, objects: usize) {
        let wave = self.begin(at, What::Wave { name, applied: 0, objects }, self.home(layer));
        self.waves.insert(layer.to_owned(), wave);
    }

    fn apply(
        &mut self,
        at: Duration,
        layer: &str,
        object: &ObjectId,
        outcome: ApplyOutcome,
        message: Option<&str>,
    ) {
        let ended = if outcome == ApplyOutcome::Failed { Outcome::Failed } else { Outcome::Done };
        let refused = self.refused.remove(object);
        self.finish(refused, at, ended);
        let (parent, began) = self.wave_of(layer, at);
        let span = self.begin(began, What::Apply { object: object.clone(), outcome }, parent);
        let until = refused.map_or(at, |refused| self.timeline.spans[refused].began);
        self.finish(Some(span), until, ended);
        if let Some(message) = message {
            self.tell(refused.or(Some(span)), at, message, true);
        }
        if ended == Outcome::Done {
            self.applied.insert(object.clone(), at);
        }
        self.count_in_wave(at, layer, ended);
    }

    /// The wave that goes on in a layer, and when it began; else the layer itself.
    fn wave_of(&self, layer: &str, at: Duration) -> (Option<usize>, Duration) {
        let parent = self.waves.get(layer).copied().or_else(|| self.home(layer));
        (parent, parent.map_or(at, |parent| self.timeline.spans[parent].began))
    }

    fn count_in_wave(&mut self, at: Duration, layer: &str, outcome: Outcome) {
        let Some(&place) = self.waves.get(layer) else { return };
        let span = &mut self.timeline.spans[place];
        let What::Wave { name, applied, objects } = &mut span.what else { return };
        *applied += 1;
        let (is_all, is_definitions) = (applied == objects, *name == Wave::Definitions.name());
        span.ended = at;
        span.outcome = match (span.outcome, outcome) {
            (Outcome::Failed, _) | (_, Outcome::Failed) => Outcome::Failed,
            _ if is_all => Outcome::Done,
            _ => Outcome::Unfinished,
        };
        if is_all && is_definitions && span.outcome == Outcome::Done {
            self.established = Some(self.begin(at, What::Established, self.home(layer)));
        }
    }

    fn refuse(&mut self, at: Duration, layer: &str, object: &ObjectId, reason: &str) {
        let span = match self.refused.get(object) {
            Some(span) => *span,
            None => {
                let (wave, _) = self.wave_of(layer, at);
                let span = self.begin(at, What::Refused { object: object.clone() }, wave);
                self.refused.insert(object.clone(), span);
                span
            }
        };
        self.tell(Some(span), at, reason, true);
    }

    /// What was ready when it was first looked at has not been waited for.
    fn hear_of(&mut self, at: Duration, layer: &str, object: &ObjectId, state: WorkloadState, reason: &str) {
        let applied = self.applied.remove(object);
        let is_ready = state == WorkloadState::Ready;
        let span = match self.awaited.get(object) {
            Some(span) => *span,
            None if is_ready => return,
            None => {
                let what = What::Ready { object: object.clone() };
                let span = self.begin(applied.unwrap_or(at), what, self.home(layer));
                self.awaited.insert(object.clone(), span);
                span
            }
        };
        if !is_ready {
            let is_trouble = matches!(state, WorkloadState::Suspect | WorkloadState::Failed);
            self.tell(Some(span), at, reason, is_trouble);
        }
        let outcome = match state {
            WorkloadState::Ready => Outcome::Done,
            WorkloadState::Failed => Outcome::Failed,
            WorkloadState::InProgress | WorkloadState::Suspect => return,
        };
        self.awaited.remove(object);
        self.finish(Some(span), at, outcome);
    }

    fn hold(&mut self, at: Duration, layer: &str, object: &ObjectId, reason: &str) {
        let span = match self.held.get(object) {
            Some(span) => *span,
            None => {
                let what = What::Removal { object: object.clone() };
                let span = self.begin(self.gone[1], what, self.home(layer));
                self.held.insert(object.clone(), span);
                span
            }
        };
        self.tell(Some(span), at, reason, false);
    }

    fn remove(&mut self, at: Duration, layer: &str, object: &ObjectId) {
        if at > self.gone[1] + ONE_LOOK {
            self.gone = [self.gone[1], at];
        }
        let span = match self.held.remove(object) {
            Some(span) => span,
            None => {
                let what = What::Removal { object: object.clone() };
                self.begin(self.gone[0], what, self.home(layer))
            }
        };
        self.finish(Some(span), at, Outcome::Done);
    }

    fn check(&mut self, at: Duration, check: &str, outcome: CheckOutcome, seen: &str) {
        let (how, is_trouble) = match outcome {
            CheckOutcome::Passed => ("passed".to_owned(), false),
            CheckOutcome::Failed => ("failed".to_owned(), true),
            CheckOutcome::Blocked { by } => (format!("blocked by {by}"), true),
        };
        self.tell(self.steps.last().copied(), at, &format!("{check} {how}: {seen}"), is_trouble);
    }

    /// What goes on when the run ends, ends with it; other waits of a layer end when one of them has failed.
    fn end(mut self) -> Timeline {
        let Timeline { spans, length, .. } = &mut self.timeline;
        let failed: HashMap<Option<usize>, Duration> = spans
            .iter()
            .filter(|span| span.outcome == Outcome::Failed && matches!(span.what, What::Ready { .. }))
            .map(|span| (span.parent, span.ended))
            .collect();
        for span in spans.iter_mut().filter(|span| span.outcome == Outcome::Unfinished) {
            let is_wait = matches!(span.what, What::Ready { .. });
            let failed = failed.get(&span.parent).filter(|_| is_wait).copied();
            span.ended = failed.unwrap_or(*length).max(span.began);
        }
        self.timeline
    }
}
