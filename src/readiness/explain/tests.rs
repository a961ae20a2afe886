//! Explanations of states as a cluster records them, cut down to what the rules read.

use insta::assert_snapshot;

use super::*;
use crate::object::yaml::parse_documents;
use crate::readiness::{diagnose, essence};

/// A Deployment with an old and a new ReplicaSet, and a pod of each.
const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: ms-identity, namespace: staging, uid: d, generation: 2}
spec: {replicas: 1, progressDeadlineSeconds: 600}
status: {observedGeneration: 2, replicas: 2, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  {name: ms-identity-1old, namespace: staging, uid: r1, ownerReferences: [{uid: d}], annotations: {deployment.kubernetes.io/revision: '9'}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  {name: ms-identity-2new, namespace: staging, uid: r2, ownerReferences: [{uid: d}], annotations: {deployment.kubernetes.io/revision: '10'}}
---
apiVersion: v1
kind: Pod
metadata: {name: ms-identity-1old-z, namespace: staging, uid: p1, ownerReferences: [{uid: r1}]}
status:
  phase: Running
  containerStatuses: [{name: app, restartCount: 9, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1}}}]
";

/// The new pod with this spec, status and events (as `about / reason / message` lines of YAML).
fn deployment_with(pod: &str, events: &[(&str, &str)]) -> Snapshot {
    let mut text = format!(
        "{DEPLOYMENT}\n---\napiVersion: v1\nkind: Pod
metadata: {{name: ms-identity-2new-a, namespace: staging, uid: p2, ownerReferences: [{{uid: r2}}]}}\n{pod}"
    );
    for (number, (reason, message)) in events.iter().enumerate() {
        text += &event(number, "Pod", "ms-identity-2new-a", "p2", reason, message);
    }
    snapshot(&text)
}

fn event(number: usize, kind: &str, name: &str, uid: &str, reason: &str, message: &str) -> String {
    let message = serde_json::Value::from(message);
    format!(
        "\n---\napiVersion: v1\nkind: Event\nmetadata: {{name: e{number}, namespace: staging}}\ntype: Warning
involvedObject: {{kind: {kind}, name: {name}, uid: {uid}, namespace: staging}}
reason: {reason}\nmessage: {message}\ncount: {}\nlastTimestamp: '2026-01-01T00:00:{number:02}Z'",
        number + 1
    )
}

/// Of what is kept of each object: nothing that explains it is lost.
fn snapshot(text: &str) -> Snapshot {
    let documents = parse_documents(text).unwrap();
    documents.into_iter().map(|document| essence(Object::new(document.value).unwrap())).collect()
}

fn workload<'a>(snapshot: &'a Snapshot, kind: &str) -> &'a Object {
    snapshot.iter().find(|object| object.kind() == kind).unwrap()
}

/// Code, certainty, grace and text of what is explained, for one kind of workload.
fn explained(snapshot: &Snapshot, kind: &str) -> String {
    match explain(workload(snapshot, kind), snapshot) {
        Some(Trouble { finding, certain, grace, .. }) => {
            let certainty = if certain { "certain" } else { "suspected" };
            format!("{:?} ({certainty}, {} s)\n{finding}", finding.code, grace.as_secs())
        }
        None => "nothing".into(),
    }
}

fn of_pod(pod: &str, events: &[(&str, &str)]) -> String {
    explained(&deployment_with(pod, events), "Deployment")
}

#[test]
fn a_pod_of_an_older_template_tells_nothing() {
    let starting = "status: {phase: Pending, containerStatuses: [{name: app, state: {waiting: {reason: ContainerCreating}}}]}";
    assert_snapshot!(of_pod(starting, &[]), @"nothing");
}

