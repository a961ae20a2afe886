use super::super::testing::{cluster, plan};
use super::super::{Live, is_for_want_of_istio, preflight};
use crate::finding::{Code, Finding};
use crate::object::GroupKind;

fn lines(findings: &[Finding], code: Code) -> String {
    let told = findings.iter().filter(|finding| finding.code == code);
    told.map(|finding| format!("{}: {finding}\n    {}\n", finding.severity.name(), finding.hint)).collect()
}

/// What is said of a cluster with these objects, for a plan of that one.
fn told(code: Code, yaml: &str, there: &str) -> String {
    lines(&preflight(&plan(yaml), Some(&cluster(there)), None), code)
}

const READY: &str =
    "conditions: [{type: Ready, status: 'True'}], allocatable: {cpu: 2, memory: 4Gi, pods: 10}";

fn node(name: &str, spec: &str, status: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Node, metadata: {{name: {name}}}, spec: {{{spec}}}, status: {{{status}}}}}"
    )
}

fn together(objects: &[String]) -> String {
    objects.join("\n---\n")
}

#[test]
fn a_kubernetes_outside_of_what_istio_was_made_for_is_told() {
    let table = [
        ("v1.24.0", "1.18.0", ""),
        ("v1.27.16-eks-a5df82a", "1.18.0", ""),
        ("v1.28.0", "1.18.0", "newer"),
        ("v1.33.4+k3s1", "1.18.0", "newer"),
        ("v1.23.17", "1.18.0", "older"),
        ("v1.28.0", "1.19.3", ""),
        ("v1.33.4", "1.31-alpha.eed52ebb66ad", ""),
        ("", "1.18.0", ""),
    ];
    for (kubernetes, istio, expected) in table {
        let live = Live { version: kubernetes.to_owned(), ..cluster("") };
        let told = lines(&preflight(&plan(""), Some(&live), Some(istio)), Code::KubernetesVersion);
        assert_eq!(told.is_empty(), expected.is_empty(), "{kubernetes} {istio}: {told}");
        assert!(told.contains(expected), "{told}");
    }
    let live = Live { version: "v1.33.4".to_owned(), ..cluster("") };
    insta::assert_snapshot!(lines(&preflight(&plan(""), Some(&live), Some("1.18.0")), Code::KubernetesVersion), @r#"
    warning: the cluster runs Kubernetes v1.33.4, newer than what Istio 1.18 was made for (1.24 to 1.27)
        it may work all the same, and nobody has promised that; try it where nothing depends on it, or choose a version of Istio that was made for this Kubernetes
    "#);
}

#[test]
fn the_end_of_istios_support_is_told_once_and_without_a_cluster_too() {
    let findings = preflight(&plan(""), None, Some("1.18.0"));
    assert_eq!(findings.len(), 1);
    insta::assert_snapshot!(lines(&findings, Code::IstioSupport), @r#"
    warning: Istio 1.18 reached its end of support on 2024-01-04: what is found in it since is not mended
        plan a newer version: `istio.version` in the profile, with its digests (docs/releases.md)
    "#);
    assert_eq!(preflight(&plan(""), None, Some("1.31.0")), []);
    assert_eq!(preflight(&plan(""), None, None), []);
}

#[test]
fn nodes_that_take_no_pods_are_told_with_why() {
    let ready = node("a", "", READY);
    let table = [
        (
            "conditions: [{type: Ready, status: 'False', reason: KubeletNotReady, message: 'cni plugin not initialized'}]",
            "",
        ),
        ("", ""),
        (READY, "unschedulable: true"),
        (READY, "taints: [{key: dedicated, effect: NoSchedule}]"),
    ];
    let troubled: Vec<String> =
        table.iter().enumerate().map(|(n, (status, spec))| node(&format!("n{n}"), spec, status)).collect();
    insta::assert_snapshot!(told(Code::NodesNotReady, "", &format!("{ready}\n---\n{}", together(&troubled))), @r#"
    warning: 2 of 5 nodes are not ready: n0 (KubeletNotReady: cni plugin not initialized), n1 (no status yet)
        the others have to do; `kubectl describe node n0` tells more
    "#);
    insta::assert_snapshot!(told(Code::NodesNotReady, "", &together(&troubled)), @r#"
    error: no node takes pods: n0 (KubeletNotReady: cni plugin not initialized), n1 (no status yet), n2 (cordoned), n3 (tainted dedicated)
        `kubectl describe node n0` tells more
    "#);
    insta::assert_snapshot!(told(Code::NodesNotReady, "", ""), @r#"
    error: the cluster has no node
        nothing can run; give the cluster a node, or wait until its autoscaler does
    "#);
    let meant = together(&[ready, troubled[2].clone(), troubled[3].clone()]);
    assert_eq!(told(Code::NodesNotReady, "", &meant), "", "cordoned, or kept for others");
    let soft = node("a", "taints: [{key: x, effect: PreferNoSchedule}]", READY);
    assert_eq!(told(Code::NodesNotReady, "", &soft), "");
}

fn pods(name: &str, replicas: u32, requests: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}, namespace: shop}},
          spec: {{replicas: {replicas}, selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}},
            spec: {{containers: [{{resources: {{requests: {{{requests}}}}}}}]}}}}}}}}"
    )
}

