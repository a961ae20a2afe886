//! JUnit XML, in the form that Jenkins and GitLab read.

use std::time::Duration;

use super::layer::{Layer, Outcome, said};
use super::markup::escaped;
use super::{CheckReport, Report};
use crate::event::{CheckOutcome, Ending, Step};
use crate::finding::{Finding, Severity};

/// A suite for what was found before, one for the layers and one for the checks. What a run could not come to counts
/// as skipped.
pub(super) fn junit(report: &Report) -> String {
    let layers = match report.has_worked_on_layers() {
        true => report.layers.iter().map(|layer| of_layer(layer, report)).collect(),
        false => Vec::new(),
    };
    let layers_took = layers.iter().filter_map(|case: &Case| case.took).sum();
    let mut suites = vec![
        Suite {
            name: "kubestock-install check",
            took: report.took_for(&Step::Check),
            cases: report.findings.iter().map(of_finding).collect(),
        },
        Suite { name: "kubestock-install layers", took: Some(layers_took), cases: layers },
        Suite {
            name: "kubestock-install verify",
            took: report.took_for(&Step::Verify),
            cases: report.checks.iter().map(of_check).collect(),
        },
    ];
    suites.retain(|suite| !suite.cases.is_empty());
    // A CI system takes a file without a failure for a run that went well, and one without a case for a mistake.
    let ended_well = report.finished.as_ref().is_some_and(|finished| finished.outcome == Ending::Done);
    let tells_why = suites.iter().any(|suite| suite.number(is_failure) > 0);
    if suites.is_empty() || (!ended_well && !tells_why) {
        let (took, case) = (Some(report.took()), of_run(report, ended_well));
        suites.push(Suite { name: "kubestock-install", took, cases: vec![case] });
    }
    let suites: String = suites.iter().map(Suite::xml).collect();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n{suites}</testsuites>\n")
}

struct Suite {
    name: &'static str,
    /// None where it did not end well.
    took: Option<Duration>,
    cases: Vec<Case>,
}

struct Case {
    class: String,
    name: String,
    took: Option<Duration>,
    outcome: Told,
}

enum Told {
    Passed(String),
    Failed {
        message: String,
        details: String,
    },
    /// It is not what was tested that is wrong.
    Error {
        message: String,
        details: String,
    },
    Skipped(String),
}

fn is_failure(told: &Told) -> bool {
    matches!(told, Told::Failed { .. } | Told::Error { .. })
}

impl Suite {
    fn number(&self, is: fn(&Told) -> bool) -> usize {
        self.cases.iter().filter(|case| is(&case.outcome)).count()
    }

    fn xml(&self) -> String {
        let cases: String = self.cases.iter().map(Case::xml).collect();
        format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"{}>\n\
             {cases}  </testsuite>\n",
            self.name,
            self.cases.len(),
            self.number(|told| matches!(told, Told::Failed { .. })),
            self.number(|told| matches!(told, Told::Error { .. })),
            self.number(|told| matches!(told, Told::Skipped(_))),
            time(self.took),
        )
    }
}

impl Case {
    fn xml(&self) -> String {
        let (class, name) = (escaped(&self.class), escaped(&self.name));
        let time = time(self.took);
        let told = match &self.outcome {
            Told::Passed(seen) if seen.is_empty() => String::new(),
            Told::Passed(seen) => format!("      <system-out>{}</system-out>\n", escaped(seen)),
            Told::Failed { message, details } => {
                format!("      <failure message=\"{}\">{}</failure>\n", escaped(message), escaped(details))
            }
            Told::Error { message, details } => {
                format!("      <error message=\"{}\">{}</error>\n", escaped(message), escaped(details))
            }
            Told::Skipped(why) => format!("      <skipped message=\"{}\"/>\n", escaped(why)),
        };
        format!("    <testcase classname=\"{class}\" name=\"{name}\"{time}>\n{told}    </testcase>\n")
    }
}

fn time(took: Option<Duration>) -> String {
    took.map(|took| format!(" time=\"{:.3}\"", took.as_secs_f64())).unwrap_or_default()
}

fn of_finding(finding: &Finding) -> Case {
    let name = match &finding.object {
        Some(object) => object.to_string(),
        None => finding.seen.clone(),
    };
    let details = told([finding]);
    let outcome = match finding.severity {
        Severity::Error => Told::Failed { message: finding.seen.clone(), details },
        Severity::Warning => Told::Passed(details),
    };
    Case { class: finding.code.to_string(), name, took: None, outcome }
}

fn of_layer(layer: &Layer, report: &Report) -> Case {
    let outcome = match layer.outcome {
        Outcome::NotBegun => Told::Skipped("the run did not come to it".to_owned()),
        Outcome::Interrupted => Told::Skipped("the run was interrupted".to_owned()),
        Outcome::Done | Outcome::Begun => Told::Passed(said(layer.counts) + &told(&layer.findings)),
        Outcome::Failed => Told::Failed { message: error(report), details: told(&layer.findings) },
    };
    Case { class: "layer".to_owned(), name: layer.name.clone(), took: layer.took, outcome }
}

fn of_check(check: &CheckReport) -> Case {
    let outcome = match check.outcome {
        CheckOutcome::Passed => Told::Passed(check.seen() + &told(&check.findings)),
        CheckOutcome::Failed => Told::Failed { message: check.seen.clone(), details: told(&check.findings) },
        CheckOutcome::Blocked { .. } => Told::Skipped(check.seen()),
    };
    Case { class: "mesh".to_owned(), name: check.name.clone(), took: None, outcome }
}

fn of_run(report: &Report, ended_well: bool) -> Case {
    let outcome = match ended_well {
        true => Told::Passed(String::new()),
        false => {
            let hint = report.finished.as_ref().and_then(|finished| finished.hint.as_deref());
            let details = hint.map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            Told::Error { message: error(report), details }
        }
    };
    Case { class: "run".to_owned(), name: report.subject(), took: None, outcome }
}

fn error(report: &Report) -> String {
    let error = report.finished.as_ref().and_then(|finished| finished.error.clone());
    error.unwrap_or_else(|| "the run did not end".to_owned())
}

fn told<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> String {
    let line = |finding: &Finding| format!("\n{}: {finding}\n    hint: {}", finding.label(), finding.hint);
    findings.into_iter().map(line).collect()
}
