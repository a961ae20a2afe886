use super::*;
use crate::object::yaml::parse_documents;
use crate::readiness::essence;

/// Watches one object through its states.
#[derive(Default)]
struct Watched {
    waiting: Waiting,
}

impl Watched {
    /// What is said of the first object of this text, that many seconds after the beginning.
    fn at(&mut self, seconds: u64, text: &str) -> Assessment {
        let objects = parse_documents(text).unwrap().into_iter().map(|d| Object::new(d.value).unwrap());
        let objects: Vec<Object> = objects.map(essence).collect();
        let snapshot: Snapshot = objects.iter().cloned().collect();
        self.waiting.look(Duration::from_secs(seconds), &objects[0], &snapshot)
    }
}

fn pod(state: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nstatus: {{phase: Running, {state}}}")
}

/// A container that is down after a crash and waits for its next start.
fn down(restarts: u32) -> String {
    pod(&format!(
        "containerStatuses: [{{name: app, restartCount: {restarts}, state: {{waiting: {{reason: CrashLoopBackOff}}}}, lastState: {{terminated: {{exitCode: 1}}}}}}]"
    ))
}

/// A container that runs after a crash and is not ready yet.
fn up(restarts: u32) -> String {
    pod(&format!(
        "containerStatuses: [{{name: app, restartCount: {restarts}, state: {{running: {{}}}}, lastState: {{terminated: {{exitCode: 1}}}}}}]"
    ))
}

fn ready() -> String {
    pod("conditions: [{type: Ready, status: 'True'}]")
}

const STARTING: &str = "containerStatuses: [{name: app, state: {running: {}}}]";

#[test]
fn an_ordinary_restart_is_not_a_failure() {
    let mut watched = Watched::default();
    let states = [(0, pod(STARTING)), (4, down(0)), (5, up(1)), (9, down(1)), (19, up(2)), (300, up(2))];
    for (seconds, state) in states {
        assert!(!watched.at(seconds, &state).failed, "{seconds} s");
    }
    let assessment = watched.at(301, &ready());
    assert_eq!(
        (assessment.verdict.status, assessment.trouble, assessment.failed),
        (Status::Current, None, false)
    );
}

#[test]
fn a_crash_is_shown_at_once() {
    let finding = Watched::default().at(4, &down(1)).trouble.unwrap().finding;
    assert_eq!(
        (finding.code, finding.seen.as_str()),
        (Code::CrashLoop, "container app (1 restart): exited with 1")
    );
}

#[test]
fn a_crash_loop_is_a_failure_only_after_its_grace() {
    let mut watched = Watched::default();
    // Restarts at 0, 10, 30 and 70 s after the first crash, each run of 1 s.
    let states = [
        (0, down(0)),
        (1, up(1)),
        (2, down(1)),
        (12, up(2)),
        (13, down(2)),
        (33, up(3)),
        (34, down(3)),
        (60, down(3)),
        (74, up(4)),
        (75, down(4)),
        (89, down(4)),
    ];
    for (seconds, state) in states {
        assert!(!watched.at(seconds, &state).failed, "{seconds} s");
    }
    assert!(watched.at(90, &down(4)).failed);
}

#[test]
fn a_container_that_runs_again_is_given_its_time() {
    let mut watched = Watched::default();
    for seconds in (0..=80).step_by(20) {
        assert!(!watched.at(seconds, &down(3)).failed);
    }
    assert!(!watched.at(100, &up(4)).failed, "it may become ready");
    assert!(watched.at(105, &down(4)).failed, "it did not");
}

const REFUSED: &str = "
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-5d, namespace: staging, generation: 1}
status:
  observedGeneration: 1
  conditions: [{type: ReplicaFailure, status: 'True', reason: FailedCreate, message: 'pods \"web-5d-x\" is forbidden: exceeded quota: q, requested: limits.cpu=2, used: limits.cpu=8, limited: limits.cpu=8'}]
";

#[test]
fn a_quota_refusal_is_a_failure_soon() {
    let mut watched = Watched::default();
    assert!(!watched.at(0, REFUSED).failed);
    assert!(!watched.at(9, REFUSED).failed);
    let assessment = watched.at(10, REFUSED);
    assert!(assessment.failed);
    assert_eq!(assessment.trouble.unwrap().finding.code, Code::QuotaRefusesPods);
}

#[test]
fn a_quota_that_is_raised_meanwhile_gives_the_controller_time_to_try_again() {
    let raised = format!(
        "{REFUSED}---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: q, namespace: staging}}
status: {{hard: {{limits.cpu: '12'}}, used: {{limits.cpu: '8'}}}}"
    );
    let mut watched = Watched::default();
    assert!(!watched.at(0, REFUSED).failed);
    for seconds in (5..180).step_by(15) {
        assert!(!watched.at(seconds, &raised).failed, "{seconds} s");
    }
    assert!(watched.at(185, &raised).failed);
}

