use std::fmt;

/// Declares the codes with their numbers, once.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)+) => {
        /// What is wrong, for programs and for looking it up: `KSI-201`. A number is never given another
        /// meaning, and one that is no longer found is not used again.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Code {
            $($(#[$doc])* $name = $number,)+
        }

        impl Code {
            /// All of them, by number.
            pub const ALL: &[Self] = &[$(Self::$name,)+];
        }
    };
}

// 1xx is about the cluster, 2xx about the plan's objects, 3xx about room for its pods, 4xx about workloads
// that do not get ready, 5xx about a mesh that is not what was promised.
codes! {
    /// No cluster answers.
    Unreachable = 101,
    /// The cluster did not let itself be asked for everything.
    Unread = 102,
    /// A version of Kubernetes that this Istio was not made for.
    KubernetesVersion = 103,
    /// A version of Istio that is not mended any more.
    IstioSupport = 104,
    /// The release cannot be had, or istioctl does not render it.
    NoIstio = 105,
    /// Nodes that are not ready, or none at all.
    NodesNotReady = 106,
    /// The nodes have less to give than the pods ask for.
    NodesFull = 107,
    /// A namespace that is being deleted takes nothing new.
    NamespaceTerminating = 108,
    /// A webhook whose Service or pods are not there.
    WebhookUnanswered = 109,
    /// Another Istio: its version, its revision or its installer.
    OtherIstio = 110,
    /// A definition without a version in which objects are stored.
    StoredVersion = 111,
    /// An API of another server that does not answer.
    ApiUnavailable = 112,
    /// Something that the user may not do, and an installation does.
    RightsMissing = 121,
    /// A role that gives more than who would make it has.
    RoleTooStrong = 122,
    /// What a layer does not have any more, and was not removed.
    NotPruned = 124,
    /// An object that another manager had made before it was first applied.
    AlreadyThere = 125,
    /// A workload without a sidecar that calls what a STRICT policy closes.
    CallerCutOff = 131,
    /// Workloads without a sidecar that may call what a STRICT policy closes.
    CallersUnknown = 132,
    /// A way in from outside of the mesh that a STRICT policy closes.
    EntranceCutOff = 133,
    /// Metrics that Prometheus does not get under a STRICT policy.
    ScrapeCutOff = 134,
    /// What the API server asks, and a STRICT policy closes to it.
    ApiServerCutOff = 135,
    /// Probes that fail under a STRICT policy.
    ProbeCutOff = 136,
    /// A DestinationRule by which the mesh itself calls what a STRICT policy closes.
    RuleCutOff = 137,
    /// Fields that another manager holds with other values.
    FieldsHeld = 141,
    /// A field that cannot be changed any more.
    FieldImmutable = 142,
    /// An object that the server refuses for another reason.
    ObjectRefused = 143,
    /// A machine with too little memory for a cluster of its own.
    MachineMemory = 151,
    /// A kernel that lets too little be watched.
    MachineInotify = 152,
    /// An image that is not for this machine.
    ImageArchitecture = 153,
    /// An object whose kind, or the version of it, nothing defines.
    UnknownKind = 201,
    /// A policy for the whole mesh that holds for one namespace alone.
    MisplacedPolicy = 202,
    /// One workload that lands in two namespaces.
    WorkloadTwice = 203,
    /// A namespace that nothing makes.
    NamespaceMissing = 204,
    /// A route to a host that no Service has.
    DestinationUnknown = 205,
    /// A rule for a host that no Service has.
    HostUnknown = 206,
    /// A subset that no DestinationRule defines, or that has no pods.
    SubsetUnknown = 207,
    /// A gateway that is not there, or serves other hosts.
    GatewayUnknown = 208,
    /// A gateway's host that no route is for.
    GatewayUnused = 209,
    /// A port that is not there.
    PortUnknown = 210,
    /// A port whose name does not say its protocol.
    PortName = 211,
    /// A selector that matches no pods.
    SelectorMatchesNothing = 212,
    /// A Secret, ConfigMap, claim or ServiceAccount that nothing brings.
    ReferenceMissing = 213,
    /// A key that the Secret or ConfigMap does not have.
    KeyMissing = 214,
    /// An object that names no namespace.
    NoNamespace = 215,
    /// An object that two layers bring, and differ.
    SharedObject = 216,
    /// Images that the profile's rules cannot place.
    Images = 217,
    /// A pull secret that the kubelet cannot use, or not for these images.
    PullSecretUnusable = 218,
    /// An image that its registry gives to nobody without credentials.
    ImageNeedsCredentials = 219,
    /// A namespace that asks for sidecars in a way that no injector goes by.
    NoInjector = 220,
    /// A PriorityClass, RuntimeClass or StorageClass that is not there.
    ClassMissing = 221,
    /// A ResourceQuota with less room than the workloads ask for.
    QuotaExceeded = 301,
    /// A ResourceQuota without room for a rolling update.
    QuotaTightForUpdate = 302,
    /// A ResourceQuota that refuses containers which say nothing of a resource.
    QuotaNeedsValues = 303,
    /// A LimitRange that refuses pods.
    LimitRange = 304,
    /// A workload that is not ready in time, without a cause that shows.
    NotReady = 401,
    /// A ResourceQuota refuses pods.
    QuotaRefusesPods = 402,
    /// A policy refuses pods: Pod Security, a LimitRange, a webhook.
    AdmissionRefusesPods = 403,
    /// Pods that the API server takes for invalid.
    PodInvalid = 404,
    /// Pods that run as a ServiceAccount that is not there.
    ServiceAccountMissing = 405,
    /// A webhook that does not answer, so that no pod is made.
    WebhookRefusesPods = 406,
    /// Pods that are not made for another reason.
    PodsNotCreated = 407,
    /// A pod that fits no node.
    Unschedulable = 411,
    /// A volume that does not come.
    VolumeNotMounted = 412,
    /// A node that cannot set up a pod.
    SandboxFailed = 413,
    /// A claim that is not there, or has no volume.
    ClaimUnbound = 414,
    /// A node that is lost, with the pods on it.
    NodeLost = 415,
    /// An image's name that is none.
    ImageName = 421,
    /// An image that is not on the node and may not be pulled.
    ImageNeverPulled = 422,
    /// An image that the registry does not have.
    ImageNotFound = 423,
    /// An image that the registry does not give to this client.
    ImageDenied = 424,
    /// A registry that has given too much already.
    RegistryLimit = 425,
    /// A registry that does not answer.
    RegistryUnreachable = 426,
    /// An image that does not come for another reason.
    ImageNotPulled = 427,
    /// A Secret, or a key of it, that a pod waits for.
    SecretMissing = 431,
    /// A ConfigMap, or a key of it, that a pod waits for.
    ConfigMapMissing = 432,
    /// A container whose spec cannot be carried out.
    ContainerConfig = 433,
    /// A container whose process does not start.
    CannotStart = 434,
    /// A container that ends again and again.
    CrashLoop = 435,
    /// A container that used more memory than it may.
    OutOfMemory = 436,
    /// A container whose probe fails.
    ProbeFailing = 437,
    /// A sidecar that is not ready.
    SidecarNotReady = 438,
    /// A Job that has failed.
    JobFailed = 441,
    /// A pod that has ended and should not have.
    PodFailed = 442,
    /// Pods that a node has ended.
    Evicted = 443,
    /// A rollout that a person has paused.
    RolloutPaused = 444,
    /// Something that is being deleted and waits for its finalizers.
    DeletionHeld = 445,
    /// No istiod that answers.
    NoControlPlane = 501,
    /// A gateway or an addon that is not available.
    ControlPlanePart = 502,
    /// A control plane of another version than the profile's.
    OtherVersion = 503,
    /// A proxy that has not taken over what istiod sent it.
    ProxyBehind = 504,
    /// A sidecar that is not connected to istiod.
    ProxyUnknown = 505,
    /// A workload of the mesh that is not ready.
    WorkloadUnready = 511,
    /// A Service without endpoints.
    NoEndpoints = 512,
    /// A Service that is not there.
    ServiceMissing = 513,
    /// No service to verify.
    NothingToVerify = 514,
    /// A pod that should have a sidecar and has none.
    NoSidecar = 521,
    /// A sidecar of a running pod that is not ready.
    SidecarUnready = 522,
    /// A sidecar of another version than its control plane.
    SidecarVersion = 523,
    /// A namespace in which a new pod would get no sidecar.
    InjectionOff = 524,
    /// A pod that keeps itself out of the mesh.
    OptedOut = 525,
    /// A service that does not answer through the mesh.
    NoAnswer = 531,
    /// No pod to call from.
    ProbeMissing = 532,
    /// A service that takes a call in plaintext.
    PlaintextTaken = 541,
    /// A policy that lets plaintext in.
    Permissive = 542,
    /// A DestinationRule that has callers do without the mesh's TLS.
    TlsOff = 543,
    /// A connection in the mesh that is not mutual TLS.
    NotMutual = 544,
    /// A sidecar that runs other timeouts or retries than were promised.
    RouteDiffers = 551,
    /// A VirtualService that a sidecar does not run.
    RouteMissing = 552,
    /// An addon that does not answer.
    DashboardSilent = 561,
    /// What could not be asked of the mesh.
    Unasked = 591,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KSI-{}", *self as u16)
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
