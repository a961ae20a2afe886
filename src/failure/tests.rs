//! What a person reads at two in the morning: the object, the reason, the next step.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use insta::assert_snapshot;

use super::{Failure, Signal};
use crate::cluster::{ApiError, ConnectError, FieldConflict, Subject};
use crate::engine::{EngineError, FailedCheck, FailedObject, OpenError, Standing};
use crate::finding::{Code, Finding};
use crate::image::{Contradiction, Reference};
use crate::istio::release::ReleaseError;
use crate::istio::render::RenderError;
use crate::kustomize::At;
use crate::object::{GroupKind, ObjectId};
use crate::plan::{Homeless, ImageError, User};

/// As it is shown, with the exit code below.
fn told(failure: impl Into<Failure>) -> String {
    let failure = failure.into();
    let mut told = format!("error: {}\n", failure.text());
    if let Some(hint) = failure.hint() {
        writeln!(told, "hint: {hint}").unwrap();
    }
    write!(told, "exit code {}", failure.exit_code()).unwrap();
    told
}

fn deployment(name: &str) -> ObjectId {
    ObjectId {
        group_kind: GroupKind { group: "apps".to_owned(), kind: "Deployment".to_owned() },
        namespace: Some("kubestock-staging".to_owned()),
        name: name.to_owned(),
    }
}

fn at(line: usize) -> Option<At> {
    Some(At { file: PathBuf::from("gitops/base/services/frontend/deployment.yaml"), line: Some(line) })
}

fn subject(object: &ObjectId) -> Arc<Subject> {
    Arc::new(Subject::Object(object.clone()))
}

/// One object of the layer, refused with this.
fn refused(status: StatusCode, message: &str) -> EngineError {
    not_applied(|object| ApiError::Refused {
        subject: subject(object),
        status,
        reason: String::new(),
        message: message.to_owned(),
        retry_after: None,
    })
}

fn not_applied(error: impl Fn(&ObjectId) -> ApiError) -> EngineError {
    let object = deployment("frontend");
    let failed = vec![FailedObject { error: error(&object), object, at: at(1) }];
    EngineError::Apply { layer: "staging".to_owned(), failed }
}

