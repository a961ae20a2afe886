//! Runs as an engine would announce them, to be shown again: each fact with the second that it came.
//!
//! Whoever includes this file has `event`, `finding`, `kustomize` and `object` at its root.

use std::time::Duration;

use serde_json::json;

use crate::event::{
    ApplyOutcome, CheckOutcome, ControlPlane, Deviation, Ending, Event, Finished, HeldField, How, LogTail,
    PlannedCounts, PlannedLayer, PlannedOutcome, RemovalOutcome, Step, WorkloadState,
};
use crate::finding::{Code, Finding, Severity};
use crate::kustomize::At;
use crate::object::{Diff, GroupKind, Object, ObjectId};

use ApplyOutcome::{Changed, Created, Failed, Unchanged};
use WorkloadState::{InProgress, Ready, Suspect};

/// Facts in the order in which they came, each with its time since the start of the run.
pub(crate) type Recording = Vec<(Duration, Event)>;

pub(crate) const NAMES: [&str; 11] = [
    "first",
    "again",
    "failed",
    "interrupted",
    "bundled",
    "checked",
    "uninstalled",
    "planned",
    "astray",
    "local",
    "deleted",
];

pub(crate) fn named(name: &str) -> Option<Recording> {
    Some(match name {
        "first" => first(),
        "again" => again(),
        "failed" => failed(),
        "interrupted" => interrupted(),
        "bundled" => bundled(),
        "checked" => checked(),
        "uninstalled" => uninstalled(),
        "planned" => planned(),
        "astray" => astray(),
        "local" => local(),
        "deleted" => deleted(),
        _ => return None,
    })
}

