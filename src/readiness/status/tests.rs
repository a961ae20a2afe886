//! kstatus' own cases (status_compute_test.go), told anew, and the places where we differ.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::object::Snapshot;
use crate::object::yaml::parse_documents;
use crate::readiness::{Waiting, diagnose, explain};
use Status::{Current, Failed, InProgress, Terminating};

/// What an object says, what is said of it, and its pods.
type Case = (&'static str, &'static str, Status, &'static str, (u32, u32));

/// Each object is of one kind; the text gives what follows its name.
fn check(api_version: &str, kind: &str, cases: &[Case]) {
    for (name, rest, expected, message, pods) in cases {
        let text = format!("apiVersion: {api_version}\nkind: {kind}\n{rest}");
        let mut value = parse_documents(&text).unwrap().remove(0).value;
        if value.pointer("/metadata/name").is_none() {
            value["metadata"]["name"] = "it".into();
        }
        let verdict = status(&Object::new(value).unwrap());
        let seen = (verdict.status, verdict.message.as_str(), (verdict.ready, verdict.wanted));
        assert_eq!(seen, (*expected, *message, *pods), "{kind}: {name}");
    }
}

#[test]
fn every_kind_is_judged_by_what_all_kinds_have_in_common() {
    check(
        "example.com/v1",
        "Widget",
        &[
            ("no status", "metadata: {generation: 1}", Current, "ready", (0, 0)),
            (
                "on its way out",
                "metadata: {deletionTimestamp: '2026-01-01T00:00:00Z'}\nstatus: {conditions: [{type: Ready, status: 'True'}]}",
                Terminating,
                "is being deleted",
                (0, 0),
            ),
            (
                "an older generation was observed",
                "metadata: {generation: 3}\nstatus: {observedGeneration: 2}",
                InProgress,
                "its controller has not seen the change yet",
                (0, 0),
            ),
            (
                "reconciling",
                "status: {conditions: [{type: Reconciling, status: 'True', reason: Building, message: step 2}]}",
                InProgress,
                "Building: step 2",
                (0, 0),
            ),
            (
                "not reconciling any more",
                "status: {conditions: [{type: Reconciling, status: 'False'}]}",
                Current,
                "ready",
                (0, 0),
            ),
            (
                "stalled",
                "status: {conditions: [{type: Stalled, status: 'True', reason: NoSuchChart}]}",
                Failed,
                "NoSuchChart",
                (0, 0),
            ),
            ("ready", "status: {conditions: [{type: Ready, status: 'True'}]}", Current, "ready", (0, 0)),
            (
                "not ready",
                "status: {conditions: [{type: Ready, status: 'False', reason: SecretSyncedError, message: no store}]}",
                InProgress,
                "not ready yet: SecretSyncedError: no store",
                (0, 0),
            ),
            (
                "of unknown readiness",
                "status: {conditions: [{type: Ready, status: Unknown}]}",
                InProgress,
                "not ready yet",
                (0, 0),
            ),
            (
                "only conditions of its own",
                "status: {conditions: [{type: Sharpened, status: 'False'}]}",
                Current,
                "ready",
                (0, 0),
            ),
        ],
    );
}

#[test]
fn a_deployment_is_current_when_its_newest_pods_are_available() {
    check(
        "apps/v1",
        "Deployment",
        &[
            ("no status", "metadata: {generation: 1}", InProgress, "0 of 1 pod created", (0, 1)),
            (
                "rolled out",
                "metadata: {generation: 4}\nspec: {replicas: 2, progressDeadlineSeconds: 600}
status: {observedGeneration: 4, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2,
  conditions: [{type: Progressing, status: 'True', reason: NewReplicaSetAvailable}, {type: Available, status: 'True'}]}",
                Current,
                "2 pods ready",
                (2, 2),
            ),
            (
                "not every pod is created",
                "spec: {replicas: 3}\nstatus: {replicas: 1, updatedReplicas: 1}",
                InProgress,
                "1 of 3 pods created",
                (0, 3),
            ),
            (
                "old pods are still ready",
                "spec: {replicas: 2}\nstatus: {replicas: 3, updatedReplicas: 1, readyReplicas: 2, availableReplicas: 2}",
                InProgress,
                "1 of 2 pods updated",
                (1, 2),
            ),
            (
                "an old pod is left",
                "spec: {replicas: 2}\nstatus: {replicas: 3, updatedReplicas: 2, readyReplicas: 3, availableReplicas: 3}",
                InProgress,
                "1 old pod still to end",
                (2, 2),
            ),
            (
                "one pod is not ready",
                "spec: {replicas: 2}\nstatus: {replicas: 2, updatedReplicas: 2, readyReplicas: 1, availableReplicas: 1}",
                InProgress,
                "1 of 2 pods ready",
                (1, 2),
            ),
            (
                "ready, not yet for minReadySeconds",
                "spec: {replicas: 2}\nstatus: {replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 1}",
                InProgress,
                "1 of 2 pods available",
                (2, 2),
            ),
            (
                "the rollout has not ended",
                "spec: {progressDeadlineSeconds: 45}
status: {replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1,
  conditions: [{type: Progressing, status: 'True', reason: ReplicaSetUpdated}, {type: Available, status: 'True'}]}",
                InProgress,
                "its newest ReplicaSet is not available yet",
                (1, 1),
            ),
            (
                "no deadline, so no word of progress",
                "status: {replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1,
  conditions: [{type: Available, status: 'True'}]}",
                Current,
                "1 pod ready",
                (1, 1),
            ),
            (
                "the greatest deadline is none",
                "spec: {progressDeadlineSeconds: 2147483647}
status: {replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1,
  conditions: [{type: Available, status: 'True'}]}",
                Current,
                "1 pod ready",
                (1, 1),
            ),
            (
                "not available",
                "status: {replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1,
  conditions: [{type: Progressing, status: 'True', reason: NewReplicaSetAvailable}, {type: Available, status: 'False'}]}",
                InProgress,
                "not available yet",
                (1, 1),
            ),
            (
                "past its deadline",
                "status: {replicas: 1, updatedReplicas: 1,
  conditions: [{type: Progressing, status: 'False', reason: ProgressDeadlineExceeded,
    message: ReplicaSet \"it-1\" has timed out progressing.}]}",
                Failed,
                "made no progress before its deadline: ProgressDeadlineExceeded: ReplicaSet \"it-1\" has timed out progressing.",
                (0, 1),
            ),
            (
                "scaled to nothing",
                "spec: {replicas: 0}\nstatus: {conditions: [{type: Available, status: 'True'}]}",
                Current,
                "scaled to 0",
                (0, 0),
            ),
        ],
    );
}

#[test]
fn a_replica_set_is_current_when_its_pods_are_available() {
    check(
        "apps/v1",
        "ReplicaSet",
        &[
            ("no status", "metadata: {generation: 1}", InProgress, "0 of 1 pod created", (0, 1)),
            (
                "all there",
                "spec: {replicas: 2}\nstatus: {replicas: 2, fullyLabeledReplicas: 2, readyReplicas: 2, availableReplicas: 2,
  conditions: [{type: ReplicaFailure, status: 'False'}]}",
                Current,
                "2 pods ready",
                (2, 2),
            ),
            (
                "less ready",
                "spec: {replicas: 4}\nstatus: {replicas: 4, fullyLabeledReplicas: 4, readyReplicas: 2, availableReplicas: 4}",
                InProgress,
                "2 of 4 pods ready",
                (2, 4),
            ),
            (
                "less available",
                "spec: {replicas: 4}\nstatus: {replicas: 4, fullyLabeledReplicas: 4, readyReplicas: 4, availableReplicas: 2}",
                InProgress,
                "2 of 4 pods available",
                (4, 4),
            ),
            (
                "too many",
                "spec: {replicas: 1}\nstatus: {replicas: 3, fullyLabeledReplicas: 3, readyReplicas: 3, availableReplicas: 3}",
                InProgress,
                "2 old pods still to end",
                (1, 1),
            ),
            (
                "its pods are refused",
                "spec: {replicas: 1}\nstatus: {conditions: [{type: ReplicaFailure, status: 'True', reason: FailedCreate, message: exceeded quota}]}",
                InProgress,
                "cannot create its pods: FailedCreate: exceeded quota",
                (0, 1),
            ),
        ],
    );
}

