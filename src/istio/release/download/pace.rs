use std::time::Duration;

use tokio::time::Instant;

use super::Limits;

/// Watches that a download moves: the next `least` bytes are due within `quiet`, whatever was there
/// before. So silence is found, and so is a server that drips a byte now and then.
#[derive(Debug)]
pub(super) struct Pace {
    least: u64,
    quiet: Duration,
    /// Bytes since the time began to run.
    arrived: u64,
    due: Instant,
}

impl Pace {
    pub(super) fn of(limits: &Limits) -> Self {
        Self { least: limits.least, quiet: limits.quiet, arrived: 0, due: Instant::now() + limits.quiet }
    }

    /// When the line counts as standing still, unless more arrives.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// The bytes that arrived since the time began to run.
    pub(super) fn arrived(&self) -> u64 {
        self.arrived
    }

    pub(super) fn receive(&mut self, bytes: u64) {
        self.arrived += bytes;
        if self.arrived >= self.least {
            self.arrived = 0;
            self.due = Instant::now() + self.quiet;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_enough_bytes_put_the_end_off() {
        let limits = Limits { quiet: Duration::from_secs(30), least: 100, ..Limits::default() };
        let (begun, mut pace) = (Instant::now(), Pace::of(&limits));
        let due = |pace: &Pace| pace.due().duration_since(begun).as_secs();
        tokio::time::advance(Duration::from_secs(20)).await;
        pace.receive(99);
        assert_eq!((due(&pace), pace.arrived()), (30, 99));
        tokio::time::advance(Duration::from_secs(5)).await;
        pace.receive(1);
        assert_eq!((due(&pace), pace.arrived()), (55, 0));
    }
}
