use super::super::testing::{plan, told};
use super::*;

fn pod(name: &str, spec: &str) -> String {
    format!("{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: shop}}, spec: {{{spec}}}}}")
}

const DB: &str = "containers: [{name: app, envFrom: [{secretRef: {name: db}}]}]";

#[test]
fn every_way_to_refer_to_an_object_is_known() {
    let table = [
        ("containers: [{name: a, envFrom: [{secretRef: {name: x}}]}]", "Secret", "envFrom of container a"),
        (
            "containers: [{name: a, envFrom: [{configMapRef: {name: x}}]}]",
            "ConfigMap",
            "envFrom of container a",
        ),
        (
            "containers: [{name: a, env: [{name: V, valueFrom: {secretKeyRef: {name: x, key: k}}}]}]",
            "Secret",
            "V of container a",
        ),
        (
            "containers: [{name: a, env: [{name: V, valueFrom: {configMapKeyRef: {name: x, key: k}}}]}]",
            "ConfigMap",
            "V of container a",
        ),
        (
            "containers: [], initContainers: [{name: i, envFrom: [{secretRef: {name: x}}]}]",
            "Secret",
            "envFrom of container i",
        ),
        ("containers: [], volumes: [{name: v, secret: {secretName: x}}]", "Secret", "volume v"),
        ("containers: [], volumes: [{name: v, configMap: {name: x}}]", "ConfigMap", "volume v"),
        (
            "containers: [], volumes: [{name: v, projected: {sources: [{secret: {name: x}}]}}]",
            "Secret",
            "volume v",
        ),
        (
            "containers: [], volumes: [{name: v, projected: {sources: [{configMap: {name: x}}]}}]",
            "ConfigMap",
            "volume v",
        ),
        (
            "containers: [], volumes: [{name: v, persistentVolumeClaim: {claimName: x}}]",
            "PersistentVolumeClaim",
            "volume v",
        ),
        ("containers: [], serviceAccountName: x", "ServiceAccount", "serviceAccountName"),
    ];
    for (spec, kind, place) in table {
        let yaml = pod("web", spec);
        let missing = told(Code::ReferenceMissing, &yaml, "");
        let expected =
            format!("error: Pod/shop/web: needs the {kind} `x` in shop ({place}), and nothing brings it (");
        assert!(missing.starts_with(&expected), "{missing}");
        let there = format!("{{apiVersion: v1, kind: {kind}, metadata: {{name: x, namespace: shop}}}}");
        assert_eq!(told(Code::ReferenceMissing, &format!("{yaml}\n---\n{there}"), ""), "", "in the plan");
        assert_eq!(told(Code::ReferenceMissing, &yaml, &there), "", "in the cluster");
        let elsewhere = there.replace("shop", "bank");
        assert_ne!(told(Code::ReferenceMissing, &yaml, &elsewhere), "", "in another namespace");
        let ids: Vec<String> = wanted(&plan(&yaml)).iter().map(ToString::to_string).collect();
        assert_eq!(ids, [format!("{kind}/shop/x")]);
    }
}

#[test]
fn what_is_optional_or_always_there_is_not_missing() {
    let silent = [
        "containers: [{name: a, envFrom: [{secretRef: {name: x, optional: true}}]}]",
        "containers: [{name: a, env: [{valueFrom: {configMapKeyRef: {name: x, key: k, optional: true}}}]}]",
        "containers: [], volumes: [{name: v, secret: {secretName: x, optional: true}}]",
        "containers: [], volumes: [{name: v, projected: {sources: [{secret: {name: x, optional: true}}]}}]",
        "containers: [], volumes: [{name: v, configMap: {name: istio-ca-root-cert}}]",
        "containers: [], volumes: [{name: v, configMap: {name: kube-root-ca.crt}}]",
        "containers: [], serviceAccountName: default",
        "containers: [{name: a}], volumes: [{name: v, emptyDir: {}}]",
    ];
    for spec in silent {
        assert_eq!(told(Code::ReferenceMissing, &pod("web", spec), ""), "", "{spec}");
    }
}

#[test]
fn six_services_that_miss_one_secret_are_one_finding() {
    let yaml = ["web", "api", "job"].map(|name| pod(name, DB)).join("\n---\n");
    insta::assert_snapshot!(told(Code::ReferenceMissing, &yaml, ""), @"error: Pod/shop/web: needs the Secret `db` in shop (envFrom of container app), and nothing brings it; so do api, job (pods wait for it; add it to a layer (a secret generator, an ExternalSecret), create it in the cluster, or mark the reference `optional`)");
}

#[test]
fn an_operator_that_names_the_secret_brings_it() {
    let makers = [
        "{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: db, namespace: shop}}",
        "{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: any, namespace: shop}, spec: {target: {name: db}}}",
        "{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: db, namespace: shop}}",
        "{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: any, namespace: shop}, spec: {secretName: db}}",
        "{apiVersion: secrets-store.csi.x-k8s.io/v1, kind: SecretProviderClass, metadata: {name: any, namespace: shop}, spec: {secretObjects: [{secretName: db}]}}",
        "{apiVersion: external-secrets.io/v1, kind: ClusterExternalSecret, metadata: {name: any}, spec: {externalSecretName: db}}",
    ];
    for maker in makers {
        let yaml = format!("{}\n---\n{maker}", pod("web", DB));
        assert_eq!(told(Code::ReferenceMissing, &yaml, ""), "", "{maker}");
    }
}

#[test]
fn what_something_else_may_bring_is_a_warning() {
    let may = [
        "{apiVersion: external-secrets.io/v1, kind: SecretStore, metadata: {name: aws, namespace: shop}}",
        "{apiVersion: external-secrets.io/v1, kind: ClusterSecretStore, metadata: {name: aws}}",
        "{apiVersion: batch/v1, kind: Job, metadata: {name: make-secrets, namespace: shop}}",
    ];
    for other in may {
        let told = told(Code::ReferenceMissing, &pod("web", DB), other);
        assert!(told.starts_with("warning: "), "{other}: {told}");
    }
    let pull = pod("web", "containers: [], imagePullSecrets: [{name: registry}]");
    assert!(told(Code::ReferenceMissing, &pull, "").starts_with("warning: "), "the image may be public");
}

#[test]
fn a_gateways_certificate_is_looked_for_where_its_pods_are() {
    let gateway = "
{apiVersion: networking.istio.io/v1beta1, kind: Gateway, metadata: {name: front, namespace: shop},
 spec: {selector: {istio: ingressgateway}, servers: [{tls: {credentialName: shop-cert}}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: g, namespace: edge, labels: {istio: ingressgateway}}, spec: {containers: []}}";
    let secret = "{apiVersion: v1, kind: Secret, metadata: {name: shop-cert, namespace: edge}}";
    assert_eq!(told(Code::ReferenceMissing, gateway, secret), "");
    assert!(
        told(Code::ReferenceMissing, gateway, &secret.replace("edge", "shop"))
            .contains("needs the Secret `shop-cert` in edge (its `credentialName`)")
    );
}
