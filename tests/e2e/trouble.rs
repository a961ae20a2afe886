//! What goes wrong, and what is said of it.

use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;

use super::cluster::{Cluster, Ended};
use super::trees::layers_only;

/// Installs one Deployment, with these fields in its pod, into a namespace of that name.
fn install_pod(
    cluster: &Cluster,
    namespace: &str,
    pod: serde_json::Value,
    before: &[serde_json::Value],
) -> Ended {
    let tree = tempfile::tempdir().unwrap();
    let mut objects = vec![json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})];
    objects.extend_from_slice(before);
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "shop", "namespace": namespace},
        "spec": {"selector": {"matchLabels": {"app": "shop"}},
                 "template": {"metadata": {"labels": {"app": "shop"}}, "spec": pod}}});
    layer(&tree, "base", &objects);
    layer(&tree, "overlays/staging", &[deployment]);
    let profile = layers_only(tree.path(), "60s");
    let ended = cluster.install(&profile, &["--gitops", tree.path().to_str().unwrap()]);
    cluster.kubectl(&["delete", "namespace", namespace, "--wait=false"]).expect(0);
    ended
}

fn layer(tree: &TempDir, path: &str, objects: &[serde_json::Value]) {
    let folder = tree.path().join(path);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("kustomization.yaml"), "resources: [objects.yaml]\n").unwrap();
    let documents: Vec<String> = objects.iter().map(ToString::to_string).collect();
    std::fs::write(folder.join("objects.yaml"), documents.join("\n---\n")).unwrap();
}

fn container(more: serde_json::Value) -> serde_json::Value {
    let mut container =
        json!({"name": "app", "image": "hashicorp/http-echo:1.0.0", "args": ["-listen=:3000"]});
    container.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"containers": [container]})
}

#[track_caller]
fn assert_said(ended: Ended, code: i32, words: &[&str]) {
    let ended = ended.expect(code);
    for word in words {
        assert!(ended.stderr.contains(word), "no `{word}` in:\n{}", ended.stderr);
    }
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_full_quota_is_named_long_before_the_progress_deadline() {
    let cluster = Cluster::started("e2e");
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": "small", "namespace": "trouble-quota"}, "spec": {"hard": {"limits.cpu": "100m"}}});
    let pod = container(json!({"resources": {"limits": {"cpu": "2"}}}));
    let ended = install_pod(&cluster, "trouble-quota", pod, &[quota]);
    let words = [
        "error[KSI-402]: ResourceQuota/trouble-quota/small (",
        "objects.yaml",
        "limits.cpu: 2 requested, 0 of 100m used; it holds up Deployment/trouble-quota/shop",
    ];
    assert_said(ended, 7, &words);
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_missing_secret_is_named() {
    let cluster = Cluster::started("e2e");
    let pod = container(json!({"envFrom": [{"secretRef": {"name": "no-such-secret"}}]}));
    let ended = install_pod(&cluster, "trouble-secret", pod, &[]);
    assert_said(
        ended,
        7,
        &[
            "error[KSI-431]: Secret/trouble-secret/no-such-secret: is not there",
            "Deployment/trouble-secret/shop",
        ],
    );
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn an_image_that_cannot_be_pulled_is_named() {
    let cluster = Cluster::started("e2e");
    let pod = container(json!({"image": "registry.invalid/kubestock/shop:1"}));
    let ended = install_pod(&cluster, "trouble-image", pod, &[]);
    assert_said(
        ended,
        7,
        &["error[KSI-426]: Deployment/trouble-image/shop", "registry.invalid/kubestock/shop:1"],
    );
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_container_that_exits_is_told_with_its_last_words() {
    let cluster = Cluster::started("e2e");
    // Without a probe it would be ready for the instant between its start and its end.
    let probe = json!({"httpGet": {"path": "/", "port": 3000}});
    let pod = container(json!({"args": ["-no-such-flag"], "readinessProbe": probe}));
    let ended = install_pod(&cluster, "trouble-crash", pod, &[]).expect(7);
    assert!(ended.said().contains("no-such-flag"), "{}", ended.said());
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_webhook_that_nobody_answers_is_named_once_the_time_is_over() {
    let cluster = Cluster::started("e2e");
    let webhook = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "dead"}, "webhooks": [{"name": "dead.example.org", "failurePolicy": "Fail",
            "sideEffects": "None", "admissionReviewVersions": ["v1"], "timeoutSeconds": 1,
            "clientConfig": {"service": {"name": "nobody", "namespace": "default"}},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "trouble-webhook"}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                       "resources": ["configmaps"]}]}]});
    cluster.apply(&webhook);
    let tree = tempfile::tempdir().unwrap();
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "trouble-webhook"}});
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "trouble-webhook"}});
    layer(&tree, "base", &[namespace]);
    layer(&tree, "overlays/staging", &[config]);
    let profile = layers_only(tree.path(), "5s");
    let ended = cluster.install(&profile, &["--gitops", tree.path().to_str().unwrap()]);
    cluster.kubectl(&["delete", "validatingwebhookconfiguration", "dead"]).expect(0);
    cluster.kubectl(&["delete", "namespace", "trouble-webhook", "--wait=false"]).expect(0);
    assert_said(ended, 6, &["ConfigMap/trouble-webhook/a", "dead.example.org", "objects.yaml:1"]);
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_wrong_digest_is_told_with_both_and_nothing_is_kept() {
    let cluster = Cluster::started("e2e");
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("demo.yaml");
    let text = std::fs::read_to_string(cluster.profile("demo")).unwrap();
    let wrong = "0".repeat(64);
    let digest = regex::Regex::new("[0-9a-f]{64}").unwrap();
    let right = digest.find(&text).unwrap().as_str().to_owned();
    std::fs::write(&profile, digest.replace_all(&text, &wrong).as_ref()).unwrap();
    let layers = folder.path().join("layers");
    std::os::unix::fs::symlink(cluster.profile("demo").parent().unwrap().join("layers"), layers).unwrap();

    let cache = folder.path().join("cache");
    let ended = cluster.install(&profile, &["--cache-dir", cache.to_str().unwrap()]);
    assert_said(ended, 4, &[&wrong, &right, "http://127.0.0.1"]);
    let kept: Vec<_> =
        std::fs::read_dir(cache.join("istio")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let is_lock = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "lock");
    assert!(kept.iter().all(is_lock), "{kept:?}");
}
