//! Shows a recorded run: `cargo run --example replay -- first|again|failed|interrupted|planned [bars|plain|lines|quiet|json]`.
//!
//! REPLAY_SPEED is how many recorded seconds pass in one real second, 1 if it is not set.

// The recording names them so, as the library's own tests do.
use kubestock_install::{event, finding, kustomize, object};

#[path = "../tests/ui/recording.rs"]
mod recording;

use std::io::IsTerminal;
use std::time::Duration;

use kubestock_install::event::Announcer;
use kubestock_install::ui::{self, ColorChoice, Mode};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, mode @ ..] = arguments.as_slice() else { usage() };
    let Some(run) = recording::named(name) else { usage() };
    let mode = match mode.first().map(String::as_str) {
        Some("bars") => Mode::Bars,
        Some("plain") => Mode::Plain,
        Some("lines") => Mode::Lines,
        Some("quiet") => Mode::Quiet,
        Some("json") => Mode::Json,
        None => Mode::choose(None, std::io::stdout().is_terminal(), std::env::var_os("CI").is_some()),
        Some(_) => usage(),
    };
    let speed = std::env::var("REPLAY_SPEED").ok().and_then(|speed| speed.parse::<f64>().ok()).unwrap_or(1.0);

    let (announcer, events) = Announcer::new();
    let say = async move {
        let mut last = Duration::ZERO;
        for (at, event) in run {
            tokio::time::sleep((at - last).div_f64(speed)).await;
            last = at;
            announcer.say(event);
        }
    };
    tokio::join!(ui::show(events, mode, ColorChoice::Auto, 0), say);
}

fn usage() -> ! {
    eprintln!("usage: replay {} [bars|plain|lines|quiet|json]", recording::NAMES.join("|"));
    std::process::exit(2)
}
