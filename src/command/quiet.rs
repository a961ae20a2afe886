use anstream::eprintln;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

use super::{signals, told};
use crate::event::{Announcer, Event};
use crate::failure::Failure;

/// Does what a command prints the result of: stdout is for that alone, and what a person waits for is told on stderr. A
/// signal ends it.
pub(super) async fn quietly<T>(
    work: impl AsyncFnOnce(&Announcer, &CancellationToken) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (announcer, events) = Announcer::new();
    let stop = CancellationToken::new();
    let listening = signals::listen(announcer.clone(), stop.clone()).map_err(Failure::Runtime)?;
    let telling = tokio::spawn(tell(events));
    let done = tokio::select! {
        done = work(&announcer, &stop) => done,
        () = stop.cancelled() => Err(Failure::Interrupted(listening.signal())),
    };
    listening.end();
    drop(announcer);
    // It fails only by a panic, which has told itself.
    let _ = telling.await;
    done
}

async fn tell(mut events: UnboundedReceiver<Event>) {
    while let Some(event) = events.recv().await {
        match event {
            Event::Warned { warning } => told::warning(&warning),
            Event::Found(finding) => told::warning(&finding),
            Event::DownloadStarted { url, .. } => eprintln!("downloading {url}"),
            Event::DownloadRetried { reason, .. } => told::warning(&format!("{reason}; trying again")),
            _ => {}
        }
    }
}
