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
mod log;
mod mode;
mod progress;
mod prompt;
mod quiet;
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
mod tests;

use tokio::sync::mpsc::UnboundedReceiver;

use crate::event::Event;

pub use mode::{ColorChoice, Mode, is_set};
pub use prompt::{can_ask, confirm};
pub use timings::timings;

use bars::Bars;
use ink::Ink;
use json::Json;
use lines::Lines;
use log::Reader;
use quiet::Quiet;
use terminal::Shape;
use view::watch;

/// Shows the facts of a run on stdout until the channel closes. An output that is closed meanwhile
/// (`| head`) is no failure: the rest is read and not shown.
///
/// The error of a run that did not end well goes to stderr, except in [`Mode::Json`], where it is part of
/// the last object. Where a CI system's runner reads what [`Mode::Lines`] writes, it gets sections and annotations
/// in the form that it knows. `verbose` counts `-v`: from 1 on, objects that did not change are named too.
pub async fn show(events: UnboundedReceiver<Event>, mode: Mode, color: ColorChoice, verbose: u8) {
    let (out, err) = (std::io::stdout(), std::io::stderr());
    let errors = Ink::for_stderr(color);
    match mode {
        Mode::Json => watch(events, Json::new(out)).await,
        Mode::Bars if !terminal::is_dumb() => {
            let shape = Shape::of_stdout();
            watch(events, Bars::new(out, shape, Ink::for_terminal(color), err, errors, verbose)).await;
        }
        Mode::Quiet => {
            let reader = Reader::of(&err);
            watch(events, Quiet::new(err, errors, reader)).await;
        }
        // A terminal that cannot redraw is as good as one whose reader does not want it to.
        Mode::Bars | Mode::Plain => {
            let ink = Ink::for_log(color);
            watch(events, Lines::new(out, ink, err, ink, verbose).without_times()).await;
        }
        Mode::Lines => {
            let reader = Reader::of(&out);
            watch(events, Lines::new(out, Ink::for_log(color), err, errors, verbose).read_by(reader)).await;
        }
    }
}

/// Why a command has no result, where stderr is read by a program that wants it in another form than people do.
pub fn annotated(error: &str, hint: Option<&str>) -> Option<String> {
    Reader::of(&std::io::stderr()).error(error, hint)
}