/// From a bare cluster to six services; another run holds the Lease at first, and the net is bad.
pub(crate) fn first() -> Recording {
    let mut run = Run::default();
    run.connect(0.4);
    run.say(0.4, Event::StepStarted { step: Step::Fetch });
    run.say(0.5, Event::DownloadStarted { url: URL.to_owned(), total_bytes: Some(25_149_340) });
    for (at, received) in [(0.7, 400_000), (1.2, 1_900_000), (1.7, 3_100_000), (2.2, 5_200_000)] {
        run.received(at, received);
    }
    let reason = "connection reset by peer".to_owned();
    run.say(2.4, Event::DownloadRetried { attempt: 2, reason, after: Duration::from_millis(500) });
    let total_bytes = Some(25_149_340);
    run.say(2.9, Event::DownloadResumed { received_bytes: 5_200_000, total_bytes });
    for half in 1..=13 {
        run.received(
            2.9 + f64::from(half) * 0.5,
            (5_200_000 + u64::from(half as u32) * 1_600_000).min(25_149_340),
        );
    }
    run.say(9.8, release(false));
    run.end(9.9, Step::Fetch, 9.5);
    run.render(9.9, 10.6);

    run.say(10.6, Event::StepStarted { step: Step::Layer("istio".to_owned()) });
    run.say(10.7, Event::LeaseAwaited { holder: "ci-7 (pid 4211)".to_owned() });
    run.wave(13.0, "istio", "crds", 15);
    for (n, name) in ISTIO_CRDS.iter().enumerate() {
        run.applied(
            13.1 + n as f64 / 50.0,
            "istio",
            id("apiextensions.k8s.io", "CustomResourceDefinition", "", name),
            Created,
        );
    }
    run.wave(13.8, "istio", "configuration", 2);
    run.applied(13.9, "istio", id("", "Namespace", "", "istio-system"), Created);
    run.applied(13.9, "istio", id("", "ConfigMap", "istio-system", "istio"), Created);
    run.wave(14.0, "istio", "workloads", 1);
    let istiod = deployment("istio-system", "istiod");
    run.applied(14.1, "istio", istiod.clone(), Created);
    run.workload(14.2, "istio", &istiod, InProgress, (0, 1), None);
    run.workload(
        15.0,
        "istio",
        &istiod,
        InProgress,
        (0, 1),
        Some("pulling image docker.io/istio/pilot:1.18.0"),
    );
    run.addons(15.0);
    run.workload(
        35.5,
        "istio",
        &istiod,
        InProgress,
        (0, 1),
        Some("readiness probe fails: connection refused"),
    );
    run.workload(38.0, "istio", &istiod, Ready, (1, 1), None);
    let webhook = "rev.validation.istio.io".to_owned();
    run.say(38.0, Event::WebhookAwaited { layer: "istio".to_owned(), webhook: webhook.clone() });
    run.say(39.2, Event::WebhookAnswered { layer: "istio".to_owned(), webhook });
    run.wave(39.2, "istio", "workloads", 2);
    for (at, gateway) in [(39.3, "istio-ingressgateway"), (39.4, "istio-egressgateway")] {
        let gateway = deployment("istio-system", gateway);
        run.applied(at, "istio", gateway.clone(), Created);
        run.workload(
            at + 0.1,
            "istio",
            &gateway,
            InProgress,
            (0, 1),
            Some("pulling image docker.io/istio/proxyv2:1.18.0"),
        );
    }
    run.workload(41.0, "istio", &deployment("istio-system", "istio-egressgateway"), Ready, (1, 1), None);
    run.workload(42.4, "istio", &deployment("istio-system", "istio-ingressgateway"), Ready, (1, 1), None);
    run.end(42.5, Step::Layer("istio".to_owned()), 31.9);

    run.base(43.1, Created);
    run.services(44.5, Created);
    let [identity, product, orders] =
        ["ms-identity", "ms-product", "ms-order-management"].map(|name| deployment(STAGING, name));
    let quota = "pods refused: exceeded quota: kubestock-quota, requested: limits.cpu=2, used: limits.cpu=6500m, limited: limits.cpu=8";
    run.workload(46.0, "staging", &identity, Ready, (1, 1), None);
    run.workload(
        46.1,
        "staging",
        &product,
        InProgress,
        (0, 1),
        Some("pulling image docker.io/hashicorp/http-echo:1.0.0"),
    );
    run.workload(46.2, "staging", &orders, Suspect, (0, 1), Some(quota));
    run.workload(49.0, "staging", &product, Ready, (1, 1), None);
    run.workload(50.0, "staging", &orders, InProgress, (0, 1), None);
    run.workload(51.8, "staging", &orders, Ready, (1, 1), None);
    run.end(52.0, Step::Layer("staging".to_owned()), 7.5);

    run.say(52.0, Event::StepStarted { step: Step::Rollout });
    let kiali = deployment("istio-system", "kiali");
    run.workload(55.5, "addons", &deployment("istio-system", "prometheus"), Ready, (1, 1), None);
    run.workload(56.0, "addons", &kiali, InProgress, (0, 1), Some("pulling image quay.io/kiali/kiali:v1.67"));
    run.workload(75.0, "addons", &kiali, Ready, (1, 1), None);
    run.end(75.0, Step::Rollout, 23.0);
    run.verify(
        75.0,
        &[
            ("mtls", true, "a plaintext call to ms-identity was reset"),
            ("connectivity", true, "frontend to ms-identity: 200 in 12 ms"),
        ],
    );
    run.finished(77.2, Ending::Done, (36, 0, 0, 0), None);
    run.in_order()
}

/// The same command once more: all is there.
pub(crate) fn again() -> Recording {
    let mut run = Run::default();
    run.connect(0.3);
    run.say(0.3, Event::StepStarted { step: Step::Fetch });
    run.say(0.35, release(true));
    run.end(0.4, Step::Fetch, 0.1);
    run.render(0.4, 1.0);
    run.say(1.0, Event::StepStarted { step: Step::Layer("istio".to_owned()) });
    run.wave(1.1, "istio", "crds", 15);
    for name in ISTIO_CRDS {
        run.applied(
            1.2,
            "istio",
            id("apiextensions.k8s.io", "CustomResourceDefinition", "", name),
            Unchanged,
        );
    }
    for object in [id("", "Namespace", "", "istio-system"), id("", "ConfigMap", "istio-system", "istio")] {
        run.applied(1.3, "istio", object, Unchanged);
    }
    for name in ["istiod", "istio-ingressgateway", "istio-egressgateway"] {
        let object = deployment("istio-system", name);
        run.applied(1.4, "istio", object.clone(), Unchanged);
        run.workload(1.5, "istio", &object, Ready, (1, 1), None);
    }
    run.end(1.6, Step::Layer("istio".to_owned()), 0.6);
    for (layer, objects) in [("addons", 2), ("base", 2)] {
        run.say(1.6, Event::StepStarted { step: Step::Layer(layer.to_owned()) });
        for n in 0..objects {
            run.applied(1.7, layer, id("", "ConfigMap", "istio-system", &format!("{layer}-{n}")), Unchanged);
        }
        run.end(1.8, Step::Layer(layer.to_owned()), 0.2);
    }
    run.services(1.8, Unchanged);
    for name in ["ms-identity", "ms-product", "ms-order-management"] {
        run.workload(2.0, "staging", &deployment(STAGING, name), Ready, (1, 1), None);
    }
    run.end(2.1, Step::Layer("staging".to_owned()), 0.3);
    run.verify(2.1, &[("mtls", true, "a plaintext call to ms-identity was reset")]);
    run.finished(4.3, Ending::Done, (0, 0, 36, 0), None);
    run.in_order()
}

