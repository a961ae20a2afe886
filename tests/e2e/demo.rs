use serde_json::Value;

use super::cluster::{Cluster, Ended, name};

pub(crate) const SERVICES: [(&str, u16); 6] = [
    ("frontend", 3000),
    ("ms-identity", 3006),
    ("ms-inventory", 3001),
    ("ms-order-management", 3002),
    ("ms-product", 3003),
    ("ms-supplier", 3004),
];
pub(crate) const STAGING: &str = "kubestock-staging";

/// The one journey that the product is for, from nothing to the second run.
#[test]
#[ignore = "needs the sandbox: make e2e"]
fn demo_takes_a_bare_cluster_to_six_services_behind_a_strict_mesh() {
    let cluster = Cluster::bare("e2e");
    let profile = cluster.profile("demo");
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("run.html");
    cluster.install(&profile, &["--timings", page.to_str().unwrap()]).expect(0);

    the_page_tells_what_it_waited_for(&std::fs::read_to_string(page).unwrap());
    the_mesh_is_there(&cluster);
    six_services_have_their_sidecars(&cluster);
    nothing_is_in_default(&cluster);
    the_mesh_is_strict(&cluster);
    calls_go_through_the_mesh_and_not_around_it(&cluster);
    kubectl_takes_the_apply_sets_for_its_own(&cluster);
    istioctl_finds_a_normal_installation(&cluster);
    a_second_run_changes_nothing_and_says_so(&cluster);
}

fn the_page_tells_what_it_waited_for(page: &str) {
    let words = [" is up: ", "layer addons: Deployment/istio-system/kiali ready", "connectivity passed: "];
    for word in words {
        assert!(page.contains(word), "{word}: {page}");
    }
}

fn the_mesh_is_there(cluster: &Cluster) {
    let deployments = cluster.list(&["deployments", "-n", "istio-system"]);
    let ready: Vec<&str> = deployments
        .iter()
        .filter(|one| one["status"]["readyReplicas"].as_u64() >= Some(1))
        .map(name)
        .collect();
    let expected =
        ["grafana", "istio-egressgateway", "istio-ingressgateway", "istiod", "jaeger", "kiali", "prometheus"];
    assert_eq!(ready, expected);
}

fn six_services_have_their_sidecars(cluster: &Cluster) {
    let pods = cluster.list(&["pods", "-n", STAGING]);
    let mut of_app: Vec<&str> =
        pods.iter().filter_map(|pod| pod["metadata"]["labels"]["app"].as_str()).collect();
    of_app.sort_unstable();
    assert_eq!(of_app, SERVICES.map(|(service, _)| service));
    for pod in &pods {
        let of_sidecar = |status: &&Value| status["name"] == "istio-proxy" && status["ready"] == true;
        let statuses = ["containerStatuses", "initContainerStatuses"];
        let mut containers = statuses.iter().filter_map(|list| pod["status"][list].as_array()).flatten();
        assert!(containers.any(|status| of_sidecar(&status)), "{}", name(pod));
    }
    // kubectl counts a sidecar that is an init container, as newer Istios have it, too.
    let table = cluster.kubectl(&["get", "pods", "-n", STAGING, "--no-headers"]).expect(0).stdout;
    let ready: Vec<&str> = table.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(ready, ["2/2"; 6], "{table}");
    for (service, port) in SERVICES {
        let found = cluster.get(&["service", service, "-n", STAGING]);
        assert_eq!(found["spec"]["ports"][0]["port"], port, "{service}");
        cluster.get(&["serviceaccount", service, "-n", STAGING]);
        let rule = cluster.get(&["destinationrule", &format!("{service}-destination"), "-n", STAGING]);
        assert_eq!(rule["spec"]["trafficPolicy"]["tls"]["mode"], "ISTIO_MUTUAL", "{service}");
        let routes = cluster.get(&["virtualservice", service, "-n", STAGING]);
        assert_eq!(routes["spec"]["http"][0]["timeout"], "30s", "{service}");
    }
}

