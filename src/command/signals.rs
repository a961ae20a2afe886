use std::io;
use std::process;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::event::{Announcer, Event};
use crate::failure::Signal;

/// Turns the first SIGINT, SIGTERM or SIGHUP into a request to end at a safe point. The second ends the
/// program where it stands: whoever asks twice means it.
///
/// Returns what tells which signal came, once one has.
pub(super) fn listen(announcer: Announcer, stop: CancellationToken) -> io::Result<Listening> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let mut hang_ups = signal(SignalKind::hangup())?;
    let (sender, receiver) = watch::channel(None);
    let listening = tokio::spawn(async move {
        loop {
            let signal = tokio::select! {
                _ = interrupts.recv() => Signal::Interrupt,
                _ = terminations.recv() => Signal::Terminate,
                _ = hang_ups.recv() => Signal::HangUp,
            };
            if stop.is_cancelled() {
                process::exit(signal.exit_code().into());
            }
            // Nobody may be listening, and the run is to end all the same.
            let _ = sender.send(Some(signal));
            announcer.say(Event::Interrupted { signal: signal.name() });
            stop.cancel();
        }
    });
    Ok(Listening { task: listening.abort_handle(), heard: receiver })
}

/// Signals are being heard.
#[derive(Debug)]
pub(super) struct Listening {
    task: AbortHandle,
    heard: watch::Receiver<Option<Signal>>,
}

impl Listening {
    /// Which signal has asked the run to end, where one has.
    pub(super) fn signal(&self) -> Signal {
        self.heard.borrow().unwrap_or(Signal::Interrupt)
    }

    /// Gives the announcer up, so that the events can end.
    pub(super) fn end(self) {
        self.task.abort();
    }
}
