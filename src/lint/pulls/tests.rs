use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::testing::{plan, told};
use super::super::{Live, lint};
use super::*;

const ECR: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web:1.2";

fn workload(name: &str, image: &str, more: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}, namespace: shop}},
          spec: {{template: {{spec: {{containers: [{{name: app, image: '{image}'}}]{more}}}}}}}}}"
    )
}

fn node(provider: &str, images: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Node, metadata: {{name: node}}, spec: {{providerID: '{provider}'}},
          status: {{images: [{images}]}}}}"
    )
}

fn kind() -> String {
    node("kind://docker/kind/kind-control-plane", "")
}

fn pull_secret(form: &str, key: &str, content: &str) -> String {
    let encoded = STANDARD.encode(content);
    format!(
        "{{apiVersion: v1, kind: Secret, type: {form}, metadata: {{name: pull, namespace: shop}}, data: {{{key}: {encoded}}}}}"
    )
}

fn login(registries: &[&str]) -> String {
    let user = json!({"auth": STANDARD.encode("user:password")});
    let auths: serde_json::Map<String, Value> =
        registries.iter().map(|registry| ((*registry).to_owned(), user.clone())).collect();
    pull_secret("kubernetes.io/dockerconfigjson", ".dockerconfigjson", &json!({"auths": auths}).to_string())
}

fn together(documents: &[&str]) -> String {
    documents.join("\n---\n")
}

const NAMED: &str = ", imagePullSecrets: [{name: pull}]";

#[test]
fn an_image_of_a_closed_registry_needs_credentials_on_a_machine_of_ones_own() {
    let two = together(&[&workload("web", ECR, ""), &workload("api", ECR, "")]);
    insta::assert_snapshot!(told(Code::ImageNeedsCredentials, &two, &kind()), @"error: Deployment/shop/web: pulls `123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web:1.2`, which 123456789012.dkr.ecr.eu-west-1.amazonaws.com gives to nobody without credentials, and it has no pull secret; so do api (`kubectl create secret docker-registry NAME -n shop --docker-server=123456789012.dkr.ecr.eu-west-1.amazonaws.com ...`, and name it in `imagePullSecrets` of the pods or of their ServiceAccount; or load the image into the nodes (docs/images.md))");
    insta::assert_snapshot!(told(Code::ImageNeedsCredentials, &workload("web", ECR, NAMED), &kind()), @"error: Deployment/shop/web: pulls `123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web:1.2`, which 123456789012.dkr.ecr.eu-west-1.amazonaws.com gives to nobody without credentials, and its pull secrets (pull) give none for it (`kubectl create secret docker-registry NAME -n shop --docker-server=123456789012.dkr.ecr.eu-west-1.amazonaws.com ...`, and name it in `imagePullSecrets` of the pods or of their ServiceAccount; or load the image into the nodes (docs/images.md))");
}

#[test]
fn how_certain_it_is_depends_on_the_registry_and_on_whose_the_nodes_are() {
    let (aws, azure, gce) =
        ("aws:///eu-west-1a/i-0abc", "azure:///subscriptions/x", "gce://project/zone/node");
    let (acr, google) = ("shop.azurecr.io/web:1", "europe-docker.pkg.dev/shop/images/web:1");
    let local = "kind://docker/kind/node";
    let table = [
        (ECR, local, "error"),
        (ECR, aws, ""),
        (ECR, azure, "warning"),
        (ECR, "", "warning"),
        (acr, local, "error"),
        (acr, azure, ""),
        (google, local, "warning"),
        (google, gce, ""),
        (google, aws, ""),
        ("public.ecr.aws/nginx/nginx:1", local, ""),
        ("mcr.microsoft.com/dotnet/runtime:8.0", local, ""),
        ("ghcr.io/shop/web:1", local, ""),
        ("gcr.io/shop/web:1", local, ""),
        ("registry.k8s.io/pause:3.9", local, ""),
        ("nginx:1", local, ""),
    ];
    for (image, provider, expected) in table {
        let told = told(Code::ImageNeedsCredentials, &workload("web", image, ""), &node(provider, ""));
        assert_eq!(told.split(':').next().unwrap_or_default(), expected, "{image} on `{provider}`: {told}");
    }
    let minikube =
        "{apiVersion: v1, kind: Node, metadata: {name: minikube, labels: {minikube.k8s.io/name: minikube}}}";
    assert!(told(Code::ImageNeedsCredentials, &workload("web", ECR, ""), minikube).starts_with("error"));
    let findings = lint(&plan(&workload("web", ECR, "")), None);
    assert!(findings.iter().all(|finding| finding.code != Code::ImageNeedsCredentials), "no node is known");
}

#[test]
fn credentials_come_from_the_pods_or_from_their_account() {
    let host = ECR.split('/').next().unwrap();
    let account = |name: &str| {
        format!(
            "{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: {name}, namespace: shop}}, imagePullSecrets: [{{name: pull}}]}}"
        )
    };
    let own = ", serviceAccountName: web";
    let other = ", imagePullSecrets: [{name: other}]";
    let elsewhere = account("default").replace("shop", "bank");
    let table = [
        (NAMED, "", true, "the pods name it"),
        ("", "", false, "nobody names it"),
        ("", &account("default"), true, "the default account names it"),
        (own, &account("web"), true, "their account names it"),
        (own, &account("default"), false, "another account names it"),
        ("", &elsewhere, false, "another namespace's account names it"),
        (other, &account("default"), false, "the pods name another: the account's are not added"),
    ];
    for (more, account, is_given, why) in table {
        let there = together(&[&kind(), &login(&[host]), account]);
        let told = told(Code::ImageNeedsCredentials, &workload("web", ECR, more), &there);
        assert_eq!(told.is_empty(), is_given, "{why}: {told}");
    }
    let planned = together(&[&workload("web", ECR, ""), &account("default"), &login(&[host])]);
    assert_eq!(told(Code::ImageNeedsCredentials, &planned, &kind()), "", "all of it in the plan");
    let unread = Live {
        unread: [(GroupKind { group: String::new(), kind: "ServiceAccount".into() }, "forbidden".into())]
            .into(),
        ..super::super::testing::cluster(&kind())
    };
    let findings = lint(&plan(&workload("web", ECR, "")), Some(&unread));
    assert!(
        findings.iter().all(|finding| finding.code != Code::ImageNeedsCredentials),
        "the account is not known"
    );
}

