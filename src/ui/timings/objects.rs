use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use super::html::Text;
use super::words::{amount, ended, outcome, reasons};
use crate::object::ObjectId;
use crate::timeline::{Span, Timeline, What};
use crate::ui::text::count;

/// How many objects are listed: those that took longest.
const LISTED: usize = 500;

/// What became of each object, as far as there is room.
pub(super) fn section(timeline: &Timeline) -> String {
    let mut objects: BTreeMap<&ObjectId, Vec<&Span>> = BTreeMap::new();
    for span in &timeline.spans {
        if let Some(object) = object_of(span) {
            objects.entry(object).or_default().push(span);
        }
    }
    let mut objects: Vec<(&ObjectId, Vec<&Span>)> = objects.into_iter().collect();
    let all = objects.len();
    if all == 0 {
        return String::new();
    }
    objects.sort_by_key(|(_, spans)| Reverse(spans.iter().filter_map(|span| waited(span)).sum::<Duration>()));
    objects.truncate(LISTED);
    objects.sort_by_key(|(_, spans)| spans.iter().map(|span| span.ended).min());
    let rows: String = objects.iter().map(|(object, spans)| row(object, spans)).collect();
    let which = match all {
        all if all > LISTED => format!("the {LISTED} of {all} objects that took longest"),
        all => count(all, "object"),
    };
    format!(
        "<section aria-labelledby=\"objects\">\n<h2 id=\"objects\">The objects</h2>\n\
         <details>\n<summary>What became of {which}</summary>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" \
         aria-labelledby=\"objects\">\n<table>\n<caption class=\"unseen\">What became of {which}</caption>\n\
         <thead><tr><th scope=\"col\">Object</th><th scope=\"col\">Applied</th><th scope=\"col\">At</th>\
         <th scope=\"col\">Waited</th><th scope=\"col\">What was told</th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</div>\n</details>\n</section>\n"
    )
}

fn object_of(span: &Span) -> Option<&ObjectId> {
    match &span.what {
        What::Apply { object, .. }
        | What::Refused { object }
        | What::Ready { object }
        | What::Removal { object } => Some(object),
        _ => None,
    }
}

/// How long an object was waited for; None for the time in which it was applied with others.
fn waited(span: &Span) -> Option<Duration> {
    (!matches!(span.what, What::Apply { .. })).then(|| span.took())
}

fn row(object: &ObjectId, spans: &[&Span]) -> String {
    let applied = spans.iter().find_map(|span| match span.what {
        What::Apply { outcome, .. } => Some(outcome),
        _ => None,
    });
    let at =
        spans.iter().filter(|span| !matches!(span.what, What::Ready { .. })).map(|span| span.ended).max();
    let waits: Vec<Duration> = spans.iter().filter_map(|span| waited(span)).collect();
    let waited = if waits.is_empty() { String::new() } else { amount(waits.iter().sum()) };
    let how = spans.iter().find_map(|span| ended(span));
    let told: Vec<String> =
        spans.iter().map(|span| reasons(span, 4)).filter(|told| !told.is_empty()).collect();
    format!(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{waited}</td><td>{}{}</td></tr>\n",
        Text(&object.to_string()),
        applied.map(outcome).unwrap_or_default(),
        at.map(amount).unwrap_or_default(),
        how.map(|how| format!("<b class=\"bad\">{how}</b> ")).unwrap_or_default(),
        Text(&told.join("; ")),
    )
}
