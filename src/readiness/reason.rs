use std::time::Duration;

use crate::object::ObjectId;

/// What is wrong with a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Kubernetes' word where it has one: `CrashLoopBackOff`, `ErrImagePull`. For programs.
    pub code: &'static str,
    /// One line that stands alone: it begins with the name of the object that has the trouble.
    pub text: String,
    /// It cannot come right unless a person changes something.
    pub certain: bool,
    /// How long it may last before it is a failure. Never zero: even what is certain is looked at twice,
    /// because a snapshot may be a moment old.
    pub grace: Duration,
    /// The pod that has the trouble; None where there is no pod, because it was refused.
    pub pod: Option<ObjectId>,
    pub container: Option<String>,
    pub(super) cause: Cause,
}

/// Why a workload does not get ready; the most telling first. Whether it passes, and how long that takes,
/// follows from how its controller tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    JobFailed,
    InvalidImageName,
    ImageNeverPull,
    InvalidContainerConfig,
    QuotaExceeded,
    Forbidden,
    InvalidPod,
    MissingServiceAccount,
    WebhookFailed,
    FailedCreate,
    MissingSecret,
    MissingConfigMap,
    ErrImagePull,
    CannotStart,
    OomKilled,
    CrashLoop,
    VolumeMount,
    Sandbox,
    Unschedulable,
    PodFailed,
    SidecarNotReady,
    ProbeFailing,
}

/// How long what is certain must be seen.
pub(super) const CONFIRM: Duration = Duration::from_secs(10);

/// A refused pod is created again after 20, 41 and 82 s (exponential requeue of the ReplicaSet
/// controller): three more tries.
pub(super) const REFUSED_POD: Duration = Duration::from_secs(180);

/// Restarts wait 0, 10, 20 and 40 s (kubelet's crash backoff): the fourth has been tried by then.
const CRASH_LOOP: Duration = Duration::from_secs(90);

/// Restarts before a crash can be called a loop.
const RESTARTS_OF_A_LOOP: i64 = 3;

/// A Deployment's default progressDeadlineSeconds: for what an application may need to start.
pub(super) const SLOW: Duration = Duration::from_secs(600);

/// Pulls are tried again after 10, 20 and 40 s. A registry that has answered "no" thrice means it.
pub(super) const PULL_REFUSED: Duration = Duration::from_secs(40);

/// Volumes are mounted again after up to 2 min 2 s (exponentialbackoff of the volume manager).
const MOUNT: Duration = Duration::from_secs(150);

/// Where no retry is known by its seconds: a node that comes up, a scheduler that finds room.
pub(super) const MINUTES: Duration = Duration::from_secs(120);

impl Cause {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::JobFailed => "JobFailed",
            Self::InvalidImageName => "InvalidImageName",
            Self::ImageNeverPull => "ImageNeverPull",
            Self::InvalidContainerConfig => "InvalidContainerConfig",
            Self::QuotaExceeded => "QuotaExceeded",
            Self::Forbidden => "Forbidden",
            Self::InvalidPod => "InvalidPod",
            Self::MissingServiceAccount => "MissingServiceAccount",
            Self::WebhookFailed => "WebhookFailed",
            Self::FailedCreate => "FailedCreate",
            Self::MissingSecret => "MissingSecret",
            Self::MissingConfigMap => "MissingConfigMap",
            Self::ErrImagePull => "ErrImagePull",
            Self::CannotStart => "CannotStart",
            Self::OomKilled => "OOMKilled",
            Self::CrashLoop => "CrashLoopBackOff",
            Self::VolumeMount => "VolumeMount",
            Self::Sandbox => "SandboxFailed",
            Self::Unschedulable => "Unschedulable",
            Self::PodFailed => "PodFailed",
            Self::SidecarNotReady => "SidecarNotReady",
            Self::ProbeFailing => "ProbeFailing",
        }
    }

    fn is_certain(self) -> bool {
        matches!(
            self,
            Self::JobFailed
                | Self::InvalidImageName
                | Self::ImageNeverPull
                | Self::InvalidContainerConfig
                | Self::QuotaExceeded
                | Self::Forbidden
                | Self::InvalidPod
        )
    }

    fn grace(self) -> Duration {
        match self {
            cause if cause.is_certain() => CONFIRM,
            Self::MissingServiceAccount | Self::WebhookFailed | Self::FailedCreate => REFUSED_POD,
            // One that an operator makes is there in seconds; a kubelet that mounts it looks again later.
            Self::MissingSecret | Self::MissingConfigMap | Self::VolumeMount => MOUNT,
            Self::OomKilled | Self::CrashLoop | Self::CannotStart => CRASH_LOOP,
            Self::ErrImagePull | Self::Sandbox | Self::Unschedulable => MINUTES,
            _ => SLOW,
        }
    }

    /// Causes that follow each other in one and the same trouble: their time counts together.
    pub(super) fn family(self) -> Self {
        match self {
            Self::OomKilled | Self::CannotStart => Self::CrashLoop,
            Self::SidecarNotReady => Self::ProbeFailing,
            cause => cause,
        }
    }
}

impl Reason {
    pub(super) fn new(cause: Cause, text: impl AsRef<str>) -> Self {
        Self {
            code: cause.code(),
            text: one_line(text.as_ref()),
            certain: cause.is_certain(),
            grace: cause.grace(),
            pod: None,
            container: None,
            cause,
        }
    }

    pub(super) fn of_pod(self, pod: &ObjectId) -> Self {
        Self { pod: Some(pod.clone()), ..self }
    }

    pub(super) fn of_container(self, name: &str) -> Self {
        Self { container: Some(name.to_owned()), ..self }
    }

    /// It cannot pass after all.
    pub(super) fn for_certain(self) -> Self {
        Self { certain: true, grace: CONFIRM, ..self }
    }

    /// It may pass after all, within this time.
    pub(super) fn suspected_for(self, grace: Duration) -> Self {
        Self { certain: false, grace, ..self }
    }

    /// A crash is a failure once a container has had its restarts and is down again; one that runs gets
    /// the time to become ready.
    pub(super) fn of_crash(self, restarts: i64, is_running: bool) -> Self {
        match is_running || restarts < RESTARTS_OF_A_LOOP {
            true => self.suspected_for(SLOW),
            false => self,
        }
    }
}

/// Messages of runtimes and probes have line breaks and tabs.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
