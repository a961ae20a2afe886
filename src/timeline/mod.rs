//! A run as its facts tell it afterwards: what took how long, what was waited for, and which chain of waits the
//! whole is made of.

mod gather;
mod path;
mod span;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::event::{Event, Finished};

pub use path::{Segment, critical_path, shares};
pub use span::{Cause, Outcome, Span, Told, What};

/// Times are since the start of the run.
#[derive(Debug, Default)]
pub struct Timeline {
    /// The profile, the context and the server; None where the run ended before they were known.
    pub target: Option<Target>,
    /// In the order in which they were heard of; a step comes before what is part of it.
    pub spans: Vec<Span>,
    pub length: Duration,
    /// The signal that asked the run to end, and when.
    pub interrupted: Option<(Duration, &'static str)>,
    /// None where the facts end without a word of it.
    pub finished: Option<Finished>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub profile: String,
    pub context: String,
    pub server: String,
}

impl Timeline {
    /// Of facts in the order in which they came, each with its time.
    pub fn of(facts: &[(Duration, Event)]) -> Self {
        gather::gather(facts)
    }

    /// The chain of waits that the total is made of, from the first to the last: it covers the run without a gap.
    pub fn critical_path(&self) -> Vec<Segment> {
        critical_path(&self.spans, self.length)
    }
}
