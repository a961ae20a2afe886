//! What istioctl may do as a child, played by shell scripts.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::istio::release::{Digest, Istioctl, ReleaseError};

/// An istioctl that renders a small mesh, nested as the real one nests it.
const RENDERS: &str = r#"
case "$1 $2" in
"profile dump")
    echo 'apiVersion: install.istio.io/v1alpha1'
    echo 'kind: IstioOperator'
    echo 'metadata: {namespace: istio-system}'
    echo 'spec: {profile: demo, components: {pilot: {enabled: true}}}' ;;
"manifest generate")
    while [ "$1" != -o ]; do shift; done
    object() { printf 'apiVersion: %s\nkind: %s\nmetadata:\n  name: %s\n---\n' "$1" "$2" "$3"; }
    mkdir -p "$2/Base/Pilot/IngressGateways" "$2/Base/Pilot/EgressGateways"
    object apiextensions.k8s.io/v1 CustomResourceDefinition gateways.networking.istio.io > "$2/Base/Base.yaml"
    object apps/v1 Deployment istio-ingressgateway > "$2/Base/Pilot/IngressGateways/IngressGateways.yaml"
    : > "$2/Base/Pilot/EgressGateways/EgressGateways.yaml"
    object apps/v1 Deployment istiod > "$2/Base/Pilot/Pilot.yaml"
    cat >> "$2/Base/Pilot/Pilot.yaml" <<END
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-sidecar-injector, labels: {app: sidecar-injector}}
webhooks:
- name: namespace.sidecar-injector.istio.io
  clientConfig: {service: {name: istiod, namespace: istio-system, path: /inject}}
END
    ;;
esac
"#;

struct Fake {
    folder: TempDir,
    istioctl: Istioctl,
}

impl Fake {
    fn running(script: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let script = format!("#!/bin/sh\n{}", script.replace("$FAKE", folder.path().to_str().unwrap()));
        let path = folder.path().join("istioctl");
        std::fs::write(&path, &script).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o500)).unwrap();
        let istioctl = Istioctl::new(path, Digest::of(script.as_bytes()));
        Self { folder, istioctl }
    }

    fn wrote(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }
}

fn request() -> RenderRequest {
    RenderRequest {
        version: "1.18.0".into(),
        overlays: vec![
            json!({"apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator", "spec": {"profile": "demo"}}),
            json!({"spec": {"hub": "registry.test/istio"}}),
        ],
        cluster: None,
        previous_install: false,
        timeout: Duration::from_secs(20),
        kept: None,
    }
}

#[tokio::test]
async fn the_layer_is_what_install_leaves_in_an_order_to_apply() {
    let layer = render(&Fake::running(RENDERS).istioctl, &request()).await.unwrap();
    let lines = layer.objects.iter().map(|o| format!("{} {}", o.id(), o.label(COMPONENT).unwrap_or("-")));
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "Namespace/istio-system -",
            "CustomResourceDefinition/gateways.networking.istio.io Base",
            "Deployment/istiod Pilot",
            "MutatingWebhookConfiguration/istio-sidecar-injector Pilot",
            "MutatingWebhookConfiguration/istio-revision-tag-default Pilot",
            "ValidatingWebhookConfiguration/istiod-default-validator Pilot",
            "Deployment/istio-ingressgateway IngressGateways",
            "IstioOperator/istio-system/installed-state -",
        ]
    );
    assert_eq!(layer.operator["spec"]["profile"], "demo");
}

