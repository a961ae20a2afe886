use std::io::Write;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::event::{Announcer, Finished, Record};
use crate::failure::Failure;
use crate::settings::SettingsError;
use crate::ui;
use crate::whole::{self, Readers};

/// The page that a run is to leave behind.
#[derive(Debug)]
pub(super) struct Timings {
    path: PathBuf,
    began: Timestamp,
    record: Record,
}

impl Timings {
    /// Records from now on what is announced.
    ///
    /// # Errors
    /// Where the file could not be written: that is told before anything is done.
    pub(super) fn begin(path: PathBuf, announcer: &mut Announcer) -> Result<Self, Failure> {
        match whole::could_be_written(&path) {
            Ok(()) => Ok(Self { path, began: Timestamp::now(), record: announcer.keep_record() }),
            Err(source) => Err(SettingsError::Timings { path, source }.into()),
        }
    }

    /// Writes the page of a run that has ended like this.
    pub(super) fn write(self, finished: Finished) -> Result<(), Failure> {
        let page = ui::timings(&self.record.ended_with(finished), self.began);
        let written = whole::write(&self.path, Readers::Usual, |file| file.write_all(page.as_bytes()));
        written.map_err(|source| Failure::Timings { path: self.path, source })
    }
}