#[test]
fn a_stateful_set_is_current_when_its_revision_is_out() {
    check(
        "apps/v1",
        "StatefulSet",
        &[
            ("no status", "metadata: {generation: 1}", InProgress, "0 of 1 pod created", (0, 1)),
            ("no pods counted", "status: {currentReplicas: 1}", InProgress, "0 of 1 pod created", (0, 1)),
            (
                "all there",
                "spec: {replicas: 4}\nstatus: {replicas: 4, readyReplicas: 4, currentReplicas: 4}",
                Current,
                "4 pods ready",
                (4, 4),
            ),
            (
                "less ready",
                "spec: {replicas: 4}\nstatus: {replicas: 4, readyReplicas: 2, currentReplicas: 4}",
                InProgress,
                "2 of 4 pods ready",
                (2, 4),
            ),
            (
                "less of the current revision",
                "spec: {replicas: 4}\nstatus: {replicas: 4, readyReplicas: 4, currentReplicas: 2, updatedReplicas: 2}",
                InProgress,
                "2 of 4 pods updated",
                (4, 4),
            ),
            (
                "too many",
                "spec: {replicas: 4}\nstatus: {replicas: 8, readyReplicas: 4, currentReplicas: 4}",
                InProgress,
                "4 old pods still to end",
                (4, 4),
            ),
            (
                "between two revisions",
                "status: {replicas: 1, readyReplicas: 1, currentReplicas: 1, currentRevision: a, updateRevision: b}",
                InProgress,
                "its update is not complete yet",
                (1, 1),
            ),
            (
                "updated down to its partition",
                "spec: {replicas: 4, updateStrategy: {rollingUpdate: {partition: 3}}}
status: {replicas: 4, readyReplicas: 4, updatedReplicas: 1, currentReplicas: 3, currentRevision: a, updateRevision: b}",
                Current,
                "4 pods ready",
                (4, 4),
            ),
            (
                "not yet down to its partition",
                "spec: {replicas: 4, updateStrategy: {rollingUpdate: {partition: 1}}}
status: {replicas: 4, readyReplicas: 4, updatedReplicas: 2, currentReplicas: 2}",
                InProgress,
                "2 of 3 pods updated",
                (4, 4),
            ),
            (
                "updated by hand",
                "spec: {replicas: 2, updateStrategy: {type: OnDelete}}",
                Current,
                "updated when its pods are deleted by hand (OnDelete)",
                (0, 2),
            ),
        ],
    );
}

