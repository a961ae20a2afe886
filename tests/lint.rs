//! What is said of plans: of our own nothing, and of those that people write by hand what is wrong with them.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use kubestock_install::finding::{Code, Finding};
use kubestock_install::lint::{Live, lint};
use kubestock_install::object::Object;
use kubestock_install::plan::{Plan, Tree, render};
use kubestock_install::profile::{Overrides, Profile, ProfileFile, embedded, load, resolve};
use serde_json::json;

fn plan(profile: &Profile, tree: &Tree) -> Plan {
    Plan::of(render(profile, tree).unwrap().0).0
}

/// A cluster with Istio: its namespace, and the kinds of everything that the plan brings.
fn cluster_for(plan: &Plan) -> Live {
    let namespace = |name: &str| {
        Object::new(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})).unwrap()
    };
    let objects = ["default", "istio-system"].map(namespace).into_iter().collect();
    let mut live = Live { objects, ..Live::default() };
    for placed in plan.layers.iter().flat_map(|layer| layer.objects()) {
        let versions = live.kinds.entry(placed.object.group_kind()).or_default();
        versions.insert(placed.object.version().to_owned());
    }
    live
}

#[test]
fn nothing_is_wrong_with_our_own_layers() {
    for summary in embedded() {
        let profile = load(summary.name).unwrap();
        let plan = plan(&profile, &Tree::Embedded);
        assert!(plan.layers.iter().map(|layer| layer.objects().count()).sum::<usize>() > 30);
        assert_eq!(lint(&plan, Some(&cluster_for(&plan))), [], "{}", summary.name);
    }
}

/// The quota of the embedded base has room for all services twice, with the sidecars of each profile.
#[test]
fn the_sidecars_of_our_profiles_fit_into_our_quota_in_an_update_too() {
    for summary in embedded() {
        let profile = load(summary.name).unwrap();
        let plan = plan(&profile, &Tree::Embedded);
        let values = profile.istio.as_ref().unwrap().overlay["spec"]["values"].to_string();
        let injector = |values: &str| {
            let metadata = json!({"name": "istio-sidecar-injector", "namespace": "istio-system"});
            let mut live = cluster_for(&plan);
            live.objects.insert(
                Object::new(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata,
                    "data": {"values": values}}))
                .unwrap(),
            );
            live
        };
        assert_eq!(lint(&plan, Some(&injector(&values))), [], "{}", summary.name);
        let codes = |values: &str| -> Vec<Code> {
            lint(&plan, Some(&injector(values))).into_iter().map(|finding| finding.code).collect()
        };
        let own = values.replace("\"500m\"", "\"2\"");
        assert_eq!(
            codes(&own),
            [Code::QuotaExceeded],
            "{}: with the 2 CPU that are Istio's own",
            summary.name
        );
        let more = values.replace("\"500m\"", "\"600m\"");
        assert_eq!(codes(&more), [Code::QuotaTightForUpdate], "{}: with 600m", summary.name);
    }
}

#[test]
fn nothing_is_wrong_with_secrets_from_a_store() {
    let text = "
layers:
  - {name: base, path: base}
  - name: staging
    path: overlays/staging
    kustomization: {components: [components/external-secrets]}
";
    let file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    std::fs::write(file.path(), text).unwrap();
    let file = ProfileFile::Path(file.path().to_owned());
    let profile = resolve(&file, &Overrides::default()).unwrap().profile;
    let plan = plan(&profile, &Tree::Embedded);
    assert_eq!(lint(&plan, Some(&cluster_for(&plan))), []);
    // A cluster that was not asked may have the operator, and Istio; nothing else is left open.
    let open: Vec<Code> = lint(&plan, None).into_iter().map(|finding| finding.code).collect();
    assert!(!open.is_empty() && open.iter().all(|code| *code == Code::UnknownKind), "{open:?}");
}

/// A tree as KubeStock's documents lead to it, with the mistakes that they lead to.
#[test]
fn the_mistakes_of_a_tree_written_by_hand_are_told_with_their_files() {
    let tree = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let file = tree.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    write("base/kustomization.yaml", "resources: [namespace.yaml, istio, services]\n");
    write(
        "base/namespace.yaml",
        "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio-injection: enabled}}}\n",
    );
    write("base/istio/kustomization.yaml", "namespace: shop\nresources: [strict.yaml]\n");
    write(
        "base/istio/strict.yaml",
        "# For the whole mesh.
apiVersion: security.istio.io/v1beta1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
",
    );
    write("base/services/kustomization.yaml", "namespace: default\nresources: [../../services]\n");
    write("services/kustomization.yaml", "resources: [web.yaml, mesh.yaml]\n");
    write(
        "services/web.yaml",
        "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: web
        ports: [{name: http, containerPort: 3000}]
        envFrom: [{secretRef: {name: web-database}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: web, port: 80, targetPort: http}]}
",
    );
    write(
        "services/mesh.yaml",
        "apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: web}
spec: {hosts: [web], http: [{route: [{destination: {host: web, port: {number: 3000}}}]}]}
---
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata: {name: web}
spec: {host: web-service, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}
",
    );
    write("overlays/staging/kustomization.yaml", "namespace: shop\nresources: [../../services]\n");

    let profile = load("minimal").unwrap();
    let plan = plan(&profile, &Tree::Folder(tree.path().to_owned()));
    let findings = lint(&plan, Some(&cluster_for(&plan)));
    let told: Vec<String> = findings.iter().map(|finding| in_words(finding, tree.path())).collect();
    insta::assert_snapshot!(told.join("\n"));
}

fn in_words(finding: &Finding, root: &Path) -> String {
    let text = finding.to_string().replace(&format!("{}/", root.display()), "");
    format!("{} {} {text}\n    {}", finding.severity.name(), finding.code, finding.hint)
}
