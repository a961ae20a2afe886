//! A page by itself: no script, nothing that is loaded, light or dark as the reader has it.

use super::layer::{Layer, said};
use super::markup::escaped;
use super::{CheckReport, Report, seconds};
use crate::finding::Finding;

const STYLE: &str = include_str!("page.css");

pub(super) fn html(report: &Report) -> String {
    let title = escaped(&report.subject());
    let ending = report.ending();
    let parts =
        [about(report), error(report), layers(report), checks(report), findings(report), warnings(report)];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}: {ending}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{title}: {}</h1>\n{}</main>\n</body>\n</html>\n",
        badge(ending),
        parts.concat(),
    )
}

fn about(report: &Report) -> String {
    let mut rows = Vec::new();
    if let Some(target) = &report.target {
        rows.push(("profile", target.profile.clone()));
        rows.push(("context", target.context.clone()));
        rows.push(("server", target.server.clone()));
    }
    rows.push(("began", report.began.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()));
    rows.push(("took", seconds(report.took())));
    rows.push(("by", concat!("kubestock-install ", env!("CARGO_PKG_VERSION")).to_owned()));
    let row = |(name, value): &(&str, String)| format!("<dt>{name}</dt><dd>{}</dd>\n", escaped(value));
    format!("<dl>\n{}</dl>\n", rows.iter().map(row).collect::<String>())
}

fn error(report: &Report) -> String {
    let Some(finished) = &report.finished else { return String::new() };
    let paragraph = |label: &str, text: &Option<String>| match text {
        Some(text) => format!("<p class=\"told\"><b>{label}:</b> {}</p>\n", escaped(text.trim_end())),
        None => String::new(),
    };
    paragraph("error", &finished.error) + &paragraph("hint", &finished.hint)
}

fn layers(report: &Report) -> String {
    if !report.has_worked_on_layers() {
        return String::new();
    }
    let row = |layer: &Layer| {
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"number\">{}</td><td>{}</td>\
             <td class=\"number\">{}</td><td class=\"number\">{}</td></tr>\n",
            escaped(&layer.name),
            badge(layer.outcome.name()),
            layer.objects,
            said(layer.counts),
            layer.workloads,
            layer.took.map(seconds).unwrap_or_default(),
        )
    };
    let rows = report.layers.iter().map(row).collect();
    section("Layers", &table(&["layer", "outcome", "objects", "of them", "workloads", "time"], rows))
}

fn checks(report: &Report) -> String {
    if report.checks.is_empty() {
        return String::new();
    }
    let row = |check: &CheckReport| {
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"seen\">{}</td></tr>\n",
            escaped(&check.name),
            badge(check.outcome()),
            escaped(&check.seen()),
        )
    };
    section("Checks", &table(&["check", "outcome", "seen"], report.checks.iter().map(row).collect()))
}

fn findings(report: &Report) -> String {
    let of_layers = report.layers.iter().flat_map(|layer| &layer.findings);
    let of_checks = report.checks.iter().flat_map(|check| &check.findings);
    let all: Vec<&Finding> = report.findings.iter().chain(of_layers).chain(of_checks).collect();
    if all.is_empty() {
        return String::new();
    }
    let row = |finding: &&Finding| {
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"seen\">{}<p class=\"hint\">{}</p></td></tr>\n",
            finding.code,
            badge(finding.severity.name()),
            escaped(&finding.to_string()),
            escaped(&finding.hint),
        )
    };
    section("Findings", &table(&["code", "severity", "seen, and what to do"], all.iter().map(row).collect()))
}

fn warnings(report: &Report) -> String {
    if report.warnings.is_empty() {
        return String::new();
    }
    let items: String =
        report.warnings.iter().map(|warning| format!("<li>{}</li>\n", escaped(warning))).collect();
    section("Warnings", &format!("<ul>\n{items}</ul>\n"))
}

fn section(title: &str, body: &str) -> String {
    format!("<h2>{title}</h2>\n{body}")
}

fn table(head: &[&str], rows: String) -> String {
    let head: String = head.iter().map(|name| format!("<th scope=\"col\">{name}</th>")).collect();
    format!(
        "<div class=\"wide\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n"
    )
}

/// The word says it; the colour only helps to find it.
fn badge(word: &str) -> String {
    let class = match word {
        "done" | "passed" => "good",
        "failed" | "error" => "bad",
        "interrupted" | "blocked" | "warning" => "attention",
        _ => "faint",
    };
    format!("<span class=\"{class}\">{word}</span>")
}
