//! What an installation would change, for people: pure, one string a line.

use crate::event::{PlannedCounts, PlannedOutcome};
use crate::object::{Diff, Hunk, ObjectId, Sign};

use super::ink::Ink;
use super::text::{logged, plain, wrap};

/// What stands before the lines of a diff.
const MARGIN: &str = "    ";

/// `+ ConfigMap/shop/web`: what would become of an object, by its sign. None of what would stay as it is, unless all
/// is asked for, and of what would be refused: the finding says it. `why` it stays, where no layer has it any more.
pub(super) fn signed(
    outcome: PlannedOutcome,
    object: &ObjectId,
    why: Option<&str>,
    all: bool,
    ink: &Ink,
) -> Option<String> {
    Some(match outcome {
        PlannedOutcome::Create => format!("{} {object}", ink.good("+")),
        PlannedOutcome::Change => format!("{} {object}", ink.attention("~")),
        PlannedOutcome::Prune => format!("{} {object} (no layer has it any more)", ink.bad("-")),
        PlannedOutcome::Keep => format!("  {object} stays, though no layer has it any more{}", because(why)),
        PlannedOutcome::None if all => ink.faint(&format!("  {object} stays as it is")),
        PlannedOutcome::None | PlannedOutcome::Refused => return None,
    })
}

/// `to create`: the same in words.
pub(super) fn said(
    outcome: PlannedOutcome,
    object: &ObjectId,
    why: Option<&str>,
    all: bool,
    ink: &Ink,
) -> Option<String> {
    Some(match outcome {
        PlannedOutcome::Create => format!("{} {object}", ink.good("to create")),
        PlannedOutcome::Change => format!("{} {object}", ink.attention("to change")),
        PlannedOutcome::Prune => format!("{} {object}", ink.bad("to prune")),
        PlannedOutcome::Keep => format!("to keep {object}, which no layer has any more{}", because(why)),
        PlannedOutcome::None if all => format!("unchanged {object}"),
        PlannedOutcome::None | PlannedOutcome::Refused => return None,
    })
}

fn because(why: Option<&str>) -> String {
    why.map(|why| format!(": {}", plain(why))).unwrap_or_default()
}

/// A diff, its lines whole, or broken where they would be wider than `width` columns.
pub(super) fn lines(outcome: PlannedOutcome, diff: &Diff, width: Option<usize>, ink: &Ink) -> Vec<String> {
    if outcome == PlannedOutcome::Change && diff.is_empty() {
        return vec![ink.faint(&format!("{MARGIN}nothing but who manages its fields"))];
    }
    diff.hunks.iter().flat_map(|hunk| of_hunk(hunk, width, ink)).collect()
}

fn of_hunk(hunk: &Hunk, width: Option<usize>, ink: &Ink) -> Vec<String> {
    let mut rows = Vec::new();
    // Where all is new, where it stands says nothing.
    if !hunk.before.is_empty() {
        rows.push(ink.busy(&format!("{MARGIN}{}", hunk.header())));
    }
    for line in &hunk.lines {
        let text = format!("{MARGIN}{}{}", line.sign(), logged(&line.text));
        let text = match width {
            Some(width) => wrap(&text, width, &format!("{MARGIN}{}  ", line.sign())),
            None => text,
        };
        rows.extend(text.lines().map(|row| match line.sign {
            Sign::Both => row.to_owned(),
            Sign::Before => ink.gone(row),
            Sign::After => ink.good(row),
        }));
    }
    rows
}

/// `3 to create, 1 to change, 102 unchanged`: only what there is.
pub(super) fn counted(counts: PlannedCounts) -> String {
    let parts = [
        (counts.create, "to create"),
        (counts.change, "to change"),
        (counts.none, "unchanged"),
        (counts.prune, "to prune"),
        (counts.keep, "kept"),
        (counts.refused, "refused"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = parts.map(|(number, what)| format!("{number} {what}")).collect();
    if parts.is_empty() { "nothing to change".to_owned() } else { parts.join(", ") }
}
