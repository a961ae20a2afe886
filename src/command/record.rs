use std::path::PathBuf;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::event::{Announcer, Event};
use crate::report::{File, Report};
use crate::ui;

/// Keeps what comes of a command, and writes it down in the end.
pub(super) struct Record {
    report: Report,
    files: Vec<File>,
}

impl Record {
    /// Begins now. Where GitHub keeps a log of what we say, the summary of the job is one of the files.
    pub(super) fn new(is_log: bool) -> Self {
        let is_github = is_log && ui::is_set("GITHUB_ACTIONS");
        let summary = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| is_github && !path.is_empty());
        let files = summary.map(|path| File::summary(PathBuf::from(path)));
        Self { report: Report::new(Timestamp::now()), files: files.into_iter().collect() }
    }

    pub(super) fn keep_in(&mut self, files: impl IntoIterator<Item = File>) {
        self.files.extend(files);
    }

    /// Hands the events on. Before the last of them everything is written, so that what cannot be is told by then.
    pub(super) async fn hand_on(mut self, mut events: UnboundedReceiver<Event>, to: Announcer) {
        while let Some(event) = events.recv().await {
            if let Event::Finished(_) = event {
                let warnings = self.end_with(&event);
                warnings.into_iter().for_each(|warning| to.say(Event::Warned { warning }));
            } else {
                self.report.fold(&event);
            }
            to.say(event);
        }
    }

    /// Writes everything; what could not be written.
    pub(super) fn end_with(&mut self, last: &Event) -> Vec<String> {
        self.report.fold(last);
        let unwritten = self.files.iter().filter_map(|file| {
            let error = file.write(&self.report).err()?;
            Some(format!("the report {} cannot be written: {error}", file.path.display()))
        });
        unwritten.collect()
    }
}
