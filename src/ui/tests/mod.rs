//! Recorded runs, shown again.

mod bars;
mod json;
mod lines;
mod live;
mod progress;
mod schema;
mod timings;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

use super::view::{View, watch};
use crate::event::recording::Recording;

/// An output that can be read afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Says the facts at their recorded times, which pass as fast as the clock of the test is turned on.
async fn replay(recording: Recording, view: impl View) {
    let (sender, events) = mpsc::unbounded_channel();
    let said = async move {
        let start = tokio::time::Instant::now();
        for (at, event) in recording {
            tokio::time::sleep_until(start + at).await;
            sender.send(event).unwrap();
        }
    };
    tokio::join!(watch(events, view), said);
}
