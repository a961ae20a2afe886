//! For a person at a terminal: what is done stands, what runs is redrawn beneath it.

use std::io::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use crate::event::{
    ApplyOutcome, CheckOutcome, Event, Finished, LogTail, PlannedOutcome, RemovalOutcome, Step,
};
use crate::finding::Finding;
use crate::object::{Diff, ObjectId};

use super::changes;
use super::ink::Ink;
use super::live;
use super::progress::Progress;
use super::status::{deviations, is_running, istio, lease_held, standing};
use super::summary::{headline, next, write_error};
use super::terminal::{Screen, Shape};
use super::text::{fit, logged, plain, took, wrap};
use super::view::View;
use super::words::{checked, label, name, result, stands};

/// Redraws a second, at most.
const HERTZ: u8 = 10;

pub(super) struct Bars<O, E> {
    screen: Screen<O>,
    shape: Shape,
    /// Holds the rows that are redrawn: one bar, whose message is what runs.
    bar: ProgressBar,
    ink: Ink,
    err: E,
    err_ink: Ink,
    verbose: u8,
}

impl<O: Write + Send + 'static, E: Write> Bars<O, E> {
    pub(super) fn new(out: O, shape: Shape, ink: Ink, err: E, err_ink: Ink, verbose: u8) -> Self {
        let screen = Screen::new(out, shape);
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(screen.clone()), HERTZ);
        // Dropped early, because the run panicked or was given up, it leaves a clean screen too.
        let bar = ProgressBar::with_draw_target(None, target).with_finish(ProgressFinish::AndClear);
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        Self { screen, shape, bar, ink, err, err_ink, verbose }
    }

    /// A line that stays; broken to fit, nothing of it is lost.
    fn print(&self, line: &str, indent: &str) {
        self.bar.suspend(|| self.screen.print(&wrap(line, self.shape.width(), indent)));
    }

    /// A row that stays; cut to fit.
    fn print_row(&self, row: &str) {
        self.bar.suspend(|| self.screen.print(&fit(row, self.shape.width(), self.ink.marks.ellipsis)));
    }

    /// `✓ istio     51 objects, 4 workloads  12.3s`
    fn step_ended(&self, mark: &str, step: &Step, elapsed: Duration, with: &str) {
        let elapsed = took(elapsed);
        let head = format!("{mark} {:<8} {with}", name(step));
        // The time is what is compared between runs: the words give way to it.
        let room = self.shape.width().saturating_sub(elapsed.len() + 2);
        let head = fit(head.trim_end(), room, self.ink.marks.ellipsis);
        self.print_row(&format!("{head}  {}", self.ink.faint(&elapsed)));
    }

    fn mark(&self, is_well: bool) -> String {
        match is_well {
            true => self.ink.good(self.ink.marks.done),
            false => self.ink.bad(self.ink.marks.failed),
        }
    }

    fn found(&self, finding: &Finding) {
        let label = label(finding, &self.ink);
        self.print(&format!("{label} {}", plain(&finding.to_string())), "  ");
        self.print(&format!("  {} {}", self.ink.strong("hint:"), plain(&finding.hint)), "    ");
    }

    fn diagnosed(&self, object: &ObjectId, finding: &Finding, events: &[String], logs: &[LogTail]) {
        self.found(finding);
        if !events.is_empty() || !logs.is_empty() {
            self.print(&format!("  seen of {object}:"), "    ");
        }
        for event in events {
            self.print(&format!("    {}", plain(event)), "      ");
        }
        for log in logs {
            self.print(&self.ink.faint(&format!("    {} in {}:", log.container, log.pod)), "      ");
            for line in &log.lines {
                self.print(&format!("      {}", logged(line)), "        ");
            }
        }
    }

    fn object_planned(&self, object: &ObjectId, outcome: PlannedOutcome, diff: &Diff, reason: Option<&str>) {
        let Some(head) = changes::signed(outcome, object, reason, self.verbose > 0, &self.ink) else {
            return;
        };
        self.print(&head, "    ");
        let lines = changes::lines(outcome, diff, Some(self.shape.width()), &self.ink);
        if !lines.is_empty() {
            // All at once: what runs is redrawn after it.
            self.bar.suspend(|| self.screen.print(&lines.join("\n")));
        }
    }

    fn object_applied(&self, object: &ObjectId, outcome: ApplyOutcome, message: Option<&str>) {
        let outcome = match outcome {
            ApplyOutcome::Failed => {
                let message = message.map(|message| format!(": {}", plain(message))).unwrap_or_default();
                let mark = self.ink.bad(self.ink.marks.failed);
                return self.print(&format!("{mark} {object}{message}"), "    ");
            }
            _ if self.verbose == 0 => return,
            ApplyOutcome::Created => "created",
            ApplyOutcome::Changed => "changed",
            ApplyOutcome::Unchanged => "unchanged",
        };
        self.print_row(&self.ink.faint(&format!("  {outcome} {object}")));
    }

    fn object_removed(&self, object: &ObjectId, outcome: RemovalOutcome, reason: Option<&str>) {
        match outcome {
            RemovalOutcome::Removed | RemovalOutcome::Spared if self.verbose == 0 => {}
            RemovalOutcome::Spared => self.print_row(&format!("  kept {object}, which others may use")),
            RemovalOutcome::Removed => self.print_row(&self.ink.faint(&format!("  removed {object}"))),
            RemovalOutcome::Kept => {
                let reason = reason.map(|reason| format!(": {}", plain(reason))).unwrap_or_default();
                self.print(&format!("  kept {object}{reason}"), "    ");
            }
        }
    }
}

