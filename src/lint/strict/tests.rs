use super::super::testing::{cluster, objects, plan};
use super::super::{Live, cuts_off, lint};
use crate::finding::{Code, Finding};

const MESH: &str = "{apiVersion: security.istio.io/v1beta1, kind: PeerAuthentication, metadata: {name: default, namespace: istio-system}, spec: {mtls: {mode: STRICT}}}";

/// A namespace in the mesh, and one outside of it.
const NAMESPACES: &str =
    "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio-injection: enabled}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: legacy}}";

/// A Deployment; `metadata` and `container` go on in its pods' own.
fn deployment(namespace: &str, name: &str, metadata: &str, container: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}, namespace: {namespace}}},
          spec: {{selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}{metadata}}},
            spec: {{containers: [{{name: app{container}}}]}}}}}}}}"
    )
}

/// A pod of it that runs.
fn pod(namespace: &str, name: &str, metadata: &str, containers: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}-1, namespace: {namespace}, labels: {{app: {name}}}{metadata}}},
          spec: {{containers: [{containers}]}}, status: {{phase: Running}}}}"
    )
}

const SIDECAR: &str = "{name: istio-proxy, args: [proxy, sidecar]}";
const PORT: &str = ", ports: [{name: http, containerPort: 8080}]";

fn meshed(name: &str, metadata: &str, container: &str) -> String {
    let containers = format!("{{name: app{container}}}, {SIDECAR}");
    together(&[&deployment("shop", name, metadata, container), &pod("shop", name, metadata, &containers)])
}

fn outside(namespace: &str, name: &str, container: &str) -> String {
    let own = format!("{{name: app{container}}}");
    together(&[&deployment(namespace, name, "", container), &pod(namespace, name, "", &own)])
}

fn service(name: &str, more: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Service, metadata: {{name: {name}, namespace: shop, labels: {{app: {name}}}}},
          spec: {{selector: {{app: {name}}}, ports: [{{name: http, port: 80, targetPort: http}}]{more}}}}}"
    )
}

fn together(documents: &[&str]) -> String {
    documents.join("\n---\n")
}

/// A cluster with the mesh, its service `web`, and more.
fn shop(more: &[&str]) -> Live {
    let web = meshed("web", "", PORT);
    cluster(&together(&[&[NAMESPACES, &web, &service("web", "")], more].concat()))
}

fn lines(findings: &[Finding]) -> String {
    let line = |it: &Finding| format!("{} {}: {it}\n    {}\n", it.severity.name(), it.code, it.hint);
    findings.iter().map(line).collect()
}

fn told(yaml: &str, live: &Live) -> String {
    let findings = lint(&plan(yaml), Some(live));
    let of_strict: Vec<Finding> =
        findings.into_iter().filter(|finding| (131..140).contains(&(finding.code as u16))).collect();
    lines(&of_strict)
}

fn codes(yaml: &str, live: &Live) -> Vec<Code> {
    cuts_off(&plan(yaml), live).into_iter().map(|finding| finding.code).collect()
}

#[test]
fn nothing_is_cut_off_where_nothing_is_there_yet() {
    let web = together(&[NAMESPACES, MESH, &deployment("shop", "web", "", PORT), &service("web", "")]);
    for there in ["", NAMESPACES, &together(&[NAMESPACES, &outside("legacy", "batch", "")])] {
        assert_eq!(told(&web, &cluster(there)), "", "{there}");
        assert_eq!(codes(&web, &cluster(there)), [], "{there}");
    }
}