#[test]
fn fields_that_others_manage() {
    let conflicts = vec![
        FieldConflict { manager: "argocd-controller".to_owned(), field: ".spec.replicas".to_owned() },
        FieldConflict {
            manager: "kubectl-edit".to_owned(),
            field: ".spec.template.spec.containers[name=\"frontend\"].image".to_owned(),
        },
    ];
    let conflict =
        |object: &ObjectId| ApiError::Conflict { subject: subject(object), conflicts: conflicts.clone() };
    assert_snapshot!(told(not_applied(conflict)), @r#"
    error: 1 object of layer `staging` could not be applied
      Deployment/kubestock-staging/frontend (gitops/base/services/frontend/deployment.yaml:1): others manage fields of it
        .spec.replicas, by `argocd-controller`
        .spec.template.spec.containers[name="frontend"].image, by `kubectl-edit`
    hint: leave these fields out of the layer, or take them with --force-conflicts; who manages them may take them back
    exit code 6
    "#);
}

#[test]
fn a_quota_that_is_exceeded() {
    let message = r#"pods "frontend" is forbidden: exceeded quota: compute, requested: limits.cpu=2, used: limits.cpu=7, limited: limits.cpu=8"#;
    assert_snapshot!(told(refused(StatusCode::FORBIDDEN, message)), @r#"
    error: 1 object of layer `staging` could not be applied
      Deployment/kubestock-staging/frontend (gitops/base/services/frontend/deployment.yaml:1): pods "frontend" is forbidden: exceeded quota: compute, requested: limits.cpu=2, used: limits.cpu=7, limited: limits.cpu=8
    hint: raise the ResourceQuota, or lower what the layer asks for
    exit code 6
    "#);
}

#[test]
fn a_right_that_is_missing() {
    let message = r#"deployments.apps "frontend" is forbidden: User "jane" cannot patch resource "deployments" in API group "apps" in the namespace "kubestock-staging""#;
    assert_snapshot!(told(refused(StatusCode::FORBIDDEN, message)), @r#"
    error: 1 object of layer `staging` could not be applied
      Deployment/kubestock-staging/frontend (gitops/base/services/frontend/deployment.yaml:1): deployments.apps "frontend" is forbidden: User "jane" cannot patch resource "deployments" in API group "apps" in the namespace "kubestock-staging"
    hint: this user may not do that in the cluster; an administrator can, or can grant it
    exit code 6
    "#);
}

#[test]
fn a_policy_that_refuses() {
    let message =
        r#"admission webhook "validate.kyverno.svc" denied the request: images must come from the registry"#;
    assert_snapshot!(told(refused(StatusCode::BAD_REQUEST, message)), @r#"
    error: 1 object of layer `staging` could not be applied
      Deployment/kubestock-staging/frontend (gitops/base/services/frontend/deployment.yaml:1): admission webhook "validate.kyverno.svc" denied the request: images must come from the registry
    hint: a policy of this cluster refused it: change it as the policy says, or ask who keeps it
    exit code 6
    "#);
}

#[test]
fn an_object_that_is_invalid() {
    let message = r#"Deployment.apps "frontend" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0"#;
    assert_snapshot!(told(refused(StatusCode::UNPROCESSABLE_ENTITY, message)), @r#"
    error: 1 object of layer `staging` could not be applied
      Deployment/kubestock-staging/frontend (gitops/base/services/frontend/deployment.yaml:1): Deployment.apps "frontend" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0
    hint: correct it in the file that is named
    exit code 6
    "#);
}

#[test]
fn a_kind_that_the_cluster_does_not_know() {
    let unknown = |_: &ObjectId| ApiError::UnknownKind {
        api_version: "external-secrets.io/v1beta1".to_owned(),
        kind: "ExternalSecret".to_owned(),
    };
    assert_snapshot!(told(not_applied(unknown)), @"
    error: 1 object of layer `staging` could not be applied
      Deployment/kubestock-staging/frontend (gitops/base/services/frontend/deployment.yaml:1): the cluster knows no ExternalSecret in external-secrets.io/v1beta1
    hint: install first what defines this kind (its CustomResourceDefinition), or add it to a layer
    exit code 6
    ");
}

#[test]
fn a_connection_that_was_lost_for_too_long() {
    let lost = |object: &ObjectId| ApiError::Lost {
        subject: subject(object),
        source: Arc::new(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    };
    assert_snapshot!(told(not_applied(lost)), @"
    error: 1 object of layer `staging` could not be applied
      Deployment/kubestock-staging/frontend (gitops/base/services/frontend/deployment.yaml:1): the connection to the API server was lost: connection reset
    hint: run the same command again: what is applied already is left as it is
    exit code 6
    ");
}

#[test]
fn an_object_that_a_finalizer_keeps_on_its_way_out() {
    let object = deployment("frontend");
    let finalizers = vec!["example.org/nobody".to_owned()];
    let error = ApiError::BeingDeleted { subject: subject(&object), finalizers };
    let failed = vec![FailedObject { error, object, at: None }];
    assert_snapshot!(told(EngineError::Apply { layer: "staging".to_owned(), failed }), @r"
    error: 1 object of layer `staging` could not be applied
      Deployment/kubestock-staging/frontend: is being deleted, and waits for its finalizers: example.org/nobody
    hint: whatever put the finalizer there has to take it away: see that its controller runs, then run the same command again
    exit code 6
    ");
}

#[test]
fn more_objects_than_a_message_lists() {
    let failed = (0..12).map(|number| {
        let object = deployment(&format!("service-{number:02}"));
        let error = ApiError::BeingDeleted { subject: subject(&object), finalizers: Vec::new() };
        FailedObject { error, object, at: None }
    });
    let failed = EngineError::Apply { layer: "staging".to_owned(), failed: failed.collect() };
    assert_snapshot!(told(failed), @"
    error: 12 objects of layer `staging` could not be applied
      Deployment/kubestock-staging/service-00: is being deleted
      Deployment/kubestock-staging/service-01: is being deleted
      Deployment/kubestock-staging/service-02: is being deleted
      Deployment/kubestock-staging/service-03: is being deleted
      Deployment/kubestock-staging/service-04: is being deleted
      Deployment/kubestock-staging/service-05: is being deleted
      Deployment/kubestock-staging/service-06: is being deleted
      Deployment/kubestock-staging/service-07: is being deleted
      Deployment/kubestock-staging/service-08: is being deleted
      Deployment/kubestock-staging/service-09: is being deleted
      and 2 more
    hint: run the same command again: what is applied already is left as it is
    exit code 6
    ");
}

fn not_ready(failed: bool) -> EngineError {
    let pull = Finding::error(
        Code::ImageNotFound,
        "frontend-7d4: container app: cannot pull shop/frontend:9: not found",
        "push the image, or correct its name and tag",
    );
    let mut quota = Finding::warning(
        Code::QuotaRefusesPods,
        "has no room for the pods of ms-product-5d: limits.cpu: 2 requested, 7 of 8 used",
        "raise the quota, or have the pods ask for less",
    )
    .on(ObjectId::core("ResourceQuota", Some("kubestock-staging"), "compute"));
    quota.affects = vec![deployment("ms-product"), deployment("ms-supplier")];
    let findings = vec![pull.on(deployment("frontend")).at(at(1)), quota];
    EngineError::NotReady { layer: "staging".to_owned(), after: Duration::from_secs(93), failed, findings }
}

#[test]
fn a_layer_that_has_failed() {
    assert_snapshot!(told(not_ready(true)), @r"
    error: layer `staging` has failed after 93 s
      error[KSI-423]: Deployment/kubestock-staging/frontend (gitops/base/services/frontend/deployment.yaml:1): frontend-7d4: container app: cannot pull shop/frontend:9: not found
        hint: push the image, or correct its name and tag
      warning[KSI-402]: ResourceQuota/kubestock-staging/compute: has no room for the pods of ms-product-5d: limits.cpu: 2 requested, 7 of 8 used; it holds up Deployment/kubestock-staging/ms-product, Deployment/kubestock-staging/ms-supplier
        hint: raise the quota, or have the pods ask for less
    hint: waiting longer would not help: mend what is named above, then run the same command again
    exit code 7
    ");
}

#[test]
fn a_layer_that_is_not_ready_in_time() {
    assert_snapshot!(told(not_ready(false)), @r"
    error: layer `staging` is not ready after 93 s
      error[KSI-423]: Deployment/kubestock-staging/frontend (gitops/base/services/frontend/deployment.yaml:1): frontend-7d4: container app: cannot pull shop/frontend:9: not found
        hint: push the image, or correct its name and tag
      warning[KSI-402]: ResourceQuota/kubestock-staging/compute: has no room for the pods of ms-product-5d: limits.cpu: 2 requested, 7 of 8 used; it holds up Deployment/kubestock-staging/ms-product, Deployment/kubestock-staging/ms-supplier
        hint: raise the quota, or have the pods ask for less
    hint: where `staging` only needs more time, run the same command again, or give it more with --timeout
    exit code 7
    ");
}

#[test]
fn a_webhook_that_does_not_answer() {
    let silent = EngineError::Silent {
        layer: "istio".to_owned(),
        webhook: "istiod-istio-system".to_owned(),
        after: Duration::from_secs(300),
        last: "connection refused".to_owned(),
    };
    assert_snapshot!(told(silent), @"
    error: the webhook `istiod-istio-system` of layer `istio` has not answered within 300 s: connection refused
    hint: `kubectl logs -n istio-system deployment/istiod` may tell why; where it only needs more time, run the same command again, or give it more with --timeout
    exit code 7
    ");
}

#[test]
fn objects_without_a_namespace() {
    let object = ObjectId { namespace: None, ..deployment("frontend") };
    let homeless = Homeless { object, layer: "base".to_owned(), at: at(3), copy_in: None };
    assert_snapshot!(told(EngineError::Homeless(vec![homeless])), @"
    error: 1 object names no namespace
      Deployment/frontend of layer `base` (gitops/base/services/frontend/deployment.yaml:3)
    hint: write `namespace:` into each, or into the kustomization file of their folder
    exit code 2
    ");
}

#[test]
fn a_check_that_failed() {
    let seen = "http://frontend.kubestock-staging:3000/ answered 200 to a call in plaintext";
    assert_snapshot!(told(EngineError::Checks(vec![FailedCheck { check: "mtls", seen: seen.to_owned() }])), @"
    error: 1 check on the mesh failed
      mtls: http://frontend.kubestock-staging:3000/ answered 200 to a call in plaintext
    hint: all is applied and ready, but not as promised; once it is mended, run the same command again
    exit code 8
    ");
}

#[test]
fn a_pod_that_does_not_run_what_it_is_pinned_to() {
    let seen = "istio-proxy of Pod/shop/frontend-1 runs sha256:CD and is pinned to sha256:AB";
    let failed = FailedCheck { check: "images", seen: seen.to_owned() };
    assert_snapshot!(told(EngineError::Checks(vec![failed])), @"
    error: 1 check on the mesh failed
      images: istio-proxy of Pod/shop/frontend-1 runs sha256:CD and is pinned to sha256:AB
    hint: a pod keeps the image that it was started with: restart what is named (`kubectl rollout restart`), then run the same command again
    exit code 8
    ");
}

#[test]
fn images_that_cannot_be_what_they_are_to_be() {
    let image = |name: &str| name.parse::<Reference>().unwrap();
    let (first, second) = (image("ghcr.io/shop/app:1"), image("quay.io/shop/app:1"));
    let collision = ImageError::Collision { first, second, place: image("r.test/m/shop/app:1") };
    assert_snapshot!(told(EngineError::Images(collision.into())), @"
    error: ghcr.io/shop/app:1 and quay.io/shop/app:1 would both be r.test/m/shop/app:1
    hint: the mirror keeps path and tag alone: give one of them another name in its layer (`images` in its kustomization)
    exit code 2
    ");
    let user = User {
        layer: "staging".to_owned(),
        object: deployment("frontend"),
        container: "istio-proxy".to_owned(),
        injected: true,
    };
    let (found, wanted) =
        ("docker.io/istio/proxyv2:1.18.0".to_owned(), image("r.test/m/istio/proxyv2:1.18.0"));
    let unmoved = ImageError::Unmoved { user: user.clone(), found, wanted };
    assert_snapshot!(told(EngineError::Images(unmoved.into())), @"
    error: istio-proxy of Deployment/kubestock-staging/frontend in layer `staging` would run docker.io/istio/proxyv2:1.18.0 in the place of r.test/m/istio/proxyv2:1.18.0
    hint: name the image of this pod in full in its annotation `sidecar.istio.io/proxyImage`, or take out what chooses another one for it
    exit code 2
    ");
    let pinned = format!("sha256:{}", "ab".repeat(32)).parse().unwrap();
    let source = Contradiction { image: image(&format!("app@sha256:{}", "cd".repeat(32))), pinned };
    let contradiction = ImageError::Contradiction { user, source };
    assert_snapshot!(told(EngineError::Images(contradiction.into())), @"
    error: istio-proxy of Deployment/kubestock-staging/frontend in layer `staging`: `docker.io/library/app@sha256:cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd` is pinned to sha256:abababababababababababababababababababababababababababababababab
    hint: one of the two digests is old: take it out of the layer, or out of `images.digests`
    exit code 2
    ");
}

#[test]
fn a_cluster_that_was_not_confirmed() {
    let unconfirmed = |asked| Failure::Unconfirmed {
        context: "prod".to_owned(),
        server: "https://127.0.0.1:6443".to_owned(),
        why: "its nodes are of `aws`".to_owned(),
        asked,
    };
    assert_snapshot!(told(unconfirmed(false)), @"
    error: this needs to be confirmed: context `prod` leads to https://127.0.0.1:6443, and its nodes are of `aws`
    hint: give --yes if this is the cluster that you mean
    exit code 3
    ");
    assert_snapshot!(told(unconfirmed(true)), @"
    error: not confirmed: context `prod` leads to https://127.0.0.1:6443, and its nodes are of `aws`
    exit code 3
    ");
}

#[test]
fn a_mesh_that_would_cut_others_off() {
    let caller = |name: &str| {
        let id = ObjectId::core("Pod", Some("legacy"), name);
        Finding::error(Code::CallerCutOff, "calls web.shop", "give it a sidecar").on(id)
    };
    let one = Failure::CutOff { findings: vec![caller("batch")], asked: false };
    assert_snapshot!(told(one), @"
    error: this needs to be confirmed: a STRICT mesh would cut off what runs in this cluster today
      error[KSI-131]: Pod/legacy/batch: calls web.shop
    hint: begin with `--mtls permissive`, which cuts nobody off, or give --yes if it is meant; docs/findings.md has an entry for each code
    exit code 3
    ");
    let many = (1..=12).map(|number| caller(&format!("batch-{number}"))).collect();
    assert_snapshot!(told(Failure::CutOff { findings: many, asked: true }), @"
    error: not confirmed: a STRICT mesh would cut off what runs in this cluster today
      error[KSI-131]: Pod/legacy/batch-1: calls web.shop
      error[KSI-131]: Pod/legacy/batch-2: calls web.shop
      error[KSI-131]: Pod/legacy/batch-3: calls web.shop
      error[KSI-131]: Pod/legacy/batch-4: calls web.shop
      error[KSI-131]: Pod/legacy/batch-5: calls web.shop
      error[KSI-131]: Pod/legacy/batch-6: calls web.shop
      error[KSI-131]: Pod/legacy/batch-7: calls web.shop
      error[KSI-131]: Pod/legacy/batch-8: calls web.shop
      error[KSI-131]: Pod/legacy/batch-9: calls web.shop
      error[KSI-131]: Pod/legacy/batch-10: calls web.shop
      and 2 more
    hint: begin with `--mtls permissive`, which cuts nobody off, or give --yes if it is meant; docs/findings.md has an entry for each code
    exit code 3
    ");
}

#[test]
fn a_signal() {
    assert_snapshot!(told(Failure::Interrupted(Signal::Interrupt)), @"
    error: interrupted by SIGINT
    hint: what is done stays; run the same command again for the rest
    exit code 130
    ");
    assert_snapshot!(told(Failure::Interrupted(Signal::Terminate)), @"
    error: interrupted by SIGTERM
    hint: what is done stays; run the same command again for the rest
    exit code 143
    ");
}

#[test]
fn a_lease_that_was_lost() {
    assert_snapshot!(told(EngineError::LeaseLost), @"
    error: this run has lost its Lease: another one may have begun, so this one does not go on writing
    hint: once no other run is on, run the same command again
    exit code 3
    ");
}

#[test]
fn a_lease_that_may_not_be_taken() {
    let path = "/apis/coordination.k8s.io/v1".to_owned();
    let source = ApiError::Refused {
        subject: Arc::new(Subject::Path(path)),
        status: StatusCode::FORBIDDEN,
        reason: "Forbidden".to_owned(),
        message: r#"leases.coordination.k8s.io is forbidden: User "jane" cannot create resource "leases""#
            .to_owned(),
        retry_after: None,
    };
    assert_snapshot!(told(EngineError::Api { doing: "taking the Lease", source }), @r#"
    error: /apis/coordination.k8s.io/v1: leases.coordination.k8s.io is forbidden: User "jane" cannot create resource "leases" (while taking the Lease)
    hint: this user may not do that in the cluster; an administrator can, or can grant it
    exit code 3
    "#);
}

#[test]
fn an_archive_with_another_digest() {
    let wrong = ReleaseError::WrongDigest {
        url: "http://mirror.example/istio-1.18.0-linux-amd64.tar.gz".to_owned(),
        expected: "a74123868e60307ce23bf43d0c9fcf493e565353a0de35e7f9b7c9af5af7b63d".parse().unwrap(),
        actual: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".parse().unwrap(),
        bytes: 0,
        is_page: false,
    };
    assert_snapshot!(told(wrong), @"
    error: http://mirror.example/istio-1.18.0-linux-amd64.tar.gz has SHA-256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 (0 bytes), not a74123868e60307ce23bf43d0c9fcf493e565353a0de35e7f9b7c9af5af7b63d
    hint: nothing of it was kept or run; a proxy or a mirror may have changed it, or the digest in the profile is of another file
    exit code 4
    ");
}

#[tokio::test]
async fn an_archive_that_cannot_be_fetched() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/istio.tar.gz", listener.local_addr().unwrap());
    drop(listener);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let source = client.get(&url).send().await.unwrap_err().without_url();
    let unreachable =
        ReleaseError::Unreachable { url: "http://mirror.example/istio.tar.gz".to_owned(), source };
    // Linux and macOS number it differently.
    let told = told(unreachable).replace(" (os error 111)", "").replace(" (os error 61)", "");
    assert_snapshot!(told, @"
    error: http://mirror.example/istio.tar.gz cannot be fetched: tcp connect error: Connection refused
    hint: check the network and the proxy (HTTPS_PROXY); or fetch it where there is a network (`kubestock-install fetch --cache-dir DIR`) and bring DIR here
    exit code 4
    ");
}

#[test]
fn an_archive_that_a_server_does_not_have() {
    let refused = ReleaseError::Refused {
        url: "http://mirror.example/istio.tar.gz".to_owned(),
        status: StatusCode::NOT_FOUND,
        retry_after: None,
    };
    assert_snapshot!(told(refused), @"
    error: http://mirror.example/istio.tar.gz answers 404 Not Found
    hint: is it there, and for everyone? --mirror, or `istio.source` in the profile, can name another place
    exit code 4
    ");
}

#[test]
fn an_overlay_that_istioctl_does_not_take() {
    let failed = RenderError::Failed {
        command: "istioctl manifest generate".to_owned(),
        status: "exit status: 1".to_owned(),
        said: "Error: unknown field \"pilotx\" in v1alpha1.IstioComponentSetSpec".to_owned(),
    };
    assert_snapshot!(told(EngineError::Istio(failed)), @r#"
    error: `istioctl manifest generate` failed (exit status: 1): Error: unknown field "pilotx" in v1alpha1.IstioComponentSetSpec
    hint: istioctl was given `istio.profile` and `istio.overlay` of the profile; one of them may be wrong
    exit code 5
    "#);
}

#[test]
fn a_kubeconfig_that_is_broken_is_told_without_its_secrets() {
    let source = kube::config::Kubeconfig::from_yaml("users: [\n  token: hunter2 }\n").unwrap_err();
    let path = PathBuf::from("/home/jane/.kube/config");
    assert_snapshot!(told(ConnectError::UnreadableKubeconfig { path, source }), @"
    error: /home/jane/.kube/config cannot be read as a kubeconfig file: failed to parse kubeconfig YAML: error: line 1 column 8: mismatched bracket '[' closed by '}'
    exit code 3
    ");
}

#[test]
fn a_certificate_that_is_not_trusted() {
    let source = Arc::new(std::io::Error::other("invalid peer certificate: UnknownIssuer"));
    let server = "https://127.0.0.1:6443".to_owned();
    assert_snapshot!(told(ConnectError::Untrusted { server, source }), @"
    error: the certificate of https://127.0.0.1:6443 is not trusted: invalid peer certificate: UnknownIssuer
    hint: the cluster may have been made anew since this context was written, or something stands between; write the context anew with the tool that made it
    exit code 3
    ");
}

#[test]
fn what_is_not_as_it_is_to_be_is_counted_and_the_next_step_goes_by_the_worst() {
    let all = Standing { missing: 2, not_ready: 1, differing: 3, held: 1, unknown: 1 };
    assert_snapshot!(told(Failure::Astray(all)), @"
    error: 2 objects are missing, 1 is not ready, 3 are not as planned, 1 is held by others, 1 is of unknown state
    hint: nothing is taken from others unless `--force-conflicts` says so: have them let go of the fields, or let the layers say the same
    exit code 9
    ");
    let only = |change: fn(&mut Standing)| {
        let mut standing = Standing::default();
        change(&mut standing);
        told(Failure::Astray(standing))
    };
    assert_snapshot!(only(|it| it.missing = 1), @"
    error: 1 object is missing
    hint: an installation with the same profile brings back what is missing or differs, and leaves the rest alone
    exit code 9
    ");
    assert_snapshot!(only(|it| it.not_ready = 1), @"
    error: 1 object is not ready
    hint: `kubestock-install diagnose` tells why, with events and logs
    exit code 9
    ");
    assert_snapshot!(only(|it| it.held = 2), @"
    error: 2 objects are held by others
    hint: nothing is taken from others unless `--force-conflicts` says so: have them let go of the fields, or let the layers say the same
    exit code 9
    ");
    assert_snapshot!(only(|it| it.unknown = 1), @"
    error: 1 object is of unknown state
    hint: what is refused is told above: a webhook that does not answer, or a right that the user does not have
    exit code 9
    ");
    assert_snapshot!(told(Failure::NothingInstalled), @"
    error: no installation has left a record in this cluster
    hint: name a profile to compare the cluster with, whoever installed it: `kubestock-install status demo`
    exit code 9
    ");
}

#[test]
fn what_cannot_be_opened_is_told_with_what_can() {
    let service = |namespace: &str, name: &str| ObjectId::core("Service", Some(namespace), name);
    let others = vec![
        service("kubestock-staging", "ms-product"),
        service("istio-system", "kiali"),
        service("kubestock-staging", "frontend"),
    ];
    let missing = |nearest: Option<&str>, others| OpenError::NoService {
        name: "fronted".to_owned(),
        namespace: None,
        nearest: nearest.map(str::to_owned),
        others,
    };
    assert_snapshot!(told(missing(Some("frontend"), others)), @"
    error: there is no Service `fronted`; did you mean `frontend`?
    hint: there are istio-system: kiali; kubestock-staging: frontend, ms-product
    exit code 3
    ");
    assert_snapshot!(told(missing(None, Vec::new())), @"
    error: there is no Service `fronted`
    hint: there is no Service with pods; is it installed, and is this its context?
    exit code 3
    ");
    let found = vec![service("a", "web"), service("b", "web")];
    assert_snapshot!(told(OpenError::Ambiguous { name: "web".to_owned(), found }), @"
    error: there are 2 Services `web`
      Service/a/web
      Service/b/web
    hint: name the one that is meant with --namespace
    exit code 2
    ");
    let source = std::io::ErrorKind::AddrInUse.into();
    assert_snapshot!(told(OpenError::Taken { port: 3000, source }), @"
    error: port 3000 of this machine cannot be listened at: address in use
    hint: without --port, any that is free is taken
    exit code 2
    ");
}
