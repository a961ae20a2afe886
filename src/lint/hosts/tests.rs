use super::super::testing::told;
use super::*;

/// Services in two namespaces, a ServiceEntry, and a VirtualService or DestinationRule under test in `shop`.
fn with(kind: &str, spec: &str) -> String {
    format!(
        "
{{apiVersion: v1, kind: Service, metadata: {{name: web, namespace: shop}}, spec: {{selector: {{app: web}}}}}}
---
{{apiVersion: v1, kind: Service, metadata: {{name: billing, namespace: office}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop}}
spec: {{template: {{metadata: {{labels: {{app: web, version: v1}}}}, spec: {{containers: []}}}}}}
---
apiVersion: networking.istio.io/v1beta1
kind: ServiceEntry
metadata: {{name: outside, namespace: shop}}
spec: {{hosts: [api.example.com, '*.example.org']}}
---
apiVersion: networking.istio.io/v1beta1
kind: {kind}
metadata: {{name: test, namespace: shop}}
spec: {spec}"
    )
}

fn destination(host: &str) -> String {
    let spec = format!("{{hosts: [web], http: [{{route: [{{destination: {{host: '{host}'}}}}]}}]}}");
    told(Code::DestinationUnknown, &with("VirtualService", &spec), "")
}

#[test]
fn a_route_may_lead_to_a_service_by_its_short_or_full_name_and_to_a_service_entry() {
    let known = [
        "web",
        "web.shop.svc.cluster.local",
        "billing.office.svc.cluster.local",
        "billing.office.svc.corp.internal",
        "api.example.com",
        "anything.example.org",
        "*.example.org",
    ];
    for host in known {
        assert_eq!(destination(host), "", "{host}");
    }
}

#[test]
fn a_route_to_nowhere_is_told_with_what_was_meant() {
    let table = [
        ("wbe", "its route leads to `wbe`, and shop has no Service of that name", "did you mean `web`?"),
        (
            "billing",
            "its route leads to `billing`, and shop has no Service of that name",
            "office has one: to mean that, write `billing.office.svc.cluster.local`",
        ),
        (
            "bill1ng.office.svc.cluster.local",
            "its route leads to `bill1ng.office.svc.cluster.local`, and office has no Service bill1ng",
            "did you mean `billing.office.svc.cluster.local`?",
        ),
        (
            "billing.office",
            "its route leads to `billing.office`, and no Service and no ServiceEntry has that host",
            "Istio takes a name with a dot as it stands: write `billing.office.svc.cluster.local`",
        ),
        (
            "billing.office.svc",
            "its route leads to `billing.office.svc`, and no Service and no ServiceEntry has that host",
            "Istio takes a name with a dot as it stands: write `billing.office.svc.cluster.local`",
        ),
        (
            "other.example.net",
            "its route leads to `other.example.net`, and no Service and no ServiceEntry has that host",
            "requests get 503 until there is one; correct the host, or add the Service to a layer",
        ),
    ];
    for (host, seen, hint) in table {
        assert_eq!(destination(host), format!("error: VirtualService/shop/test: {seen} ({hint})\n"));
    }
}

#[test]
fn what_is_not_exported_to_a_namespace_is_not_there_for_it() {
    let table =
        [("['.']", false), ("[shop]", true), ("[bank, shop]", true), ("['*']", true), ("[bank]", false)];
    let spec = "{hosts: [web], http: [{route: [{destination: {host: api.example.net}}]}]}";
    for (export, is_seen) in table {
        let entry = format!(
            "{{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {{name: e, namespace: office}}, spec: {{exportTo: {export}, hosts: ['*']}}}}"
        );
        let told = told(Code::DestinationUnknown, &with("VirtualService", spec), &entry);
        assert_eq!(told.is_empty(), is_seen, "{export}: {told}");
    }
    let hidden = with("VirtualService", &spec.replace("api.example.net", "billing.office.svc.cluster.local"));
    let hidden = hidden.replace(
        "name: billing, ",
        "name: billing, annotations: {networking.istio.io/exportTo: '., bank'}, ",
    );
    let told = told(Code::DestinationUnknown, &hidden, "");
    assert!(
        told.ends_with("(it is there, and its `networking.istio.io/exportTo` keeps it from shop)\n"),
        "{told}"
    );
}

#[test]
fn every_kind_of_route_is_looked_at() {
    let route = "{destination: {host: gone}}";
    let rules = [
        format!("http: [{{route: [{route}]}}]"),
        format!("tcp: [{{route: [{route}]}}]"),
        format!("tls: [{{match: [], route: [{route}]}}]"),
        "http: [{route: [{destination: {host: web}}], mirror: {host: gone}}]".to_owned(),
        format!("http: [{{route: [{{destination: {{host: web}}}}], mirrors: [{route}]}}]"),
    ];
    for rule in rules {
        let told =
            told(Code::DestinationUnknown, &with("VirtualService", &format!("{{hosts: [web], {rule}}}")), "");
        assert_eq!(told.lines().count(), 1, "{rule}: {told}");
    }
}

#[test]
fn a_service_of_the_cluster_counts_and_one_that_could_not_be_read_might() {
    let spec = "{hosts: [web], http: [{route: [{destination: {host: cart}}]}]}";
    let yaml = with("VirtualService", spec);
    let cart = "{apiVersion: v1, kind: Service, metadata: {name: cart, namespace: shop}}";
    assert_eq!(told(Code::DestinationUnknown, &yaml, cart), "");
    assert!(told(Code::DestinationUnknown, &yaml, "").starts_with("error: "));

    let mut live = super::super::testing::cluster("");
    let services = crate::object::GroupKind { group: String::new(), kind: "Service".into() };
    live.unread.insert(services, "forbidden".into());
    let plan = super::super::testing::plan(&yaml);
    for live in [None, Some(&live)] {
        let findings = super::super::lint(&plan, live);
        let finding = findings.iter().find(|finding| finding.code == Code::DestinationUnknown).unwrap();
        assert_eq!(finding.severity, Severity::Warning);
    }
}

#[test]
fn the_hosts_of_a_rule_inside_the_mesh_are_those_of_services() {
    let virtual_service = |spec: &str| told(Code::HostUnknown, &with("VirtualService", spec), "");
    let silent = [
        "{hosts: [web]}",
        "{hosts: [web], gateways: [mesh]}",
        "{hosts: ['*']}",
        "{hosts: ['*.shop.svc.cluster.local']}",
        "{hosts: [api.example.com, '*.example.org']}",
        "{hosts: [shop.example.com], gateways: [front]}",
        "{hosts: [shop.example.com, web], gateways: [front, mesh]}",
        "{http: [{route: []}]}",
    ];
    for spec in silent {
        assert_eq!(virtual_service(spec), "", "{spec}");
    }
    let told = [
        ("{hosts: [wbe]}", "is for `wbe`, and shop has no Service of that name (did you mean `web`?)"),
        ("{hosts: ['*.bank.svc.cluster.local']}", "is for `*.bank.svc.cluster.local`, and"),
        (
            "{hosts: [shop.example.com]}",
            "is for `shop.example.com`, and no Service and no ServiceEntry has that host",
        ),
        ("{hosts: [wbe], gateways: [front, mesh]}", "is for `wbe`, and shop has no Service of that name"),
    ];
    for (spec, expected) in told {
        let told = virtual_service(spec);
        assert!(
            told.starts_with(&format!("warning: VirtualService/shop/test: {expected}")),
            "{spec}: {told}"
        );
    }
}

#[test]
fn a_destination_rule_for_no_host_changes_nothing() {
    let rule =
        |host: &str| told(Code::HostUnknown, &with("DestinationRule", &format!("{{host: '{host}'}}")), "");
    for host in ["web", "*.svc.cluster.local", "*.local", "billing.office.svc.cluster.local", "*.example.org"]
    {
        assert_eq!(rule(host), "", "{host}");
    }
    assert_eq!(
        rule("ms-web"),
        "warning: DestinationRule/shop/test: is for `ms-web`, and shop has no Service of that name (it changes \
         nothing; correct the host, or add the Service to a layer)\n"
    );
}

#[test]
fn a_subset_needs_a_rule_that_defines_it_and_pods_that_are_in_it() {
    let to = |subset: &str| {
        let spec = format!(
            "{{hosts: [web], http: [{{route: [{{destination: {{host: web, subset: {subset}}}}}]}}]}}"
        );
        with("VirtualService", &spec)
    };
    let rule = "
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec: {host: web.shop.svc.cluster.local, subsets: [{name: v1, labels: {version: v1}}]}";
    assert_eq!(told(Code::SubsetUnknown, &to("v1"), rule), "");
    insta::assert_snapshot!(told(Code::SubsetUnknown, &to("v2"), rule), @"error: VirtualService/shop/test: its route leads to the subset `v2` of `web`, which no DestinationRule defines (there are v1)");
    insta::assert_snapshot!(told(Code::SubsetUnknown, &to("v1"), ""), @"error: VirtualService/shop/test: its route leads to the subset `v1` of `web`, which no DestinationRule defines (add a DestinationRule for `web` with that subset, or leave `subset` out)");

    let subsets = |labels: &str| {
        with("DestinationRule", &format!("{{host: web, subsets: [{{name: s, labels: {labels}}}]}}"))
    };
    for labels in ["{version: v1}", "{topology.kubernetes.io/zone: a}"] {
        assert_eq!(told(Code::SubsetUnknown, &subsets(labels), ""), "", "{labels}");
    }
    insta::assert_snapshot!(told(Code::SubsetUnknown, &subsets("{version: v2}"), ""), @"warning: DestinationRule/shop/test: its subset `s` wants pods with version=v2, and no pod of `web` has that (requests to the subset get 503; give its pods the label, or correct it here)");
}
