use super::super::Live;
use super::super::testing::{objects, plan, told};
use super::pod::Side;
use super::*;
use crate::finding::Code;

const NAMESPACE: &str = "
---
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio-injection: enabled}}}";

/// The same with an injector that gives what Istio itself has it give.
const MESH: &str = "
---
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio-injection: enabled}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector, namespace: istio-system}
data:
  values: '{\"global\": {\"proxy\": {\"resources\": {\"requests\": {\"cpu\": \"100m\", \"memory\": \"128Mi\"},
    \"limits\": {\"cpu\": \"2\", \"memory\": \"1Gi\"}}}}}'";

fn deployment(name: &str, replicas: u32, pod: &str) -> String {
    format!(
        "
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{{pod}}}}}"
    )
}

fn quota(hard: &str, more: &str) -> String {
    format!(
        "
---
apiVersion: v1
kind: ResourceQuota
metadata: {{name: small, namespace: shop}}
spec: {{{more} hard: {{{hard}}}}}"
    )
}

fn limit_range(limit: &str) -> String {
    format!(
        "\n---\n{{apiVersion: v1, kind: LimitRange, metadata: {{name: range, namespace: shop}}, spec: {{limits: [{limit}]}}}}"
    )
}

fn app(limits: &str) -> String {
    format!("containers: [{{name: app, resources: {{limits: {{{limits}}}}}}}]")
}

const SERVICES: [&str; 6] =
    ["frontend", "ms-identity", "ms-inventory", "ms-order-management", "ms-product", "ms-supplier"];

#[test]
fn istios_own_sidecars_fill_a_quota_of_8_with_three_services() {
    let services = SERVICES.map(|name| deployment(name, 1, &app("cpu: 150m"))).concat();
    let yaml = format!("{services}{MESH}{}", quota("limits.cpu: 8, pods: 20", ""));
    insta::assert_snapshot!(told(Code::QuotaExceeded, &yaml, ""), @"error: ResourceQuota/shop/small: has 8 of limits.cpu, and 12900m are asked for: 6 pods of 2150m, 2 of it for the sidecar (frontend, ms-identity, ms-inventory, ms-order-management, ms-product, ms-supplier); at least 3 of 6 pods will be refused (raise limits.cpu to 12900m, or have the pods ask for less: `values.global.proxy.resources` in the profile's `istio.overlay` says what a sidecar gets, and the annotations `sidecar.istio.io/proxyCPULimit` and `proxyMemoryLimit` what one pod's gets)");
}

#[test]
fn what_the_profile_gives_a_sidecar_is_read_from_the_injectors_configuration() {
    let services = SERVICES.map(|name| deployment(name, 1, &app("cpu: 150m"))).concat();
    let injector = "
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector, namespace: istio-system}
data: {values: '{\"global\": {\"proxy\": {\"resources\": {\"limits\": {\"cpu\": \"500m\"}}}}}'}";
    let with =
        |cpu: &str| format!("{services}{NAMESPACE}{injector}{}", quota(&format!("limits.cpu: {cpu}"), ""));
    for code in [Code::QuotaExceeded, Code::QuotaTightForUpdate] {
        assert_eq!(told(code, &with("7800m"), ""), "", "room for all of them twice");
    }
    assert_eq!(told(Code::QuotaExceeded, &with("3900m"), ""), "");
    insta::assert_snapshot!(told(Code::QuotaTightForUpdate, &with("7"), ""), @"warning: ResourceQuota/shop/small: has 7 of limits.cpu, of which 3900m are asked for (6 pods of 650m, 500m of it for the sidecar (frontend, ms-identity, ms-inventory, ms-order-management, ms-product, ms-supplier)); while all of them are replaced at once it is 7800m, and an update waits (raise limits.cpu to 7800m, or set `maxSurge: 0` for the workloads)");
    insta::assert_snapshot!(told(Code::QuotaExceeded, &with("3899m"), ""), @"error: ResourceQuota/shop/small: has 3899m of limits.cpu, and 3900m are asked for: 6 pods of 650m, 500m of it for the sidecar (frontend, ms-identity, ms-inventory, ms-order-management, ms-product, ms-supplier); at least 1 of 6 pods will be refused (raise limits.cpu to 3900m, or have the pods ask for less: `values.global.proxy.resources` in the profile's `istio.overlay` says what a sidecar gets, and the annotations `sidecar.istio.io/proxyCPULimit` and `proxyMemoryLimit` what one pod's gets)");
}

