//! One JSON object a line, for programs.

use std::io::Write;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::event::{Event, Finished};

use super::progress::Progress;
use super::view::View;

/// Writes each fact as it comes, with the time that it was shown. Nothing else is ever written.
pub(super) struct Json<W> {
    out: Option<W>,
    now: fn() -> Timestamp,
}

/// The time first: people read these lines too.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(
    test,
    schemars(title = "An event of kubestock-install", description = "docs/events.md is the reference")
)]
pub(super) struct Line<'a> {
    /// When it was written: RFC 3339, UTC, with milliseconds.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    time: String,
    #[serde(flatten)]
    event: &'a Event,
}

impl<W: Write> Json<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out: Some(out), now: Timestamp::now }
    }

    #[cfg(test)]
    pub(super) fn at(out: W, now: fn() -> Timestamp) -> Self {
        Self { out: Some(out), now }
    }

    fn write(&mut self, event: &Event) {
        let Some(out) = &mut self.out else { return };
        let line = Line { time: format!("{:.3}", (self.now)()), event };
        // Written at once, so that a reader never sees half an object.
        let written = serde_json::to_vec(&line).map_err(std::io::Error::from).and_then(|mut bytes| {
            bytes.push(b'\n');
            out.write_all(&bytes)?;
            out.flush()
        });
        if written.is_err() {
            self.out = None;
        }
    }
}

impl<W: Write> View for Json<W> {
    const TICK: Duration = Duration::from_secs(3600);

    fn fact(&mut self, event: &Event, _: &Progress, _: Duration) {
        self.write(event);
    }

    fn tick(&mut self, _: &Progress, _: Duration) {}

    fn end(&mut self, finished: &Finished, _: &Progress, _: Duration) {
        self.write(&Event::Finished(finished.clone()));
    }
}
