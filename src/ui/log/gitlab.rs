//! The collapsible sections of a job's log in GitLab.
//! <https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections>

use std::time::{SystemTime, UNIX_EPOCH};

/// What GitLab takes for the end of a marker, and a terminal for an empty line.
const END: &str = "\r\u{1b}[0K";

#[derive(Clone, Debug)]
pub(in crate::ui) struct GitLab {
    /// Seconds since 1970.
    now: fn() -> u64,
    /// How many sections were opened: a name must be the only one of its kind in a job.
    opened: usize,
}

impl GitLab {
    pub(super) fn now() -> Self {
        Self::at(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }

    pub(in crate::ui) const fn at(now: fn() -> u64) -> Self {
        Self { now, opened: 0 }
    }

    pub(super) fn opened(&mut self, title: &str) -> String {
        self.opened += 1;
        format!("section_start:{}:{}[collapsed=true]{END}{title}", (self.now)(), self.name())
    }

    pub(super) fn closed(&self) -> String {
        format!("section_end:{}:{}{END}", (self.now)(), self.name())
    }

    /// Other commands of the job may have sections too, and so may another run.
    fn name(&self) -> String {
        format!("kubestock_install_{}_{}", std::process::id(), self.opened)
    }
}