/// One image cannot be pulled, one object is refused, and the time is over.
pub(crate) fn failed() -> Recording {
    let mut run = Run::default();
    run.connect(0.3);
    let warning = "istio 1.18 has been out of support since January 2024".to_owned();
    run.say(0.3, Event::Warned { warning });
    run.render(0.4, 1.0);
    for finding in findings() {
        run.say(1.0, Event::Found(finding));
    }
    run.base(1.0, Changed);
    run.services(2.0, Created);
    let policy = id("security.istio.io", "PeerAuthentication", "istio-system", "default");
    let reason = "failed calling webhook \"validation.istio.io\": connection refused".to_owned();
    run.say(2.2, Event::ApplyRetried { layer: "base".to_owned(), object: policy.clone(), reason });
    run.say(
        2.4,
        Event::ObjectApplied {
            layer: "base".to_owned(),
            object: policy,
            outcome: Failed,
            message: Some(
                "admission webhook denied the request:\n  mtls mode STRICTER is unknown".to_owned(),
            ),
        },
    );
    let product = deployment(STAGING, "ms-product");
    let pull = "image registry.example/kubestock/ms-product:2.1 cannot be pulled: 401 Unauthorized";
    run.workload(3.0, "staging", &deployment(STAGING, "ms-identity"), Ready, (1, 1), None);
    run.workload(
        3.1,
        "staging",
        &product,
        InProgress,
        (0, 1),
        Some("pulling image registry.example/kubestock/ms-product:2.1"),
    );
    run.workload(5.0, "staging", &product, Suspect, (0, 1), Some(pull));
    run.workload(41.0, "staging", &product, WorkloadState::Failed, (0, 1), Some(pull));
    run.say(41.2, Event::Diagnosed {
        layer: Some("staging".to_owned()),
        object: product,
        reason: Some(pull.to_owned()),
        finding: trouble(&deployment(STAGING, "ms-product"), WorkloadState::Failed, pull),
        events: vec![
            "Scheduled: assigned kubestock-staging/ms-product-5d9c to node-1".to_owned(),
            "Failed: Failed to pull image \"registry.example/kubestock/ms-product:2.1\": 401 Unauthorized (x4)".to_owned(),
        ],
        logs: vec![LogTail {
            pod: "ms-product-5d9c".to_owned(),
            container: "istio-proxy".to_owned(),
            lines: vec!["warn\tca\tca request failed, starting attempt 1".to_owned(), "\u{1b}[31merror\u{1b}[0m no certificate".to_owned()],
        }],
    });
    run.say(
        41.3,
        Event::checked(
            "mtls",
            CheckOutcome::Failed,
            "Service/kubestock-staging/ms-identity: answers 200 to a call in plaintext",
            vec![plaintext_taken()],
        ),
    );
    let blocked = CheckOutcome::Blocked { by: "services" };
    run.say(41.3, Event::checked("connectivity", blocked, "ms-product has no endpoints to call", Vec::new()));
    run.finished(
        41.4,
        Ending::Failed,
        (9, 2, 0, 1),
        Some((
            5,
            "1 workload of layer staging cannot become ready: Deployment/kubestock-staging/ms-product",
            "give the cluster a pull secret for registry.example, then run the same command again",
        )),
    );
    run.in_order()
}

/// Ctrl-C while istiod starts.
pub(crate) fn interrupted() -> Recording {
    let mut run = Run::default();
    run.connect(0.3);
    run.say(0.3, Event::StepStarted { step: Step::Fetch });
    run.say(0.3, release(true));
    run.end(0.4, Step::Fetch, 0.1);
    run.render(0.4, 1.0);
    run.say(1.0, Event::StepStarted { step: Step::Layer("istio".to_owned()) });
    run.wave(1.1, "istio", "crds", 15);
    for name in ISTIO_CRDS {
        run.applied(1.2, "istio", id("apiextensions.k8s.io", "CustomResourceDefinition", "", name), Created);
    }
    run.say(1.5, Event::Interrupted { signal: "SIGINT" });
    run.finished(
        2.0,
        Ending::Interrupted,
        (15, 0, 0, 0),
        Some((130, "interrupted by SIGINT", "the same command goes on where this run ended")),
    );
    run.in_order()
}