fn running(name: &str, app: &str, on: &str, requests: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: shop, labels: {{app: {app}}}}}, status: {{phase: Running}},
          spec: {{nodeName: {on}, containers: [{{resources: {{requests: {{{requests}}}}}}}]}}}}"
    )
}

#[test]
fn pods_that_ask_for_more_than_the_nodes_have_left_are_told() {
    let nodes =
        together(&[node("a", "", READY), node("b", "", READY), node("c", "unschedulable: true", READY)]);
    let with = |there: &str| format!("{nodes}\n---\n{there}");
    let table = [
        (pods("web", 4, "cpu: 1"), running("w", "web", "a", "cpu: 2"), "", "the pods are the plan's own"),
        (pods("web", 4, "cpu: 1"), running("x", "other", "c", "cpu: 2"), "", "on a node that takes none"),
        (pods("web", 3, "cpu: 1"), running("x", "other", "a", "cpu: 1"), "", "it just fits"),
        (pods("web", 4, "cpu: 1"), running("x", "other", "a", "cpu: 100m"), "4 of cpu", "a little too much"),
        (pods("web", 9, "memory: 1Gi"), running("x", "other", "a", "cpu: 1"), "9Gi of memory", "memory"),
        (pods("web", 21, "cpu: 1m"), running("x", "other", "a", "cpu: 1"), "21 pods", "the number of pods"),
    ];
    for (yaml, there, expected, why) in table {
        let told = told(Code::NodesFull, &yaml, &with(&there));
        assert_eq!(told.is_empty(), expected.is_empty(), "{why}: {told}");
        assert!(told.contains(&format!("ask for {expected}")) || expected.is_empty(), "{why}: {told}");
    }
    let full = with(&running("x", "other", "a", "cpu: 100m"));
    insta::assert_snapshot!(told(Code::NodesFull, &pods("web", 4, "cpu: 1"), &full), @r#"
    error: the pods ask for 4 of cpu, and the nodes have 4, 100m of it taken by others
        some pods will stay pending; give the cluster another node, or have the pods request less
    "#);
    let growing = full.replace("name: b}", "name: b, labels: {karpenter.sh/nodepool: default}}");
    assert!(told(Code::NodesFull, &pods("web", 4, "cpu: 1"), &growing).starts_with("warning: "));
    insta::assert_snapshot!(told(Code::NodesFull, &pods("db", 1, "cpu: 3, memory: 1Gi"), &nodes), @r#"
    error: Deployment/shop/db: each of its pods requests 3 of cpu and 1Gi of memory, and no node has more than 2 of cpu and 4Gi of memory
        have the pods request less, or give the cluster a larger node
    "#);
}

#[test]
fn a_namespace_that_is_being_deleted_is_told_with_what_keeps_it() {
    let ending = |name: &str| {
        format!(
        "{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}, deletionTimestamp: '2026-11-25T09:00:00Z'}},
          status: {{phase: Terminating, conditions: [{{type: NamespaceFinalizersRemaining, status: 'True', message: 'Some content in the namespace has finalizers remaining: shop.example/keep in 1 resource instances'}}]}}}}"
    )
    };
    let config = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: shop}}";
    insta::assert_snapshot!(told(Code::NamespaceTerminating, config, &ending("shop")), @r#"
    error: Namespace/shop: is being deleted since 2026-11-25T09:00:00Z, and takes nothing new: Some content in the namespace has finalizers remaining: shop.example/keep in 1 resource instances
        wait until it is gone; where it does not go, remove what still has finalizers in it (who set them is often gone already)
    "#);
    assert_ne!(
        told(
            Code::NamespaceTerminating,
            "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}",
            &ending("shop")
        ),
        ""
    );
    assert_ne!(
        told(Code::NamespaceTerminating, config, &ending("kubestock-install")),
        "",
        "where the Lease is kept"
    );
    assert_eq!(told(Code::NamespaceTerminating, config, &ending("other")), "");
}