fn nothing_is_in_default(cluster: &Cluster) {
    let kinds = "all,configmaps,secrets,serviceaccounts,virtualservices,destinationrules,peerauthentications";
    let left_by_others = ["kubernetes", "kube-root-ca.crt", "istio-ca-root-cert", "istio-ca-crl", "default"];
    let found = cluster.list(&[kinds, "-n", "default"]);
    let ours: Vec<&str> = found.iter().map(name).filter(|name| !left_by_others.contains(name)).collect();
    assert!(ours.is_empty(), "{ours:?}");
}

fn the_mesh_is_strict(cluster: &Cluster) {
    let policies = cluster.list(&["peerauthentications", "-A"]);
    let found: Vec<(&str, &str, &str)> = policies
        .iter()
        .map(|policy| {
            let text =
                |value: &'static str| policy.pointer(value).and_then(Value::as_str).unwrap_or_default();
            (text("/metadata/namespace"), text("/metadata/name"), text("/spec/mtls/mode"))
        })
        .collect();
    assert_eq!(found, [("istio-system", "default", "STRICT")]);
}

fn calls_go_through_the_mesh_and_not_around_it(cluster: &Cluster) {
    let caller = "deployment/frontend";
    for (service, port) in SERVICES.iter().filter(|(service, _)| *service != "frontend") {
        let url = format!("http://{service}:{port}/health");
        // The application's own container: what it sends, its sidecar encrypts.
        let inside = ["exec", "-n", STAGING, caller, "-c", "frontend", "--", "/http-echo", "probe", &url];
        let answer = cluster.kubectl(&inside).expect(0).stdout;
        assert_eq!(answer.lines().next(), Some("200"), "{url}: {answer}");
    }

    cluster.kubectl(&["create", "namespace", "outside"]).expect(0);
    let pod = ["run", "caller", "-n", "outside", "--image", "curlimages/curl:8.8.0", "--restart=Never"];
    cluster.kubectl(&[&pod[..], &["--command", "--", "sleep", "600"]].concat()).expect(0);
    cluster
        .kubectl(&["wait", "pod/caller", "-n", "outside", "--for=condition=Ready", "--timeout=60s"])
        .expect(0);
    for (service, port) in SERVICES {
        let url = format!("http://{service}.{STAGING}:{port}/health");
        let outside = ["exec", "-n", "outside", "caller", "--", "curl", "-sS", "-m", "10", &url];
        let refused = cluster.kubectl(&outside);
        assert_ne!(refused.code, Some(0), "{service} answered in plaintext: {}", refused.said());
        // Cut off by the other side, which is not the same as not being there.
        let words = refused.said();
        assert!(words.contains("(56)") || words.contains("(52)") || words.contains("reset"), "{words}");
    }
    cluster.kubectl(&["delete", "namespace", "outside", "--wait=false"]).expect(0);
}

fn kubectl_takes_the_apply_sets_for_its_own(cluster: &Cluster) {
    let sets = cluster.list(&["configmaps", "-n", "kubestock-install", "-l", "applyset.kubernetes.io/id"]);
    let names: Vec<&str> = sets.iter().map(name).collect();
    for layer in ["addons", "base", "istio", "staging"] {
        assert!(names.contains(&format!("kubestock-install-{layer}").as_str()), "{names:?}");
    }
    // kubectl knows the parent for one, reads whose it is, and leaves it alone (KEP-3659, "Tooling").
    let set = "--applyset=configmap/kubestock-install-staging";
    let prune = [
        "apply",
        "-n",
        "kubestock-install",
        "--prune",
        set,
        "-f",
        "gitops/base/istio/peer-authentication-strict.yaml",
    ];
    let refused = cluster.kubectl_with(&prune, ("KUBECTL_APPLYSET", "true")).expect(1).stderr;
    assert!(refused.contains("kubestock-install"), "{refused}");
    assert!(refused.contains("managed by"), "{refused}");

    let staging = sets.iter().find(|set| name(set) == "kubestock-install-staging").unwrap();
    let id = staging["metadata"]["labels"]["applyset.kubernetes.io/id"].as_str().unwrap();
    let selector = format!("applyset.kubernetes.io/part-of={id}");
    let members = cluster.list(&["deployments", "-A", "-l", &selector]);
    assert_eq!(members.len(), SERVICES.len());
    let templates = members.iter().map(|one| &one["spec"]["template"]["metadata"]["labels"]);
    let marked = templates.filter(|labels| labels.get("applyset.kubernetes.io/part-of").is_some());
    assert_eq!(marked.count(), 0, "a label in a pod template restarts pods");
}