/// Container and init container resources against what the whole pod asks for; `a!` is an init container that
/// stays. The cases are those of KEP-753 and of `component-helpers/resource/helpers_test.go`.
#[test]
fn a_pod_asks_for_what_runs_at_once_or_for_its_largest_init_container() {
    let table: [(&[&str], &[&str], &str); 10] = [
        (&["100m", "200m"], &[], "300m"),
        (&["100m"], &["50m"], "100m"),
        (&["100m", "100m"], &["150m", "250m"], "250m"),
        (&["100m"], &["50m!"], "150m"),
        (&["100m"], &["50m!", "40m"], "150m"),
        (&["100m"], &["50m!", "200m"], "250m"),
        (&["100m"], &["200m", "50m!"], "200m"),
        (&["100m"], &["10m!", "20m!", "75m"], "130m"),
        (&["1"], &["5!", "5"], "10"),
        (&[], &["1"], "1"),
    ];
    for (containers, init, expected) in table {
        let list = |amounts: &[&str]| {
            let one = |amount: &&str| {
                let stays = if amount.ends_with('!') { "restartPolicy: Always, " } else { "" };
                let amount = amount.trim_end_matches('!');
                format!("{{{stays}resources: {{requests: {{cpu: {amount}}}, limits: {{cpu: {amount}}}}}}}")
            };
            amounts.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        let spec = format!("containers: [{}], initContainers: [{}]", list(containers), list(init));
        let owner = objects(&deployment("web", 1, &spec)).remove(0);
        let pod = PodResources::of(&Pods::of(&owner).unwrap());
        for side in [Side::Requests, Side::Limits] {
            let total = pod.total(side).get("cpu").unwrap();
            assert_eq!(total.to_string(), expected, "{containers:?} {init:?}");
        }
    }
}

#[test]
fn overhead_counts_as_a_request_and_only_where_there_is_a_limit_as_one() {
    let spec =
        "overhead: {cpu: 1, memory: 1Gi}, containers: [{resources: {requests: {cpu: 2}, limits: {cpu: 3}}}]";
    let owner = objects(&deployment("web", 1, spec)).remove(0);
    let pod = PodResources::of(&Pods::of(&owner).unwrap());
    let all = |side| {
        pod.total(side).0.into_iter().map(|(name, amount)| format!("{name}={amount}")).collect::<Vec<_>>()
    };
    assert_eq!(all(Side::Requests), ["cpu=3", "memory=1Gi"]);
    assert_eq!(all(Side::Limits), ["cpu=4"]);
}

/// What a quota of nothing says is asked of it.
fn asked(resource: &str, yaml: &str, there: &str) -> String {
    let told = told(Code::QuotaExceeded, &format!("{yaml}{}", quota(&format!("{resource}: 0"), "")), there);
    let (_, rest) = told.split_once(", and ").unwrap_or_else(|| panic!("{told}"));
    rest.split_once(" are asked for").unwrap().0.to_owned()
}

#[test]
fn every_resource_is_counted_under_the_names_that_quotas_have_for_it() {
    let pod =
        "containers: [{resources: {requests: {cpu: 1, memory: 1Gi, ephemeral-storage: 2Gi, nvidia.com/gpu: 1,
        hugepages-2Mi: 4Mi}, limits: {cpu: 2, memory: 3Gi, ephemeral-storage: 4Gi}}}]";
    let yaml = deployment("web", 2, pod);
    let table = [
        ("cpu", "2"),
        ("requests.cpu", "2"),
        ("limits.cpu", "4"),
        ("memory", "2Gi"),
        ("requests.memory", "2Gi"),
        ("limits.memory", "6Gi"),
        ("ephemeral-storage", "4Gi"),
        ("requests.ephemeral-storage", "4Gi"),
        ("limits.ephemeral-storage", "8Gi"),
        ("requests.nvidia.com/gpu", "2"),
        ("hugepages-2Mi", "8Mi"),
        ("requests.hugepages-2Mi", "8Mi"),
        ("pods", "2"),
        ("count/pods", "2"),
    ];
    for (resource, expected) in table {
        assert_eq!(asked(resource, &yaml, ""), expected, "{resource}");
    }
    let of_other_things =
        quota("services: 0, secrets: 0, count/deployments.apps: 0, persistentvolumeclaims: 0", "");
    assert_eq!(told(Code::QuotaExceeded, &format!("{yaml}{of_other_things}"), ""), "");
}