/// A bundle, for which nothing had to be fetched.
pub(crate) fn bundled() -> Recording {
    let mut run = Run::default();
    run.say(0.1, Event::StepStarted { step: Step::Fetch });
    run.say(0.3, release(true));
    run.end(0.3, Step::Fetch, 0.2);
    run.say(0.3, Event::StepStarted { step: Step::Bundle });
    let sha256 = "9b0c8e6f7f2d44e2a1c3f4b7f6f0a2b8d2f6cf1f5a3a4f0c6f4e9d3b1a2c7e58".to_owned();
    run.say(0.5, Event::BundleWritten { path: "demo.bundle".to_owned(), bytes: 25_331_712, sha256 });
    run.end(0.5, Step::Bundle, 0.2);
    run.finished(0.5, Ending::Done, (0, 0, 0, 0), None);
    run.in_order()
}

/// A cluster that is made for it, and an image of this machine; then the run is asked to end.
pub(crate) fn local() -> Recording {
    let mut run = Run::default();
    let memory = "the container engine has 2.0 GiB of memory, and the pods take up to 4 GiB";
    let hint = "give it more in its settings";
    run.say(0.0, Event::Found(Finding::warning(Code::MachineMemory, memory, hint)));
    run.say(0.1, Event::StepStarted { step: Step::Cluster("kubestock".to_owned()) });
    let (cluster, kubernetes) = ("kubestock".to_owned(), "v1.27.16".to_owned());
    run.say(62.1, Event::ClusterReady { cluster, kubernetes, made: true });
    run.end(62.1, Step::Cluster("kubestock".to_owned()), 62.0);
    run.say(62.1, Event::StepStarted { step: Step::Connect });
    run.started(62.2);
    run.end(62.2, Step::Connect, 0.1);
    run.say(62.2, Event::StepStarted { step: Step::Load });
    run.say(70.2, Event::ImagesLoaded { images: vec!["kubestock/frontend:dev".to_owned()] });
    run.end(70.2, Step::Load, 8.0);
    run.say(70.3, Event::Interrupted { signal: "SIGINT" });
    let hint = "what is done stays; run the same command again for the rest";
    run.finished(70.3, Ending::Interrupted, (0, 0, 0, 0), Some((130, "interrupted by SIGINT", hint)));
    run.in_order()
}

/// The same cluster, taken away.
pub(crate) fn deleted() -> Recording {
    let mut run = Run::default();
    run.say(0.0, Event::StepStarted { step: Step::Delete("kubestock".to_owned()) });
    run.say(2.5, Event::ClusterDeleted { cluster: "kubestock".to_owned(), there: true });
    run.end(2.5, Step::Delete("kubestock".to_owned()), 2.5);
    run.finished(2.5, Ending::Done, (0, 0, 0, 0), None);
    run.in_order()
}

/// What is wrong with a workload.
fn trouble(workload: &ObjectId, state: WorkloadState, seen: &str) -> Finding {
    let severity = if state == Suspect { Severity::Warning } else { Severity::Error };
    let is_quota = seen.contains("quota");
    let (code, hint) = match is_quota {
        true => (Code::QuotaRefusesPods, "raise the quota, or have the pods ask for less"),
        false => (Code::ImageDenied, "give the pod a pull secret for the registry (`imagePullSecrets`)"),
    };
    Finding::new(code, severity, seen, hint).on(workload.clone())
}

/// One of each severity: in a file, and in none.
fn findings() -> [Finding; 2] {
    let at = At { file: "base/services/ms-product/virtualservice.yaml".into(), line: Some(1) };
    let route = Finding::error(
        Code::DestinationUnknown,
        "its route leads to `ms-produkt`, and kubestock-staging has no Service of that name",
        "did you mean `ms-product`?",
    );
    let policy = Finding::warning(
        Code::SelectorMatchesNothing,
        "selects pods with app=ms-produkt, and none in kubestock-staging has that",
        "did you mean app=ms-product?",
    );
    let [route_id, policy_id] = [
        id("networking.istio.io", "VirtualService", STAGING, "ms-product"),
        id("security.istio.io", "PeerAuthentication", STAGING, "ms-product"),
    ];
    [route.on(route_id).at(Some(at)), policy.on(policy_id)]
}