fn webhook(more: &str) -> String {
    format!(
        "{{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {{name: policies}},
          webhooks: [{{name: policies.example.org, clientConfig: {{service: {{name: policies, namespace: policies}}}},
            rules: [{{apiGroups: [apps], resources: [deployments]}}], {more}}}]}}"
    )
}

const SERVICE: &str = "{apiVersion: v1, kind: Service, metadata: {name: policies, namespace: policies}}";

fn slice(ready: &str) -> String {
    format!(
        "{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {{name: policies-x, namespace: policies,
          labels: {{kubernetes.io/service-name: policies}}}}, endpoints: [{ready}]}}"
    )
}

#[test]
fn a_webhook_that_cannot_answer_is_told() {
    let web = pods("web", 1, "cpu: 1m");
    let about = |more: &str, others: &[String]| {
        told(Code::WebhookUnanswered, &web, &together(&[&[webhook(more)], others].concat()))
    };
    insta::assert_snapshot!(about("", &[]), @r#"
    error: ValidatingWebhookConfiguration/policies: its webhook policies.example.org cannot answer: policies has no Service policies
        what it is asked about is refused until it answers; bring its pods back, or delete the configuration if who made it is gone
    "#);
    let service = SERVICE.to_owned();
    insta::assert_snapshot!(about("", &[service.clone(), slice("{conditions: {ready: false}}")]), @r#"
    error: ValidatingWebhookConfiguration/policies: its webhook policies.example.org cannot answer: no pod is ready behind the Service policies/policies
        what it is asked about is refused until it answers; bring its pods back, or delete the configuration if who made it is gone
    "#);
    assert_eq!(about("", &[service.clone(), slice("{conditions: {ready: true}}")]), "");
    assert_eq!(about("", &[service, slice("{addresses: [10.0.0.1]}")]), "", "not said is ready");
    let planned = format!("{web}\n---\n{SERVICE}");
    assert_eq!(told(Code::WebhookUnanswered, &planned, &webhook("")), "", "the plan brings its Service");

    let harmless = [
        ("failurePolicy: Ignore", "what cannot be asked is let pass"),
        ("rules: [{apiGroups: [batch], resources: [jobs]}]", "it is not asked about anything in the plan"),
        ("namespaceSelector: {matchLabels: {policies: enforced}}", "nor in its namespaces"),
    ];
    let shop = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}".to_owned();
    for (more, why) in harmless {
        let text = webhook(more).replacen(
            "rules: [{apiGroups: [apps], resources: [deployments]}], rules",
            "rules",
            1,
        );
        let told = told(Code::WebhookUnanswered, &web, &together(&[text, shop.clone()]));
        assert!(told.starts_with("warning: "), "{why}: {told}");
    }
    let pods_too = webhook("")
        .replace("apiGroups: [apps], resources: [deployments]", "apiGroups: ['*'], resources: [pods]");
    assert!(
        told(Code::WebhookUnanswered, &web, &pods_too).starts_with("error: "),
        "the Deployment makes pods"
    );
}

fn istiod(name: &str, image: &str, metadata: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}, namespace: istio-system, labels: {{app: istiod, istio.io/rev: canary}}, {metadata}}},
          spec: {{selector: {{matchLabels: {{app: istiod}}}}, template: {{metadata: {{labels: {{app: istiod}}}}, spec: {{containers: [{{image: '{image}'}}]}}}}}}}}"
    )
}