#[test]
fn a_daemon_set_is_current_when_each_node_has_its_pod() {
    check(
        "apps/v1",
        "DaemonSet",
        &[
            (
                "no status",
                "metadata: {generation: 1}",
                InProgress,
                "its controller has not seen it yet",
                (0, 0),
            ),
            (
                "no number of nodes",
                "metadata: {generation: 1}\nstatus: {observedGeneration: 1}",
                InProgress,
                "its controller has not seen it yet",
                (0, 0),
            ),
            (
                "on every node",
                "metadata: {generation: 1}\nstatus: {observedGeneration: 1, desiredNumberScheduled: 4, currentNumberScheduled: 4,
  updatedNumberScheduled: 4, numberAvailable: 4, numberReady: 4}",
                Current,
                "4 pods ready",
                (4, 4),
            ),
            (
                "an older generation was observed",
                "metadata: {generation: 2}\nstatus: {observedGeneration: 1, desiredNumberScheduled: 4, currentNumberScheduled: 4,
  updatedNumberScheduled: 4, numberAvailable: 4, numberReady: 4}",
                InProgress,
                "its controller has not seen the change yet",
                (4, 4),
            ),
            (
                "less ready",
                "metadata: {generation: 1}\nstatus: {observedGeneration: 1, desiredNumberScheduled: 4, currentNumberScheduled: 4,
  updatedNumberScheduled: 4, numberAvailable: 4, numberReady: 2}",
                InProgress,
                "2 of 4 pods ready",
                (2, 4),
            ),
            (
                "less available",
                "metadata: {generation: 1}\nstatus: {observedGeneration: 1, desiredNumberScheduled: 4, currentNumberScheduled: 4,
  updatedNumberScheduled: 4, numberAvailable: 2, numberReady: 4}",
                InProgress,
                "2 of 4 pods available",
                (4, 4),
            ),
            (
                "less updated",
                "metadata: {generation: 1}\nstatus: {observedGeneration: 1, desiredNumberScheduled: 2, currentNumberScheduled: 2,
  updatedNumberScheduled: 1, numberAvailable: 2, numberReady: 2}",
                InProgress,
                "1 of 2 pods updated",
                (2, 2),
            ),
            (
                "updated by hand",
                "metadata: {generation: 1}\nspec: {updateStrategy: {type: OnDelete}}
status: {observedGeneration: 1, desiredNumberScheduled: 2, currentNumberScheduled: 2,
  updatedNumberScheduled: 1, numberAvailable: 2, numberReady: 2}",
                Current,
                "2 pods ready",
                (2, 2),
            ),
            (
                "no node for it",
                "metadata: {generation: 1}\nstatus: {observedGeneration: 1, desiredNumberScheduled: 0}",
                Current,
                "no node wants a pod of it",
                (0, 0),
            ),
        ],
    );
}