fn plaintext_taken() -> Finding {
    let group_kind = GroupKind { group: String::new(), kind: "Service".to_owned() };
    let object =
        ObjectId { group_kind, namespace: Some("kubestock-staging".into()), name: "ms-identity".into() };
    Finding::error(
        Code::PlaintextTaken,
        "answers 200 to a call in plaintext",
        "set the PeerAuthentication of the mesh to STRICT, and take out those that say otherwise",
    )
    .on(object)
}

/// `kubestock-install check`, with nothing but a warning.
pub(crate) fn checked() -> Recording {
    let mut run = Run::default();
    run.connect(0.3);
    run.render(0.4, 1.0);
    run.say(1.0, Event::StepStarted { step: Step::Check });
    let [_, warning] = findings();
    run.say(1.2, Event::Found(warning));
    run.end(1.2, Step::Check, 0.2);
    run.finished(1.2, Ending::Done, (0, 0, 0, 0), None);
    run.in_order()
}

/// One layer goes, and another but for what others may use.
pub(crate) fn uninstalled() -> Recording {
    let mut run = Run::default();
    run.connect(0.3);
    let layers = [("staging", 2, 1), ("istio", 3, 0)].map(|(name, objects, workloads)| PlannedLayer {
        name: name.to_owned(),
        objects,
        workloads,
    });
    run.say(0.4, Event::Planned { layers: layers.to_vec() });
    run.say(0.4, Event::StepStarted { step: Step::Removal("staging".to_owned()) });
    let product = deployment(STAGING, "ms-product");
    let reason = "waits until its pods are gone".to_owned();
    run.say(5.5, Event::RemovalAwaited { layer: "staging".to_owned(), object: product.clone(), reason });
    run.removed(9.0, "staging", product, None);
    run.removed(9.2, "staging", id("", "Service", STAGING, "ms-product"), None);
    run.end(9.2, Step::Removal("staging".to_owned()), 8.8);
    run.say(9.2, Event::StepStarted { step: Step::Removal("istio".to_owned()) });
    let definition = id("apiextensions.k8s.io", "CustomResourceDefinition", "", ISTIO_CRDS[1]);
    run.removed(9.4, "istio", id("", "Service", "istio-system", "istiod"), None);
    let (layer, outcome) = ("istio".to_owned(), RemovalOutcome::Spared);
    run.say(9.5, Event::ObjectRemoved { layer, object: definition, outcome, reason: None });
    let namespace = id("", "Namespace", "", "istio-system");
    run.removed(9.5, "istio", namespace, Some("it holds Secret/istio-system/cacerts"));
    run.end(9.5, Step::Removal("istio".to_owned()), 0.3);
    run.finished(9.6, Ending::Done, (0, 0, 0, 0), None);
    let Some((_, Event::Finished(finished))) = run.facts.last_mut() else { unreachable!() };
    finished.removed = 3;
    run.in_order()
}

