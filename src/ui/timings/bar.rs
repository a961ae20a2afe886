use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use super::html::Text;
use super::words::{amount, cause, share};
use crate::timeline::Cause;

/// The patterns that the bars are filled with, so that nobody has to tell them by their colours.
pub(super) fn patterns() -> &'static str {
    "<svg class=\"patterns\" aria-hidden=\"true\" width=\"0\" height=\"0\">\n<defs>\n\
     <pattern id=\"p-download\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
     <rect width=\"6\" height=\"6\" class=\"c-download\"/><circle cx=\"3\" cy=\"3\" r=\"1.3\" class=\"over\"/></pattern>\n\
     <pattern id=\"p-machine\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
     <rect width=\"6\" height=\"6\" class=\"c-machine\"/><path d=\"M0 3h6\" class=\"over-line\"/></pattern>\n\
     <pattern id=\"p-objects\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
     <rect width=\"8\" height=\"8\" class=\"c-objects\"/><rect width=\"2\" height=\"8\" class=\"over\"/></pattern>\n\
     <pattern id=\"p-checks\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">\
     <rect width=\"5\" height=\"5\" class=\"c-checks\"/><rect width=\"1.5\" height=\"5\" class=\"over\"/></pattern>\n\
     <pattern id=\"p-lease\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
     <rect width=\"6\" height=\"6\" class=\"c-lease\"/><path d=\"M0 1h6M1 0v6\" class=\"over-line\"/></pattern>\n\
     <pattern id=\"p-trouble\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(-45)\">\
     <rect width=\"7\" height=\"7\" class=\"c-trouble\"/><rect width=\"3\" height=\"7\" class=\"over\"/></pattern>\n\
     </defs>\n</svg>\n"
}

/// A part of the whole, in percent, as far as a bar of 2,000 pixels can show it.
pub(super) fn percent(part: Duration, whole: Duration) -> String {
    let percent = 100.0 * part.as_secs_f64() / whole.as_secs_f64().max(f64::MIN_POSITIVE);
    format!("{:.2}%", percent.clamp(0.0, 100.0))
}

/// All that the time was spent on, one beside the other.
pub(super) fn stacked(shares: &BTreeMap<Cause, Duration>, length: Duration) -> String {
    let words = |(of, time): (&Cause, &Duration)| format!("{} {}", cause(*of).1, share(*time, length));
    let label: Vec<String> = shares.iter().map(words).collect();
    let mut bar =
        format!("<svg class=\"stacked\" role=\"img\" aria-label=\"{}\">\n", Text(&label.join(", ")));
    let mut at = Duration::ZERO;
    for (of, time) in shares {
        let (class, name) = cause(*of);
        let _never_fails = writeln!(
            bar,
            "<rect class=\"{class}\" x=\"{}\" width=\"{}\" height=\"100%\"><title>{name}: {}, {}</title></rect>",
            percent(at, length),
            percent(*time, length),
            amount(*time),
            share(*time, length),
        );
        at += *time;
    }
    bar + "</svg>\n"
}

/// The same as a table, which tells the patterns too.
pub(super) fn legend(shares: &BTreeMap<Cause, Duration>, length: Duration) -> String {
    let row = |of: &Cause| {
        let time = shares.get(of).copied().unwrap_or_default();
        format!(
            "<tr><th scope=\"row\">{} {}</th><td>{}</td><td>{}</td></tr>\n",
            swatch(*of),
            cause(*of).1,
            amount(time),
            share(time, length),
        )
    };
    let rows: String = Cause::ALL.iter().filter(|of| shares.contains_key(*of)).map(row).collect();
    format!(
        "<table class=\"legend\">\n<caption class=\"unseen\">What the time was spent on</caption>\n\
         <thead class=\"unseen\"><tr><th scope=\"col\">Spent on</th><th scope=\"col\">Time</th>\
         <th scope=\"col\">Share</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n"
    )
}

/// The pattern beside its name.
pub(super) fn swatch(of: Cause) -> String {
    let (class, _) = cause(of);
    format!(
        "<svg class=\"swatch\" aria-hidden=\"true\"><rect class=\"{class}\" width=\"100%\" height=\"100%\"/></svg>"
    )
}