impl<O: Write + Send + 'static, E: Write> View for Bars<O, E> {
    const TICK: Duration = Duration::from_millis(1000 / HERTZ as u64);

    fn fact(&mut self, event: &Event, progress: &Progress, _: Duration) {
        match event {
            Event::StepFinished { step, elapsed } => {
                self.step_ended(&self.ink.good(self.ink.marks.done), step, *elapsed, &result(step, progress));
            }
            Event::ObjectApplied { object, outcome, message, .. } => {
                self.object_applied(object, *outcome, message.as_deref());
            }
            Event::ObjectRemoved { object, outcome, reason, .. } => {
                self.object_removed(object, *outcome, reason.as_deref());
            }
            Event::ObjectPlanned { object, outcome, diff, reason, finding, .. } => {
                self.object_planned(object, *outcome, diff, reason.as_deref());
                finding.iter().for_each(|finding| self.found(finding));
            }
            Event::Diagnosed { object, finding, events, logs, .. } => {
                self.diagnosed(object, finding, events, logs);
            }
            Event::Checked { check, outcome, seen, findings, .. } => {
                let mark = match outcome {
                    CheckOutcome::Passed => self.ink.good(self.ink.marks.done),
                    CheckOutcome::Failed => self.ink.bad(self.ink.marks.failed),
                    CheckOutcome::Blocked { .. } => self.ink.attention(self.ink.marks.attention),
                };
                self.print(&format!("  {mark} {}", checked(check, *outcome, seen, findings)), "      ");
                findings.iter().for_each(|finding| self.found(finding));
            }
            Event::LeaseHeld { holder } => {
                let mark = self.ink.attention(self.ink.marks.attention);
                self.print(&format!("  {mark} {}", lease_held(holder)), "      ");
            }
            Event::IstioStatus { planned, running } => {
                let is_planned = planned.as_deref().is_none_or(|planned| is_running(planned, running));
                let mark = self.mark(is_planned);
                self.print(
                    &format!("  {mark} {:<8} {}", "version", istio(planned.as_deref(), running)),
                    "      ",
                );
            }
            Event::LayerStatus { layer, planned, present, workloads, ready, deviations: all } => {
                let mark = self.mark(all.is_empty());
                let standing = standing(*planned, *present, *workloads, *ready);
                self.print(&format!("  {mark} {layer:<8} {standing}"), "      ");
                for line in deviations(all, *present, self.verbose) {
                    self.print(&format!("      {line}"), "        ");
                }
            }
            Event::Warned { warning } => {
                let label = self.ink.attention("warning:");
                self.print(&format!("{label} {}", plain(warning)), "  ");
            }
            Event::Found(finding) => self.found(finding),
            // What else there is stands in the rows that the next tick draws.
            _ => {}
        }
    }

    fn tick(&mut self, progress: &Progress, at: Duration) {
        self.bar.set_message(live::rows(progress, at, self.shape.width(), &self.ink).join("\n"));
    }

    fn end(&mut self, finished: &Finished, progress: &Progress, at: Duration) {
        self.bar.finish_and_clear();
        for step in progress.running() {
            let mark = self.ink.bad(self.ink.marks.failed);
            let stood = stands(&step.step, progress, at);
            self.step_ended(&mark, &step.step, at.saturating_sub(step.began), &stood);
        }
        self.print(&headline(finished, progress, &self.ink), "  ");
        // Not broken: a command that is copied must stay whole.
        for line in next(finished, &self.ink) {
            self.screen.print(&line);
        }
        // Nowhere is left to tell of a closed stderr.
        let _ = write_error(finished, &self.err_ink, &mut self.err);
    }
}