#[test]
fn a_pod_is_current_when_it_is_ready_or_done() {
    check(
        "v1",
        "Pod",
        &[
            ("no status", "metadata: {generation: 1}", InProgress, "not seen yet by a kubelet", (0, 1)),
            (
                "ready",
                "status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}",
                Current,
                "ready",
                (1, 1),
            ),
            (
                "done",
                "status: {phase: Succeeded, conditions: [{type: Ready, status: 'False', reason: PodCompleted}]}",
                Current,
                "completed",
                (1, 1),
            ),
            (
                "evicted (kstatus: current)",
                "status: {phase: Failed, reason: Evicted, message: 'The node was low on resource: memory.'}",
                Failed,
                "failed: Evicted: The node was low on resource: memory.",
                (0, 1),
            ),
            (
                "ended by its container",
                "status: {phase: Failed, containerStatuses: [{name: ok, state: {terminated: {exitCode: 0}}}, {name: app, state: {terminated: {exitCode: 3}}}]}",
                Failed,
                "failed: container app exited with 3",
                (0, 1),
            ),
            ("failed without a word", "status: {phase: Failed}", Failed, "failed", (0, 1)),
            (
                "its sidecar is not ready",
                "status: {phase: Running, conditions: [{type: Ready, status: 'False'}], containerStatuses: [{name: app, ready: true}, {name: istio-proxy, ready: false}]}",
                InProgress,
                "1 of 2 containers ready",
                (0, 1),
            ),
            (
                "crashing (kstatus: failed)",
                "status: {phase: Running, containerStatuses: [{name: app, state: {waiting: {reason: CrashLoopBackOff}}}]}",
                InProgress,
                "crashes again and again: app",
                (0, 1),
            ),
            (
                "without a node (kstatus: failed after 15 s)",
                "status: {phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: 0/1 nodes are available}]}",
                InProgress,
                "no node takes it yet: 0/1 nodes are available",
                (0, 1),
            ),
            ("pending", "status: {phase: Pending}", InProgress, "not started yet", (0, 1)),
            (
                "of a phase nobody knows",
                "status: {phase: Unknown}",
                InProgress,
                "not seen yet by a kubelet",
                (0, 1),
            ),
        ],
    );
}