#[test]
fn who_has_no_request_asks_for_its_limit_and_who_has_neither_gets_the_limit_ranges() {
    let range = limit_range("{type: Container, default: {cpu: 150m}, defaultRequest: {cpu: 10m}}");
    let table = [
        ("{}", "10m", "150m"),
        ("{limits: {cpu: 1}}", "1", "1"),
        ("{requests: {cpu: 50m}}", "50m", "150m"),
        ("{requests: {cpu: 1}, limits: {cpu: 2}}", "1", "2"),
    ];
    for (resources, request, limit) in table {
        let yaml =
            format!("{}{range}", deployment("web", 1, &format!("containers: [{{resources: {resources}}}]")));
        assert_eq!(asked("requests.cpu", &yaml, ""), request, "{resources}");
        assert_eq!(asked("limits.cpu", &yaml, ""), limit, "{resources}");
    }
    // `max` alone is a default as well, and `min` one for requests.
    let bounded = limit_range("{type: Container, max: {cpu: 2}, min: {memory: 8Mi}}");
    let yaml = format!("{}{bounded}", deployment("web", 1, "containers: [{name: a}]"));
    assert_eq!(asked("requests.cpu", &yaml, ""), "2");
    assert_eq!(asked("requests.memory", &yaml, ""), "8Mi");
}

#[test]
fn a_sidecar_is_counted_where_there_will_be_one() {
    let sum = |pod: &str, namespace: &str| {
        asked("limits.cpu", &format!("{}{namespace}", deployment("web", 1, pod)), "")
    };
    let labelled = |label: &str| MESH.replace("istio-injection: enabled", label);
    let own = app("cpu: 1");
    assert_eq!(sum(&own, MESH), "3");
    assert_eq!(sum(&own, NAMESPACE), "1", "nothing is known of the injector");
    assert_eq!(sum(&own, &labelled("istio.io/rev: canary")), "3");
    assert_eq!(sum(&own, &labelled("istio-injection: disabled")), "1");
    assert_eq!(sum(&format!("hostNetwork: true, {own}"), MESH), "1");
    let template = |metadata: &str| {
        let yaml =
            deployment("web", 1, &own).replace("labels: {app: web}}, spec", &format!("{metadata}}}, spec"));
        asked("limits.cpu", &format!("{yaml}{MESH}"), "")
    };
    assert_eq!(template("labels: {app: web, sidecar.istio.io/inject: 'false'}"), "1");
    assert_eq!(template("labels: {app: web}, annotations: {sidecar.istio.io/inject: 'false'}"), "1");
    assert_eq!(template("labels: {app: web}, annotations: {sidecar.istio.io/proxyCPULimit: 200m}"), "1200m");
    let request = template("labels: {app: web}, annotations: {sidecar.istio.io/proxyCPU: 200m}");
    assert_eq!(request, "1", "one annotation, and the profile's limits are gone");
    let with_its_own = "containers: [{name: app, resources: {limits: {cpu: 1}}}, {name: istio-proxy, resources: {limits: {cpu: 300m}}}]";
    assert_eq!(sum(with_its_own, MESH), "2", "what sets up its network still has the profile's");
}

