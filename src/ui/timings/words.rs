use std::time::Duration;

use crate::event::{ApplyOutcome, Step};
use crate::timeline::{Cause, Outcome, Segment, Span, Timeline, What};
use crate::ui::text::{bytes, count, took};
use crate::ui::words::name;

/// `12.3s`
pub(super) fn amount(time: Duration) -> String {
    took(time)
}

/// `31.0 %`
pub(super) fn share(part: Duration, whole: Duration) -> String {
    let percent = 100.0 * part.as_secs_f64() / whole.as_secs_f64().max(f64::MIN_POSITIVE);
    format!("{percent:.1} %")
}

/// What is waited for, and the name of its pattern in the style.
pub(super) fn cause(cause: Cause) -> (&'static str, &'static str) {
    match cause {
        Cause::Installer => ("own", "kubestock-install itself"),
        Cause::Download => ("download", "download of the release"),
        Cause::Machine => ("machine", "kind and the container engine"),
        Cause::ApiServer => ("api", "API server: questions, and objects applied"),
        Cause::Objects => ("objects", "objects, until ready or gone"),
        Cause::Checks => ("checks", "checks on the mesh"),
        Cause::Lease => ("lease", "another run that held the Lease"),
    }
}

/// What a person calls a step.
pub(super) fn step(step: &Step) -> String {
    match step {
        Step::Layer(layer) => format!("layer {layer}"),
        Step::Removal(layer) => format!("removal of layer {layer}"),
        step => name(step).to_owned(),
    }
}

/// What a span is called in its step.
pub(super) fn title(span: &Span) -> String {
    match &span.what {
        What::Step(of) => step(of),
        What::Lease { .. } => "another run held the Lease".to_owned(),
        What::Download { bytes: received, .. } => format!("download, {}", bytes(*received)),
        What::Wave { name, applied, objects } if applied < objects => {
            format!("apply {name}: {applied} of {}", count(*objects, "object"))
        }
        What::Wave { name, objects, .. } => format!("apply {name}: {}", count(*objects, "object")),
        What::Apply { object, .. } => format!("apply {object}"),
        What::Refused { object } => format!("{object}, refused at first"),
        What::Established => "kinds of the definitions".to_owned(),
        What::Ready { object } => format!("{object} ready"),
        What::Webhook { name } => format!("webhook {name}"),
        What::Removal { object } => format!("{object} gone"),
    }
}

/// How it ended, where that is not well.
pub(super) fn ended(span: &Span) -> Option<&'static str> {
    match (span.outcome, &span.what) {
        (Outcome::Done, _) => None,
        (Outcome::Failed, _) => Some("failed"),
        (Outcome::Unfinished, What::Step(_)) => Some("not reached its end"),
        (Outcome::Unfinished, _) => Some("not over when the run ended"),
    }
}

pub(super) fn outcome(outcome: ApplyOutcome) -> &'static str {
    match outcome {
        ApplyOutcome::Created => "created",
        ApplyOutcome::Changed => "changed",
        ApplyOutcome::Unchanged => "unchanged",
        ApplyOutcome::Failed => "failed",
    }
}

/// What a piece of the critical path was: `layer istio: Deployment/istio-system/istiod ready`.
pub(super) fn segment(timeline: &Timeline, segment: &Segment) -> String {
    let in_step = segment.step.map(|place| title(&timeline.spans[place]));
    let Some(place) = segment.span else {
        return match in_step {
            Some(step) => format!("{step}: the installer’s own part"),
            None => "between two steps".to_owned(),
        };
    };
    let span = &timeline.spans[place];
    let what = match (&span.what, span.parent.map(|parent| &timeline.spans[parent])) {
        (What::Step(_), _) => return title(span),
        (What::Apply { object, .. }, Some(wave)) if matches!(wave.what, What::Wave { .. }) => {
            format!("{}, the last of them {object}", title(wave))
        }
        _ => title(span),
    };
    match in_step {
        Some(step) => format!("{step}: {what}"),
        None => what,
    }
}

/// What was told meanwhile, the longest first, with how long: `pulling image x (20.5s)`. Empty where nothing was.
pub(super) fn reasons(span: &Span, most: usize) -> String {
    // The checks of a step are told all at once.
    if let What::Step(_) = span.what {
        return span.told.iter().map(|told| told.text.as_str()).collect::<Vec<_>>().join("; ");
    }
    let reasons = span.reasons();
    let told = |(text, lasted): &(&str, Duration)| match *lasted {
        lasted if lasted < Duration::from_millis(50) => (*text).to_owned(),
        lasted => format!("{text} ({})", amount(lasted)),
    };
    let mut texts: Vec<String> = reasons.iter().take(most).map(told).collect();
    texts.extend((reasons.len() > most).then(|| format!("and {} more", reasons.len() - most)));
    if let What::Lease { holder } = &span.what {
        texts.push(format!("held by {holder}"));
    }
    if let What::Download { url, .. } = &span.what {
        texts.push(format!("from {url}"));
    }
    texts.join("; ")
}
