//! One fact a line, for logs: nothing is redrawn, and long waits are not silent.

use std::collections::HashMap;
use std::io::Write;
use std::time::Duration;

use crate::event::{
    ApplyOutcome, Event, Finished, LogTail, PlannedLayer, PlannedOutcome, RemovalOutcome, Step, WorkloadState,
};
use crate::finding::{Finding, Severity};
use crate::object::{Diff, ObjectId};

use super::changes;
use super::ink::Ink;
use super::log::{Log, Reader};
use super::progress::{Download, Progress, Workload};
use super::status;
use super::summary::{headline, next, write_error};
use super::text::{bytes, count, logged, plain, since, took};
use super::view::View;
use super::words::{self, amount, downloaded, name, result, stands};

/// After this long without a word, the log says what is waited for.
const SILENCE: Duration = Duration::from_secs(15);
/// A download is told about every tenth of its way, and at least this often.
const DOWNLOAD_SILENCE: Duration = Duration::from_secs(10);

pub(super) struct Lines<O, E> {
    log: Log<O>,
    ink: Ink,
    err: E,
    err_ink: Ink,
    verbose: u8,
    /// Whether each line says when it was said.
    is_timed: bool,
    said: Duration,
    /// Tenths of the download that were told, and when.
    download: (u64, Duration),
    /// What was last said of each workload and each refused object.
    told: HashMap<ObjectId, String>,
}

impl<O: Write, E: Write> Lines<O, E> {
    pub(super) fn new(out: O, ink: Ink, err: E, err_ink: Ink, verbose: u8) -> Self {
        let (said, download) = (Duration::ZERO, (0, Duration::ZERO));
        let log = Log::new(out, Reader::Person);
        Self { log, ink, err, err_ink, verbose, is_timed: true, said, download, told: HashMap::new() }
    }

    /// For someone else than a person.
    pub(super) fn read_by(self, reader: Reader) -> Self {
        Self { log: self.log.read_by(reader), ..self }
    }

    /// For who has each line read out.
    pub(super) fn without_times(self) -> Self {
        Self { is_timed: false, ..self }
    }

    fn say(&mut self, at: Duration, line: &str) {
        let line = self.stamped(at, line);
        self.write(&line);
    }

    fn stamped(&mut self, at: Duration, line: &str) -> String {
        self.said = at;
        if !self.is_timed {
            return line.to_owned();
        }
        let stamp = self.ink.faint(&format!("[{:>7.1}s]", at.as_secs_f64()));
        format!("{stamp} {line}")
    }

    fn write(&mut self, line: &str) {
        self.log.line(line);
    }

    /// Says of an object what was not just said of it; whether it was said.
    fn tell(&mut self, at: Duration, object: &ObjectId, line: String) -> bool {
        let is_new = self.told.get(object) != Some(&line);
        if is_new {
            self.say(at, &line);
            self.told.insert(object.clone(), line);
        }
        is_new
    }

    fn download_resumed(&mut self, progress: &Progress, at: Duration) {
        let Some(download) = &progress.download else { return };
        self.download = (tenths(download), at);
        self.say(at, &format!("fetch: going on, {} was here already", amount(download)));
    }

    fn download_goes_on(&mut self, progress: &Progress, at: Duration) {
        let Some(download) = &progress.download else { return };
        let (told, told_at) = self.download;
        let reached = tenths(download);
        if reached > told || at.saturating_sub(told_at) >= DOWNLOAD_SILENCE {
            self.download = (reached, at);
            let percent =
                download.total.map(|total| format!("{}%, ", download.received * 100 / total.max(1)));
            let told = downloaded(download, at, ", ");
            self.say(at, &format!("fetch: {}{told}", percent.unwrap_or_default()));
        }
    }

    fn step_finished(&mut self, step: &Step, elapsed: Duration, progress: &Progress, at: Duration) {
        let result = match result(step, progress) {
            result if result.is_empty() => String::new(),
            result => format!(": {result}"),
        };
        self.log.end(name(step));
        let done = self.ink.good("done");
        let line = self.stamped(at, &format!("{}: {done} in {}{result}", name(step), took(elapsed)));
        self.log.outside(&line);
    }

