use std::slice;
use std::time::Duration;

use crate::event::{ApplyOutcome, Event, Step, WorkloadState};
use crate::object::{GroupKind, ObjectId};
use crate::ui::progress::{Applied, Progress};
use crate::ui::words::stands;

use ApplyOutcome::{Changed, Created, Failed, Unchanged};
use WorkloadState::{InProgress, Ready, Suspect};

fn object(name: &str) -> ObjectId {
    let group_kind = GroupKind { group: "apps".to_owned(), kind: "Deployment".to_owned() };
    ObjectId { group_kind, namespace: Some("shop".to_owned()), name: name.to_owned() }
}

fn layer() -> Step {
    Step::Layer("base".to_owned())
}

fn applied(name: &str, outcome: ApplyOutcome) -> Event {
    Event::ObjectApplied { layer: "base".to_owned(), object: object(name), outcome, message: None }
}

fn workload(name: &str, state: WorkloadState, (ready, wanted): (u32, u32), reason: &str) -> Event {
    let reason = (!reason.is_empty()).then(|| reason.to_owned());
    Event::Workload {
        layer: "base".to_owned(),
        object: object(name),
        state,
        ready,
        wanted,
        reason,
        finding: None,
    }
}

fn folded(events: &[Event]) -> Progress {
    let mut progress = Progress::default();
    progress.fold(&Event::StepStarted { step: layer() }, Duration::ZERO);
    for event in events {
        progress.fold(event, Duration::from_secs(1));
    }
    progress
}

#[test]
fn what_a_layer_stands_at_follows_from_its_facts() {
    let refused = |name| {
        let reason = "webhook not up".to_owned();
        Event::ApplyRetried { layer: "base".to_owned(), object: object(name), reason }
    };
    let (layer_name, webhook) = ("base".to_owned(), "rev.istio.io".to_owned());
    let awaited = Event::WebhookAwaited { layer: layer_name.clone(), webhook: webhook.clone() };
    let answered = Event::WebhookAnswered { layer: layer_name, webhook };
    let lease = Event::LeaseAwaited { holder: "ci-7".to_owned() };
    let wave = Event::WaveStarted { layer: "base".to_owned(), wave: "crds", objects: 2 };
    let table: &[(&[Event], &str)] = &[
        (&[], ""),
        (&[applied("a", Created)], ""),
        (&[refused("a")], "trying Deployment/shop/a again: webhook not up"),
        (&[refused("a"), applied("a", Created)], ""),
        (slice::from_ref(&awaited), "webhook rev.istio.io does not answer yet"),
        (&[awaited.clone(), awaited.clone(), answered], ""),
        (slice::from_ref(&lease), "another run holds the lease: ci-7"),
        (&[lease.clone(), wave], ""),
        // The slowest: a trouble before patience, then the fewest pods, then who waits longest.
        (
            &[workload("a", InProgress, (0, 1), ""), workload("b", InProgress, (0, 1), "")],
            "0 of 2 ready, a: 0 of 1 pods ready",
        ),
        (
            &[workload("a", InProgress, (1, 2), ""), workload("b", InProgress, (1, 3), "")],
            "0 of 2 ready, b: 1 of 3 pods ready",
        ),
        (
            &[workload("a", InProgress, (0, 1), ""), workload("b", Suspect, (1, 2), "crashes")],
            "0 of 2 ready, b: crashes",
        ),
        (
            &[
                workload("a", Suspect, (0, 1), "crashes"),
                workload("b", WorkloadState::Failed, (0, 1), "no such image"),
            ],
            "0 of 2 ready, b: no such image",
        ),
        (&[workload("a", Suspect, (0, 1), "crashes"), workload("a", Ready, (1, 1), "")], "1 of 1 ready"),
    ];
    for (events, stand) in table {
        assert_eq!(stands(&layer(), &folded(events), Duration::from_secs(2)), *stand, "{events:#?}");
    }
}

#[test]
fn objects_are_counted_by_what_became_of_them() {
    let outcomes = [Created, Created, Changed, Unchanged, Failed].map(|outcome| applied("a", outcome));
    assert_eq!(folded(&outcomes).applied(), Applied { created: 2, changed: 1, unchanged: 1, failed: 1 });
}

#[test]
fn a_step_runs_from_its_start_to_its_end() {
    let progress = folded(&[
        Event::StepStarted { step: Step::Verify },
        Event::StepFinished { step: layer(), elapsed: Duration::from_secs(3) },
    ]);
    let running: Vec<&Step> = progress.running().map(|running| &running.step).collect();
    assert_eq!(running, [&Step::Verify]);
}

#[test]
fn a_rate_looks_back_a_few_seconds_and_no_farther() {
    let mut progress = Progress::default();
    let total_bytes = Some(100_000_000);
    for second in 0..=20 {
        // Slow at first, then 4 MB a second.
        let received_bytes =
            if second <= 10 { second * 100_000 } else { 1_000_000 + (second - 10) * 4_000_000 };
        progress.fold(&Event::DownloadProgress { received_bytes, total_bytes }, Duration::from_secs(second));
    }
    let (download, now) = (progress.download.unwrap(), Duration::from_secs(20));
    assert_eq!(download.rate(now), Some(4_000_000.0));
    assert_eq!(download.time_left(now), Some(Duration::from_secs_f64(59.0 / 4.0)));
    // A stall shows: the rate falls while nothing arrives.
    assert!(download.rate(Duration::from_secs(40)).unwrap() < 1_000_000.0);
}
