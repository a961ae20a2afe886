//! What a situation is expected to come to, and whether it did.

use std::time::Duration;

use kubestock_install::finding::{Code, Finding};
use serde_json::Value;

/// A cause that is sure to be given up within this is waited for until it is.
pub(crate) const LONGEST: Duration = Duration::from_secs(200);

/// One situation, in a namespace of its own; `NS` stands for its name in all texts.
pub(crate) struct Situation {
    pub(crate) name: &'static str,
    pub(crate) objects: Vec<Value>,
    /// What is told: the object to mend, and a word of the hint.
    pub(crate) code: Code,
    pub(crate) object: &'static str,
    pub(crate) hint: &'static str,
    pub(crate) end: End,
}

pub(crate) enum End {
    /// It is given up: it cannot come right, or has had its time.
    Fails,
    /// It is told, and may last longer than a test waits.
    Lasts,
    /// It comes right once this is done, so many seconds after it was told; it must never be given up.
    Recovers(Vec<Remedy>),
    /// It was ready, is not for a moment, and comes right by itself: nothing need be told.
    Passes,
}

pub(crate) struct Remedy {
    pub(crate) after: u64,
    /// Arguments of kubectl.
    pub(crate) kubectl: Vec<String>,
    pub(crate) input: Option<Value>,
}

/// What was said at a moment since the watching began.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) at: Duration,
    pub(crate) findings: Vec<Finding>,
    pub(crate) failed: bool,
    pub(crate) all_ready: bool,
}

impl Situation {
    /// Whether this finding is the one that the situation is about.
    pub(crate) fn is_told_by(&self, finding: &Finding, namespace: &str) -> bool {
        let object = finding.object.as_ref().map(ToString::to_string);
        finding.code == self.code
            && object == Some(self.object.replace("NS", namespace))
            && finding.hint.contains(self.hint)
    }

    pub(crate) fn first_told(&self, told: &[Told], namespace: &str) -> Option<Duration> {
        let tells = |told: &&Told| told.findings.iter().any(|finding| self.is_told_by(finding, namespace));
        told.iter().find(tells).map(|told| told.at)
    }

    /// Whether nothing that is said later can change the judgement.
    pub(crate) fn is_over(&self, told: &[Told], namespace: &str) -> bool {
        let has_failed = told.iter().any(|told| told.failed);
        let is_told = self.first_told(told, namespace).is_some();
        match &self.end {
            End::Fails => has_failed,
            End::Lasts => is_told,
            End::Passes => has_failed || has_come_back(told),
            End::Recovers(_) => has_failed || (is_told && told.last().is_some_and(|last| last.all_ready)),
        }
    }

    /// What is not as it should be; None where all is.
    pub(crate) fn fault(&self, told: &[Told], namespace: &str) -> Option<String> {
        if matches!(self.end, End::Passes) {
            return (!has_come_back(told)).then(|| "did not go and come back".to_owned());
        }
        let Some(first) = self.first_told(told, namespace) else {
            let seen: Vec<String> = told.iter().flat_map(|told| &told.findings).map(words).collect();
            return Some(format!("never told; what was: {}", distinct(seen).join(" | ")));
        };
        let failed = told.iter().find(|told| told.failed);
        match (&self.end, failed) {
            (End::Fails, None) => Some(format!("told at {first:?}, and never given up")),
            (End::Fails, Some(failed)) => {
                let blamed = failed.findings.iter().any(|finding| self.is_told_by(finding, namespace));
                (!blamed).then(|| {
                    format!(
                        "given up for something else: {:?}",
                        failed.findings.iter().map(words).collect::<Vec<_>>()
                    )
                })
            }
            (End::Lasts, Some(failed)) => Some(format!("given up after {:?}", failed.at)),
            (End::Recovers(_), Some(failed)) => {
                Some(format!("given up after {:?}, and it would have come right", failed.at))
            }
            (End::Recovers(_), None) if !told.last().is_some_and(|last| last.all_ready) => {
                Some("did not come right".to_owned())
            }
            (End::Lasts | End::Recovers(_) | End::Passes, _) => None,
        }
    }
}

/// It was ready, then not, then ready again, and never given up.
fn has_come_back(told: &[Told]) -> bool {
    let mut phases: Vec<bool> = told.iter().map(|told| told.all_ready).skip_while(|ready| !ready).collect();
    phases.dedup();
    phases.len() >= 3 && !told.iter().any(|told| told.failed)
}

fn words(finding: &Finding) -> String {
    format!("{} {finding} (hint: {})", finding.label(), finding.hint)
}

fn distinct(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts.dedup();
    texts
}