/// `kubestock-install plan`, of a tree that has changed, and of an object that cannot be as it says.
pub(crate) fn planned() -> Recording {
    let mut run = Run::default();
    run.connect(0.3);
    run.render(0.4, 1.0);
    run.say(1.0, Event::StepStarted { step: Step::Plan });
    let account = of_staging("ServiceAccount", "ms-review", json!({}));
    let settings = |banner: &str| {
        of_staging("ConfigMap", "frontend", json!({"data": {"banner": banner, "port": "3000"}}))
    };
    let secret = |password: &str| of_staging("Secret", "db", json!({"data": {"password": password}}));
    let banner = "welcome to the shop, where everything is on sale until the end of the week";
    let (settings, secrets) = ([settings("welcome"), settings(banner)], [secret("b2xk"), secret("bmV3")]);
    run.foreseen("base", id("", "Namespace", "", STAGING), PlannedOutcome::None, Diff::default());
    run.foreseen("staging", account.id(), PlannedOutcome::Create, Diff::of_new(&account));
    for [before, after] in [settings, secrets] {
        run.foreseen("staging", after.id(), PlannedOutcome::Change, Diff::between(&before, &after));
    }
    let web = deployment(STAGING, "ms-product");
    run.foreseen("staging", deployment(STAGING, "ms-identity"), PlannedOutcome::Change, Diff::default());
    let held = HeldField { manager: "kubectl-edit".to_owned(), field: ".spec.replicas".to_owned() };
    let finding = Finding::error(
        Code::FieldsHeld,
        "others hold fields of it with other values: .spec.replicas (`kubectl-edit`)",
        "leave these fields out of the layer, or have who manages them give them up; --force-conflicts takes them",
    );
    run.say(
        1.4,
        Event::ObjectPlanned {
            layer: "staging".to_owned(),
            object: web.clone(),
            outcome: PlannedOutcome::Refused,
            diff: Diff::default(),
            reason: None,
            conflicts: vec![held],
            finding: Some(finding.on(web)),
        },
    );
    run.foreseen("staging", id("", "Service", STAGING, "ms-old"), PlannedOutcome::Prune, Diff::default());
    run.foreseen("base", id("", "Namespace", "", "kubestock-old"), PlannedOutcome::Keep, Diff::default());
    let counts = PlannedCounts { create: 1, change: 3, none: 1, refused: 1, prune: 1, keep: 1 };
    run.say(1.4, Event::PlanFinished(counts));
    run.end(1.4, Step::Plan, 0.4);
    let error = (
        6,
        "1 object would be refused",
        "mend what is told above; docs/findings.md has an entry for each code",
    );
    run.finished(1.5, Ending::Failed, (0, 0, 0, 0), Some(error));
    run.in_order()
}

/// `kubestock-install status demo` while another run is on: of each layer, something else is wrong.
pub(crate) fn astray() -> Recording {
    let mut run = Run::default();
    run.connect(0.3);
    run.render(0.4, 1.0);
    run.say(1.0, Event::StepStarted { step: Step::Status });
    run.say(1.1, Event::LeaseHeld { holder: "ci-7 (pid 4211)".to_owned() });
    let (revision, version) = ("default".to_owned(), Some("1.17.8".to_owned()));
    let running = vec![ControlPlane { revision, version }];
    run.say(1.1, Event::IstioStatus { planned: Some("1.18.0".to_owned()), running });

    let product = deployment(STAGING, "ms-product");
    let differs = ["image", "resources.limits.cpu", "resources.limits.memory", "env"];
    let differs = differs.map(|field| format!(".spec.template.spec.containers[name=\"discovery\"].{field}"));
    let istiod = (deployment("istio-system", "istiod"), How::Differs { fields: differs.into() });
    run.stands(1.2, "istio", (20, 20), (3, 3), vec![istiod]);
    let missing = ["prometheus", "kiali"].map(|name| (deployment("istio-system", name), How::Missing));
    run.stands(1.2, "addons", (2, 0), (2, 0), missing.into());
    run.stands(1.3, "base", (2, 2), (0, 0), Vec::new());
    let (field, manager) = (".spec.replicas".to_owned(), "kubectl-edit".to_owned());
    let held = How::Held { fields: vec![HeldField { field, manager }] };
    let reason = "pods refused: exceeded quota: kubestock-quota, requested: limits.cpu=2, used: limits.cpu=6500m, limited: limits.cpu=8".to_owned();
    let refused =
        "VirtualService/kubestock-staging/ms-product: failed calling webhook \"rev.validation.istio.io\""
            .to_owned();
    let gone = ["ms-identity", "ms-supplier", "frontend"]
        .map(|name| (id("", "Service", STAGING, name), How::Missing));
    let staging = [
        (product.clone(), How::NotReady { reason }),
        (product, held),
        (
            id("networking.istio.io", "VirtualService", STAGING, "ms-product"),
            How::Unknown { reason: refused },
        ),
    ];
    run.stands(1.4, "staging", (12, 9), (3, 2), gone.into_iter().chain(staging).collect());
    let error = "5 objects are missing, 1 is not ready, 1 is not as planned, 1 is held by others, 1 is of unknown state";
    let hint = "nothing is taken from others unless `--force-conflicts` says so: have them let go of the fields, or let the layers say the same";
    run.finished(1.4, Ending::Failed, (0, 0, 0, 0), Some((9, error, hint)));
    run.in_order()
}

