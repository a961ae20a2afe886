//! What `check` says of a real cluster, and that it changes nothing.

use std::path::Path;

use serde_json::{Value, json};

use super::cluster::{Cluster, name};
use super::trees::{layers_only, write};

/// The codes and objects that a check finds, with its exit code.
pub(crate) fn found(
    cluster: &Cluster,
    profile: &Path,
    arguments: &[&str],
) -> (Vec<(String, String)>, Option<i32>) {
    let profile = profile.to_str().unwrap();
    let arguments = [&["check", profile, "--output", "json"], arguments].concat();
    let output = cluster.installer(&arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let found = events.filter(|event| event["event"] == "found");
    (found.map(|event| (word(&event["code"]), word(&event["object"]))).collect(), output.status.code())
}

#[track_caller]
pub(crate) fn assert_finds(found: &[(String, String)], code: &str, object: &str) {
    let expected = (code.to_owned(), object.to_owned());
    assert!(found.contains(&expected), "{expected:?} is not in {found:#?}");
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn nothing_is_wrong_with_a_bare_cluster_nor_with_an_installed_one_and_nothing_is_changed() {
    let cluster = Cluster::bare("e2e");
    let before = cluster.kubectl(&["get", "namespaces,crds", "-o", "name"]).expect(0).stdout;
    assert_eq!(found(&cluster, &cluster.profile("demo"), &[]), (vec![], Some(0)));
    let after = cluster.kubectl(&["get", "namespaces,crds", "-o", "name"]).expect(0).stdout;
    assert_eq!(before, after);

    cluster.install(&cluster.profile("demo"), &[]).expect(0);
    assert_eq!(found(&cluster, &cluster.profile("demo"), &[]), (vec![], Some(0)));
}

/// A webhook without a Service, a namespace that does not go, a node that takes nothing, a quota without room.
#[test]
#[ignore = "needs the sandbox: make e2e"]
fn everything_that_is_wrong_is_found_at_once() {
    let cluster = Cluster::started("e2e");
    let node = name(&cluster.list(&["nodes"])[0]).to_owned();
    let webhook = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "check-dead"}, "webhooks": [{"name": "dead.example.org", "failurePolicy": "Fail",
            "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "clientConfig": {"service": {"name": "nobody", "namespace": "default"}},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "check-shop"}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]}]});
    let namespace = |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let kept = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata":
        {"name": "kept", "namespace": "check-ending", "finalizers": ["example.org/keep"]}});
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": "small", "namespace": "check-shop"}, "spec": {"hard": {"limits.cpu": "1"}}});
    for object in [webhook, namespace("check-ending"), kept, namespace("check-shop"), quota] {
        cluster.apply(&object);
    }
    cluster.kubectl(&["delete", "namespace", "check-ending", "--wait=false"]).expect(0);
    cluster.kubectl(&["cordon", &node]).expect(0);

    let tree = tempfile::tempdir().unwrap();
    let root = tree.path();
    write(root, "base/kustomization.yaml", "resources: [config.yaml]\n");
    write(
        root,
        "base/config.yaml",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: check-ending}}\n",
    );
    write(root, "overlays/staging/kustomization.yaml", "namespace: check-shop\nresources: [web.yaml]\n");
    write(
        root,
        "overlays/staging/web.yaml",
        "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: nobody
      containers:
      - {name: web, image: web, resources: {limits: {cpu: 500m}}, envFrom: [{secretRef: {name: no-such-secret}}]}
",
    );
    let profile = layers_only(root, "30s");
    let (found, code) = found(&cluster, &profile, &["--gitops", root.to_str().unwrap()]);
    cluster.kubectl(&["uncordon", &node]).expect(0);
    cluster.kubectl(&["delete", "validatingwebhookconfiguration", "check-dead"]).expect(0);
    let patch = r#"{"metadata":{"finalizers":null}}"#;
    cluster
        .kubectl(&["patch", "configmap", "kept", "-n", "check-ending", "--type=merge", "-p", patch])
        .expect(0);
    cluster.kubectl(&["delete", "namespace", "check-shop", "--wait=false"]).expect(0);

    assert_finds(&found, "KSI-106", "");
    assert_finds(&found, "KSI-108", "Namespace/check-ending");
    assert_finds(&found, "KSI-109", "ValidatingWebhookConfiguration/check-dead");
    assert_finds(&found, "KSI-213", "Deployment/check-shop/web");
    assert_finds(&found, "KSI-301", "ResourceQuota/check-shop/small");
    assert_eq!(
        found.iter().filter(|(code, _)| code == "KSI-213").count(),
        2,
        "Secret and account: {found:?}"
    );
    assert_eq!(found.len(), 6, "{found:#?}");
    assert_eq!(code, Some(3));
}