#[test]
fn an_image_that_a_node_has_is_not_pulled() {
    let with = |image: &str| node("kind://docker/kind/node", &format!("{{names: ['{image}']}}"));
    let always = workload("web", ECR, "").replace("name: app", "name: app, imagePullPolicy: Always");
    let never = workload("web", ECR, "").replace("name: app", "name: app, imagePullPolicy: Never");
    let latest = ECR.replace(":1.2", ":latest");
    let table = [
        (workload("web", ECR, ""), with(ECR), true, "it is there"),
        (workload("web", ECR, ""), with(&latest), false, "another version is there"),
        (always, with(ECR), false, "it is pulled all the same"),
        (never, kind(), true, "it is never pulled"),
        (workload("web", &latest, ""), with(&latest), false, "`latest` is pulled always"),
    ];
    for (workload, node, is_silent, why) in table {
        let told = told(Code::ImageNeedsCredentials, &workload, &node);
        assert_eq!(told.is_empty(), is_silent, "{why}: {told}");
    }
}

#[test]
fn credentials_are_for_a_host_or_a_path_on_it() {
    let table = [
        ("registry.test", "registry.test/shop/web:1", true),
        ("https://registry.test/v2/", "registry.test/shop/web:1", true),
        ("registry.test/shop", "registry.test/shop/web:1", true),
        ("registry.test/bank", "registry.test/shop/web:1", false),
        ("*.test", "registry.test/shop/web:1", true),
        ("*.test", "a.registry.test/shop/web:1", false),
        ("registry.test:5000", "registry.test/shop/web:1", false),
        ("registry.test:5000", "registry.test:5000/shop/web:1", true),
        ("https://index.docker.io/v1/", "shop/web:1", true),
        ("docker.io", "shop/web:1", true),
        ("registry.test", "shop/web:1", false),
    ];
    for (written, image, are_for) in table {
        let credentials = Credentials::For([written.to_owned()].into());
        assert_eq!(credentials.are_for(&image.parse().unwrap()), are_for, "{written} {image}");
    }
}

#[test]
fn a_pull_secret_that_no_kubelet_reads_is_told_with_why() {
    let docker = "kubernetes.io/dockerconfigjson";
    let key = ".dockerconfigjson";
    let entry = |entry: &str| format!(r#"{{"auths": {{"registry.test": {entry}}}}}"#);
    let table = [
        (pull_secret("Opaque", key, &entry("{}")), "its type is `Opaque`"),
        (pull_secret(docker, "config.json", &entry("{}")), "it has no key `.dockerconfigjson`"),
        (pull_secret(docker, key, "registry.test"), "is no JSON"),
        (pull_secret(docker, key, "{}"), "has no `auths`"),
        (pull_secret(docker, key, &entry("{}")), "has no credentials for any registry"),
        (pull_secret(docker, key, &entry(r#"{"auth": "user:password"}"#)), "not `user:password` in base64"),
        (pull_secret(docker, key, &entry(r#"{"username": "me", "password": "x"}"#)), ""),
        (
            pull_secret("kubernetes.io/dockercfg", ".dockercfg", r#"{"registry.test": {"username": "me"}}"#),
            "",
        ),
    ];
    let web = workload("web", "registry.test/web:1", NAMED);
    for (secret, expected) in &table {
        let told = told(Code::PullSecretUnusable, &web, secret);
        assert_eq!(told.is_empty(), expected.is_empty(), "{told}");
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let two = together(&[&web, &workload("api", "registry.test/api:1", NAMED)]);
    insta::assert_snapshot!(told(Code::PullSecretUnusable, &two, &table[0].0), @"warning: Secret/shop/pull: is the pull secret of api, web, and the kubelet leaves it aside: its type is `Opaque`, not `kubernetes.io/dockerconfigjson` (make it with `kubectl create secret docker-registry`)");
    let needed = together(&[&kind(), &table[0].0]);
    assert!(told(Code::PullSecretUnusable, &workload("web", ECR, NAMED), &needed).starts_with("error"));
}

#[test]
fn a_pull_secret_for_another_registry_is_told() {
    let secret = login(&["registry.example.com"]);
    let web = workload("web", "registry.test/web:1", NAMED);
    insta::assert_snapshot!(told(Code::PullSecretUnusable, &web, &secret), @"warning: Deployment/shop/web: has the pull secret `pull`, which has credentials for registry.example.com, and its images come from registry.test (name a Secret with credentials for the registry of the images, or take it out if they are public)");
    let one_of_two =
        web.replace("containers: [", "containers: [{name: proxy, image: 'registry.example.com/proxy:1'}, ");
    assert_eq!(told(Code::PullSecretUnusable, &one_of_two, &secret), "", "the others may be public");
}

#[test]
fn a_pull_secret_that_an_operator_makes_may_be_anything() {
    let maker =
        "{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: pull, namespace: shop}}";
    let planned = together(&[&workload("web", ECR, NAMED), maker]);
    assert_eq!(told(Code::ImageNeedsCredentials, &planned, &kind()), "");
}