#[test]
fn as_many_pods_ask_as_the_workload_has_at_once() {
    let pod = "spec: {containers: [{resources: {limits: {cpu: 1}}}]}";
    let template = format!("template: {{{pod}}}");
    let workload = |group: &str, kind: &str, spec: &str| {
        format!(
            "{{apiVersion: {group}, kind: {kind}, metadata: {{name: web, namespace: shop}}, spec: {{{spec}}}}}"
        )
    };
    let table = [
        (workload("apps/v1", "Deployment", &template), "1"),
        (workload("apps/v1", "Deployment", &format!("replicas: 3, {template}")), "3"),
        (workload("apps/v1", "StatefulSet", &format!("replicas: 2, {template}")), "2"),
        (workload("apps/v1", "ReplicaSet", &format!("replicas: 2, {template}")), "2"),
        (workload("apps/v1", "DaemonSet", &template), "1"),
        (workload("batch/v1", "Job", &template), "1"),
        (workload("batch/v1", "Job", &format!("parallelism: 4, completions: 3, {template}")), "3"),
        (
            workload(
                "batch/v1",
                "CronJob",
                &format!("jobTemplate: {{spec: {{parallelism: 2, {template}}}}}"),
            ),
            "2",
        ),
        (format!("{{apiVersion: v1, kind: Pod, metadata: {{name: web, namespace: shop}}, {pod}}}"), "1"),
    ];
    for (yaml, expected) in &table {
        assert_eq!(asked("limits.cpu", yaml, ""), *expected, "{yaml}");
    }
    let nodes = "{apiVersion: v1, kind: Node, metadata: {name: a}}\n---\n{apiVersion: v1, kind: Node, metadata: {name: b}}";
    assert_eq!(asked("limits.cpu", &table[4].0, nodes), "2", "a DaemonSet has a pod on each node");
    let autoscaler = "\n---\n{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: a, namespace: shop},
        spec: {minReplicas: 5, scaleTargetRef: {kind: Deployment, name: web}}}";
    assert_eq!(asked("limits.cpu", &format!("{}{autoscaler}", table[0].0), ""), "5");
    assert_eq!(
        told(
            Code::QuotaExceeded,
            &format!(
                "{}{}",
                workload("apps/v1", "Deployment", &format!("replicas: 0, {template}")),
                quota("limits.cpu: 0", "")
            ),
            ""
        ),
        ""
    );
}

#[test]
fn a_rolling_update_has_more_pods_as_its_strategy_says() {
    let table = [
        ("", 4, 1),
        ("", 5, 2),
        ("strategy: {type: Recreate},", 4, 0),
        ("strategy: {type: RollingUpdate},", 1, 1),
        ("strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}},", 4, 0),
        ("strategy: {rollingUpdate: {maxSurge: 3}},", 4, 3),
        ("strategy: {rollingUpdate: {maxSurge: 3}},", 2, 2),
        ("strategy: {rollingUpdate: {maxSurge: 30%}},", 4, 2),
        ("strategy: {rollingUpdate: {maxSurge: 100%}},", 4, 4),
    ];
    let live = Live::default();
    let empty = plan("");
    let scene = Scene::new(&empty, Some(&live));
    for (strategy, replicas, surge) in table {
        let yaml = deployment("web", replicas, "containers: []")
            .replace("spec:\n", &format!("spec:\n  {}\n", strategy.trim_end_matches(',')));
        let owner = objects(&yaml).remove(0);
        assert_eq!(Scale::of(&owner, &scene), Scale { steady: replicas, surge }, "{strategy}");
    }
}

#[test]
fn pods_that_are_there_already_count_unless_the_plan_replaces_them() {
    let yaml = format!("{}{}", deployment("web", 2, &app("cpu: 1")), quota("limits.cpu: 4", ""));
    let pod = |name: &str, app: &str, phase: &str| {
        format!("{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: shop, labels: {{app: {app}}}}}, status: {{phase: {phase}}},
            spec: {{containers: [{{name: app, resources: {{limits: {{cpu: 3}}}}}}]}}}}")
    };
    assert_eq!(
        told(Code::QuotaExceeded, &yaml, &pod("web-1", "web", "Running")),
        "",
        "one of the plan's own"
    );
    assert_eq!(told(Code::QuotaExceeded, &yaml, &pod("job-1", "job", "Succeeded")), "", "one that has ended");
    insta::assert_snapshot!(told(Code::QuotaExceeded, &yaml, &pod("db-0", "db", "Running")), @"error: ResourceQuota/shop/small: has 4 of limits.cpu, and 5 are asked for: 2 pods of 1 (web), 3 by pods that are there already; at least 1 of 2 pods will be refused (raise limits.cpu to 5, or have the pods ask for less)");
    let only_others = format!("{}{}", deployment("web", 0, &app("cpu: 1")), quota("limits.cpu: 1", ""));
    assert_eq!(
        told(Code::QuotaExceeded, &only_others, &pod("db-0", "db", "Running")),
        "",
        "not the plan's doing"
    );
}