#[test]
fn who_has_no_sidecar_and_names_what_is_closed_is_told_with_where_it_does() {
    let url = |url: &str| format!(", env: [{{name: SHOP, value: '{url}'}}]");
    let live = shop(&[&outside("legacy", "batch", &url("http://web.shop.svc.cluster.local/api"))]);
    insta::assert_snapshot!(told(MESH, &live), @"
    error KSI-131: Deployment/legacy/batch: gets no sidecar and calls web.shop (SHOP of container app), which will answer the mesh alone: its calls in plaintext will be cut off
        give it a sidecar (label its namespace `istio-injection=enabled` and restart it), leave the called ports PERMISSIVE by a PeerAuthentication with a selector, or begin with `--mtls permissive`, which closes nothing
    ");
    let table = [
        ("http://web.shop", true),
        ("http://web.shop:80/x", true),
        ("tcp://user:secret@web.shop.svc:80", true),
        ("web.shop.svc.cluster.local", true),
        ("a=1,web.shop,b=2", true),
        ("http://web", false),
        ("http://web.bank", false),
        ("http://other.web.shop", false),
        ("https://web.shop.example.com", false),
        ("http://myweb.shop", false),
    ];
    for (text, is_told) in table {
        let live = shop(&[&outside("legacy", "batch", &url(text))]);
        assert_eq!(codes(MESH, &live).contains(&Code::CallerCutOff), is_told, "{text}");
    }
    let own = ", labels: {sidecar.istio.io/inject: 'false'}";
    let neighbours = [
        ("http://web:80", true),
        ("web:80", true),
        ("http://web/", true),
        ("web", false),
        ("the web is wide", false),
    ];
    for (text, is_told) in neighbours {
        let live = shop(&[&outside("shop", "batch", &url(text))]);
        assert_eq!(codes(MESH, &live).contains(&Code::CallerCutOff), is_told, "{text} {own}");
    }
}

#[test]
fn arguments_and_config_maps_are_read_too() {
    let callers = [
        ", args: ['--url=http://web.shop']",
        ", command: [sh, -c, 'curl http://web.shop/']",
        ", envFrom: [{configMapRef: {name: urls}}]",
        ", env: [{name: A, valueFrom: {configMapKeyRef: {name: urls, key: shop}}}]",
    ];
    let urls = "{apiVersion: v1, kind: ConfigMap, metadata: {name: urls, namespace: legacy}, data: {shop: 'http://web.shop'}}";
    for container in callers {
        let live = shop(&[urls, &outside("legacy", "batch", container)]);
        assert_eq!(codes(MESH, &live), [Code::CallerCutOff], "{container}");
    }
}

#[test]
fn those_of_whom_nothing_tells_are_named_by_their_namespaces() {
    let live = shop(&[
        &meshed("api", "", PORT),
        &outside("legacy", "batch", ""),
        &outside("legacy", "old", ""),
        &outside("tools", "jenkins", ""),
        &outside("kube-system", "coredns", ""),
        &outside("istio-system", "kiali", ""),
    ]);
    insta::assert_snapshot!(told(MESH, &live), @"
    warning KSI-132: PeerAuthentication/istio-system/default: closes shop (api, web) to plaintext, which they answer today; these have no sidecar and may call them: legacy (batch, old), tools (jenkins)
        make sure that none of them does, or give those that do a sidecar; give --yes if that is so, or begin with `--mtls permissive`, which closes nothing
    ");
}

#[test]
fn a_gateway_and_who_has_a_sidecar_calls_with_a_certificate() {
    let gateway = "{name: istio-proxy, args: [proxy, router]}";
    let live = shop(&[
        &deployment("edge", "gateway", ", annotations: {inject.istio.io/templates: gateway}", ""),
        &pod("edge", "gateway", "", gateway),
    ]);
    assert_eq!(told(MESH, &live), "");
    assert_eq!(told(MESH, &shop(&[])), "");
}

#[test]
fn what_a_policy_of_the_cluster_leaves_open_or_has_closed_is_not_cut_off() {
    let policy = |namespace: &str, name: &str, spec: &str| {
        format!(
            "{{apiVersion: security.istio.io/v1beta1, kind: PeerAuthentication, metadata: {{name: {name}, namespace: {namespace}}}, spec: {{{spec}}}}}"
        )
    };
    let strict = "mtls: {mode: STRICT}";
    let permissive = "mtls: {mode: PERMISSIVE}";
    let of_web = "selector: {matchLabels: {app: web}}";
    let table = [
        (policy("istio-system", "default", strict), false, "closed already"),
        (policy("istio-system", "default", permissive), true, "open until now"),
        (policy("shop", "default", strict), false, "its namespace was closed already"),
        (policy("shop", "default", permissive), false, "its namespace stays open"),
        (policy("shop", "default", "mtls: {mode: UNSET}"), true, "what is unset is inherited"),
        (policy("bank", "default", permissive), true, "another namespace"),
        (policy("shop", "web", &format!("{of_web}, {permissive}")), false, "its own stays open"),
        (
            policy("shop", "web", &format!("{of_web}, portLevelMtls: {{8080: {{mode: PERMISSIVE}}}}")),
            false,
            "its port stays open",
        ),
        (
            policy("shop", "web", &format!("{of_web}, portLevelMtls: {{9090: {{mode: PERMISSIVE}}}}")),
            true,
            "another port",
        ),
    ];
    let caller = outside("legacy", "batch", ", args: ['http://web.shop']");
    for (policy, is_cut_off, why) in table {
        let live = shop(&[&caller, &policy]);
        assert_eq!(codes(MESH, &live).contains(&Code::CallerCutOff), is_cut_off, "{why}");
    }
    let open = MESH.replace("STRICT", "PERMISSIVE");
    assert_eq!(codes(&open, &shop(&[&caller])), [], "the plan closes nothing");
}

#[test]
fn ports_that_go_around_the_sidecar_stay_open() {
    let caller = outside("legacy", "batch", ", args: ['http://web.shop']");
    let table = [
        ("traffic.sidecar.istio.io/excludeInboundPorts: '8080,9090'", false),
        ("traffic.sidecar.istio.io/excludeInboundPorts: '9090'", true),
        ("traffic.sidecar.istio.io/includeInboundPorts: '9090'", false),
        ("traffic.sidecar.istio.io/includeInboundPorts: '*'", true),
        ("sidecar.istio.io/interceptionMode: NONE", false),
    ];
    for (annotation, is_cut_off) in table {
        let web = meshed("web", &format!(", annotations: {{{annotation}}}"), PORT);
        let live = cluster(&together(&[NAMESPACES, &web, &service("web", ""), &caller]));
        assert_eq!(codes(MESH, &live).contains(&Code::CallerCutOff), is_cut_off, "{annotation}");
    }
}

/// Without Istio until now: the plan gives the pods that run a sidecar, and closes them in one go.
#[test]
fn services_that_run_already_and_get_their_sidecar_are_closed_too() {
    let web = deployment("shop", "web", "", PORT);
    let there = together(&[
        &NAMESPACES.replace(", labels: {istio-injection: enabled}", ""),
        &outside("shop", "web", PORT),
        &service("web", ", type: NodePort"),
        &outside("legacy", "batch", ", args: ['http://web.shop']"),
    ]);
    let plan = together(&[NAMESPACES, MESH, &web]);
    assert_eq!(codes(&plan, &cluster(&there)), [Code::CallerCutOff, Code::EntranceCutOff]);
}

#[test]
fn ways_in_from_outside_of_the_mesh_are_told() {
    let ingress = "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: front, namespace: shop},
        spec: {ingressClassName: nginx, rules: [{http: {paths: [{backend: {service: {name: web, port: {number: 80}}}}]}}]}}";
    insta::assert_snapshot!(told(MESH, &shop(&[ingress])), @"
    error KSI-133: Ingress/shop/front: brings requests in by the ingress controller `nginx`, without a certificate of the mesh; web.shop:80 will answer the mesh alone, and requests from outside will be cut off
        let them come in by Istio's ingress gateway (a Gateway and a VirtualService), leave the ports PERMISSIVE by a PeerAuthentication with a selector, or begin with `--mtls permissive`, which closes nothing
    ");
    let of_web = |more: &str| {
        let web = meshed("web", "", PORT);
        cluster(&together(&[NAMESPACES, &web, &service("web", more)]))
    };
    insta::assert_snapshot!(told(MESH, &of_web(", type: LoadBalancer")), @"
    error KSI-133: Service/shop/web: is reached by a load balancer, without a certificate of the mesh; web.shop:80 will answer the mesh alone, and requests from outside will be cut off
        let them come in by Istio's ingress gateway (a Gateway and a VirtualService), leave the ports PERMISSIVE by a PeerAuthentication with a selector, or begin with `--mtls permissive`, which closes nothing
    ");
    let table = [
        (", type: NodePort", true),
        (", externalIPs: [192.0.2.1]", true),
        (", type: ClusterIP", false),
        (", externalIPs: []", false),
    ];
    for (more, is_told) in table {
        assert_eq!(!codes(MESH, &of_web(more)).is_empty(), is_told, "{more}");
    }
    let nginx = "{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: nginx}, spec: {controller: k8s.io/ingress-nginx}}";
    let controller = meshed("nginx", "", "")
        .replace("labels: {app: nginx}", "labels: {app: nginx, app.kubernetes.io/name: ingress-nginx}");
    let silent = [
        vec![ingress.replace("number: 80", "number: 81")],
        vec![ingress.replace("name: web", "name: other")],
        vec![ingress.replace("ingressClassName: nginx", "ingressClassName: istio")],
        vec![ingress.to_owned(), nginx.to_owned(), controller],
    ];
    for more in silent {
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        assert_eq!(codes(MESH, &shop(&more)), [], "{more:?}");
    }
    let by_name = ingress.replace("number: 80", "name: http");
    assert_eq!(codes(MESH, &shop(&[&by_name])), [Code::EntranceCutOff]);
}

#[test]
fn metrics_that_prometheus_asks_for_in_plaintext_are_told() {
    let monitor = |kind: &str, spec: &str| {
        format!(
            "{{apiVersion: monitoring.coreos.com/v1, kind: {kind}, metadata: {{name: web, namespace: monitoring}}, spec: {{{spec}}}}}"
        )
    };
    let here = "namespaceSelector: {matchNames: [shop]}, selector: {matchLabels: {app: web}}";
    let services = monitor("ServiceMonitor", &format!("{here}, endpoints: [{{port: http}}]"));
    insta::assert_snapshot!(told(MESH, &shop(&[&services])), @"
    warning KSI-134: ServiceMonitor/monitoring/web: has Prometheus ask for the metrics of web.shop:80, which will answer the mesh alone: a Prometheus without a sidecar gets none any more
        have Istio merge the metrics (port 15020), give Prometheus the mesh's certificates, leave the port PERMISSIVE by a PeerAuthentication with a selector, or begin with `--mtls permissive`, which closes nothing
    ");
    let table = [
        (monitor("PodMonitor", &format!("{here}, podMetricsEndpoints: [{{port: http}}]")), true),
        (monitor("PodMonitor", &format!("{here}, podMetricsEndpoints: [{{portNumber: 15020}}]")), true),
        (monitor("PodMonitor", &format!("{here}, podMetricsEndpoints: [{{port: metrics}}]")), false),
        (services.replace("matchNames: [shop]", "any: true"), true),
        (services.replace("matchNames: [shop]", "matchNames: [bank]"), false),
        (services.replace("app: web", "app: api"), false),
        (
            services
                .replace("port: http", "port: http, tlsConfig: {certFile: /etc/prom-certs/cert-chain.pem}"),
            false,
        ),
    ];
    for (monitor, is_told) in table {
        assert_eq!(codes(MESH, &shop(&[&monitor])).contains(&Code::ScrapeCutOff), is_told, "{monitor}");
    }
}

#[test]
fn annotations_for_prometheus_that_the_injector_did_not_move_are_told() {
    let of = |annotations: &str| {
        let annotations = format!(", annotations: {{prometheus.io/scrape: 'true', {annotations}}}");
        cluster(&together(&[NAMESPACES, &meshed("web", &annotations, PORT)]))
    };
    assert_eq!(codes(MESH, &of("prometheus.io/port: '8080'")), [Code::ScrapeCutOff]);
    assert_eq!(codes(MESH, &of("prometheus.io/port: '15020'")), []);
    let planned = |more: &str| {
        let annotations =
            format!(", annotations: {{prometheus.io/scrape: 'true', prometheus.io/port: '8080'{more}}}");
        together(&[NAMESPACES, MESH, &deployment("shop", "web", &annotations, PORT)])
    };
    assert_eq!(told(&planned(""), &cluster("")), "", "the injector moves them");
    assert!(told(&planned(", prometheus.istio.io/merge-metrics: 'false'"), &cluster("")).contains("KSI-134"));
}

#[test]
fn webhooks_and_apis_behind_the_mesh_are_told() {
    let webhook = "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: guard},
        webhooks: [{name: guard.example.org, clientConfig: {service: {name: web, namespace: shop, port: 80}}}]}";
    insta::assert_snapshot!(told(MESH, &shop(&[webhook])), @"
    error KSI-135: ValidatingWebhookConfiguration/guard: has the API server ask web.shop:80, which will answer the mesh alone: the API server has no sidecar, and will be cut off
        leave the port out of the sidecar (`traffic.sidecar.istio.io/excludeInboundPorts` on the pods of web), leave it PERMISSIVE by a PeerAuthentication with a selector, or begin with `--mtls permissive`, which closes nothing
    ");
    let api = "{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.example.org}, spec: {service: {name: web, namespace: shop, port: 80}}}";
    assert_eq!(codes(MESH, &shop(&[api])), [Code::ApiServerCutOff]);
    let elsewhere = webhook.replace(", port: 80", "");
    assert_eq!(codes(MESH, &shop(&[&elsewhere])), [], "the port is 443");
}

#[test]
fn probes_that_the_sidecar_does_not_make_are_told() {
    let never = ", annotations: {sidecar.istio.io/rewriteAppHTTPProbers: 'false'}";
    let plan = |metadata: &str, probe: &str| {
        let container = format!("{PORT}, readinessProbe: {{{probe}}}");
        together(&[NAMESPACES, MESH, &deployment("shop", "web", metadata, &container)])
    };
    let http = "httpGet: {path: /health, port: http}";
    insta::assert_snapshot!(told(&plan(never, http), &cluster("")), @r#"
    error KSI-136: Deployment/shop/web: is asked by the kubelet in plaintext, and will answer the mesh alone: readinessProbe of container app will fail
        take the annotation `sidecar.istio.io/rewriteAppHTTPProbers: "false"` off its pods, so that the sidecar makes the probes, or begin with `--mtls permissive`, which closes nothing
    "#);
    let table = [
        ("", http, false, "the sidecar makes it"),
        (never, "grpc: {port: 8080}", true, "by gRPC"),
        (never, "tcpSocket: {port: 8080}", false, "a connection alone"),
        (never, "exec: {command: [ls]}", false, "no call at all"),
    ];
    for (metadata, probe, is_told, why) in table {
        assert_eq!(!told(&plan(metadata, probe), &cluster("")).is_empty(), is_told, "{why}");
    }
    let off = r#"{apiVersion: v1, kind: ConfigMap, metadata: {name: istio-sidecar-injector, namespace: istio-system},
        data: {values: '{"sidecarInjectorWebhook": {"rewriteAppHTTPProbe": false}}'}}"#;
    assert!(told(&plan("", http), &cluster(off)).contains("KSI-136"), "the values say so for all");
}

#[test]
fn a_rule_that_has_the_mesh_call_without_its_certificates_is_told() {
    let rule = |policy: &str| {
        format!(
            "{{apiVersion: networking.istio.io/v1beta1, kind: DestinationRule, metadata: {{name: web, namespace: bank}}, spec: {{host: web.shop.svc.cluster.local, {policy}}}}}"
        )
    };
    let disabled = rule("trafficPolicy: {tls: {mode: DISABLE}}");
    insta::assert_snapshot!(told(MESH, &shop(&[&disabled])), @"
    error KSI-137: DestinationRule/bank/web: has the mesh call `web.shop.svc.cluster.local` with the TLS mode DISABLE, and web.shop:80 will answer the certificates of the mesh alone
        write ISTIO_MUTUAL, or leave `tls` out: Istio chooses by itself; or begin with `--mtls permissive`, which closes nothing
    ");
    let table = [
        ("trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}", false),
        ("trafficPolicy: {}", false),
        ("trafficPolicy: {tls: {mode: SIMPLE}}", true),
        ("trafficPolicy: {portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}}]}", true),
        ("subsets: [{name: old, trafficPolicy: {tls: {mode: DISABLE}}}]", true),
    ];
    for (policy, is_told) in table {
        assert_eq!(codes(MESH, &shop(&[&rule(policy)])).contains(&Code::RuleCutOff), is_told, "{policy}");
    }
}

#[test]
fn what_waits_for_services_that_were_never_there_is_a_warning() {
    let there = together(&[NAMESPACES, &outside("legacy", "batch", ", args: ['http://web.shop']")]);
    let plan = together(&[MESH, &deployment("shop", "web", "", PORT), &service("web", "")]);
    assert!(told(&plan, &cluster(&there)).starts_with("warning KSI-131: Deployment/legacy/batch"));
    assert_eq!(codes(&plan, &cluster(&there)), [], "nobody is cut off");
    assert_eq!(objects(&plan).len(), 3);
}
