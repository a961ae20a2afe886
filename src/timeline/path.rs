use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use super::span::{Cause, Span, What};

/// A piece of the critical path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    pub began: Duration,
    pub ended: Duration,
    pub cause: Cause,
    /// What was waited for, as its place in the list of spans. None where no fact accounts for the time.
    pub span: Option<usize>,
    /// The step that it was in.
    pub step: Option<usize>,
}

impl Segment {
    pub fn took(&self) -> Duration {
        self.ended.saturating_sub(self.began)
    }
}

/// The chain of waits that the whole is made of. It is found from the end: whatever ended last was waited for,
/// from when it began; before that, whatever had ended last by then; and so on to the start. What lies between is
/// the installer's own.
pub fn critical_path(spans: &[Span], length: Duration) -> Vec<Segment> {
    // What ends together was waited for together: then what is to blame comes first, and what took longest.
    let mut waits: Vec<(usize, Cause)> = Vec::new();
    for (place, span) in spans.iter().enumerate() {
        waits.extend(span.cause().filter(|_| !span.took().is_zero()).map(|cause| (place, cause)));
    }
    waits.sort_by_key(|(place, _)| {
        let span = &spans[*place];
        (span.ended, span.outcome, Reverse(span.began), Reverse(*place))
    });
    let mut path = Vec::new();
    let mut at = length;
    while let Some((place, cause)) = waits.pop() {
        let Span { began, ended, .. } = spans[place];
        if ended > at {
            continue;
        }
        path.extend(own(spans, ended, at).into_iter().rev());
        path.push(Segment { began, ended, cause, span: Some(place), step: step_of(spans, place) });
        at = began;
    }
    path.extend(own(spans, Duration::ZERO, at).into_iter().rev());
    path.reverse();
    path
}

/// How much of a path was spent on what; nothing that was spent on nothing.
pub fn shares(path: &[Segment]) -> BTreeMap<Cause, Duration> {
    let mut shares = BTreeMap::new();
    for segment in path {
        *shares.entry(segment.cause).or_default() += segment.took();
    }
    shares
}

/// Time that no fact accounts for, a segment for each step.
fn own(spans: &[Span], from: Duration, to: Duration) -> Vec<Segment> {
    let steps = || spans.iter().enumerate().filter(|(_, span)| matches!(span.what, What::Step(_)));
    let mut cuts: Vec<Duration> = steps().flat_map(|(_, step)| [step.began, step.ended]).collect();
    cuts.retain(|cut| (from..to).contains(cut));
    cuts.extend([from, to]);
    cuts.sort();
    cuts.dedup();
    let segment = |cut: &[Duration]| {
        let (began, ended) = (cut[0], cut[1]);
        let around = steps().filter(|(_, step)| step.began <= began && ended <= step.ended);
        let step = around.max_by_key(|(_, step)| step.began).map(|(place, _)| place);
        Segment { began, ended, cause: Cause::Installer, span: None, step }
    };
    cuts.windows(2).map(segment).collect()
}

/// The step that a span is, or is part of.
fn step_of(spans: &[Span], place: usize) -> Option<usize> {
    let mut at = Some(place);
    while let Some(place) = at {
        if matches!(spans[place].what, What::Step(_)) {
            return at;
        }
        at = spans[place].parent;
    }
    None
}
