//! Errors and warnings, for who wants to hear of nothing else.

use std::io::{self, Write};
use std::time::Duration;

use crate::event::{CheckOutcome, Event, Finished};
use crate::finding::Finding;

use super::ink::Ink;
use super::log::Reader;
use super::progress::Progress;
use super::summary::write_error;
use super::text::plain;
use super::view::View;
use super::words::label;

pub(super) struct Quiet<E> {
    err: E,
    ink: Ink,
    reader: Reader,
}

impl<E: Write> Quiet<E> {
    pub(super) fn new(err: E, ink: Ink, reader: Reader) -> Self {
        Self { err, ink, reader }
    }

    fn found(&mut self, finding: &Finding) -> io::Result<()> {
        if let Some(annotation) = self.reader.finding(finding) {
            return writeln!(self.err, "{annotation}");
        }
        let label = label(finding, &self.ink);
        writeln!(self.err, "{label} {}", plain(&finding.to_string()))?;
        writeln!(self.err, "    {} {}", self.ink.strong("hint:"), plain(&finding.hint))
    }

    fn warned(&mut self, warning: &str) -> io::Result<()> {
        let warning = plain(warning);
        match self.reader.warning(&warning) {
            Some(annotation) => writeln!(self.err, "{annotation}"),
            None => writeln!(self.err, "{} {warning}", self.ink.attention("warning:")),
        }
    }

    fn tell(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Warned { warning } => self.warned(warning),
            Event::Found(finding)
            | Event::Diagnosed { finding, .. }
            | Event::ObjectPlanned { finding: Some(finding), .. } => self.found(finding),
            Event::Checked { check, outcome, seen, findings, .. } => {
                // What was found says more than that the check failed.
                match outcome {
                    CheckOutcome::Blocked { by } => {
                        self.warned(&format!("the check {check} is blocked by {by}: {seen}"))?;
                    }
                    CheckOutcome::Failed if findings.is_empty() => {
                        self.warned(&format!("the check {check} failed: {seen}"))?;
                    }
                    CheckOutcome::Failed | CheckOutcome::Passed => {}
                }
                findings.iter().try_for_each(|finding| self.found(finding))
            }
            // Everything else is told by how the run ends, or is no trouble.
            _ => Ok(()),
        }
    }
}

impl<E: Write> View for Quiet<E> {
    const TICK: Duration = Duration::from_secs(3600);

    fn fact(&mut self, event: &Event, _: &Progress, _: Duration) {
        // Nowhere is left to tell of a closed stderr; that goes for all that is written here.
        let _ = self.tell(event);
    }

    fn tick(&mut self, _: &Progress, _: Duration) {}

    fn end(&mut self, finished: &Finished, _: &Progress, _: Duration) {
        let error = finished.error.as_deref();
        let _ = match error.and_then(|error| self.reader.error(error, finished.hint.as_deref())) {
            Some(annotation) => writeln!(self.err, "{annotation}"),
            None => write_error(finished, &self.ink, &mut self.err),
        };
    }
}