#[test]
fn a_quota_of_the_cluster_counts_until_the_plan_has_another() {
    let web = deployment("web", 2, &app("cpu: 1"));
    let of = |cpu: &str| quota(&format!("limits.cpu: {cpu}"), "").trim_start_matches("\n---").to_owned();
    assert!(
        told(Code::QuotaExceeded, &web, &of("1"))
            .starts_with("error: ResourceQuota/shop/small: has 1 of limits.cpu, and 2 are asked for")
    );
    assert_eq!(told(Code::QuotaExceeded, &format!("{web}\n---{}", of("2")), &of("1")), "");
}

#[test]
fn a_quota_counts_the_pods_of_its_scopes() {
    let exceeded = |scope: &str, pod: &str| {
        !told(Code::QuotaExceeded, &format!("{}{}", deployment("web", 1, pod), quota("pods: 0", scope)), "")
            .is_empty()
    };
    let plain = app("cpu: 1");
    let silent = "containers: [{name: a}]";
    let ending = format!("activeDeadlineSeconds: 9, {plain}");
    let important = format!("priorityClassName: high, {plain}");
    let table = [
        ("scopes: [NotTerminating],", plain.as_str(), true),
        ("scopes: [NotTerminating],", &ending, false),
        ("scopes: [Terminating],", &ending, true),
        ("scopes: [BestEffort],", silent, true),
        ("scopes: [BestEffort],", &plain, false),
        ("scopes: [NotBestEffort],", &plain, true),
        ("scopes: [NotBestEffort, Terminating],", &plain, false),
        ("scopes: [PriorityClass],", &plain, false),
        ("scopes: [CrossNamespacePodAffinity],", &plain, false),
        (
            "scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In, values: [high]}]},",
            &important,
            true,
        ),
        (
            "scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In, values: [low]}]},",
            &important,
            false,
        ),
        (
            "scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: NotIn, values: [low]}]},",
            &plain,
            true,
        ),
        ("scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: Exists}]},", &plain, false),
        ("scopeSelector: {matchExpressions: [{scopeName: BestEffort, operator: Exists}]},", silent, true),
    ];
    for (scope, pod, expected) in table {
        assert_eq!(exceeded(scope, pod), expected, "{scope} {pod}");
    }
    let affine = format!(
        "affinity: {{podAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: [{{namespaces: [bank]}}]}}}}, {plain}"
    );
    assert!(exceeded("scopes: [CrossNamespacePodAffinity],", &affine));
}

#[test]
fn a_quota_refuses_containers_that_say_nothing() {
    let with = |pod: &str, more: &str| {
        told(Code::QuotaNeedsValues, &format!("{}{more}", deployment("web", 1, pod)), "")
    };
    let strict = quota("limits.cpu: 8, requests.memory: 8Gi, requests.storage: 9", "");
    insta::assert_snapshot!(with("containers: [{name: a, resources: {limits: {cpu: 1}}}], initContainers: [{name: b}]", &strict), @"error: ResourceQuota/shop/small: asks every container to say its limits.cpu, requests.memory, and these do not: a of web, b of web; their pods will be refused (write `resources` into the containers, or add a LimitRange with defaults for those that have none)");
    assert_eq!(with(&app("cpu: 1, memory: 1Gi"), &strict), "");
    let range = limit_range("{type: Container, default: {cpu: 1, memory: 1Gi}}");
    assert_eq!(with("containers: [{name: a}]", &format!("{strict}{range}")), "", "the LimitRange says it");
    assert_eq!(with("containers: [{name: a}]", &quota("pods: 9, requests.ephemeral-storage: 9Gi", "")), "");
}

