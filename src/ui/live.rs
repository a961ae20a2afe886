//! What stands beneath the finished steps while a run goes on: pure, one string a row.

use std::time::Duration;

use console::measure_text_width;

use crate::event::Step;

use super::ink::Ink;
use super::progress::{Layer, Progress, StepProgress, Workload};
use super::text::{fit, plain, since};
use super::words::{self, downloaded, name, reason, slowest};

/// No more rows than these tell of troubles; the others are counted.
const TROUBLES: usize = 4;
/// Below this many columns, a workload's reason gets a row of its own.
const NARROW: usize = 60;

/// The rows that show what runs, none wider than `width` columns.
pub(super) fn rows(progress: &Progress, at: Duration, width: usize, ink: &Ink) -> Vec<String> {
    let mut rows = Vec::new();
    for running in progress.running() {
        rows.push(step_row(running, progress, at, ink));
        // Who waits for the Lease does nothing else.
        if progress.lease_holder.is_some() {
            continue;
        }
        rows.extend(detail_rows(&running.step, progress, at, width, ink));
    }
    if let Some(holder) = &progress.lease_holder {
        rows.push(ink.attention(&format!("  {}", words::lease(holder))));
    }
    if let Some(signal) = progress.signal {
        rows.push(ink.attention(&format!("  {signal}: ending at the next safe point")));
    }
    rows.iter().map(|row| fit(row, width, ink.marks.ellipsis)).collect()
}

/// `⠹ istio     gateways  12s`
fn step_row(running: &StepProgress, progress: &Progress, at: Duration, ink: &Ink) -> String {
    let frames = ink.marks.spinner;
    let spinner = frames[(at.as_millis() / 100) as usize % frames.len()];
    let doing = doing(&running.step, progress);
    let gap = if doing.is_empty() { "" } else { "  " };
    let spent = since(at.saturating_sub(running.began));
    format!("{} {:<8} {doing}{gap}{}", ink.busy(spinner), name(&running.step), ink.faint(&spent))
}

fn doing(step: &Step, progress: &Progress) -> String {
    match step {
        Step::Layer(name) => match progress.layer(name) {
            Some(layer) if !layer.is_applied() => layer.wave.unwrap_or_default().to_owned(),
            _ => String::new(),
        },
        Step::Plan => words::rehearsed(progress),
        Step::Cluster(name) | Step::Delete(name) => format!("kind cluster {name}"),
        Step::Connect
        | Step::Load
        | Step::Fetch
        | Step::Render
        | Step::Check
        | Step::Bundle
        | Step::Rollout
        | Step::Prune
        | Step::Removal(_)
        | Step::Verify
        | Step::Status => String::new(),
    }
}

fn detail_rows(step: &Step, progress: &Progress, at: Duration, width: usize, ink: &Ink) -> Vec<String> {
    let mut rows = Vec::new();
    match step {
        Step::Fetch => rows.extend(download_rows(progress, at, width, ink)),
        Step::Layer(name) => {
            if let Some(layer) = progress.layer(name) {
                rows.extend(apply_rows(layer, width, ink));
            }
            rows.extend(workload_rows(step, progress, width, ink));
        }
        Step::Rollout => rows.extend(workload_rows(step, progress, width, ink)),
        Step::Removal(name) => {
            rows.extend(progress.layer(name).map(|layer| removal_row(layer, width, ink)));
            rows.extend(held_rows(progress, ink));
        }
        Step::Prune => rows.extend(held_rows(progress, ink)),
        Step::Connect
        | Step::Cluster(_)
        | Step::Load
        | Step::Delete(_)
        | Step::Render
        | Step::Check
        | Step::Plan
        | Step::Bundle
        | Step::Verify
        | Step::Status => {}
    }
    rows
}

