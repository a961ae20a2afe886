use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use crate::timeline::{Segment, Span, Timeline, What};

/// How many parts of a step have a row of their own, beside its waves.
const OF_A_STEP: usize = 20;

/// A row of the chart.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// A step, or what is part of none.
    Step(usize),
    Part(usize),
    /// Parts of a step for which there is no room: how many, from when to when.
    Rest {
        number: usize,
        began: Duration,
        ended: Duration,
    },
}

/// The steps, each with its parts: those on the critical path, and of the others those that took longest.
pub(super) fn rows(timeline: &Timeline, path: &[Segment]) -> Vec<Row> {
    let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, span) in timeline.spans.iter().enumerate() {
        if let Some(step) = step_of(timeline, span).filter(|_| !matches!(span.what, What::Apply { .. })) {
            parts.entry(step).or_default().push(place);
        }
    }
    let on_path: HashSet<usize> = path.iter().filter_map(|piece| piece.span).collect();
    let mut rows = Vec::new();
    for (place, _) in timeline.spans.iter().enumerate().filter(|(_, span)| span.parent.is_none()) {
        rows.push(Row::Step(place));
        rows.extend(of_step(timeline, &on_path, parts.remove(&place).unwrap_or_default()));
    }
    rows
}

/// The step that a part belongs to, through its wave where it has one.
fn step_of(timeline: &Timeline, span: &Span) -> Option<usize> {
    let parent = span.parent?;
    timeline.spans[parent].parent.or(Some(parent))
}

fn of_step(timeline: &Timeline, on_path: &HashSet<usize>, mut parts: Vec<usize>) -> Vec<Row> {
    let span = |place: &usize| &timeline.spans[*place];
    parts.sort_by_key(|place| {
        let is_wave = matches!(span(place).what, What::Wave { .. });
        (!is_wave, !on_path.contains(place), Reverse(span(place).took()))
    });
    let waves = parts.iter().take_while(|place| matches!(span(place).what, What::Wave { .. })).count();
    let rest = parts.split_off(parts.len().min(waves + OF_A_STEP));
    parts.sort_by_key(|place| (span(place).began, *place));
    let mut rows: Vec<Row> = parts.into_iter().map(Row::Part).collect();
    let began = rest.iter().map(|place| span(place).began).min();
    let ended = rest.iter().map(|place| span(place).ended).max();
    if let (Some(began), Some(ended)) = (began, ended) {
        rows.push(Row::Rest { number: rest.len(), began, ended });
    }
    rows
}