const URL: &str = "https://github.com/istio/istio/releases/download/1.18.0/istio-1.18.0-linux-amd64.tar.gz";
const STAGING: &str = "kubestock-staging";
const ISTIO_CRDS: [&str; 15] = [
    "authorizationpolicies.security.istio.io",
    "destinationrules.networking.istio.io",
    "envoyfilters.networking.istio.io",
    "gateways.networking.istio.io",
    "istiooperators.install.istio.io",
    "peerauthentications.security.istio.io",
    "proxyconfigs.networking.istio.io",
    "requestauthentications.security.istio.io",
    "serviceentries.networking.istio.io",
    "sidecars.networking.istio.io",
    "telemetries.telemetry.istio.io",
    "virtualservices.networking.istio.io",
    "wasmplugins.extensions.istio.io",
    "workloadentries.networking.istio.io",
    "workloadgroups.networking.istio.io",
];

#[derive(Default)]
struct Run {
    facts: Recording,
}

impl Run {
    /// Facts of one time stay in the order in which they were said.
    fn in_order(mut self) -> Recording {
        self.facts.sort_by_key(|(at, _)| *at);
        self.facts
    }

    fn say(&mut self, at: f64, event: Event) {
        self.facts.push((Duration::from_secs_f64(at), event));
    }

    fn end(&mut self, at: f64, step: Step, elapsed: f64) {
        self.say(at, Event::StepFinished { step, elapsed: Duration::from_secs_f64(elapsed) });
    }

    fn connect(&mut self, elapsed: f64) {
        self.say(0.0, Event::StepStarted { step: Step::Connect });
        self.started(elapsed);
        self.end(elapsed, Step::Connect, elapsed);
    }

    fn started(&mut self, at: f64) {
        self.say(
            at,
            Event::RunStarted {
                profile: "demo".to_owned(),
                context: "kind-kubestock".to_owned(),
                server: "https://127.0.0.1:6443".to_owned(),
            },
        );
    }

    fn received(&mut self, at: f64, received_bytes: u64) {
        self.say(at, Event::DownloadProgress { received_bytes, total_bytes: Some(25_149_340) });
    }

    fn render(&mut self, from: f64, to: f64) {
        self.say(from, Event::StepStarted { step: Step::Render });
        let layers = [("istio", 20, 3), ("addons", 2, 2), ("base", 2, 0), ("staging", 12, 3)];
        let layers = layers.map(|(name, objects, workloads)| PlannedLayer {
            name: name.to_owned(),
            objects,
            workloads,
        });
        self.say(to, Event::Planned { layers: layers.to_vec() });
        self.end(to, Step::Render, to - from);
    }

    fn foreseen(&mut self, layer: &str, object: ObjectId, outcome: PlannedOutcome, diff: Diff) {
        let (layer, conflicts, finding) = (layer.to_owned(), Vec::new(), None);
        let reason = (outcome == PlannedOutcome::Keep).then(|| "it holds Secret/kubestock-old/db".to_owned());
        self.say(1.4, Event::ObjectPlanned { layer, object, outcome, diff, reason, conflicts, finding });
    }

    fn wave(&mut self, at: f64, layer: &str, wave: &'static str, objects: usize) {
        self.say(at, Event::WaveStarted { layer: layer.to_owned(), wave, objects });
    }

    fn applied(&mut self, at: f64, layer: &str, object: ObjectId, outcome: ApplyOutcome) {
        self.say(at, Event::ObjectApplied { layer: layer.to_owned(), object, outcome, message: None });
    }

    fn workload(
        &mut self,
        at: f64,
        layer: &str,
        object: &ObjectId,
        state: WorkloadState,
        pods: (u32, u32),
        reason: Option<&str>,
    ) {
        let (layer, object, (ready, wanted)) = (layer.to_owned(), object.clone(), pods);
        let needs_eyes = matches!(state, Suspect | WorkloadState::Failed);
        let finding = reason.filter(|_| needs_eyes).map(|seen| trouble(&object, state, seen));
        self.say(
            at,
            Event::Workload {
                layer,
                object,
                state,
                ready,
                wanted,
                reason: reason.map(str::to_owned),
                finding,
            },
        );
    }

    fn addons(&mut self, at: f64) {
        self.say(at, Event::StepStarted { step: Step::Layer("addons".to_owned()) });
        for name in ["prometheus", "kiali"] {
            let object = deployment("istio-system", name);
            self.applied(at + 0.3, "addons", object.clone(), Created);
            self.workload(at + 0.4, "addons", &object, InProgress, (0, 1), None);
        }
        self.end(at + 0.6, Step::Layer("addons".to_owned()), 0.6);
    }

