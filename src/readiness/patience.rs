//! How long each trouble may last, which follows from how its controller tries again, and what to do about it.

use std::time::Duration;

use crate::finding::Code;

/// What holds for all troubles of one code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    code: Code,
    pub(super) patience: Patience,
    pub(super) hint: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Patience {
    /// Only a person can mend it.
    None,
    /// It may pass within this time.
    For(Duration),
}

/// How long what is certain must be seen.
pub(super) const CONFIRM: Duration = Duration::from_secs(10);

/// A refused pod is created again after 20, 41 and 82 s (exponential requeue of the ReplicaSet
/// controller): three more tries.
pub(super) const REFUSED_POD: Duration = Duration::from_secs(180);

/// Restarts wait 0, 10, 20 and 40 s (kubelet's crash backoff): the fourth has been tried by then.
const CRASH_LOOP: Duration = Duration::from_secs(90);

/// A Deployment's default progressDeadlineSeconds: for what an application may need to start.
pub(super) const SLOW: Duration = Duration::from_secs(600);

/// Pulls are tried again after 10, 20 and 40 s. A registry that has answered "no" thrice means it.
const PULL_REFUSED: Duration = Duration::from_secs(40);

/// The longest that a kubelet waits before it pulls again.
const PULL_BACKOFF: Duration = Duration::from_secs(300);

/// Volumes are mounted again after up to 2 min 2 s (exponentialbackoff of the volume manager).
const MOUNT: Duration = Duration::from_secs(150);

/// Pods tolerate a lost node for 300 s (DefaultTolerationSeconds), and are then made on another.
const NODE_LOST: Duration = Duration::from_secs(360);

/// A node says that it lacks something for 300 s at least (eviction-pressure-transition-period).
const EVICTED: Duration = Duration::from_secs(330);

/// Where no retry is known by its seconds: a node that comes up, a scheduler that finds room.
pub(super) const MINUTES: Duration = Duration::from_secs(120);

const fn certain(code: Code, hint: &'static str) -> Rule {
    Rule { code, patience: Patience::None, hint }
}

const fn passing(code: Code, grace: Duration, hint: &'static str) -> Rule {
    Rule { code, patience: Patience::For(grace), hint }
}

const MISSING: &str = "create it, with that key; where the pod can do without, mark the reference `optional`";

const UNEXPLAINED: Rule = passing(
    Code::NotReady,
    SLOW,
    "`kubectl describe` of it and of its pods tells more; where it only needs its time, give it more with \
     --timeout",
);

/// The most telling first.
const RULES: &[Rule] = &[
    certain(Code::JobFailed, "mend what made its pods fail, delete the Job, and run the same command again"),
    certain(Code::ImageName, "correct `image:`"),
    certain(Code::RolloutPaused, "`kubectl rollout resume` it"),
    certain(
        Code::ImageNeverPulled,
        "load the image into the nodes (kind: `kind load docker-image`), or set `imagePullPolicy: IfNotPresent`",
    ),
    certain(Code::ContainerConfig, "correct the container's spec"),
    certain(Code::QuotaRefusesPods, "raise the quota, or have the pods ask for less"),
    certain(Code::AdmissionRefusesPods, "change the pods so that the policy admits them, or the policy"),
    certain(
        Code::PodInvalid,
        "correct the pod's template, or what a webhook adds to it (the sidecar's annotations)",
    ),
    passing(
        Code::ServiceAccountMissing,
        REFUSED_POD,
        "create the ServiceAccount, or correct `serviceAccountName`",
    ),
    passing(
        Code::WebhookRefusesPods,
        REFUSED_POD,
        "see whether the pods behind the webhook's Service run; where nothing is to answer any more, delete \
         its configuration",
    ),
    passing(Code::PodsNotCreated, REFUSED_POD, "`kubectl describe` of what makes the pods may tell more"),
    passing(Code::SecretMissing, MOUNT, MISSING),
    passing(Code::ConfigMapMissing, MOUNT, MISSING),
    passing(
        Code::ImageNotFound,
        PULL_REFUSED,
        "push the image, or correct its name and tag (`images:` in the profile, or in a kustomization)",
    ),
    passing(
        Code::ImageDenied,
        PULL_REFUSED,
        "give the pod a pull secret for the registry (`imagePullSecrets`), or correct the image's name: many \
         registries say the same of what is not there",
    ),
    passing(
        Code::RegistryLimit,
        PULL_BACKOFF,
        "wait until the registry's limit is over, or pull from a mirror or with an account",
    ),
    passing(
        Code::RegistryUnreachable,
        MINUTES,
        "the nodes must reach the registry: look at their DNS, proxy and firewall, or load the image into them",
    ),
    passing(Code::ImageNotPulled, MINUTES, "`kubectl describe pod` tells more"),
    passing(Code::CannotStart, CRASH_LOOP, "correct its command, its `postStart` hook, or the image"),
    passing(Code::OutOfMemory, CRASH_LOOP, "raise `resources.limits.memory`, or have the container use less"),
    passing(Code::CrashLoop, CRASH_LOOP, "its last log lines may tell why: `kubectl logs --previous`"),
    passing(
        Code::DeletionHeld,
        MINUTES,
        "see to what its finalizers stand for; where their controller is gone for good, remove them by hand",
    ),
    passing(
        Code::ClaimUnbound,
        MINUTES,
        "create the claim or its StorageClass, or a volume that fits it: `kubectl describe pvc`",
    ),
    passing(
        Code::NodeLost,
        NODE_LOST,
        "bring the node back, or delete it, so that its pods are made on others",
    ),
    passing(
        Code::VolumeNotMounted,
        MOUNT,
        "`kubectl describe pod` names the volume, and its claim or driver",
    ),
    passing(
        Code::SandboxFailed,
        MINUTES,
        "the node's network or container runtime fails: look at the pods of kube-system on that node",
    ),
    passing(
        Code::Unschedulable,
        MINUTES,
        "free or add a node, have the pods ask for less, or loosen what ties them to some nodes",
    ),
    passing(
        Code::Evicted,
        EVICTED,
        "free what the node lacks (memory, disk), or have the pods request what they use",
    ),
    passing(Code::PodFailed, SLOW, "`kubectl describe pod` tells more"),
    passing(
        Code::SidecarNotReady,
        SLOW,
        "`kubectl logs POD -c istio-proxy` tells what it waits for; istiod must run and be reachable",
    ),
    passing(
        Code::ProbeFailing,
        SLOW,
        "look at what the container logs, and at the port, the path and the times of its probe",
    ),
];

/// What holds for a code; one without a rule is like a workload that only needs its time.
pub(super) fn rule(code: Code) -> Rule {
    RULES.iter().copied().find(|rule| rule.code == code).unwrap_or(UNEXPLAINED)
}

/// The place of a code among those that tell more.
pub(super) fn rank(code: Code) -> usize {
    RULES.iter().position(|rule| rule.code == code).unwrap_or(RULES.len())
}

/// Troubles that follow each other in one and the same trouble: their time counts together.
pub(super) fn family(code: Code) -> Code {
    match code {
        Code::OutOfMemory | Code::CannotStart => Code::CrashLoop,
        Code::SidecarNotReady => Code::ProbeFailing,
        Code::ImageNotFound | Code::ImageDenied | Code::RegistryLimit | Code::RegistryUnreachable => {
            Code::ImageNotPulled
        }
        code => code,
    }
}