#[test]
fn an_istio_that_is_not_the_one_of_the_plan_is_told() {
    let ours = istiod("istiod", "docker.io/istio/pilot:1.18.0", "");
    let beside = |there: &str| told(Code::OtherIstio, &ours, there);
    assert_eq!(beside(&ours), "");
    assert_eq!(beside(""), "");
    insta::assert_snapshot!(beside(&istiod("istiod", "docker.io/istio/pilot:1.20.1", "")), @r#"
    warning: Deployment/istio-system/istiod: is of version 1.20.1, and is to be 1.18.0
        Istio is upgraded by one minor version at a time, and not downgraded (its upgrade guide); sidecars stay as they are until their pods are restarted
    "#);
    insta::assert_snapshot!(beside(&istiod("istiod-canary", "docker.io/istio/pilot:1.18.0", "")), @r#"
    warning: Deployment/istio-system/istiod-canary: is another control plane, of revision canary; this one would be Deployment/istio-system/istiod
        each injects its own sidecars, and one of them is the default; remove the one that is not meant (`istioctl uninstall --revision`), or let the profile name the same revision
    "#);
    insta::assert_snapshot!(beside(&istiod("istiod", "docker.io/istio/pilot:1.18.0", "annotations: {meta.helm.sh/release-name: istiod}")), @r#"
    error: Deployment/istio-system/istiod: was installed by Helm, as its release istiod
        Helm manages fields that this would set, and nothing is taken from others: uninstall the release first, or use a profile without `istio:` and keep Helm's
    "#);
    let marks = [
        (
            "annotations: {argocd.argoproj.io/tracking-id: 'mesh:apps/Deployment:istio-system/istiod'}",
            "Argo CD",
        ),
        ("annotations: {kustomize.toolkit.fluxcd.io/name: mesh}", "Flux"),
        ("annotations: {maistra.io/owner: istio-system}", "OpenShift Service Mesh"),
        ("ownerReferences: [{kind: IstioRevision, name: default}]", "the Sail operator"),
    ];
    for (metadata, manager) in marks {
        let told = beside(&istiod("istiod", "docker.io/istio/pilot:1.18.0", metadata));
        assert!(told.starts_with("error") && told.contains(&format!("is managed by {manager}")), "{told}");
    }
    let without = told(
        Code::OtherIstio,
        &pods("web", 1, "cpu: 1"),
        &istiod("istiod", "docker.io/istio/pilot:1.20.1", ""),
    );
    assert_eq!(without, "", "a plan without Istio takes the one that is there");
}

#[test]
fn an_api_whose_server_does_not_answer_is_told() {
    let api = |status: &str| {
        format!(
            "{{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {{name: v1beta1.metrics.k8s.io}},
              spec: {{service: {{name: metrics-server, namespace: kube-system}}}},
              status: {{conditions: [{{type: Available, status: '{status}', reason: MissingEndpoints, message: 'endpoints for service/metrics-server in \"kube-system\" have no addresses'}}]}}}}"
        )
    };
    assert_eq!(told(Code::ApiUnavailable, "", &api("True")), "");
    insta::assert_snapshot!(told(Code::ApiUnavailable, "", &api("False")), @r#"
    warning: APIService/v1beta1.metrics.k8s.io: is not available, from the Service kube-system/metrics-server: endpoints for service/metrics-server in "kube-system" have no addresses
        bring the pods behind the Service back, or delete the APIService if who made it is gone: until then namespaces that are deleted do not go, and its kinds are not known
    "#);
}

#[test]
fn a_definition_keeps_the_versions_in_which_objects_are_stored() {
    let definition = |versions: &str, stored: &str| {
        format!(
        "{{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {{name: shops.example.org}},
          spec: {{group: example.org, names: {{kind: Shop}}, versions: [{versions}]}}, status: {{storedVersions: [{stored}]}}}}"
    )
    };
    let planned = definition("{name: v1}", "");
    assert_eq!(told(Code::StoredVersion, &planned, &definition("{name: v1}", "v1")), "");
    assert_eq!(told(Code::StoredVersion, &planned, ""), "");
    insta::assert_snapshot!(told(Code::StoredVersion, &planned, &definition("{name: v1alpha1}", "v1alpha1, v1")), @r#"
    error: CustomResourceDefinition/shops.example.org: has no version v1alpha1, in which the cluster may still have objects stored
        write every object of the kind once more (`kubectl get` and `kubectl replace`), then take the version out of `status.storedVersions`; or keep it in `spec.versions`
    "#);
}

#[test]
fn what_could_not_be_read_is_told_once() {
    let mut live = cluster("");
    for kind in ["Secret", "Node"] {
        live.unread.insert(GroupKind { group: String::new(), kind: kind.into() }, "forbidden".into());
    }
    let findings = preflight(&plan(""), Some(&live), None);
    insta::assert_snapshot!(lines(&findings, Code::Unread), @r#"
    warning: not everything could be looked at: Node (forbidden), Secret (forbidden)
        what these could mend is told as a warning; a user who may read them sees more
    "#);
    assert_eq!(lines(&findings, Code::NodesNotReady), "", "nothing is said of what was not seen");
}

#[test]
fn an_istio_that_could_not_be_rendered_is_counted_as_there() {
    let policy = "{apiVersion: security.istio.io/v1beta1, kind: PeerAuthentication,
        metadata: {name: default, namespace: istio-system}, spec: {mtls: {mode: STRICT}}}";
    let mut live = Live::default();
    live.objects.extend(super::super::testing::objects(&node("a", "", READY)));
    live.assume_istio();
    let findings = preflight(&plan(policy), Some(&live), None);
    let (of_istio, others): (Vec<_>, Vec<_>) = findings.iter().partition(|it| is_for_want_of_istio(it));
    assert_eq!(of_istio.len(), 1, "the kind");
    assert!(others.iter().all(|finding| finding.code == Code::Unread), "{others:?}");
}