    fn object_applied(
        &mut self,
        layer: &str,
        object: &ObjectId,
        how: ApplyOutcome,
        said: Option<&str>,
        at: Duration,
    ) {
        let line = match (how, said) {
            (ApplyOutcome::Unchanged, _) if self.verbose == 0 => return,
            (ApplyOutcome::Unchanged, _) => format!("{layer}: unchanged {object}"),
            (ApplyOutcome::Created, _) => format!("{layer}: created {object}"),
            (ApplyOutcome::Changed, _) => format!("{layer}: changed {object}"),
            (ApplyOutcome::Failed, said) => {
                self.log.close();
                let said = said.map(|said| format!(": {}", plain(said))).unwrap_or_default();
                format!("{layer}: {} {object}{said}", self.ink.bad("failed"))
            }
        };
        self.say(at, &line);
    }

    fn object_removed(
        &mut self,
        layer: &str,
        object: &ObjectId,
        outcome: RemovalOutcome,
        reason: Option<&str>,
        at: Duration,
    ) {
        let layer = if layer.is_empty() { String::new() } else { format!("{layer}: ") };
        let line = match outcome {
            RemovalOutcome::Removed => format!("{layer}removed {object}"),
            RemovalOutcome::Spared => format!("{layer}kept {object}, which others may use"),
            RemovalOutcome::Kept => {
                let reason = reason.map(|reason| format!(": {}", plain(reason))).unwrap_or_default();
                format!("{layer}{} {object}{reason}", self.ink.attention("kept"))
            }
        };
        self.say(at, &line);
    }

    fn object_planned(
        &mut self,
        layer: &str,
        object: &ObjectId,
        (outcome, reason): (PlannedOutcome, Option<&str>),
        diff: &Diff,
        at: Duration,
    ) {
        let Some(said) = changes::said(outcome, object, reason, self.verbose > 0, &self.ink) else { return };
        self.say(at, &format!("{layer}: {said}"));
        for line in changes::lines(outcome, diff, None, &self.ink) {
            self.write(&line);
        }
    }

    /// Says a state or a reason that is new; that pods are still missing, without a reason, is only news
    /// after something else was said.
    fn workload(&mut self, layer: &str, workload: &Workload, at: Duration) {
        let object = &workload.object;
        if workload.state == WorkloadState::InProgress
            && workload.reason.is_none()
            && !self.told.contains_key(object)
        {
            return;
        }
        let state = words::state(workload.state);
        let line = match workload.state {
            WorkloadState::Ready if workload.wanted > 0 => {
                format!("{layer}: {} {object} {}/{}", self.ink.good(state), workload.ready, workload.wanted)
            }
            WorkloadState::Ready => format!("{layer}: {} {object}", self.ink.good(state)),
            WorkloadState::InProgress => format!("{layer}: {state} {object}: {}", words::reason(workload)),
            WorkloadState::Suspect => {
                format!("{layer}: {} {object}: {}", self.ink.attention(state), words::reason(workload))
            }
            WorkloadState::Failed => {
                self.log.close();
                format!("{layer}: {} {object}: {}", self.ink.bad(state), words::reason(workload))
            }
        };
        if self.tell(at, object, line)
            && let Some(finding) = &workload.finding
        {
            self.hint(finding);
        }
    }

    fn found(&mut self, finding: &Finding, at: Duration) {
        if finding.severity == Severity::Error {
            self.log.close();
        }
        if let Some(annotation) = self.log.reader().finding(finding) {
            self.log.command(&annotation);
            return;
        }
        let label = words::label(finding, &self.ink);
        self.say(at, &format!("{label} {}", plain(&finding.to_string())));
        self.hint(finding);
    }

    fn hint(&mut self, finding: &Finding) {
        self.write(&format!("    {} {}", self.ink.strong("hint:"), plain(&finding.hint)));
    }

    fn diagnosed(
        &mut self,
        object: &ObjectId,
        finding: &Finding,
        events: &[String],
        logs: &[LogTail],
        at: Duration,
    ) {
        self.found(finding, at);
        if !events.is_empty() || !logs.is_empty() {
            self.write(&format!("    seen of {object}:"));
        }
        for event in events {
            self.write(&format!("    event: {}", plain(event)));
        }
        for log in logs {
            for line in &log.lines {
                self.write(&format!("    {}/{}: {}", log.pod, log.container, logged(line)));
            }
        }
    }
}

impl<O: Write, E: Write> View for Lines<O, E> {
    const TICK: Duration = Duration::from_secs(1);