#[test]
fn a_limit_range_refuses_what_is_out_of_its_bounds_sidecars_too() {
    let with = |pod: &str, limit: &str| {
        told(Code::LimitRange, &format!("{}{}", deployment("web", 1, pod), limit_range(limit)), "")
    };
    let max = "{type: Container, max: {cpu: 1}}";
    assert_eq!(with(&app("cpu: 1"), max), "");
    assert_eq!(with("containers: [{name: app}]", max), "", "the most is also the default");
    insta::assert_snapshot!(with(&app("cpu: 1100m"), max), @"error: Deployment/shop/web: its container app may use 1100m of cpu, and at most 1 is let in, by LimitRange/shop/range; its pods will be refused (change the container's `resources`, or the LimitRange; a sidecar gets what `values.global.proxy.resources` in the profile's `istio.overlay` says)");
    let meshed = format!("{}{MESH}{}", deployment("web", 1, &app("cpu: 1")), limit_range(max));
    insta::assert_snapshot!(told(Code::LimitRange, &meshed, ""), @"error: Deployment/shop/web: its container istio-proxy may use 2 of cpu, and at most 1 is let in; its container istio-init may use 2 of cpu, and at most 1 is let in, by LimitRange/shop/range; its pods will be refused (change the container's `resources`, or the LimitRange; a sidecar gets what `values.global.proxy.resources` in the profile's `istio.overlay` says)");
    insta::assert_snapshot!(with(&app("cpu: 50m"), "{type: Container, min: {cpu: 100m}}"), @"error: Deployment/shop/web: its container app requests 50m of cpu, and at least 100m is asked of it, by LimitRange/shop/range; its pods will be refused (change the container's `resources`, or the LimitRange; a sidecar gets what `values.global.proxy.resources` in the profile's `istio.overlay` says)");
    insta::assert_snapshot!(with(&app("cpu: 1"), "{type: Pod, max: {cpu: 500m}, min: {memory: 8Mi}}"), @"error: Deployment/shop/web: its pod requests no memory, and at least 8Mi is asked of it; its pod may use 1 of cpu, and at most 500m is let in, by LimitRange/shop/range; its pods will be refused (change the container's `resources`, or the LimitRange; a sidecar gets what `values.global.proxy.resources` in the profile's `istio.overlay` says)");
    let ratio = "{type: Container, maxLimitRequestRatio: {cpu: 4}}";
    let spread = |request: &str| {
        format!(
            "containers: [{{name: app, resources: {{requests: {{cpu: {request}}}, limits: {{cpu: 1}}}}}}]"
        )
    };
    assert_eq!(with(&spread("250m"), ratio), "");
    insta::assert_snapshot!(with(&spread("249m"), ratio), @"error: Deployment/shop/web: its container app may use 1 of cpu and requests 249m: more than the 4 times that are let in, by LimitRange/shop/range; its pods will be refused (change the container's `resources`, or the LimitRange; a sidecar gets what `values.global.proxy.resources` in the profile's `istio.overlay` says)");
    assert_eq!(with(&app("cpu: 9"), "{type: PersistentVolumeClaim, max: {storage: 1Gi}}"), "");
}

#[test]
fn a_native_sidecar_counts_beside_the_init_containers_that_run_after_it() {
    let pod = "containers: [{name: app, resources: {limits: {cpu: 1}}}], initContainers: [{name: i, resources: {limits: {cpu: 5}}}]";
    let yaml = format!("{}{MESH}", deployment("web", 1, pod));
    let istiod = |image: &str, env: &str| {
        format!("{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: istiod, namespace: istio-system, labels: {{app: istiod}}}},
            spec: {{template: {{spec: {{containers: [{{image: '{image}', env: [{env}]}}]}}}}}}}}")
    };
    let table = [
        ("docker.io/istio/pilot:1.18.0", "", "5"),
        ("docker.io/istio/pilot:1.18.0", "{name: ENABLE_NATIVE_SIDECARS, value: 'true'}", "7"),
        ("docker.io/istio/pilot:1.31-alpha.eed52ebb66ad", "", "7"),
        (
            "docker.io/istio/pilot:1.31-alpha.eed52ebb66ad",
            "{name: ENABLE_NATIVE_SIDECARS, value: 'false'}",
            "5",
        ),
    ];
    for (image, env, expected) in table {
        assert_eq!(asked("limits.cpu", &yaml, &istiod(image, env)), expected, "{image} {env}");
    }
}
