//! A section of GitHub's summary of a job.

use std::fmt::Write;

use super::layer::said;
use super::{CheckReport, Report, seconds};
use crate::finding::Finding;

/// GitHub takes no summary of more than 1 MiB. So many findings fit, however long each of them is told.
const LISTED: usize = 100;

pub(super) fn markdown(report: &Report) -> String {
    let parts = [heading(report), layers(report), checks(report), findings(report), warnings(report)];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n") + "\n"
}

fn heading(report: &Report) -> String {
    let mut text =
        format!("### {}: {} in {}\n", escaped(&report.subject()), report.ending(), seconds(report.took()));
    let finished = report.finished.as_ref();
    for (label, said) in [
        ("error", finished.and_then(|finished| finished.error.as_deref())),
        ("hint", finished.and_then(|finished| finished.hint.as_deref())),
    ] {
        if let Some(said) = said {
            let _never_fails = writeln!(text, "\n**{label}:** {}", escaped(said.trim_end()));
        }
    }
    text
}

fn layers(report: &Report) -> String {
    if !report.has_worked_on_layers() {
        return String::new();
    }
    let rows = report.layers.iter().map(|layer| {
        let objects = match said(layer.counts) {
            said if said.is_empty() => format!("{} planned", layer.objects),
            said => said,
        };
        let took = layer.took.map(seconds).unwrap_or_default();
        [escaped(&layer.name), layer.outcome.name().to_owned(), objects, layer.workloads.to_string(), took]
    });
    table(&["layer", "outcome", "objects", "workloads", "time"], rows)
}

fn checks(report: &Report) -> String {
    if report.checks.is_empty() {
        return String::new();
    }
    let row =
        |check: &CheckReport| [escaped(&check.name), check.outcome().to_owned(), escaped(&check.seen())];
    table(&["check", "outcome", "seen"], report.checks.iter().map(row))
}

fn findings(report: &Report) -> String {
    let of_layers = report.layers.iter().flat_map(|layer| &layer.findings);
    let of_checks = report.checks.iter().flat_map(|check| &check.findings);
    let all: Vec<&Finding> = report.findings.iter().chain(of_layers).chain(of_checks).collect();
    let line = |finding: &&Finding| {
        format!(
            "- **{} {}** {}<br>hint: {}\n",
            finding.severity.name(),
            finding.code,
            escaped(&finding.to_string()),
            escaped(&finding.hint)
        )
    };
    let mut text: String = all.iter().take(LISTED).map(line).collect();
    if all.len() > LISTED {
        let _never_fails = writeln!(text, "- and {} more", all.len() - LISTED);
    }
    text
}

fn warnings(report: &Report) -> String {
    report.warnings.iter().map(|warning| format!("- **warning** {}\n", escaped(warning))).collect()
}

fn table<const N: usize>(head: &[&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let rule = vec!["---"; N].join(" | ");
    let rows: String = rows.map(|row| format!("| {} |\n", row.join(" | "))).collect();
    format!("| {} |\n| {rule} |\n{rows}", head.join(" | "))
}

/// What a cluster says is no markup, and stays in its row.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\n' => escaped.push_str("<br>"),
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '~' | '#' | '$' | '@' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