    fn fact(&mut self, event: &Event, progress: &Progress, at: Duration) {
        match event {
            Event::RunStarted { profile, context, server } => {
                self.say(at, &format!("{profile} on {context} ({server})"));
            }
            Event::StepStarted { step } => {
                if is_on_the_way(step) {
                    self.log.begin(name(step));
                }
                if let Some(line) = begins(step, progress) {
                    self.say(at, &line);
                }
            }
            // That the run started on its target says more.
            Event::StepFinished { step: Step::Connect, .. } => {}
            Event::StepFinished { step, elapsed } => self.step_finished(step, *elapsed, progress, at),
            Event::DownloadStarted { url, total_bytes } => {
                let size = total_bytes.map(|total| format!(" ({})", bytes(total))).unwrap_or_default();
                self.download = (0, at);
                self.say(at, &format!("fetch: downloading {url}{size}"));
            }
            Event::DownloadResumed { .. } => self.download_resumed(progress, at),
            Event::DownloadProgress { .. } => self.download_goes_on(progress, at),
            Event::DownloadRetried { attempt, reason, after } => {
                let reason = plain(reason);
                self.say(at, &format!("fetch: attempt {attempt} in {}: {reason}", took(*after)));
            }
            Event::ReleaseReady { version, sha256, cached } => {
                let from = if *cached { " from the cache" } else { "" };
                self.say(at, &format!("fetch: istio {version}{from} is proven, sha256 {sha256}"));
            }
            Event::BundleWritten { path, bytes: size, sha256 } => {
                self.say(at, &format!("bundle: wrote {path}, {}, sha256 {sha256}", bytes(*size)));
            }
            // Of layers that go, the beginning of each tells.
            Event::Planned { layers } if progress.has_rendered() => {
                for layer in layers {
                    self.say(at, &format!("render: layer {}: {}", layer.name, planned(layer)));
                }
            }
            Event::ObjectPlanned { layer, object, outcome, diff, reason, finding, .. } => {
                self.object_planned(layer, object, (*outcome, reason.as_deref()), diff, at);
                finding.iter().for_each(|finding| self.found(finding, at));
            }
            Event::PlanFinished(_) => {}
            // The end of their steps tells.
            Event::ClusterReady { .. } | Event::ImagesLoaded { .. } | Event::ClusterDeleted { .. } => {}
            Event::WaveStarted { layer, wave, objects } => {
                self.say(at, &format!("{layer}: applying {wave}, {}", count(*objects, "object")));
            }
            Event::ObjectApplied { layer, object, outcome, message } => {
                self.object_applied(layer, object, *outcome, message.as_deref(), at);
            }
            Event::ObjectRemoved { layer, object, outcome, reason } => {
                self.object_removed(layer, object, *outcome, reason.as_deref(), at);
            }
            Event::RemovalAwaited { layer, object, reason } => {
                let line = format!("{layer}: {}", words::removal_awaited(object, reason));
                let _is_new = self.tell(at, object, line);
            }
            Event::ApplyRetried { layer, object, reason } => {
                let _is_new = self.tell(at, object, format!("{layer}: {}", words::refused(object, reason)));
            }
            Event::Workload { layer, object, .. } => {
                if let Some(workload) = progress.layer(layer).and_then(|layer| layer.workload(object)) {
                    self.workload(layer, workload, at);
                }
            }
            Event::WebhookAwaited { layer, webhook } => {
                self.say(at, &format!("{layer}: {}", words::webhook_awaited(webhook)));
            }
            Event::WebhookAnswered { layer, webhook } => {
                self.say(at, &format!("{layer}: webhook {} answers", plain(webhook)));
            }
            Event::LeaseAwaited { holder } => self.say(at, &words::lease(holder)),
            Event::Diagnosed { object, finding, events, logs, .. } => {
                self.diagnosed(object, finding, events, logs, at);
            }
            Event::Checked { check, outcome, seen, findings, .. } => {
                let verdict = words::verdict(*outcome, &self.ink);
                self.say(
                    at,
                    &format!("verify: {verdict} {}", words::checked(check, *outcome, seen, findings)),
                );
                findings.iter().for_each(|finding| self.found(finding, at));
            }
            Event::LeaseHeld { holder } => self.say(at, &format!("status: {}", status::lease_held(holder))),
            Event::IstioStatus { planned, running } => {
                self.say(at, &format!("status: istio: {}", status::istio(planned.as_deref(), running)));
            }
            Event::LayerStatus { layer, planned, present, workloads, ready, deviations } => {
                let standing = status::standing(*planned, *present, *workloads, *ready);
                self.say(at, &format!("status: layer {layer}: {standing}"));
                for line in status::deviations(deviations, *present, self.verbose) {
                    self.write(&format!("    {line}"));
                }
            }
            Event::Warned { warning } => match self.log.reader().warning(&plain(warning)) {
                Some(annotation) => self.log.command(&annotation),
                None => self.say(at, &format!("{} {}", self.ink.attention("warning:"), plain(warning))),
            },
            Event::Found(finding) => self.found(finding, at),
            Event::Interrupted { signal } => {
                self.say(at, &format!("{signal}: ending at the next safe point"));
            }
            Event::Planned { .. } | Event::Finished(_) => {}
        }
    }

