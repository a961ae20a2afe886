//! The timeline of a run as one page of HTML, which needs nothing but itself: no script, no font, no network.

mod bar;
mod chart;
mod html;
mod objects;
mod path;
mod rows;
mod words;

use std::time::Duration;

use jiff::Timestamp;

use super::progress::Progress;
use super::summary::sentence;
use crate::event::{Ending, Event, Finished};
use crate::timeline::{Cause, Segment, Timeline, shares};

use bar::{legend, patterns, stacked};
use html::{Lines, Text};
use words::{amount, share};

const STYLE: &str = include_str!("style.css");

/// The page of a run, from its facts and when it began.
pub fn timings(facts: &[(Duration, Event)], began: Timestamp) -> String {
    let timeline = Timeline::of(facts);
    let mut progress = Progress::default();
    facts.iter().for_each(|(at, event)| progress.fold(event, *at));
    let path = timeline.critical_path();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         base-uri 'none'; form-action 'none'\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{patterns}\
         {header}<main>\n{spent}{path}{chart}{objects}</main>\n{footer}</body>\n</html>\n",
        title = Text(&title(&timeline)),
        patterns = patterns(),
        header = header(&timeline, &progress, began),
        spent = spent(&timeline, &path),
        path = path::section(&timeline, &path),
        chart = chart::section(&timeline, &path),
        objects = objects::section(&timeline),
        footer = footer(),
    )
}

fn title(timeline: &Timeline) -> String {
    match &timeline.target {
        Some(target) => format!("Timings of {} on {}", target.profile, target.context),
        None => "Timings of a run".to_owned(),
    }
}

/// How the run ended, and where it was.
fn header(timeline: &Timeline, progress: &Progress, began: Timestamp) -> String {
    let Some(finished) = &timeline.finished else { return String::new() };
    let (class, mark, word) = match finished.outcome {
        Ending::Done => ("done", "✓", "done"),
        Ending::Failed => ("failed", "✕", "failed"),
        Ending::Interrupted => ("interrupted", "!", "interrupted"),
    };
    let server = timeline.target.as_ref().map_or("", |target| &target.server);
    let server = if server.is_empty() { String::new() } else { format!(" · {}", Text(server)) };
    format!(
        "<header>\n<p class=\"badge {class}\"><span aria-hidden=\"true\">{mark}</span> {word}</p>\n\
         <h1>{headline}</h1>\n\
         <p class=\"faint\">began {began:.3}{server} · exit code {code} · kubestock-install {version}</p>\n\
         {ending}</header>\n",
        headline = Text(&sentence(finished, progress)),
        code = finished.exit_code,
        version = env!("CARGO_PKG_VERSION"),
        ending = ending(timeline, finished),
    )
}

/// Why it ended as it did, where it was not well.
fn ending(timeline: &Timeline, finished: &Finished) -> String {
    let mut text = String::new();
    if let Some((at, signal)) = timeline.interrupted {
        text += &format!("<p>{} asked it to end after {}.</p>\n", Text(signal), amount(at));
    }
    if let Some(error) = &finished.error {
        text += &format!("<pre class=\"error\">{}</pre>\n", Lines(error));
    }
    if let Some(hint) = &finished.hint {
        text += &format!("<p><b>What to do:</b> {}</p>\n", Text(hint));
    }
    text
}

/// What the time was spent on: a bar and a table of the same.
fn spent(timeline: &Timeline, path: &[Segment]) -> String {
    let shares = shares(path);
    let of = |is: fn(Cause) -> bool| -> Duration {
        shares.iter().filter(|(cause, _)| is(**cause)).map(|(_, time)| *time).sum()
    };
    let (own, cluster) = (of(|cause| cause == Cause::Installer), of(Cause::is_cluster));
    format!(
        "<section aria-labelledby=\"spent\">\n<h2 id=\"spent\">Where the time went</h2>\n\
         <p>Of {length}, <b>{cluster} ({cluster_share})</b> went by waiting for the cluster, and \
         <b>{own} ({own_share})</b> was the installer’s own.</p>\n{bar}{legend}</section>\n",
        length = amount(timeline.length),
        cluster = amount(cluster),
        cluster_share = share(cluster, timeline.length),
        own = amount(own),
        own_share = share(own, timeline.length),
        bar = stacked(&shares, timeline.length),
        legend = legend(&shares, timeline.length),
    )
}

fn footer() -> String {
    "<footer class=\"faint\">\n<p>Made by <code>kubestock-install --timings</code> from the events of the run alone. \
     Times are since its start. docs/timings.md tells how to read this page.</p>\n</footer>\n"
        .to_owned()
}