#[test]
fn an_image_that_is_not_there_is_told_in_the_registrys_words() {
    let pod = "
spec: {containers: [{name: app, image: 'example/x:1'}]}
status:
  phase: Pending
  containerStatuses:
    - {name: app, image: 'example/x:1', state: {waiting: {reason: ImagePullBackOff, message: Back-off pulling image \"example/x:1\"}}}";
    let pull = "Failed to pull image \"example/x:1\": rpc error: code = NotFound desc = failed to pull and unpack image \"docker.io/example/x:1\": failed to resolve reference \"docker.io/example/x:1\": docker.io/example/x:1: not found";
    let events = [("Failed", pull), ("Failed", "Error: ErrImagePull"), ("BackOff", "Back-off pulling image")];
    assert_snapshot!(of_pod(pod, &events), @r"
    ImageNotFound (suspected, 40 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: container app: cannot pull example/x:1: not found
    ");
}

#[test]
fn a_registry_that_does_not_answer_gets_more_time() {
    let pod = "
spec: {containers: [{name: app, image: 'registry.test/x:1'}]}
status:
  phase: Pending
  containerStatuses:
    - name: app
      state: {waiting: {reason: ErrImagePull, message: 'failed to pull and unpack image \"registry.test/x:1\": failed to resolve reference \"registry.test/x:1\": failed to do request: Head \"https://registry.test/v2/x/manifests/1\": dial tcp: lookup registry.test: no such host'}}";
    assert_snapshot!(of_pod(pod, &[]), @r#"
    RegistryUnreachable (suspected, 120 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: container app: cannot pull registry.test/x:1: failed to do request: Head "https://registry.test/v2/x/manifests/1": dial tcp: lookup registry.test: no such host
    "#);
}

#[test]
fn a_back_off_of_newer_kubelets_names_its_cause() {
    let pod = "
spec: {containers: [{name: app, image: 'example/x:1'}]}
status:
  phase: Pending
  containerStatuses:
    - name: app
      state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image \"example/x:1\": ErrImagePull: rpc error: code = Unknown desc = failed to pull and unpack image \"docker.io/example/x:1\": failed to resolve reference \"docker.io/example/x:1\": pull access denied, repository does not exist or may require authorization'}}";
    assert_snapshot!(of_pod(pod, &[]), @r"
    ImageDenied (suspected, 40 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: container app: cannot pull example/x:1: pull access denied, repository does not exist or may require authorization
    ");
}

#[test]
fn a_wrong_image_name_is_certain() {
    let pod = "
spec: {containers: [{name: app, image: 'Example/X'}]}
status:
  phase: Pending
  containerStatuses:
    - {name: app, state: {waiting: {reason: InvalidImageName, message: 'Failed to apply default image tag \"Example/X\": invalid reference format: repository name must be lowercase'}}}";
    assert_snapshot!(of_pod(pod, &[]), @r"
    ImageName (certain, 10 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: container app: Example/X is no image name: invalid reference format: repository name must be lowercase
    ");
}

#[test]
fn an_image_that_is_never_pulled_is_certain() {
    let pod = "
spec: {containers: [{name: app, image: 'local/x:dev'}]}
status:
  phase: Pending
  containerStatuses: [{name: app, state: {waiting: {reason: ErrImageNeverPull, message: 'Container image \"local/x:dev\" is not present with pull policy of Never'}}}]";
    assert_snapshot!(of_pod(pod, &[]), @r"
    ImageNeverPulled (certain, 10 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: container app: the node does not have local/x:dev, and its pull policy is Never
    ");
}

#[test]
fn a_crash_is_told_with_its_exit_and_counts_as_a_loop_from_the_third_restart() {
    let crash = |restarts: i64, state: &str| {
        format!(
            "status:\n  phase: Running\n  containerStatuses: [{{name: app, ready: false, restartCount: {restarts}, state: {{{state}}},
    lastState: {{terminated: {{exitCode: 1, reason: Error, message: \"no such database:\\n  orders\"}}}}}}]"
        )
    };
    let down = "waiting: {reason: CrashLoopBackOff, message: back-off 40s restarting failed container}";
    assert_snapshot!(of_pod(&crash(4, down), &[]), @r"
    CrashLoop (suspected, 90 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: container app (4 restarts): exited with 1: no such database: orders
    ");
    assert_snapshot!(of_pod(&crash(1, down), &[]), @r"
    CrashLoop (suspected, 600 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: container app (1 restart): exited with 1: no such database: orders
    ");
    assert_snapshot!(of_pod(&crash(4, "running: {}"), &[]), @r"
    CrashLoop (suspected, 600 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: container app (4 restarts): exited with 1: no such database: orders
    ");
}

#[test]
fn a_container_that_ends_well_and_is_to_run_is_not_well_at_the_moment_of_its_end() {
    let ended = |policy: &str| {
        format!(
            "spec: {{restartPolicy: {policy}}}
status:
  phase: Running
  containerStatuses: [{{name: app, ready: false, restartCount: 2, state: {{terminated: {{exitCode: 0, reason: Completed}}}}}}]"
        )
    };
    assert_snapshot!(of_pod(&ended("Always"), &[]), @r"
    CrashLoop (suspected, 600 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: container app (2 restarts): ended with 0, though it is to keep running
    ");
    assert_snapshot!(of_pod(&ended("OnFailure"), &[]), @"nothing");
}

#[test]
fn a_container_that_its_liveness_probe_killed_says_so() {
    let pod = "
status:
  phase: Running
  containerStatuses:
    - {name: app, restartCount: 3, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 137, reason: Error}}}";
    let events = [
        ("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500"),
        ("Killing", "Container app failed liveness probe, will be restarted"),
    ];
    assert_snapshot!(of_pod(pod, &events), @r"
    CrashLoop (suspected, 90 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: container app (3 restarts): killed, because its liveness probe failed: HTTP probe failed with statuscode: 500
    ");
}

#[test]
fn too_little_memory_is_told_with_its_limit() {
    let pod = "
spec: {containers: [{name: app, resources: {limits: {memory: 64Mi}}}]}
status:
  phase: Running
  containerStatuses:
    - {name: app, restartCount: 3, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 137, reason: OOMKilled}}}";
    assert_snapshot!(of_pod(pod, &[]), @r"
    OutOfMemory (suspected, 90 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: container app (3 restarts): used more than its 64Mi of memory (OOMKilled)
    ");
}

#[test]
fn a_command_that_is_not_in_the_image_is_told_in_the_runtimes_words() {
    let pod = "
status:
  phase: Running
  containerStatuses:
    - name: app
      restartCount: 3
      state: {waiting: {reason: CrashLoopBackOff}}
      lastState: {terminated: {exitCode: 128, reason: StartError, message: 'exec: \"serve\": executable file not found in $PATH'}}";
    assert_snapshot!(of_pod(pod, &[]), @r#"
    CannotStart (suspected, 90 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: container app (3 restarts): cannot start: exec: "serve": executable file not found in $PATH
    "#);
}

#[test]
fn an_init_container_that_fails_is_found() {
    let pod = "
status:
  phase: Pending
  initContainerStatuses:
    - {name: istio-init, restartCount: 5, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 255, reason: Error}}}
  containerStatuses:
    - {name: app, state: {waiting: {reason: PodInitializing}}}
    - {name: istio-proxy, state: {waiting: {reason: PodInitializing}}}";
    assert_snapshot!(of_pod(pod, &[]), @r"
    CrashLoop (suspected, 90 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: init container istio-init (5 restarts): exited with 255
    ");
}

#[test]
fn a_sidecar_that_is_not_ready_is_named_as_one() {
    let pod = "
status:
  phase: Running
  containerStatuses:
    - {name: app, ready: true, state: {running: {}}}
    - {name: istio-proxy, ready: false, state: {running: {}}}";
    let unhealthy = "Readiness probe failed: HTTP probe failed with statuscode: 503";
    assert_snapshot!(of_pod(pod, &[("Unhealthy", unhealthy)]), @r"
    SidecarNotReady (suspected, 600 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: container istio-proxy: readiness probe failed: HTTP probe failed with statuscode: 503
    ");
    let native = "
spec: {initContainers: [{name: proxy, restartPolicy: Always}]}
status:
  phase: Pending
  initContainerStatuses: [{name: proxy, ready: false, started: false, state: {running: {}}}]
  containerStatuses: [{name: app, state: {waiting: {reason: PodInitializing}}}]";
    assert_snapshot!(of_pod(native, &[("Unhealthy", unhealthy)]), @r"
    SidecarNotReady (suspected, 600 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: container proxy: readiness probe failed: HTTP probe failed with statuscode: 503
    ");
}

#[test]
fn a_failing_probe_is_told_and_only_of_its_own_container() {
    let pod = "
status:
  phase: Running
  containerStatuses:
    - {name: app, ready: false, state: {running: {}}}
    - {name: istio-proxy, ready: true, state: {running: {}}}";
    let refused = "Readiness probe failed: Get \"http://10.0.0.9:3006/health\": dial tcp 10.0.0.9:3006: connect: connection refused";
    assert_snapshot!(of_pod(pod, &[("Unhealthy", refused)]), @r#"
    ProbeFailing (suspected, 600 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: container app: readiness probe failed: Get "http://10.0.0.9:3006/health": dial tcp 10.0.0.9:3006: connect: connection refused
    "#);
    assert_snapshot!(of_pod(pod, &[]), @"nothing");
    let mut of_sidecar = event(0, "Pod", "ms-identity-2new-a", "p2", "Unhealthy", "Readiness probe failed");
    of_sidecar = of_sidecar.replace("uid: p2,", "uid: p2, fieldPath: 'spec.containers{istio-proxy}',");
    let mut seen = deployment_with(pod, &[]);
    snapshot(of_sidecar.trim_start_matches("\n---\n")).iter().for_each(|event| seen.insert(event.clone()));
    assert_snapshot!(explained(&seen, "Deployment"), @"nothing");
}

#[test]
fn what_a_container_refers_to_and_nobody_made_is_named() {
    let waits = |message: &str| {
        let message = serde_json::Value::from(message);
        format!(
            "status: {{phase: Pending, containerStatuses: [{{name: app, state: {{waiting: {{reason: CreateContainerConfigError, message: {message}}}}}}}]}}"
        )
    };
    assert_snapshot!(of_pod(&waits("secret \"identity-db\" not found"), &[]), @r"
    SecretMissing (suspected, 150 s)
    Secret/staging/identity-db: is not there; ms-identity-2new-a: container app waits for it
    ");
    assert_snapshot!(of_pod(&waits("couldn't find key url in ConfigMap staging/identity"), &[]), @r"
    ConfigMapMissing (suspected, 150 s)
    ConfigMap/staging/identity: has no key `url`; ms-identity-2new-a: container app waits for it
    ");
    assert_snapshot!(of_pod(&waits("container has runAsNonRoot and image will run as root"), &[]), @r"
    ContainerConfig (certain, 10 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: container app: container has runAsNonRoot and image will run as root
    ");
    assert_snapshot!(of_pod(&waits("failed to sync secret cache: timed out waiting for the condition"), &[]), @r"
    ContainerConfig (suspected, 120 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: container app: failed to sync secret cache: timed out waiting for the condition
    ");
}

#[test]
fn what_a_volume_refers_to_and_nobody_made_is_named() {
    let pod = "status: {phase: Pending, containerStatuses: [{name: app, state: {waiting: {reason: ContainerCreating}}}]}";
    let mount = "MountVolume.SetUp failed for volume \"db\" : secret \"identity-db\" not found";
    let timeout =
        "Unable to attach or mount volumes: unmounted volumes=[db]: timed out waiting for the condition";
    assert_snapshot!(of_pod(pod, &[("FailedMount", mount), ("FailedMount", timeout)]), @r"
    SecretMissing (suspected, 150 s)
    Secret/staging/identity-db: is not there; ms-identity-2new-a waits for it
    ");
    let mount =
        "MountVolume.SetUp failed for volume \"istiod-ca-cert\" : configmap \"istio-ca-root-cert\" not found";
    assert_snapshot!(of_pod(pod, &[("FailedMount", mount)]), @r"
    ConfigMapMissing (suspected, 150 s)
    ConfigMap/staging/istio-ca-root-cert: is not there; ms-identity-2new-a waits for it
    ");
    let attach = "AttachVolume.Attach failed for volume \"pvc-1\" : rpc error: code = Internal";
    assert_snapshot!(of_pod(pod, &[("FailedAttachVolume", attach)]), @r#"
    VolumeNotMounted (suspected, 150 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: AttachVolume.Attach failed for volume "pvc-1" : rpc error: code = Internal
    "#);
    let sandbox = "Failed to create pod sandbox: plugin type=\"bridge\" failed (add): no addresses left";
    assert_snapshot!(of_pod(pod, &[("FailedCreatePodSandBox", sandbox)]), @r#"
    SandboxFailed (suspected, 120 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: Failed to create pod sandbox: plugin type="bridge" failed (add): no addresses left
    "#);
}

#[test]
fn a_pod_that_no_node_takes_says_what_the_scheduler_said() {
    let pod = "
status:
  phase: Pending
  conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: '0/1 nodes are available: 1 Insufficient cpu.'}]";
    assert_snapshot!(of_pod(pod, &[]), @r"
    Unschedulable (suspected, 120 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: no node takes it: the only node has too little cpu left
    ");
    assert_snapshot!(of_pod(pod, &[("TriggeredScaleUp", "pod triggered scale-up: [{pool 1->2}]")]), @r"
    Unschedulable (suspected, 600 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: no node takes it: the only node has too little cpu left
    ");
}

const PENDING: &str = "
spec: {volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]}
status:
  phase: Pending
  conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.'}]";

#[test]
fn a_claim_without_a_volume_is_told_with_why_it_has_none() {
    let mut seen = deployment_with(PENDING, &[]);
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim
metadata: {name: data, namespace: staging, uid: c}\nstatus: {phase: Pending}";
    let failed = event(
        9,
        "PersistentVolumeClaim",
        "data",
        "c",
        "ProvisioningFailed",
        "storageclass \"fast\" not found",
    );
    snapshot(&format!("{claim}{failed}")).iter().for_each(|object| seen.insert(object.clone()));
    assert_snapshot!(explained(&seen, "Deployment"), @r#"
    ClaimUnbound (suspected, 120 s)
    PersistentVolumeClaim/staging/data: has no volume yet: storageclass "fast" not found; ms-identity-2new-a waits for it
    "#);

    let missing = PENDING.replace(
        "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims",
        "persistentvolumeclaim \"data\" not found",
    );
    assert_snapshot!(of_pod(&missing, &[]), @r"
    ClaimUnbound (suspected, 120 s)
    PersistentVolumeClaim/staging/data: is not there; ms-identity-2new-a waits for it
    ");
}

#[test]
fn a_node_that_is_lost_is_told_of_the_pods_on_it() {
    let pod = "
spec: {nodeName: node-2}
status: {phase: Running, conditions: [{type: Ready, status: 'False'}], containerStatuses: [{name: app, ready: true, state: {running: {}}}]}";
    assert_snapshot!(of_pod(pod, &[("Started", "Started container app"), ("NodeNotReady", "Node is not ready")]), @r"
    NodeLost (suspected, 360 s)
    Node/node-2: is not ready, and ms-identity-2new-a runs on it
    ");
    assert_snapshot!(of_pod(pod, &[("NodeNotReady", "Node is not ready"), ("Started", "Started container app")]), @"nothing");
}

#[test]
fn pods_that_a_node_has_ended_are_told_while_others_are_made() {
    let evicted = deployment_with(
        "status: {phase: Failed, reason: Evicted, message: 'The node was low on resource: memory.'}",
        &[],
    );
    assert_snapshot!(explained(&evicted, "Deployment"), @r"
    Evicted (suspected, 330 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: was ended by its node: Evicted: The node was low on resource: memory.
    ");
}

#[test]
fn a_rollout_that_is_paused_does_not_go_on() {
    let paused = snapshot(&DEPLOYMENT.replace("spec: {replicas: 1,", "spec: {replicas: 1, paused: true,"));
    assert_snapshot!(explained(&paused, "Deployment"), @r"
    RolloutPaused (certain, 10 s)
    Deployment/staging/ms-identity: its rollout is paused
    ");
}

#[test]
fn what_waits_for_its_finalizers_is_told_with_them() {
    let deleted = "{name: web, namespace: staging, uid: s, generation: 1, deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: [example.org/backup]}";
    let set = format!("apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {deleted}");
    assert_snapshot!(explained(&snapshot(&set), "StatefulSet"), @r"
    DeletionHeld (suspected, 120 s)
    StatefulSet/staging/web: is being deleted, and waits for its finalizers: example.org/backup
    ");

    let set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web, namespace: staging, uid: s, generation: 1}\nspec: {replicas: 1}\nstatus: {observedGeneration: 1}";
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {}",
        deleted
            .replace("name: web", "name: web-0, ownerReferences: [{uid: s}]")
            .replace("uid: s, generation", "uid: p, generation")
    );
    assert_snapshot!(explained(&snapshot(&format!("{set}\n---\n{pod}")), "StatefulSet"), @r"
    DeletionHeld (suspected, 120 s)
    StatefulSet/staging/web: web-0: is being deleted, and waits for its finalizers: example.org/backup
    ");
}

#[test]
fn a_replica_set_that_cannot_be_made_is_told() {
    let message = "Failed to create new replica set \"web-5d\": replicasets.apps \"web-5d\" is forbidden: exceeded quota: few, requested: count/replicasets.apps=1, used: count/replicasets.apps=4, limited: count/replicasets.apps=4";
    let message = serde_json::Value::from(message);
    let deployment = format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: staging, uid: d, generation: 1}}
status: {{observedGeneration: 1, conditions: [{{type: Progressing, status: 'False', reason: ReplicaSetCreateError, message: {message}}}]}}");
    assert_snapshot!(explained(&snapshot(&deployment), "Deployment"), @r"
    QuotaRefusesPods (certain, 10 s)
    ResourceQuota/staging/few: has no room for the pods of web: count/replicasets.apps: 1 requested, 4 of 4 used
    ");
}

#[test]
fn a_webhook_that_does_not_answer_is_its_services_trouble() {
    let message = "Internal error occurred: failed calling webhook \"namespace.sidecar-injector.istio.io\": failed to call webhook: Post \"https://istiod.istio-system.svc:443/inject?timeout=10s\": no endpoints available for service \"istiod\"";
    assert_snapshot!(explained(&refused(message, ""), "Deployment"), @r#"
    WebhookRefusesPods (suspected, 180 s)
    Service/istio-system/istiod: does not answer as the webhook namespace.sidecar-injector.istio.io, which is asked about the pods of web-5d: no endpoints available for service "istiod"
    "#);
}

#[test]
fn what_is_certain_is_told_before_what_may_pass() {
    let pod = "
spec: {containers: [{name: a}, {name: b, image: 'local/x:dev'}]}
status:
  phase: Pending
  containerStatuses:
    - {name: a, restartCount: 3, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1}}}
    - {name: b, state: {waiting: {reason: ErrImageNeverPull}}}";
    assert_snapshot!(of_pod(pod, &[]), @r"
    ImageNeverPulled (certain, 10 s)
    Deployment/staging/ms-identity: ms-identity-2new-a: container b: the node does not have local/x:dev, and its pull policy is Never
    ");
}

const EXCEEDED: &str = "pods \"web-5d-x\" is forbidden: exceeded quota: staging, requested: limits.cpu=2,pods=1, used: limits.cpu=6500m,pods=3, limited: limits.cpu=8,pods=20";

/// A Deployment whose ReplicaSet is refused its pods with this message, and what else there is.
fn refused(condition: &str, more: &str) -> Snapshot {
    let condition = serde_json::Value::from(condition);
    snapshot(&format!(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: staging, uid: d, generation: 1}}
status: {{observedGeneration: 1}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: web-5d, namespace: staging, uid: r, ownerReferences: [{{uid: d}}]}}
status: {{conditions: [{{type: ReplicaFailure, status: 'True', reason: FailedCreate, message: {condition}}}]}}{more}"
    ))
}

fn quota(hard: &str, used: &str) -> String {
    format!(
        "\n---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: staging, namespace: staging}}
status: {{hard: {{limits.cpu: '{hard}', pods: 20}}, used: {{limits.cpu: '{used}', pods: '3'}}}}"
    )
}

#[test]
fn a_quota_that_is_full_is_certain_and_told_with_its_numbers() {
    assert_snapshot!(explained(&refused(EXCEEDED, ""), "Deployment"), @r"
    QuotaRefusesPods (certain, 10 s)
    ResourceQuota/staging/staging: has no room for the pods of web-5d: limits.cpu: 2 requested, 6500m of 8 used; pods: 1 requested, 3 of 20 used
    ");
    let full = refused(EXCEEDED, &quota("8", "6500m"));
    assert_eq!(explained(&full, "Deployment"), explained(&refused(EXCEEDED, ""), "Deployment"));
}

#[test]
fn a_quota_that_has_room_by_now_may_let_the_next_try_in() {
    let suspected = |more: &str| {
        let reason =
            explain(workload(&refused(EXCEEDED, more), "Deployment"), &refused(EXCEEDED, more)).unwrap();
        (!reason.certain).then_some(reason.grace.as_secs())
    };
    assert_eq!(suspected(&quota("8", "6500m")), None, "full");
    assert_eq!(suspected(&quota("10", "6500m")), Some(180), "raised");
    assert_eq!(suspected(&quota("8", "6")), Some(180), "it just fits");
    let ending = "\n---\napiVersion: v1\nkind: Pod
metadata: {name: old, namespace: staging, deletionTimestamp: '2026-01-01T00:00:00Z'}\nstatus: {phase: Running}";
    assert_eq!(suspected(ending), Some(180), "a pod is ending");
    assert_eq!(suspected(&ending.replace("staging", "elsewhere")), None, "a pod is ending elsewhere");
}

#[test]
fn the_newest_event_says_why_pods_are_refused_now() {
    let webhook = "Internal error occurred: failed calling webhook \"namespace.sidecar-injector.istio.io\": connect: connection refused";
    assert_snapshot!(explained(&refused(webhook, ""), "Deployment"), @r"
    WebhookRefusesPods (suspected, 180 s)
    Deployment/staging/web: web-5d: the webhook namespace.sidecar-injector.istio.io, which is asked about its pods, does not answer: connect: connection refused
    ");
    let newer = event(7, "ReplicaSet", "web-5d", "r", "FailedCreate", &format!("Error creating: {EXCEEDED}"));
    assert_snapshot!(explained(&refused(webhook, &newer), "Deployment"), @r"
    QuotaRefusesPods (certain, 10 s)
    ResourceQuota/staging/staging: has no room for the pods of web-5d: limits.cpu: 2 requested, 6500m of 8 used; pods: 1 requested, 3 of 20 used
    ");
}

#[test]
fn refusals_are_told_apart() {
    let table = [
        (
            "pods \"a\" is forbidden: failed quota: q: must specify limits.cpu for: app",
            Code::QuotaRefusesPods,
            true,
        ),
        (
            "pods \"a\" is forbidden: status unknown for quota: q, resources: limits.cpu",
            Code::QuotaRefusesPods,
            false,
        ),
        (
            "pods \"a\" is forbidden: error looking up service account staging/web: serviceaccount \"web\" not found",
            Code::ServiceAccountMissing,
            false,
        ),
        (
            "pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot != true",
            Code::AdmissionRefusesPods,
            true,
        ),
        (
            "pods \"a\" is forbidden: maximum cpu usage per Container is 1, but limit is 2",
            Code::AdmissionRefusesPods,
            true,
        ),
        (
            "admission webhook \"policy.test\" denied the request: no latest tags",
            Code::AdmissionRefusesPods,
            true,
        ),
        (
            "Pod \"a\" is invalid: spec.containers[0].resources.requests: Invalid value: \"2\"",
            Code::PodInvalid,
            true,
        ),
        ("etcdserver: request timed out", Code::PodsNotCreated, false),
    ];
    for (message, code, certain) in table {
        let snapshot = refused(message, "");
        let reason = explain(workload(&snapshot, "Deployment"), &snapshot).unwrap();
        assert_eq!((reason.finding.code, reason.certain), (code, certain), "{message}");
    }
}

#[test]
fn kinds_without_a_condition_are_explained_by_events_until_a_pod_is_created() {
    let set = "apiVersion: apps/v1\nkind: StatefulSet
metadata: {name: db, namespace: staging, uid: s, generation: 1}\nspec: {replicas: 1}\nstatus: {observedGeneration: 1}";
    let failed = "create Pod db-0 in StatefulSet db failed error: pods \"db-0\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=9, limited: pods=9";
    let failed = event(1, "StatefulSet", "db", "s", "FailedCreate", failed);
    assert_snapshot!(explained(&snapshot(&format!("{set}{failed}")), "StatefulSet"), @r"
    QuotaRefusesPods (certain, 10 s)
    ResourceQuota/staging/q: has no room for the pods of db: pods: 1 requested, 9 of 9 used
    ");
    let created = event(2, "StatefulSet", "db", "s", "SuccessfulCreate", "create Pod db-0 successful");
    assert_snapshot!(explained(&snapshot(&format!("{set}{failed}{created}")), "StatefulSet"), @"nothing");
}

const JOB: &str = "
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, namespace: staging, uid: j}
STATUS
---
apiVersion: v1
kind: Pod
metadata: {name: migrate-a, namespace: staging, uid: p, ownerReferences: [{kind: Job, uid: j}]}
status:
  phase: Failed
  containerStatuses: [{name: main, state: {terminated: {exitCode: 2, reason: Error, message: table is locked}}}]
";

#[test]
fn a_job_is_explained_by_the_pod_that_failed_last() {
    let failed = "status: {conditions: [{type: Failed, status: 'True', reason: BackoffLimitExceeded, message: Job has reached the specified backoff limit}]}";
    assert_snapshot!(explained(&snapshot(&JOB.replace("STATUS", failed)), "Job"), @r"
    JobFailed (certain, 10 s)
    Job/staging/migrate: BackoffLimitExceeded: Job has reached the specified backoff limit; migrate-a: container main exited with 2: table is locked
    ");
    let retried = "status: {startTime: '2026-01-01T00:00:00Z', active: 1, failed: 1}";
    assert_snapshot!(explained(&snapshot(&JOB.replace("STATUS", retried)), "Job"), @r"
    PodFailed (suspected, 600 s)
    Job/staging/migrate: migrate-a: container main exited with 2: table is locked
    ");
    let complete = "status: {succeeded: 1, conditions: [{type: Complete, status: 'True'}]}";
    assert_snapshot!(explained(&snapshot(&JOB.replace("STATUS", complete)), "Job"), @"nothing");
}

#[test]
fn a_pod_that_stands_alone_is_explained_by_itself() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: probe, namespace: staging}
status: {phase: Failed, reason: Evicted, message: 'The node was low on resource: memory.'}";
    assert_snapshot!(explained(&snapshot(pod), "Pod"), @r"
    PodFailed (certain, 10 s)
    Pod/staging/probe: Evicted: The node was low on resource: memory.
    ");
}

#[test]
fn before_its_controller_has_seen_a_change_nothing_is_said() {
    let pod = "status: {phase: Pending, containerStatuses: [{name: app, state: {waiting: {reason: ErrImageNeverPull}}}]}";
    let mut seen = deployment_with(pod, &[]);
    let mut changed = workload(&seen, "Deployment").clone();
    changed.fields_mut()["metadata"]["generation"] = 3.into();
    seen.insert(changed);
    assert_snapshot!(explained(&seen, "Deployment"), @"nothing");
}

#[test]
fn a_diagnosis_shows_events_and_the_logs_that_tell() {
    let pod = "
status:
  phase: Running
  containerStatuses:
    - {name: istio-proxy, ready: false, state: {running: {}}}
    - {name: app, restartCount: 4, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1}}}
    - {name: helper, ready: true, state: {running: {}}}";
    let mut seen = deployment_with(
        pod,
        &[
            ("Unhealthy", "Readiness probe failed:\n  503"),
            ("BackOff", "Back-off restarting failed container app"),
        ],
    );
    let other = event(5, "Pod", "somebody-else", "x", "BackOff", "not ours");
    let again = event(6, "Pod", "ms-identity-2new-a", "p2", "Unhealthy", "Readiness probe failed:\n  503");
    snapshot(&format!("{}{again}", other.trim_start_matches("\n---\n")))
        .iter()
        .for_each(|event| seen.insert(event.clone()));

    let diagnosis = diagnose(workload(&seen, "Deployment"), &seen);
    let logs = diagnosis.logs.iter().map(|log| {
        format!("{} {}{}", log.pod.name, log.container, if log.previous { " (previous)" } else { "" })
    });
    let lines: Vec<String> = explain(workload(&seen, "Deployment"), &seen)
        .iter()
        .map(|trouble| trouble.finding.to_string())
        .chain(diagnosis.events.clone())
        .chain(logs)
        .collect();
    assert_snapshot!(lines.join("\n"), @r"
    Deployment/staging/ms-identity: ms-identity-2new-a: container app (4 restarts): exited with 1
    BackOff (x2): Back-off restarting failed container app
    Unhealthy (x8): Readiness probe failed: 503
    ms-identity-2new-a app (previous)
    ms-identity-2new-a istio-proxy
    ");
}

#[test]
fn warnings_outlive_a_flood_of_ordinary_events() {
    let pod = "status: {phase: Pending}";
    let mut text = event(0, "Pod", "ms-identity-2new-a", "p2", "FailedMount", "the one that matters");
    for number in 1..30 {
        let pulled = event(number, "Pod", "ms-identity-2new-a", "p2", "Pulled", &format!("image {number}"));
        text += &pulled.replace("Warning", "Normal");
    }
    let mut seen = deployment_with(pod, &[]);
    snapshot(text.trim_start_matches("\n---\n")).iter().for_each(|event| seen.insert(event.clone()));
    let events = diagnose(workload(&seen, "Deployment"), &seen).events;
    assert_eq!(events.len(), 10);
    assert_eq!(events[0], "FailedMount: the one that matters");
    assert_eq!(events[9], "Pulled (x30): image 29");
}