#[test]
fn a_job_is_current_when_its_work_is_done() {
    check(
        "batch/v1",
        "Job",
        &[
            ("no status", "metadata: {generation: 1}", InProgress, "not started yet", (0, 1)),
            (
                "complete",
                "status: {succeeded: 1, conditions: [{type: SuccessCriteriaMet, status: 'True'}, {type: Complete, status: 'True'}]}",
                Current,
                "completed",
                (1, 1),
            ),
            (
                "failed",
                "spec: {completions: 4}\nstatus: {succeeded: 3, failed: 1, conditions: [{type: Failed, status: 'True',
  reason: BackoffLimitExceeded, message: Job has reached the specified backoff limit}]}",
                Failed,
                "failed: BackoffLimitExceeded: Job has reached the specified backoff limit",
                (3, 4),
            ),
            (
                "running (kstatus: current)",
                "spec: {completions: 10, parallelism: 2}
status: {startTime: '2026-01-01T00:00:00Z', succeeded: 3, failed: 1, active: 2,
  conditions: [{type: Failed, status: 'False'}, {type: Complete, status: 'False'}]}",
                InProgress,
                "3 of 10 completed, 1 failed and is tried again",
                (3, 10),
            ),
            (
                "suspended",
                "status: {conditions: [{type: Suspended, status: 'True'}]}",
                Current,
                "suspended",
                (0, 1),
            ),
        ],
    );
}

#[test]
fn kinds_without_pods_never_hold_up_a_run_for_what_may_never_come() {
    check(
        "v1",
        "PersistentVolumeClaim",
        &[
            ("no status", "", InProgress, "its controller has not seen it yet", (0, 0)),
            ("bound", "status: {phase: Bound}", Current, "bound", (0, 0)),
            (
                "for the first consumer to bind",
                "status: {phase: Pending}",
                Current,
                "to be bound when a pod uses it",
                (0, 0),
            ),
            ("lost", "status: {phase: Lost}", Failed, "its volume is lost", (0, 0)),
        ],
    );
    check(
        "v1",
        "Service",
        &[
            ("plain", "", Current, "ready", (0, 0)),
            ("on the nodes", "spec: {type: NodePort}", Current, "ready", (0, 0)),
            (
                "balanced, without any address",
                "spec: {type: LoadBalancer, clusterIP: 10.96.1.2}\nstatus: {loadBalancer: {}}",
                Current,
                "ready",
                (0, 0),
            ),
            ("not yet in", "spec: {type: LoadBalancer}", InProgress, "has no cluster IP yet", (0, 0)),
        ],
    );
    check(
        "policy/v1",
        "PodDisruptionBudget",
        &[
            (
                "not observed",
                "metadata: {generation: 2}\nstatus: {observedGeneration: 1}",
                InProgress,
                "its controller has not seen the change yet",
                (0, 0),
            ),
            (
                "observed",
                "metadata: {generation: 1}\nstatus: {observedGeneration: 1}",
                Current,
                "ready",
                (0, 0),
            ),
        ],
    );
    check(
        "batch/v1",
        "CronJob",
        &[
            ("no status", "", Current, "ready", (0, 0)),
            ("an empty status", "status:", Current, "ready", (0, 0)),
        ],
    );
}

#[test]
fn an_autoscaler_is_current_when_it_has_made_the_replicas_it_must() {
    check(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        &[
            ("one is enough", "spec: {minReplicas: 1}", Current, "ready", (0, 0)),
            ("not said, which is one", "spec: {maxReplicas: 5}", Current, "ready", (0, 0)),
            ("not looked yet", "spec: {minReplicas: 2}", InProgress, "0 of at least 2 replicas", (0, 0)),
            (
                "one of two",
                "spec: {minReplicas: 2}\nstatus: {currentReplicas: 1, desiredReplicas: 2}",
                InProgress,
                "1 of at least 2 replicas",
                (0, 0),
            ),
            ("both", "spec: {minReplicas: 2}\nstatus: {currentReplicas: 2}", Current, "ready", (0, 0)),
            (
                "switched off",
                "spec: {minReplicas: 2}\nstatus: {conditions: [{type: ScalingActive, status: 'False', reason: ScalingDisabled}]}",
                Current,
                "ready",
                (0, 0),
            ),
        ],
    );
}