fn download_rows(progress: &Progress, at: Duration, width: usize, ink: &Ink) -> Vec<String> {
    // Once the release is proven, the bar has nothing more to tell.
    let Some(download) = progress.download.as_ref().filter(|_| progress.release.is_none()) else {
        return Vec::new();
    };
    let separator = format!(" {} ", ink.marks.dot);
    let told = downloaded(download, at, &separator);
    let bar =
        download.total.map(|total| bar(download.received, total, width, measure_text_width(&told), ink));
    let mut rows = vec![format!("  {}{told}", bar.unwrap_or_default())];
    rows.extend(download.retry.as_ref().map(|reason| ink.attention(&format!("  again: {}", plain(reason)))));
    rows
}

fn apply_rows(layer: &Layer, width: usize, ink: &Ink) -> Vec<String> {
    let mut rows = Vec::new();
    let applied = layer.applied.total();
    if !layer.is_applied() {
        let told = format!("{applied}/{} applied", layer.objects);
        let bar = bar(applied as u64, layer.objects as u64, width, told.len(), ink);
        rows.push(format!("  {bar}{told}"));
    }
    if let Some(webhook) = layer.webhooks.first() {
        rows.push(ink.faint(&format!("  {}", words::webhook_awaited(webhook))));
    }
    if let Some((object, reason)) = layer.refused.first() {
        rows.push(ink.faint(&format!("  {}", words::refused(object, reason))));
    }
    rows
}

fn removal_row(layer: &Layer, width: usize, ink: &Ink) -> String {
    let done = layer.removed.removed + layer.removed.kept;
    let total = layer.objects.max(done);
    let told = format!("{done}/{total} gone");
    format!("  {}{told}", bar(done as u64, total as u64, width, told.len(), ink))
}

/// What does not go by itself, and why.
fn held_rows(progress: &Progress, ink: &Ink) -> Vec<String> {
    let row = |(object, reason)| ink.attention(&format!("  {}", words::removal_awaited(object, reason)));
    progress.held.iter().take(TROUBLES).map(|(object, reason)| row((object, reason))).collect()
}

/// `2/6 ready · ms-product: pulling image …`, and beneath it each reason that needs eyes.
fn workload_rows(step: &Step, progress: &Progress, width: usize, ink: &Ink) -> Vec<String> {
    let awaited = progress.awaited(step);
    if awaited.wanted == 0 || (awaited.waiting.is_empty() && awaited.ready == 0) {
        return Vec::new();
    }
    let (troubles, patient): (Vec<&Workload>, Vec<&Workload>) =
        awaited.waiting.iter().partition(|workload| workload.is_suspect());
    let told = format!("{}/{} ready", awaited.ready, awaited.wanted);
    let bar = bar(awaited.ready as u64, awaited.wanted as u64, width, told.len(), ink);
    let mut rows = vec![format!("  {bar}{told}")];
    match patient.first() {
        Some(workload) if width < NARROW => rows.push(ink.faint(&format!("  {}", slowest(workload)))),
        Some(workload) => rows[0] += &ink.faint(&format!(" {} {}", ink.marks.dot, slowest(workload))),
        None => {}
    }
    for workload in troubles.iter().take(TROUBLES) {
        let line = format!("  {} {}: {}", ink.marks.attention, workload.object.name, reason(workload));
        rows.push(ink.attention(&line));
    }
    if let Some(finding) = troubles.first().and_then(|workload| workload.finding.as_ref()) {
        rows.push(ink.faint(&format!("    hint: {}", plain(&finding.hint))));
    }
    if let Some(more @ 1..) = troubles.len().checked_sub(TROUBLES) {
        rows.push(ink.attention(&format!("  {} and {more} more", ink.marks.attention)));
    }
    rows
}

/// A bar and the gap behind it: a quarter of the width, less where the words need the room, and none where
/// nothing could be seen on it.
fn bar(done: u64, total: u64, width: usize, words: usize, ink: &Ink) -> String {
    let length = (width / 4).min(24).min(width.saturating_sub(words + 4));
    if length < 4 {
        return String::new();
    }
    let filled = (done.min(total) as usize * length).checked_div(total as usize).unwrap_or(0);
    let (full, rest) = (ink.marks.filled.repeat(filled), ink.marks.empty.repeat(length - filled));
    format!("{}{}  ", ink.busy(&full), ink.faint(&rest))
}
