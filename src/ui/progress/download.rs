//! How a download gets on.

use std::collections::VecDeque;
use std::time::Duration;

#[derive(Debug, Default)]
pub(in crate::ui) struct Download {
    pub(in crate::ui) received: u64,
    pub(in crate::ui) total: Option<u64>,
    /// What was received when, over the last seconds.
    recent: VecDeque<(Duration, u64)>,
    /// Why it begins again.
    pub(in crate::ui) retry: Option<String>,
}

impl Download {
    /// How far back the rate looks: long enough to be calm, short enough to see a stall.
    const WINDOW: Duration = Duration::from_secs(5);

    pub(super) fn of(total: Option<u64>) -> Self {
        Self { total, ..Self::default() }
    }

    pub(super) fn receive(&mut self, received: u64, at: Duration) {
        self.retry = None;
        self.received = received;
        self.recent.push_back((at, received));
        while self.recent.get(1).is_some_and(|(then, _)| at.saturating_sub(*then) >= Self::WINDOW) {
            self.recent.pop_front();
        }
    }

    /// Bytes a second; None before there is something to measure.
    pub(in crate::ui) fn rate(&self, at: Duration) -> Option<f64> {
        let (then, received) = *self.recent.front()?;
        let seconds = at.saturating_sub(then).as_secs_f64();
        (seconds >= 0.5 && self.received > received).then(|| (self.received - received) as f64 / seconds)
    }

    /// None where the total is not known, or nothing arrives.
    pub(in crate::ui) fn time_left(&self, at: Duration) -> Option<Duration> {
        let left = self.total?.saturating_sub(self.received);
        Duration::try_from_secs_f64(left as f64 / self.rate(at)?).ok()
    }
}