    fn tick(&mut self, progress: &Progress, at: Duration) {
        if at.saturating_sub(self.said) < SILENCE {
            return;
        }
        let Some(running) = progress.running().last() else { return };
        let step = &running.step;
        let what = match stands(step, progress, at) {
            what if what.is_empty() => what,
            what => format!(": {what}"),
        };
        let spent = since(at.saturating_sub(running.began));
        self.say(at, &format!("still waiting for {}{what} ({spent})", name(step)));
    }

    fn end(&mut self, finished: &Finished, progress: &Progress, _: Duration) {
        self.log.close();
        self.write(&headline(finished, progress, &self.ink));
        for line in next(finished, &self.ink) {
            self.write(&line);
        }
        let error = finished.error.as_deref();
        let annotation = error.and_then(|error| self.log.reader().error(error, finished.hint.as_deref()));
        // Nowhere is left to tell of a closed stderr.
        let _ = match annotation {
            Some(annotation) => writeln!(self.err, "{annotation}"),
            None => write_error(finished, &self.err_ink, &mut self.err),
        };
    }
}

/// Whether a step only leads to what was asked for, so that its lines may be folded away. What is found, planned,
/// proven or compared is the answer itself.
fn is_on_the_way(step: &Step) -> bool {
    match step {
        Step::Cluster(_)
        | Step::Load
        | Step::Delete(_)
        | Step::Fetch
        | Step::Render
        | Step::Bundle
        | Step::Layer(_)
        | Step::Rollout
        | Step::Prune
        | Step::Removal(_) => true,
        Step::Connect | Step::Check | Step::Plan | Step::Verify | Step::Status => false,
    }
}

/// Steps that go on for long are announced; of the others the end is enough.
fn begins(step: &Step, progress: &Progress) -> Option<String> {
    match step {
        Step::Layer(name) => {
            let layer = progress.layer(name)?;
            Some(format!("{name}: begins, {}", contents(layer.objects, layer.wanted())))
        }
        Step::Rollout => {
            let awaited = progress.awaited(step);
            let waiting = awaited.wanted.saturating_sub(awaited.ready);
            Some(format!("rollout: waiting for {}", count(waiting, "workload")))
        }
        Step::Removal(name) => {
            let layer = progress.layer(name)?;
            Some(format!("{name}: removing {}", contents(layer.objects, layer.wanted())))
        }
        Step::Cluster(name) => Some(format!("cluster: bringing up the kind cluster {name}")),
        Step::Load => Some("load: loading images of this machine".to_owned()),
        Step::Delete(name) => Some(format!("delete: taking the kind cluster {name} away")),
        Step::Connect
        | Step::Fetch
        | Step::Render
        | Step::Check
        | Step::Plan
        | Step::Bundle
        | Step::Prune
        | Step::Verify
        | Step::Status => None,
    }
}

fn planned(layer: &PlannedLayer) -> String {
    contents(layer.objects, layer.workloads)
}

fn contents(objects: usize, workloads: usize) -> String {
    match workloads {
        0 => count(objects, "object"),
        workloads => format!("{}, {}", count(objects, "object"), count(workloads, "workload")),
    }
}

/// The tenths of its way that a download has made.
fn tenths(download: &Download) -> u64 {
    download.total.map_or(0, |total| download.received * 10 / total.max(1))
}