#[test]
fn a_definition_is_current_when_its_kind_is_served() {
    check(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        &[
            ("no conditions", "metadata: {generation: 1}", InProgress, "not established yet", (0, 0)),
            (
                "installing",
                "status: {conditions: [{type: NamesAccepted, status: 'True'}, {type: Established, status: 'False', reason: Installing}]}",
                InProgress,
                "not established yet",
                (0, 0),
            ),
            (
                "its names are taken",
                "status: {conditions: [{type: NamesAccepted, status: 'False', reason: ListKindConflict, message: taken},
  {type: Established, status: 'False', reason: NotAccepted}]}",
                Failed,
                "its names are refused: ListKindConflict: taken",
                (0, 0),
            ),
            (
                "not to be established",
                "status: {conditions: [{type: Established, status: 'False', reason: NotAccepted}]}",
                Failed,
                "not established: NotAccepted",
                (0, 0),
            ),
            (
                "established",
                "status: {conditions: [{type: NamesAccepted, status: 'True'}, {type: Established, status: 'True'}]}",
                Current,
                "established",
                (0, 0),
            ),
        ],
    );
}

#[test]
fn a_kind_of_another_group_is_no_workload() {
    let object = |api_version: &str, kind: &str| {
        Object::new(json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "it"}})).unwrap()
    };
    for (api_version, kind) in [
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "DaemonSet"),
        ("apps/v1", "ReplicaSet"),
        ("batch/v1", "Job"),
        ("v1", "Pod"),
    ] {
        assert!(is_workload(&object(api_version, kind)), "{kind}");
    }
    for (api_version, kind) in [
        ("example.com/v1", "Deployment"),
        ("serving.knative.dev/v1", "Pod"),
        ("batch/v1", "CronJob"),
        ("v1", "Service"),
    ] {
        assert!(!is_workload(&object(api_version, kind)), "{kind} of {api_version}");
    }
}

/// Any JSON, with the words of the rules among its keys and values so that it gets far into them.
fn anything() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "status",
        "spec",
        "conditions",
        "type",
        "reason",
        "message",
        "phase",
        "replicas",
        "readyReplicas",
        "updatedReplicas",
        "availableReplicas",
        "currentReplicas",
        "fullyLabeledReplicas",
        "observedGeneration",
        "desiredNumberScheduled",
        "succeeded",
        "completions",
        "failed",
        "startTime",
        "containerStatuses",
        "state",
        "waiting",
        "terminated",
        "exitCode",
        "Running",
        "Failed",
        "Pending",
        "Ready",
        "True",
        "CrashLoopBackOff",
        "lastState",
        "initContainerStatuses",
        "restartCount",
        "FailedCreate",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0), any::<i64>()].prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(word.clone().prop_map(String::from), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_status_is_too_strange(
        kind in prop::sample::select(vec![
            ("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"), ("apps/v1", "ReplicaSet"),
            ("batch/v1", "Job"), ("v1", "Pod"), ("v1", "PersistentVolumeClaim"), ("v1", "Service"),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition"), ("example.com/v1", "Widget"),
            ("autoscaling/v2", "HorizontalPodAutoscaler"),
        ]),
        generation in anything(),
        spec in anything(),
        state in anything(),
    ) {
        let value = json!({
            "apiVersion": kind.0,
            "kind": kind.1,
            "metadata": {"name": "it", "generation": generation},
            "spec": spec,
            "status": state,
        });
        let object = Object::new(value).unwrap();
        let verdict = status(&object);
        prop_assert!(verdict.ready <= verdict.wanted);
        prop_assert!(!verdict.message.is_empty() || verdict.status != Current);

        // What looks for reasons reads more of it.
        let event = json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "reason": "FailedCreate",
            "message": spec, "involvedObject": {"kind": kind.1, "name": "it"}, "count": generation,
        });
        let snapshot: Snapshot = [object.clone(), Object::new(event).unwrap()].into_iter().collect();
        let assessment = Waiting::new().look(Duration::MAX, &object, &snapshot);
        prop_assert_eq!(assessment.trouble, explain(&object, &snapshot));
        prop_assert!(diagnose(&object, &snapshot).events.len() <= 1);
    }
}