/// What is predicted of a quota is what the API server then counts.
#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_quota_counts_what_was_predicted() {
    let cluster = Cluster::started("e2e");
    cluster.install(&cluster.profile("minimal"), &[]).expect(0);
    let tree = tempfile::tempdir().unwrap();
    let root = tree.path();
    write(root, "base/kustomization.yaml", "resources: [namespace.yaml]\n");
    let layers = |hard: &str| {
        write(
            root,
            "base/namespace.yaml",
            &format!(
                "{{apiVersion: v1, kind: Namespace, metadata: {{name: check-sum, labels: {{istio-injection: enabled}}}}}}
---
{{apiVersion: v1, kind: ResourceQuota, metadata: {{name: all, namespace: check-sum}}, spec: {{hard: {{{hard}}}}}}}
---
apiVersion: v1
kind: LimitRange
metadata: {{name: range, namespace: check-sum}}
spec: {{limits: [{{type: Container, default: {{cpu: 70m, memory: 48Mi}}, defaultRequest: {{cpu: 7m, memory: 20Mi}}}}]}}
"
            ),
        );
    };
    write(root, "overlays/staging/kustomization.yaml", "namespace: check-sum\nresources: [pods.yaml]\n");
    let pod = |name: &str, replicas: u32, metadata: &str, spec: &str| {
        format!(
            "---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template: {{metadata: {{labels: {{app: {name}}}{metadata}}}, spec: {{{spec}}}}}
"
        )
    };
    let image = "image: 'hashicorp/http-echo:1.0.0', args: ['-listen=:3000', '-text=ok']";
    let app = |resources: &str| format!("{{name: app, {image}, resources: {resources}}}");
    let objects = [
        pod("plain", 2, "", &format!("containers: [{}]", app("{limits: {cpu: 130m}}"))),
        pod("silent", 1, "", &format!("containers: [{}]", app("{}"))),
        pod(
            "large-init",
            1,
            "",
            &format!(
                "containers: [{}], initContainers: [{{name: wait, image: 'no-such-image:1', resources: {{requests: {{cpu: 900m}}, limits: {{cpu: 1100m, memory: 1Gi}}}}}}]",
                app("{requests: {cpu: 10m}}")
            ),
        ),
        pod(
            "annotated",
            1,
            ", annotations: {sidecar.istio.io/proxyCPU: 33m, sidecar.istio.io/proxyMemoryLimit: 99Mi}",
            &format!("containers: [{}]", app("{limits: {cpu: 1, memory: 64Mi}}")),
        ),
        pod(
            "outside",
            1,
            ", annotations: {sidecar.istio.io/inject: 'false'}",
            &format!("containers: [{}]", app("{requests: {memory: 10Mi}}")),
        ),
    ];
    write(root, "overlays/staging/pods.yaml", &objects.concat());
    let profile = layers_only(root, "20s");
    let gitops = ["--gitops", root.to_str().unwrap()];

    // What a quota of next to nothing says is asked of it.
    let counted = ["limits.cpu", "limits.memory", "requests.cpu", "requests.memory", "pods"];
    layers(&counted.map(|name| format!("{name}: 0")).join(", "));
    let arguments = [&["check", profile.to_str().unwrap()], &gitops[..]].concat();
    let said = cluster.installer(&arguments).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let predicted = counted.map(|name| {
        let sum = regex::Regex::new(&format!(r"has 0 of {name}, and (\S+) are asked for")).unwrap();
        sum.captures(&said).unwrap_or_else(|| panic!("nothing of {name} in {said}"))[1].to_owned()
    });

    // The sums fit exactly: every pod is made, and the quota is full. The pods need not run for it.
    let exactly: Vec<String> =
        counted.iter().zip(&predicted).map(|(name, sum)| format!("{name}: '{sum}'")).collect();
    layers(&exactly.join(", "));
    cluster.install(&profile, &gitops);
    let used = cluster.get(&["resourcequota", "all", "-n", "check-sum"])["status"]["used"].take();
    cluster.kubectl(&["delete", "namespace", "check-sum", "--wait=false"]).expect(0);
    let quantity = |text: &str| text.parse::<kubestock_install::object::Quantity>().unwrap();
    for (name, sum) in counted.iter().zip(&predicted) {
        let used = used[name].as_str().unwrap();
        assert_eq!(quantity(used), quantity(sum), "{name}: {used} are used, and {sum} were predicted");
    }
}
