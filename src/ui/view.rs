//! What every way of showing has in common: it is told each fact, and hears the time pass.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::event::{Ending, Event, Finished};

use super::progress::Progress;

/// A way of showing. Times are since the start of the run.
pub(super) trait View {
    /// How often the view wants to hear that time has passed.
    const TICK: Duration;

    /// A fact, which `progress` already holds.
    fn fact(&mut self, event: &Event, progress: &Progress, at: Duration);

    /// Time has passed.
    fn tick(&mut self, progress: &Progress, at: Duration);

    /// The last fact of all; `progress` holds it.
    fn end(&mut self, finished: &Finished, progress: &Progress, at: Duration);
}

/// Reads the facts until the channel closes, and shows exactly one end, as the last thing.
pub(super) async fn watch<V: View>(mut events: UnboundedReceiver<Event>, mut view: V) {
    let start = Instant::now();
    let mut progress = Progress::default();
    let mut tick = interval(V::TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut finished = None;
    loop {
        tokio::select! {
            event = events.recv() => match event {
                None => break,
                // Nothing follows the end: what comes after it would be a lie about a run that is over.
                Some(_) if finished.is_some() => {}
                Some(event) => {
                    let at = start.elapsed();
                    progress.fold(&event, at);
                    match event {
                        Event::Finished(end) => finished = Some(end),
                        event => view.fact(&event, &progress, at),
                    }
                }
            },
            _ = tick.tick(), if finished.is_none() => view.tick(&progress, start.elapsed()),
        }
    }
    let finished = finished.unwrap_or_else(|| unannounced(&progress, start.elapsed()));
    view.end(&finished, &progress, start.elapsed());
}

/// The end of a run that closed the channel without one: it can only have panicked.
fn unannounced(progress: &Progress, elapsed: Duration) -> Finished {
    let applied = progress.applied();
    Finished {
        outcome: Ending::Failed,
        exit_code: PANICKED,
        created: applied.created,
        changed: applied.changed,
        unchanged: applied.unchanged,
        failed: applied.failed,
        removed: progress.removed().removed,
        elapsed,
        error: Some("the run broke off without saying how it ended".to_owned()),
        hint: Some(
            "this is a bug of kubestock-install; the same command goes on where it broke off".to_owned(),
        ),
        next: Vec::new(),
    }
}

/// What a Rust program that panicked exits with.
const PANICKED: u8 = 101;
