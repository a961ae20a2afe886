//! A layer of many workloads, each of which says something of itself.
//!
//! Whoever includes this file has `event` and `object` at its root.

use std::time::Duration;

use crate::event::{ApplyOutcome, Ending, Event, Finished, Step, WorkloadState};
use crate::object::{GroupKind, ObjectId};

/// The facts of such a run: it takes half a minute, and the last of the workloads is the slowest.
pub(crate) fn crowd(workloads: usize, saying: &str) -> Vec<(Duration, Event)> {
    let step = Step::Layer("shop".to_owned());
    let layer = || "shop".to_owned();
    let mut facts = Vec::new();
    let mut say = |at: f64, event| facts.push((Duration::from_secs_f64(at), event));
    say(0.0, Event::StepStarted { step: step.clone() });
    say(0.1, Event::WaveStarted { layer: layer(), wave: "workloads", objects: workloads });
    for n in 0..workloads {
        let (object, outcome, message) = (deployment(n), ApplyOutcome::Created, None);
        let share = n as f64 / workloads as f64;
        say(0.1 + 3.9 * share, Event::ObjectApplied { layer: layer(), object, outcome, message });
    }
    let mut workload = |at: f64, n: usize, state, reason: Option<&str>| {
        let (object, reason) = (deployment(n), reason.map(str::to_owned));
        let (ready, wanted, finding) = (0, 1, None);
        say(at, Event::Workload { layer: layer(), object, state, ready, wanted, reason, finding });
    };
    for n in 0..workloads {
        workload(4.0, n, WorkloadState::InProgress, Some(saying));
    }
    for n in 0..workloads - 1 {
        workload(5.0 + 20.0 * n as f64 / workloads as f64, n, WorkloadState::Ready, None);
    }
    workload(25.0, workloads - 1, WorkloadState::Suspect, Some(saying));
    workload(30.0, workloads - 1, WorkloadState::Ready, None);
    let elapsed = Duration::from_secs(30);
    say(30.0, Event::StepFinished { step, elapsed });
    say(
        30.0,
        Event::Finished(Finished {
            outcome: Ending::Failed,
            exit_code: 8,
            created: workloads,
            changed: 0,
            unchanged: 0,
            failed: 0,
            removed: 0,
            elapsed,
            error: Some(saying.to_owned()),
            hint: Some(saying.to_owned()),
            next: Vec::new(),
        }),
    );
    facts
}

fn deployment(n: usize) -> ObjectId {
    let group_kind = GroupKind { group: "apps".to_owned(), kind: "Deployment".to_owned() };
    ObjectId { group_kind, namespace: Some("shop".to_owned()), name: format!("service-{n:04}") }
}