fn istioctl_finds_a_normal_installation(cluster: &Cluster) {
    let tags = cluster.istioctl(&["tag", "list"]).expect(0).stdout;
    assert!(
        tags.lines().any(|line| line.split_whitespace().collect::<Vec<_>>() == ["default", "default"]),
        "{tags}"
    );
    let proxies = cluster.istioctl(&["proxy-status"]).expect(0).stdout;
    assert_eq!(proxies.lines().skip(1).count(), SERVICES.len() + 2, "{proxies}");
    let analysis = cluster.istioctl(&["analyze", "-n", STAGING]).expect(0);
    assert!(analysis.said().contains("No validation issues found"), "{}", analysis.said());
}

fn a_second_run_changes_nothing_and_says_so(cluster: &Cluster) {
    let versions = |cluster: &Cluster| -> Vec<(String, String)> {
        let kinds =
            "deployments,services,configmaps,secrets,serviceaccounts,virtualservices,destinationrules";
        let objects = cluster.list(&[kinds, "-n", STAGING]);
        let version = |object: &Value| {
            let spec = serde_json::json!([object["metadata"]["generation"], object["metadata"]["labels"]]);
            (format!("{}/{}", object["kind"], name(object)), spec.to_string())
        };
        objects.iter().map(version).collect()
    };
    let before = versions(cluster);
    let profile = cluster.profile("demo");
    let again = cluster.install(&profile, &["--output", "json"]).expect(0);
    assert_eq!(versions(cluster), before);

    let events: Vec<Value> = again.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ends: Vec<&Value> = events.iter().filter(|event| event["event"] == "finished").collect();
    assert_eq!(ends.len(), 1, "one terminal event");
    assert_eq!(events.last().unwrap()["event"], "finished", "and it is the last");
    let changed: Vec<&Value> = events.iter().filter(|event| event["outcome"] == "changed").collect();
    assert_eq!(
        (ends[0]["created"].as_u64(), ends[0]["changed"].as_u64()),
        (Some(0), Some(0)),
        "{changed:#?}"
    );

    let text = cluster.install(&profile, &[]).expect(0);
    assert!(text.stdout.contains("nothing to change"), "{}", text.stdout);

    let plan = ["plan", profile.to_str().unwrap(), "--exit-code"];
    let plan: Ended = cluster.installer(&plan).output().unwrap().into();
    assert!(plan.expect(0).stdout.contains("nothing to change"));
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn production_has_two_of_what_must_not_fail_and_no_addons() {
    let cluster = Cluster::bare("e2e");
    cluster.install(&cluster.profile("production"), &[]).expect(0);
    let deployments = cluster.list(&["deployments", "-n", "istio-system"]);
    let ready: Vec<(&str, Option<u64>)> =
        deployments.iter().map(|one| (name(one), one["status"]["readyReplicas"].as_u64())).collect();
    assert_eq!(ready, [("istio-ingressgateway", Some(2)), ("istiod", Some(2))]);
    for scaler in cluster.list(&["horizontalpodautoscalers", "-n", "istio-system"]) {
        assert_eq!(scaler["spec"]["minReplicas"], 2, "{}", name(&scaler));
    }
    cluster.install(&cluster.profile("production"), &[]).expect(0);
}