#[tokio::test]
async fn overlays_are_laid_over_each_other_by_istioctl_itself_out_of_private_files() {
    let spy = format!(
        r#"[ "$2" = generate ] && {{ echo "$@"; cat "$4" "$6"; stat -c %a "$4" 2>/dev/null || stat -f %Lp "$4"; }} > $FAKE/seen
        {RENDERS}"#
    );
    let fake = Fake::running(&spy);
    render(&fake.istioctl, &request()).await.unwrap();
    let seen = fake.wrote("seen");
    assert!(seen.contains("overlay-0.yaml -f") && seen.contains(r#"{"profile":"demo"}"#), "{seen}");
    assert!(seen.contains(r#"{"hub":"registry.test/istio"}"#) && seen.ends_with("600\n"), "{seen}");
    assert!(!seen.contains("--cluster-specific"), "{seen}");
}

#[tokio::test]
async fn a_cluster_is_named_by_its_file_and_context() {
    let fake = Fake::running(&format!(r#"[ "$2" = generate ] && echo "$@" > $FAKE/seen; {RENDERS}"#));
    let cluster =
        Cluster { kubeconfig: "/home/me/config".into(), context: "kind-demo".into(), traits: String::new() };
    render(&fake.istioctl, &RenderRequest { cluster: Some(cluster), ..request() }).await.unwrap();
    let seen = fake.wrote("seen");
    assert!(
        seen.ends_with("--cluster-specific --kubeconfig /home/me/config --context kind-demo\n"),
        "{seen}"
    );
}

#[tokio::test]
async fn without_a_cluster_istioctl_sees_nothing_of_the_users_environment() {
    let fake = Fake::running(&format!("env > $FAKE/seen; {RENDERS}"));
    render(&fake.istioctl, &request()).await.unwrap();
    let seen = fake.wrote("seen");
    let names: Vec<&str> = seen.lines().filter_map(|line| line.split('=').next()).collect();
    // The shell that plays istioctl adds some of its own.
    let ours = names.iter().filter(|name| !["PWD", "SHLVL", "_", "OLDPWD"].contains(name));
    let mut ours: Vec<_> = ours.collect();
    ours.sort();
    assert_eq!(ours, [&"HOME", &"ISTIOCONFIG"], "{seen}");
}

#[tokio::test]
async fn what_istioctl_says_of_a_failure_is_passed_on() {
    let fake = Fake::running("echo 'Error: unknown field \"spec.profil\"' >&2; exit 1");
    let error = render(&fake.istioctl, &request()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`istioctl profile dump` failed (exit status: 1): Error: unknown field \"spec.profil\""
    );
}

#[tokio::test]
async fn an_istioctl_that_does_not_end_is_killed() {
    let fake = Fake::running("echo $$ > $FAKE/pid; exec sleep 60");
    let started = Instant::now();
    let limited = RenderRequest { timeout: Duration::from_millis(300), ..request() };
    let error = render(&fake.istioctl, &limited).await.unwrap_err();
    assert!(matches!(error, RenderError::TimedOut { .. }), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(10));
    let running = format!("/proc/{}/exe", fake.wrote("pid").trim());
    for _ in 0..100 {
        if !std::path::Path::new(&running).exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{running} is still there");
}

#[tokio::test]
async fn an_istioctl_that_never_stops_writing_is_cut_off() {
    let fake = Fake::running("exec cat /dev/zero");
    let error = render(&fake.istioctl, &request()).await.unwrap_err();
    assert!(matches!(error, RenderError::TooMuchOutput { .. }), "{error:?}");
}

#[tokio::test]
async fn a_changed_istioctl_is_never_started() {
    let fake = Fake::running("touch $FAKE/started");
    let other = Istioctl::new(fake.folder.path().join("istioctl"), Digest::of(b"another"));
    let error = render(&other, &request()).await.unwrap_err();
    assert!(matches!(error, RenderError::Istioctl(ReleaseError::Tampered { .. })), "{error:?}");
    assert!(!fake.folder.path().join("started").exists());
}

#[tokio::test]
async fn what_is_no_manifest_is_refused() {
    let dump = r#"[ "$1" = profile ] && { echo 'kind: IstioOperator'; exit; }; while [ "$1" != -o ]; do shift; done;"#;
    let cases = [
        ("exit 0".to_owned(), "`istioctl profile dump` rendered no IstioOperator"),
        (format!("{dump} exit 0"), "`istioctl manifest generate` rendered no objects"),
        (
            format!("{dump} mkdir $2/Base; echo 'kind: 3' > $2/Base/Base.yaml"),
            "what `istioctl manifest generate` rendered for Base cannot be read",
        ),
    ];
    for (script, expected) in cases {
        let error = render(&Fake::running(&script).istioctl, &request()).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

/// With a real istioctl: `KUBESTOCK_ISTIOCTL=/path/to/istioctl cargo test -- --ignored real_istioctl`.
#[tokio::test]
#[ignore = "needs an istioctl 1.18.0, named by KUBESTOCK_ISTIOCTL"]
async fn a_real_istioctl_renders_the_demo_profile() {
    let path = std::path::PathBuf::from(std::env::var_os("KUBESTOCK_ISTIOCTL").unwrap());
    let digest = Digest::of(&std::fs::read(&path).unwrap());
    let demo = json!({"apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator", "spec": {"profile": "demo"}});
    let request = RenderRequest { overlays: vec![demo], ..request() };
    let layer = render(&Istioctl::new(path, digest), &request).await.unwrap();
    let count = |kind: &str| layer.objects.iter().filter(|object| object.kind() == kind).count();
    // The 51 that the charts render, the namespace, the two of the tag, and installed-state.
    assert_eq!(layer.objects.len(), 51 + 4);
    assert_eq!(count("CustomResourceDefinition"), 15);
    let ids: Vec<String> = layer.objects.iter().map(|object| object.id().to_string()).collect();
    for id in [
        "MutatingWebhookConfiguration/istio-revision-tag-default",
        "ValidatingWebhookConfiguration/istiod-default-validator",
        "IstioOperator/istio-system/installed-state",
    ] {
        assert!(ids.iter().any(|found| found == id), "{ids:#?}");
    }
}

/// An istioctl of 1.24 or later: no `profile dump`, and all in one stream.
const STREAMS: &str = r#"
[ "$1 $2" = "manifest generate" ] || exit 64
cat <<END
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gateways.networking.istio.io}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istio-ingressgateway, labels: {operator.istio.io/component: IngressGateways}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: istio-reader-service-account, labels: {helm.sh/chart: base-1.0.0}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: istiod, labels: {helm.sh/chart: istiod-1.0.0}}
---
apiVersion: v1
kind: Service
metadata: {name: istiod, labels: {operator.istio.io/component: Pilot}}
spec: {selector: {app: istiod, istio: pilot}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-sidecar-injector, labels: {app: sidecar-injector}}
webhooks:
- name: namespace.sidecar-injector.istio.io
  clientConfig: {service: {name: istiod, namespace: istio-system, path: /inject}}
END
"#;

#[tokio::test]
async fn a_newer_istioctl_renders_in_one_stream_and_keeps_no_record() {
    let request = RenderRequest { version: "1.31.0".into(), ..request() };
    let layer = render(&Fake::running(STREAMS).istioctl, &request).await.unwrap();
    let lines = layer.objects.iter().map(|o| format!("{} {}", o.id(), o.label(COMPONENT).unwrap_or("-")));
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "Namespace/istio-system -",
            "CustomResourceDefinition/gateways.networking.istio.io Base",
            "ServiceAccount/istio-reader-service-account Base",
            "ServiceAccount/istiod Pilot",
            "Service/istiod Pilot",
            "MutatingWebhookConfiguration/istio-sidecar-injector Pilot",
            "MutatingWebhookConfiguration/istio-revision-tag-default Pilot",
            "ValidatingWebhookConfiguration/istiod-default-validator Pilot",
            "Service/istiod-revision-tag-default Pilot",
            "Deployment/istio-ingressgateway IngressGateways",
        ]
    );
}

/// How often a fake istioctl was run, which writes a line for each.
fn runs(fake: &Fake) -> usize {
    fake.wrote("runs").lines().count()
}

#[tokio::test]
async fn what_was_rendered_is_not_rendered_again_as_long_as_nothing_differs() {
    let fake = Fake::running(&format!("echo run >> $FAKE/runs; {RENDERS}"));
    let kept = fake.folder.path().join("kept");
    let cluster = |traits: &str| Cluster {
        kubeconfig: "/home/me/config".into(),
        context: "kind-demo".into(),
        traits: traits.into(),
    };
    let request = RenderRequest { kept: Some(kept.clone()), cluster: Some(cluster("1")), ..request() };
    let first = render(&fake.istioctl, &request).await.unwrap();
    let once = runs(&fake);
    let again = render(&fake.istioctl, &request).await.unwrap();
    assert_eq!((again.objects, again.operator), (first.objects, first.operator));
    assert_eq!(runs(&fake), once);

    let another = Fake::running(&format!("echo run >> $FAKE/runs; : ; {RENDERS}"));
    for (number, (istioctl, differs)) in [
        (&fake.istioctl, RenderRequest { version: "1.18.1".into(), ..request.clone() }),
        (&fake.istioctl, RenderRequest { overlays: vec![json!({})], ..request.clone() }),
        (&fake.istioctl, RenderRequest { cluster: Some(cluster("2")), ..request.clone() }),
        (&fake.istioctl, RenderRequest { cluster: None, ..request.clone() }),
        (&another.istioctl, request.clone()),
    ]
    .into_iter()
    .enumerate()
    {
        let before = std::fs::read_dir(&kept).unwrap().count();
        render(istioctl, &differs).await.unwrap();
        assert_eq!(std::fs::read_dir(&kept).unwrap().count(), before + 1, "{number}");
    }
}

#[tokio::test]
async fn what_has_become_of_a_kept_rendering_is_noticed() {
    use std::os::unix::fs::PermissionsExt;
    let fake = Fake::running(&format!("echo run >> $FAKE/runs; {RENDERS}"));
    let kept = fake.folder.path().join("kept");
    let request = RenderRequest { kept: Some(kept.clone()), ..request() };
    render(&fake.istioctl, &request).await.unwrap();
    let once = runs(&fake);
    let file = std::fs::read_dir(&kept).unwrap().next().unwrap().unwrap().path();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();

    std::fs::write(&file, text.replace("istio-ingressgateway", "istio-ingressgateweg")).unwrap();
    render(&fake.istioctl, &request).await.unwrap();
    assert_eq!(runs(&fake), 2 * once, "another content");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);

    std::fs::write(&file, "").unwrap();
    render(&fake.istioctl, &request).await.unwrap();
    assert_eq!(runs(&fake), 3 * once, "no content");

    std::fs::set_permissions(&kept, PermissionsExt::from_mode(0o777)).unwrap();
    render(&fake.istioctl, &request).await.unwrap();
    assert_eq!(runs(&fake), 4 * once, "a folder that anybody may write to");
}
