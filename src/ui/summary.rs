//! How a run ended, for people.

use std::io::{self, Write};

use crate::event::{Ending, Finished, PlannedCounts};

use super::changes::counted;
use super::ink::Ink;
use super::progress::{Applied, Progress};
use super::text::{bytes, count, took};
use super::words::{changes, found, removed};

/// What to run next: a command a line.
pub(super) fn next(finished: &Finished, ink: &Ink) -> Vec<String> {
    let commands = finished.next.iter().map(|command| format!("  {command}"));
    let head = (!finished.next.is_empty()).then(|| ink.faint("next:"));
    head.into_iter().chain(commands).collect()
}

/// What is there now, in one sentence.
pub(super) fn headline(finished: &Finished, progress: &Progress, ink: &Ink) -> String {
    let sentence = sentence(finished, progress);
    match finished.outcome {
        Ending::Done => ink.strong(&sentence),
        Ending::Failed | Ending::Interrupted => ink.attention(&sentence),
    }
}

/// The same without an ink.
pub(super) fn sentence(finished: &Finished, progress: &Progress) -> String {
    let Finished { created, changed, unchanged, failed, .. } = *finished;
    let applied = Applied { created, changed, unchanged, failed };
    let elapsed = took(finished.elapsed);
    let mut done = changes(applied);
    if finished.removed > 0 {
        let separator = if done.is_empty() { "" } else { ", " };
        done = format!("{done}{separator}{} removed", finished.removed);
    }
    let where_to = match &progress.target {
        Some(target) => format!("{} on {}", target.profile, target.context),
        None => "the run".to_owned(),
    };
    if progress.is_planned && finished.outcome != Ending::Interrupted {
        let counts = progress.planned;
        return match counts.planned() {
            all if counts == (PlannedCounts { none: all, ..PlannedCounts::default() }) => {
                format!("nothing to change: {where_to} has all of {}, {elapsed}", count(all, "object"))
            }
            _ => format!("{where_to}: {}, {elapsed}", counted(counts)),
        };
    }
    if finished.outcome == Ending::Done && progress.only_checked() {
        let what = if progress.target.is_some() { where_to } else { "the layers".to_owned() };
        return format!("{what}: {}, {elapsed}", found(progress.found));
    }
    if finished.outcome == Ending::Done && progress.only_verified() {
        return format!("{where_to} is what was promised, {elapsed}");
    }
    if progress.removed_layers() {
        let (there, what) =
            (progress.target.as_ref().map_or("", |target| &target.context), removed(progress.removed()));
        return match finished.outcome {
            Ending::Done => format!("{there}: {what}, {elapsed}"),
            Ending::Failed => format!("uninstalling from {there} failed after {elapsed}: {what}"),
            Ending::Interrupted => {
                format!("uninstalling from {there} was interrupted after {elapsed}: {what}")
            }
        };
    }
    match finished.outcome {
        Ending::Done if progress.asked_status() => return format!("{where_to} is as it is to be, {elapsed}"),
        Ending::Failed if progress.asked_status() => {
            return format!("{where_to} is not as it is to be, {elapsed}");
        }
        _ => {}
    }
    if let (Ending::Done, Some((cluster, there))) = (finished.outcome, &progress.deleted) {
        return match there {
            true => format!("the kind cluster {cluster} is deleted, {elapsed}"),
            false => format!("nothing to delete: there is no kind cluster {cluster}, {elapsed}"),
        };
    }
    // Of those that have no cluster, one writes a bundle, and one fetches.
    if let (Ending::Done, Some(bundle)) = (finished.outcome, &progress.bundle) {
        return format!("{} is written, {}, {elapsed}", bundle.path, bytes(bundle.bytes));
    }
    if let (Ending::Done, None, Some(release)) = (finished.outcome, &progress.target, &progress.release) {
        return format!("istio {} is in the cache, {elapsed}", release.version);
    }
    if finished.outcome == Ending::Failed && progress.only_verified() {
        return format!("{where_to} is not proven to be what was promised, {elapsed}");
    }
    match finished.outcome {
        Ending::Done if created + changed + failed + finished.removed == 0 => {
            format!("nothing to change: {where_to} has all of {}, {elapsed}", count(unchanged, "object"))
        }
        Ending::Done => format!("{where_to} is up: {done}, {elapsed}"),
        Ending::Failed if done.is_empty() => {
            format!("{where_to} failed after {elapsed}: nothing was changed")
        }
        Ending::Failed => format!("{where_to} failed after {elapsed}: {done}"),
        Ending::Interrupted if done.is_empty() => {
            format!("{where_to} was interrupted after {elapsed}: nothing was changed")
        }
        Ending::Interrupted => format!("{where_to} was interrupted after {elapsed}: {done}"),
    }
}

/// The error and what to do about it, as cargo writes them.
///
/// # Errors
/// Where `err` cannot be written.
pub(super) fn write_error(finished: &Finished, ink: &Ink, err: &mut impl Write) -> io::Result<()> {
    if let Some(error) = &finished.error {
        writeln!(err, "{} {}", ink.bad("error:"), error.trim_end())?;
    }
    if let Some(hint) = &finished.hint {
        writeln!(err, "{} {}", ink.strong("hint:"), hint.trim_end())?;
    }
    err.flush()
}
