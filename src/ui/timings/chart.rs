use std::fmt::Write;
use std::time::Duration;

use super::bar::percent;
use super::html::Text;
use super::rows::{Row, rows};
use super::words::{amount, cause, ended, reasons, title};
use crate::timeline::{Cause, Segment, Span, Timeline, What};
use crate::ui::text::{count, since, took};

/// The marks of the axis are so far apart, in seconds: the first of which there are few enough.
const STEPS: [f64; 20] = [
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0,
    1800.0, 3600.0, 7200.0,
];

/// Beside the name of what is on the critical path.
const MARK: &str =
    "<span class=\"mark\" aria-hidden=\"true\">◆</span><span class=\"unseen\"> on the critical path</span>";

/// How many marks have room on a telephone.
const MARKS: f64 = 6.0;

/// The timeline: a table in which each row has its bar, so that who sees no bars reads the same.
pub(super) fn section(timeline: &Timeline, path: &[Segment]) -> String {
    let step = apart(timeline.length);
    let rows: String = rows(timeline, path).iter().map(|row| written(timeline, path, row)).collect();
    format!(
        "<section aria-labelledby=\"timeline\">\n<h2 id=\"timeline\">The timeline</h2>\n\
         <p>Each wait from its beginning to its end. <span class=\"mark\">◆</span> and a line below a bar: on the \
         critical path. <svg class=\"swatch\" aria-hidden=\"true\"><rect class=\"trouble\" width=\"100%\" \
         height=\"100%\"/></svg> something was wrong.</p>\n\
         <table class=\"chart\" role=\"table\" style=\"--step:{}\">\n\
         <caption class=\"unseen\">The steps of the run and their parts, in the order in which they began</caption>\n\
         <thead role=\"rowgroup\"><tr role=\"row\"><th role=\"columnheader\" scope=\"col\">What</th>\
         <th role=\"columnheader\" scope=\"col\" aria-label=\"When\">{}</th>\
         <th role=\"columnheader\" scope=\"col\">Took</th></tr></thead>\n\
         <tbody role=\"rowgroup\">\n{rows}</tbody>\n</table>\n</section>\n",
        percent(step, timeline.length),
        axis(step, timeline.length),
    )
}

fn apart(length: Duration) -> Duration {
    let length = length.as_secs_f64();
    let fits = STEPS.iter().find(|step| length / *step <= MARKS);
    Duration::from_secs_f64(fits.copied().unwrap_or(length / MARKS))
}

fn axis(step: Duration, length: Duration) -> String {
    let mut axis = "<svg class=\"axis\" aria-hidden=\"true\">".to_owned();
    let mut at = Duration::ZERO;
    while at <= length && !step.is_zero() {
        let anchor = match at.as_secs_f64() / length.as_secs_f64() {
            0.0 => "start",
            share if share > 0.94 => "end",
            _ => "middle",
        };
        let label = match step {
            step if step >= Duration::from_secs(1) => since(at),
            step if step >= Duration::from_millis(100) => took(at),
            _ => format!("{:.2}s", at.as_secs_f64()),
        };
        let _never_fails = write!(
            axis,
            "<text x=\"{}\" y=\"13\" text-anchor=\"{anchor}\">{label}</text>",
            percent(at, length)
        );
        at += step;
    }
    axis + "</svg>"
}

fn written(timeline: &Timeline, path: &[Segment], row: &Row) -> String {
    match row {
        Row::Step(place) | Row::Part(place) => {
            let span = &timeline.spans[*place];
            let pieces = pieces(timeline, path, *place);
            let class = if matches!(row, Row::Step(_)) { "step" } else { "part" };
            let how = ended(span).map(|how| format!(" <b class=\"bad\">{how}</b>")).unwrap_or_default();
            let mark = if pieces.is_empty() { "" } else { MARK };
            let what = format!("{}{mark}{how}", Text(&title(span)));
            cells(class, &what, (span.began, span.ended), &bar(timeline.length, span, &pieces))
        }
        Row::Rest { number, began, ended } => {
            let what = format!("{} that took less", count(*number, "more part"));
            let time = (*began, *ended);
            cells("part rest", &what, time, &rect(timeline.length, "rest", time, 4, 10, &what))
        }
    }
}

/// The pieces of the critical path that a row stands for: those of the span, of what a wave applied, and what was the
/// installer's own in a step.
fn pieces<'a>(timeline: &Timeline, path: &'a [Segment], place: usize) -> Vec<&'a Segment> {
    let is_of_row = |piece: &&Segment| match piece.span {
        None => piece.step == Some(place),
        Some(span) if span == place => true,
        Some(span) => {
            let span = &timeline.spans[span];
            span.parent == Some(place) && matches!(span.what, What::Apply { .. })
        }
    };
    path.iter().filter(is_of_row).collect()
}

/// What it is, in markup; from when to when; and the bar.
fn cells(class: &str, what: &str, (began, ended): (Duration, Duration), bar: &str) -> String {
    format!(
        "<tr role=\"row\" class=\"{class}\"><th role=\"rowheader\" scope=\"row\">{what}</th>\
         <td role=\"cell\"><svg class=\"bar\" role=\"img\" aria-label=\"from {} to {}\">{bar}</svg></td>\
         <td role=\"cell\">{}</td></tr>\n",
        amount(began),
        amount(ended),
        amount(ended.saturating_sub(began)),
    )
}

fn bar(length: Duration, span: &Span, pieces: &[&Segment]) -> String {
    let class = match (&span.what, span.cause()) {
        (What::Wave { .. }, _) => cause(Cause::ApiServer).0,
        (_, Some(of)) => cause(of).0,
        (_, None) => "around",
    };
    let told = reasons(span, 4);
    let told = if told.is_empty() { title(span) } else { format!("{}: {told}", title(span)) };
    let mut bar = rect(length, class, (span.began, span.ended), 3, 12, &told);
    for trouble in span.troubles() {
        bar += &rect(length, "trouble", trouble, 3, 12, &told);
    }
    for piece in pieces {
        bar += &rect(length, "line", (piece.began, piece.ended), 17, 3, "on the critical path");
    }
    bar
}

/// From one time to another, so many pixels from the top and so many high.
fn rect(
    length: Duration,
    class: &str,
    (began, ended): (Duration, Duration),
    top: u8,
    height: u8,
    title: &str,
) -> String {
    format!(
        "<rect class=\"{class}\" x=\"{}\" width=\"{}\" y=\"{top}\" height=\"{height}\"><title>{}</title></rect>",
        percent(began, length),
        percent(ended.saturating_sub(began), length),
        Text(title),
    )
}
