use std::cmp::Reverse;
use std::time::Duration;

use super::bar::swatch;
use super::html::Text;
use super::words::{amount, cause, ended, reasons, segment, share};
use crate::timeline::{Segment, Timeline};
use crate::ui::text::count;

/// How many pieces are listed: the longest.
const LISTED: usize = 40;

/// What rounds to nothing is not listed, nor is less than half a percent of the whole.
const SHORT: Duration = Duration::from_millis(50);

/// The chain of waits that the total is made of, as a table.
pub(super) fn section(timeline: &Timeline, path: &[Segment]) -> String {
    let (listed, rest) = longest(path, timeline.length);
    let rows: String = listed.iter().map(|piece| row(timeline, piece)).collect();
    let rest = match rest.len() {
        0 => String::new(),
        number => {
            let time = rest.iter().map(|piece| piece.took()).sum();
            let what = format!("and {} that took less", count(number, "part"));
            cells(["", &amount(time), &share(time, timeline.length), &what])
        }
    };
    format!(
        "<section aria-labelledby=\"path\">\n<h2 id=\"path\">The critical path</h2>\n\
         <p>The chain of waits that the total is made of: each began when the one before it was over. The run gets \
         shorter only where one of these does; what ran beside them cost nothing.</p>\n\
         <table class=\"path\" role=\"table\">\n\
         <caption class=\"unseen\">The critical path, from the first wait to the last</caption>\n\
         <thead role=\"rowgroup\"><tr role=\"row\">{heads}</tr></thead>\n\
         <tbody role=\"rowgroup\">\n{rows}{rest}</tbody>\n</table>\n</section>\n",
        heads = ["At", "Took", "Share", "Waited for"]
            .map(|head| format!("<th role=\"columnheader\" scope=\"col\">{head}</th>"))
            .concat(),
    )
}

/// The pieces to list, in their order, and those that are left.
fn longest(path: &[Segment], length: Duration) -> (Vec<&Segment>, Vec<&Segment>) {
    let mut pieces: Vec<&Segment> = path.iter().collect();
    pieces.sort_by_key(|piece| Reverse(piece.took()));
    let long = pieces.iter().take(LISTED).take_while(|piece| piece.took() >= SHORT.max(length / 200)).count();
    let rest = pieces.split_off(long);
    pieces.sort_by_key(|piece| piece.began);
    (pieces, rest)
}

fn row(timeline: &Timeline, piece: &Segment) -> String {
    let span = piece.span.map(|place| &timeline.spans[place]);
    let told = span.map(|span| reasons(span, 3)).unwrap_or_default();
    let told = if told.is_empty() { told } else { format!("<p class=\"told\">{}</p>", Text(&told)) };
    let ended = span.and_then(ended).map(|how| format!(" <b class=\"bad\">{how}</b>"));
    let (_, of) = cause(piece.cause);
    let what = format!(
        "{}<span class=\"unseen\">{of}: </span> {}{}{told}",
        swatch(piece.cause),
        Text(&segment(timeline, piece)),
        ended.unwrap_or_default(),
    );
    cells([&amount(piece.began), &amount(piece.took()), &share(piece.took(), timeline.length), &what])
}

/// A row; its roles are said, for on a narrow screen it is laid out as something else.
fn cells(cells: [&str; 4]) -> String {
    let cells = cells.map(|cell| format!("<td role=\"cell\">{cell}</td>")).concat();
    format!("<tr role=\"row\">{cells}</tr>\n")
}
