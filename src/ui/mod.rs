//! Shows the facts of a run: bars on a terminal, lines for a log, JSON lines for programs, and a page of its
//! timeline when it is over.
//!
//! What is shown comes from one pure fold, `Progress`; a `View` only words or draws it.

mod bars;
mod changes;
mod ink;
mod json;
mod lines;
mod live;
mod mode;
mod progress;
mod prompt;
mod status;
mod summary;
mod terminal;
mod text;
mod timings;
mod view;
mod words;

#[cfg(test)]
#[path = "../../tests/ui/crowd.rs"]
mod crowd;
#[cfg(test)]
#[path = "../../tests/ui/recording.rs"]
mod recording;
#[cfg(test)]
mod tests;

use tokio::sync::mpsc::UnboundedReceiver;

use crate::event::Event;

pub use mode::{ColorChoice, Mode};
pub use prompt::{can_ask, confirm};
pub use timings::timings;

use bars::Bars;
use ink::Ink;
use json::Json;
use lines::Lines;
use terminal::Shape;
use view::watch;

/// Shows the facts of a run on stdout until the channel closes. An output that is closed meanwhile
/// (`| head`) is no failure: the rest is read and not shown.
///
/// The error of a run that did not end well goes to stderr, except in [`Mode::Json`], where it is part of
/// the last object. `verbose` counts `-v`: from 1 on, objects that did not change are named too.
pub async fn show(events: UnboundedReceiver<Event>, mode: Mode, color: ColorChoice, verbose: u8) {
    let (out, err) = (std::io::stdout(), std::io::stderr());
    let errors = Ink::for_stderr(color);
    match mode {
        Mode::Json => watch(events, Json::new(out)).await,
        Mode::Bars if !terminal::is_dumb() => {
            let shape = Shape::of_stdout();
            watch(events, Bars::new(out, shape, Ink::for_terminal(color), err, errors, verbose)).await;
        }
        Mode::Bars | Mode::Lines => {
            watch(events, Lines::new(out, Ink::for_log(color), err, errors, verbose)).await;
        }
    }
}
