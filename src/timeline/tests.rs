use std::time::Duration;

use super::*;
use crate::event::{ApplyOutcome, Ending, RemovalOutcome, Step, WorkloadState};
use crate::object::ObjectId;

use WorkloadState::{Failed, InProgress, Ready, Suspect};

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn object(name: &str) -> ObjectId {
    ObjectId::core("Pod", Some("shop"), name)
}

fn span(what: What, began: f64, ended: f64) -> Span {
    let (parent, outcome, told) = (None, Outcome::Done, Vec::new());
    Span { what, parent, began: at(began), ended: at(ended), outcome, told }
}

fn wait(name: &str, began: f64, ended: f64) -> Span {
    span(What::Ready { object: object(name) }, began, ended)
}

fn apply(name: &str, began: f64, ended: f64) -> Span {
    let outcome = ApplyOutcome::Created;
    span(What::Apply { object: object(name), outcome }, began, ended)
}

fn layer(name: &str, began: f64, ended: f64) -> Span {
    span(What::Step(Step::Layer(name.to_owned())), began, ended)
}

/// `web 1-5, own 5-6`
fn words(spans: &[Span], path: &[Segment]) -> String {
    let word = |segment: &Segment| {
        let name = match segment.span.map(|place| &spans[place].what) {
            Some(What::Ready { object } | What::Removal { object }) => object.name.clone(),
            Some(What::Apply { object, .. }) => format!("apply {}", object.name),
            Some(What::Refused { object }) => format!("refused {}", object.name),
            Some(What::Step(step)) => format!("{step:?}").to_lowercase(),
            Some(What::Webhook { name }) => name.clone(),
            Some(What::Established) => "established".to_owned(),
            Some(What::Lease { .. }) => "lease".to_owned(),
            Some(What::Download { .. }) => "download".to_owned(),
            Some(What::Wave { .. }) | None => "own".to_owned(),
        };
        format!("{name} {}-{}", segment.began.as_secs_f64(), segment.ended.as_secs_f64())
    };
    path.iter().map(word).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_critical_path_is_what_was_waited_for_last_and_before_that_what_let_it_begin() {
    let failed = |name, began, ended| Span { outcome: Outcome::Failed, ..wait(name, began, ended) };
    let table: &[(&str, f64, Vec<Span>, &str)] = &[
        ("nothing is told", 3.0, vec![], "own 0-3"),
        ("a run without time", 0.0, vec![wait("a", 0.0, 0.0)], ""),
        ("one after the other", 5.0, vec![wait("a", 0.0, 2.0), wait("b", 2.0, 5.0)], "a 0-2, b 2-5"),
        (
            "gaps are our own",
            6.0,
            vec![wait("a", 1.0, 2.0), wait("b", 3.0, 5.0)],
            "own 0-1, a 1-2, own 2-3, b 3-5, own 5-6",
        ),
        (
            "the slowest of a wave",
            5.0,
            vec![wait("a", 1.0, 3.0), wait("b", 1.0, 5.0), wait("c", 1.0, 4.0)],
            "own 0-1, b 1-5",
        ),
        (
            "what went on beside a later layer hides it",
            9.0,
            vec![
                apply("kiali", 0.0, 1.0),
                wait("kiali", 1.0, 9.0),
                apply("web", 2.0, 3.0),
                wait("web", 3.0, 6.0),
            ],
            "apply kiali 0-1, kiali 1-9",
        ),
        (
            "what was over before is no part of it",
            6.0,
            vec![
                apply("kiali", 0.0, 1.0),
                wait("kiali", 1.0, 4.0),
                apply("web", 2.0, 3.0),
                wait("web", 3.0, 6.0),
            ],
            "apply kiali 0-1, own 1-2, apply web 2-3, web 3-6",
        ),
        (
            "of what ends together, what began first",
            5.0,
            vec![wait("a", 2.0, 5.0), wait("b", 1.0, 5.0)],
            "own 0-1, b 1-5",
        ),
        (
            "of what ends together, what has failed",
            5.0,
            vec![wait("a", 1.0, 5.0), failed("b", 2.0, 5.0)],
            "own 0-2, b 2-5",
        ),
        (
            "what goes past the end is not what it waited for",
            5.0,
            vec![wait("a", 1.0, 4.0), wait("b", 2.0, 9.0)],
            "own 0-1, a 1-4, own 4-5",
        ),
        (
            "gaps are split by steps",
            6.0,
            vec![layer("x", 1.0, 4.0), wait("a", 2.0, 3.0)],
            "own 0-1, own 1-2, a 2-3, own 3-4, own 4-6",
        ),
    ];
    for (name, length, spans, expected) in table {
        let path = critical_path(spans, at(*length));
        assert_eq!(words(spans, &path), *expected, "{name}");
        assert_eq!(shares(&path).values().sum::<Duration>(), at(*length), "{name}: it covers the run");
    }
}

#[test]
fn time_that_is_told_by_no_fact_is_of_the_step_around_it() {
    let spans = [layer("x", 1.0, 4.0), layer("y", 4.0, 6.0)];
    let steps: Vec<Option<usize>> = critical_path(&spans, at(7.0)).iter().map(|piece| piece.step).collect();
    assert_eq!(steps, [None, Some(0), Some(1), None]);
}

/// A run whose facts come at these times.
#[derive(Default)]
struct Facts(Vec<(Duration, Event)>);

impl Facts {
    fn say(mut self, seconds: f64, event: Event) -> Self {
        self.0.push((at(seconds), event));
        self
    }

    fn starts(self, seconds: f64, step: Step) -> Self {
        self.say(seconds, Event::StepStarted { step })
    }

    fn ends(self, seconds: f64, step: Step) -> Self {
        self.say(seconds, Event::StepFinished { step, elapsed: Duration::ZERO })
    }

    fn wave(self, seconds: f64, wave: &'static str, objects: usize) -> Self {
        self.say(seconds, Event::WaveStarted { layer: "x".to_owned(), wave, objects })
    }

    fn applied(self, seconds: f64, name: &str, outcome: ApplyOutcome) -> Self {
        let (layer, object) = ("x".to_owned(), object(name));
        self.say(seconds, Event::ObjectApplied { layer, object, outcome, message: None })
    }

    fn workload(self, seconds: f64, name: &str, state: WorkloadState, reason: &str) -> Self {
        let reason = (!reason.is_empty()).then(|| reason.to_owned());
        let (layer, object, ready, wanted, finding) = ("x".to_owned(), object(name), 0, 1, None);
        self.say(seconds, Event::Workload { layer, object, state, ready, wanted, reason, finding })
    }

    fn removed(self, seconds: f64, name: &str) -> Self {
        let (layer, object, outcome) = ("x".to_owned(), object(name), RemovalOutcome::Removed);
        self.say(seconds, Event::ObjectRemoved { layer, object, outcome, reason: None })
    }

    fn finished(self, seconds: f64, outcome: Ending) -> Timeline {
        let (exit_code, created, changed, unchanged, failed, removed) = (0, 0, 0, 0, 0, 0);
        let (elapsed, error, hint, next) = (at(seconds), None, None, Vec::new());
        let finished = Finished {
            outcome,
            exit_code,
            created,
            changed,
            unchanged,
            failed,
            removed,
            elapsed,
            error,
            hint,
            next,
        };
        Timeline::of(&self.say(seconds, Event::Finished(finished)).0)
    }
}

fn x() -> Step {
    Step::Layer("x".to_owned())
}

fn path(timeline: &Timeline) -> String {
    words(&timeline.spans, &timeline.critical_path())
}

fn ending(timeline: &Timeline, name: &str) -> (f64, f64, Outcome) {
    let is_it = |span: &&Span| span.what == What::Ready { object: object(name) };
    let span = timeline.spans.iter().find(is_it).unwrap();
    (span.began.as_secs_f64(), span.ended.as_secs_f64(), span.outcome)
}

#[test]
fn a_layer_is_its_waves_what_they_define_and_what_becomes_ready() {
    use ApplyOutcome::{Created, Failed};
    let timeline = Facts::default()
        .starts(0.0, x())
        .wave(1.0, "definitions", 2)
        .applied(1.5, "first", Created)
        .applied(2.0, "second", Created)
        .wave(3.0, "workloads", 3)
        .applied(3.5, "web", Created)
        .applied(4.0, "db", Created)
        .applied(4.5, "bad", Failed)
        .workload(4.6, "web", InProgress, "pulling image")
        .workload(4.6, "db", Ready, "")
        .workload(8.0, "web", Suspect, "probe fails")
        .workload(9.0, "web", InProgress, "pulling image")
        .workload(10.0, "web", Ready, "")
        .ends(10.0, x())
        .finished(10.0, Ending::Done);
    assert_eq!(path(&timeline), "own 0-1, apply second 1-2, established 2-3, apply web 3-3.5, web 3.5-10");
    assert_eq!(ending(&timeline, "web"), (3.5, 10.0, Outcome::Done));
    let web = timeline.spans.last().unwrap();
    assert_eq!(web.reasons(), [("pulling image", at(4.4)), ("probe fails", at(1.0))]);
    assert_eq!(web.troubles().collect::<Vec<_>>(), [(at(8.0), at(9.0))]);
    let waves: Vec<_> = timeline.spans.iter().filter(|span| matches!(span.what, What::Wave { .. })).collect();
    assert_eq!(waves[0].outcome, Outcome::Done);
    let of_workloads = What::Wave { name: "workloads", applied: 3, objects: 3 };
    assert_eq!((&waves[1].what, waves[1].outcome, waves[1].ended), (&of_workloads, Outcome::Failed, at(4.5)));
}

#[test]
fn what_is_refused_at_first_is_a_wait_of_its_own() {
    let (layer, webhook) = ("x".to_owned(), "hook".to_owned());
    let refused = |reason: &str| Event::ApplyRetried {
        layer: layer.clone(),
        object: object("web"),
        reason: reason.to_owned(),
    };
    let timeline = Facts::default()
        .starts(0.0, x())
        .say(0.0, Event::LeaseAwaited { holder: "ci".to_owned() })
        .wave(1.0, "workloads", 1)
        .say(2.0, refused("no answer"))
        .say(3.0, refused("still none"))
        .applied(5.0, "web", ApplyOutcome::Created)
        .say(5.0, Event::WebhookAwaited { layer: layer.clone(), webhook: webhook.clone() })
        .say(6.0, Event::WebhookAnswered { layer: layer.clone(), webhook })
        .ends(7.0, x())
        .finished(7.0, Ending::Done);
    assert_eq!(path(&timeline), "lease 0-1, apply web 1-2, refused web 2-5, hook 5-6, own 6-7");
}

#[test]
fn what_comes_after_the_last_byte_is_our_own() {
    let received = |received_bytes| Event::DownloadProgress { received_bytes, total_bytes: Some(9) };
    let sha256 = String::new();
    let ready = Event::ReleaseReady { version: "1.18.0".to_owned(), sha256, cached: false };
    let timeline = Facts::default()
        .starts(0.0, Step::Fetch)
        .say(1.0, Event::DownloadStarted { url: "https://one.test".to_owned(), total_bytes: None })
        .say(2.0, received(4))
        .say(2.5, Event::DownloadRetried { attempt: 2, reason: "reset".to_owned(), after: at(0.5) })
        .say(3.0, Event::DownloadStarted { url: "https://two.test".to_owned(), total_bytes: None })
        .say(5.0, received(9))
        .say(6.0, ready)
        .ends(6.5, Step::Fetch)
        .starts(6.5, Step::Render)
        .ends(8.0, Step::Render)
        .finished(8.0, Ending::Done);
    assert_eq!(path(&timeline), "own 0-1, download 1-5, own 5-6.5, render 6.5-8");
    assert_eq!(timeline.spans[1].what, What::Download { url: "https://two.test".to_owned(), bytes: 9 });
    assert_eq!(timeline.spans[1].reasons(), [("reset", at(2.5))]);
    let shares: Vec<_> = shares(&timeline.critical_path()).into_iter().collect();
    assert_eq!(shares, [(Cause::Installer, at(4.0)), (Cause::Download, at(4.0))]);
}

#[test]
fn what_goes_on_when_the_run_ends_is_told_as_unfinished() {
    let begun = || {
        let facts = Facts::default().starts(0.0, x()).wave(1.0, "workloads", 2);
        let facts =
            facts.applied(2.0, "web", ApplyOutcome::Created).applied(2.0, "db", ApplyOutcome::Created);
        facts.workload(2.0, "web", InProgress, "").workload(2.0, "db", InProgress, "")
    };
    let interrupted = begun().say(5.0, Event::Interrupted { signal: "SIGINT" });
    let timeline = interrupted.finished(6.0, Ending::Interrupted);
    assert_eq!(ending(&timeline, "web"), (2.0, 6.0, Outcome::Unfinished));
    assert_eq!(
        (timeline.spans[0].outcome, timeline.interrupted),
        (Outcome::Unfinished, Some((at(5.0), "SIGINT")))
    );
    assert_eq!(path(&timeline), "own 0-1, apply web 1-2, web 2-6");

    // When one has failed, the others are not waited for any more: it is to blame, and what follows is our own.
    let timeline = begun().workload(5.0, "db", Failed, "crashes").finished(6.0, Ending::Failed);
    assert_eq!(ending(&timeline, "db"), (2.0, 5.0, Outcome::Failed));
    assert_eq!(ending(&timeline, "web"), (2.0, 5.0, Outcome::Unfinished));
    assert_eq!(path(&timeline), "own 0-1, apply web 1-2, db 2-5, own 5-6");
}

#[test]
fn what_goes_was_waited_for_since_the_last_look_that_found_something_gone() {
    let removal = Step::Removal("x".to_owned());
    let held =
        Event::RemovalAwaited { layer: "x".to_owned(), object: object("db"), reason: "held".to_owned() };
    let timeline = Facts::default()
        .starts(1.0, removal.clone())
        .removed(2.0, "web")
        .removed(2.001, "api")
        .say(4.0, held)
        .removed(6.0, "db")
        .ends(6.0, removal)
        .finished(6.0, Ending::Done);
    assert_eq!(path(&timeline), "own 0-1, web 1-2, db 2-6");
    let api =
        timeline.spans.iter().find(|span| span.what == What::Removal { object: object("api") }).unwrap();
    assert_eq!((api.began, api.ended), (at(1.0), at(2.001)));
}
