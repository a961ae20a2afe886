use crate::finding::{Finding, Severity};
use crate::profile::Check;

/// How a check ended, and what it goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub check: Check,
    pub outcome: Outcome,
    /// The evidence in a line: what is as it should be, or the first of what is not.
    pub seen: String,
    /// What is wrong, the weightiest first. Warnings alone do not fail a check.
    pub findings: Vec<Finding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Failed,
    /// It could not be asked, or not in full, because of what this check has found.
    Blocked(Check),
}

/// What a check has come to so far.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    findings: Vec<Finding>,
    /// What could not be asked, and because of which check.
    blocked: Option<(Check, String)>,
    evidence: Vec<String>,
}

impl Verdict {
    pub(super) fn find(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
    }

    /// What is as it should be, in a few words.
    pub(super) fn attest(&mut self, evidence: impl Into<String>) {
        self.evidence.push(evidence.into());
    }

    /// Of several, the first is told.
    pub(super) fn block(&mut self, by: Check, what: impl Into<String>) {
        self.blocked.get_or_insert_with(|| (by, what.into()));
    }

    pub(super) fn report(mut self, check: Check) -> Report {
        crate::finding::sort(&mut self.findings);
        let mut errors = self.findings.iter().filter(|finding| finding.severity == Severity::Error);
        let (outcome, seen) = match (errors.next(), self.blocked) {
            (Some(first), _) => (Outcome::Failed, and_more(first.to_string(), errors.count())),
            (None, Some((by, what))) => (Outcome::Blocked(by), what),
            (None, None) => (Outcome::Passed, self.evidence.join("; ")),
        };
        Report { check, outcome, seen, findings: self.findings }
    }
}

/// `1 pod`, `6 pods`.
pub(super) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn and_more(first: String, more: usize) -> String {
    if more == 0 { first } else { format!("{first}; and {more} more") }
}