#[test]
fn a_change_gives_an_object_a_new_chance() {
    let mut watched = Watched::default();
    watched.at(0, REFUSED);
    let changed = REFUSED
        .replace("generation: 1", "generation: 2")
        .replace("observedGeneration: 1", "observedGeneration: 2");
    assert!(!watched.at(15, &changed).failed);
    assert!(watched.at(25, &changed).failed);
}

#[test]
fn a_trouble_that_goes_away_for_a_moment_goes_on_and_one_that_ends_is_forgotten() {
    let without = REFUSED.replace("ReplicaFailure", "Other");
    let mut watched = Watched::default();
    watched.at(0, REFUSED);
    watched.at(5, &without);
    assert!(watched.at(12, REFUSED).failed);

    let mut watched = Watched::default();
    watched.at(0, REFUSED);
    watched.at(5, &without);
    assert!(!watched.at(60, REFUSED).failed);
    assert!(watched.at(70, REFUSED).failed);
}

#[test]
fn a_job_that_failed_is_not_waited_for() {
    let failed = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate}
status: {conditions: [{type: Failed, status: 'True', reason: BackoffLimitExceeded}]}";
    let assessment = Watched::default().at(0, failed);
    assert!(assessment.failed);
    assert_eq!(assessment.trouble.unwrap().finding.seen, "BackoffLimitExceeded");
}

const LATE: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, uid: d}
status: {conditions: [{type: Progressing, status: 'False', reason: ProgressDeadlineExceeded}]}
";

#[test]
fn a_deadline_that_has_passed_is_a_failure_once_it_is_seen_to_stay() {
    let mut watched = Watched::default();
    let assessment = watched.at(0, LATE);
    assert_eq!((assessment.verdict.status, assessment.failed), (Status::Failed, false));
    assert!(watched.at(10, LATE).failed);
}

#[test]
fn a_deadline_of_the_run_before_does_not_cut_short_what_may_still_pass() {
    let pulling = format!(
        "{LATE}---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {{name: web-1, uid: r, ownerReferences: [{{uid: d}}]}}
---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web-1-a, ownerReferences: [{{uid: r}}]}}
status: {{phase: Pending, containerStatuses: [{{name: app, state: {{waiting: {{reason: ErrImagePull, message: not found}}}}}}]}}"
    );
    let mut watched = Watched::default();
    assert!(!watched.at(0, &pulling).failed);
    assert!(!watched.at(30, &pulling).failed);
    assert!(watched.at(40, &pulling).failed);
}

#[test]
fn a_deadline_that_passes_while_it_is_watched_is_a_failure_whatever_the_pods_may_hope() {
    let hoping = |reason: &str| {
        format!(
            "{}---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {{name: web-1, uid: r, ownerReferences: [{{uid: d}}]}}
---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web-1-a, ownerReferences: [{{uid: r}}]}}
status: {{phase: Running, containerStatuses: [{{name: app, restartCount: 1, state: {{running: {{}}}}, lastState: {{terminated: {{exitCode: 1}}}}}}]}}",
            LATE.replace("ProgressDeadlineExceeded", reason)
        )
    };
    let mut watched = Watched::default();
    assert!(!watched.at(0, &hoping("ReplicaSetUpdated")).failed);
    assert!(!watched.at(60, &hoping("ProgressDeadlineExceeded")).failed);
    assert!(watched.at(70, &hoping("ProgressDeadlineExceeded")).failed);
}

#[test]
fn a_trouble_lasts_however_seldom_one_looks() {
    let mut watched = Watched::default();
    watched.at(0, &down(3));
    assert!(watched.at(95, &down(4)).failed);
}

#[test]
fn what_made_it_fail_is_told_even_where_something_else_is_more_telling() {
    let pod = |image: &str| {
        pod(&format!(
            "containerStatuses: [{{name: a, state: {{{image}}}}}, {{name: b, restartCount: 5, state: {{waiting: {{reason: CrashLoopBackOff}}}}, lastState: {{terminated: {{exitCode: 1}}}}}}]"
        ))
    };
    let mut watched = Watched::default();
    watched.at(0, &pod("running: {}"));
    let unpulled = "waiting: {reason: ErrImagePull, message: i/o timeout}";
    assert_eq!(watched.at(80, &pod(unpulled)).trouble.unwrap().finding.code, Code::RegistryUnreachable);
    let assessment = watched.at(90, &pod(unpulled));
    assert_eq!((assessment.trouble.unwrap().finding.code, assessment.failed), (Code::CrashLoop, true));
}

#[test]
fn objects_are_timed_apart() {
    let mut watched = Watched::default();
    watched.at(0, REFUSED);
    assert!(!watched.at(20, &REFUSED.replace("web-5d,", "other,")).failed);
    assert!(watched.at(20, REFUSED).failed);
}