    fn base(&mut self, at: f64, outcome: ApplyOutcome) {
        self.say(at, Event::StepStarted { step: Step::Layer("base".to_owned()) });
        self.wave(at + 0.1, "base", "configuration", 2);
        self.applied(at + 0.2, "base", id("", "Namespace", "", STAGING), outcome);
        self.applied(at + 0.2, "base", id("", "ResourceQuota", STAGING, "kubestock-quota"), outcome);
        self.end(at + 0.9, Step::Layer("base".to_owned()), 0.9);
    }

    fn services(&mut self, at: f64, outcome: ApplyOutcome) {
        self.say(at, Event::StepStarted { step: Step::Layer("staging".to_owned()) });
        self.wave(at, "staging", "workloads", 12);
        for name in ["ms-identity", "ms-product", "ms-order-management"] {
            for object in [
                id("", "Service", STAGING, name),
                deployment(STAGING, name),
                id("networking.istio.io", "DestinationRule", STAGING, &format!("{name}-destination")),
                id("networking.istio.io", "VirtualService", STAGING, name),
            ] {
                self.applied(at + 0.1, "staging", object, outcome);
            }
        }
    }

    fn verify(&mut self, at: f64, checks: &[(&str, bool, &str)]) {
        self.say(at, Event::StepStarted { step: Step::Verify });
        for (check, passed, seen) in checks {
            let outcome = if *passed { CheckOutcome::Passed } else { CheckOutcome::Failed };
            self.say(at + 2.0, Event::checked(check, outcome, *seen, Vec::new()));
        }
        self.end(at + 2.1, Step::Verify, 2.1);
    }

    fn removed(&mut self, at: f64, layer: &str, object: ObjectId, kept: Option<&str>) {
        let outcome = if kept.is_some() { RemovalOutcome::Kept } else { RemovalOutcome::Removed };
        let (layer, reason) = (layer.to_owned(), kept.map(str::to_owned));
        self.say(at, Event::ObjectRemoved { layer, object, outcome, reason });
    }

    fn stands(
        &mut self,
        at: f64,
        layer: &str,
        objects: (usize, usize),
        workloads: (usize, usize),
        deviations: Vec<(ObjectId, How)>,
    ) {
        let deviations = deviations.into_iter().map(|(object, how)| Deviation { object, how }).collect();
        self.say(
            at,
            Event::LayerStatus {
                layer: layer.to_owned(),
                planned: Some(objects.0),
                present: objects.1,
                workloads: workloads.0,
                ready: workloads.1,
                deviations,
            },
        );
    }

    fn finished(
        &mut self,
        at: f64,
        outcome: Ending,
        counts: (usize, usize, usize, usize),
        error: Option<(u8, &str, &str)>,
    ) {
        let (created, changed, unchanged, failed) = counts;
        let next = match outcome {
            Ending::Done => vec![
                "kubectl --context kind-kubestock -n kubestock-staging get pods".to_owned(),
                "istioctl dashboard kiali".to_owned(),
            ],
            Ending::Failed | Ending::Interrupted => Vec::new(),
        };
        self.say(
            at,
            Event::Finished(Finished {
                outcome,
                exit_code: error.map_or(0, |(code, _, _)| code),
                created,
                changed,
                unchanged,
                failed,
                removed: 0,
                elapsed: Duration::from_secs_f64(at),
                error: error.map(|(_, error, _)| error.to_owned()),
                hint: error.map(|(_, _, hint)| hint.to_owned()),
                next,
            }),
        );
    }
}

fn release(cached: bool) -> Event {
    let sha256 = "a74123868e60307ce23bf43d0c9fcf493e565353a0de35e7f9b7c9af5af7b63d".to_owned();
    Event::ReleaseReady { version: "1.18.0".to_owned(), sha256, cached }
}

fn deployment(namespace: &str, name: &str) -> ObjectId {
    id("apps", "Deployment", namespace, name)
}

#[allow(clippy::unwrap_used, reason = "it is one")]
fn of_staging(kind: &str, name: &str, more: serde_json::Value) -> Object {
    let metadata = json!({"name": name, "namespace": STAGING});
    let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": metadata});
    json_patch::merge(&mut object, &more);
    Object::new(object).unwrap()
}

fn id(group: &str, kind: &str, namespace: &str, name: &str) -> ObjectId {
    ObjectId {
        group_kind: GroupKind { group: group.to_owned(), kind: kind.to_owned() },
        namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
        name: name.to_owned(),
    }
}
