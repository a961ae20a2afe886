//! Every image of a profile, with a release from a server on loopback and no cluster.

use insta::assert_snapshot;
use kubestock_install::istio::release::{Digest, Platform};
use serde_json::Value;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fetch::archive_of;
use crate::home::{Home, Told};

/// What passes for an istioctl: a mesh of istiod, a gateway and the injector.
const ISTIOCTL: &str = include_str!("istioctl.sh");

/// A home with a profile of this mesh and two workloads, and the server of its release.
pub(crate) struct Shop {
    pub(crate) home: Home,
    server: MockServer,
}

impl Shop {
    pub(crate) async fn new() -> Self {
        let (home, server) = (Home::new(), MockServer::start().await);
        let archive = archive_of(ISTIOCTL.as_bytes());
        let whole = ResponseTemplate::new(200).set_body_bytes(archive);
        Mock::given(path("/istioctl.tar.gz")).respond_with(whole).mount(&server).await;
        home.write("gitops/base/kustomization.yaml", "resources: [shop.yaml]\n");
        home.write(
            "gitops/base/shop.yaml",
            "apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: frontend, namespace: shop}
spec: {template: {spec: {containers: [{name: frontend, image: 'ghcr.io/shop/frontend:3'}]}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: shop}
spec:
  jobTemplate:
    spec:
      template:
        metadata: {labels: {sidecar.istio.io/inject: 'false'}}
        spec: {initContainers: [{name: wait, image: busybox}], containers: [{name: job, image: 'shop/job:1'}]}
",
        );
        let shop = Self { home, server };
        shop.with("");
        shop
    }

    /// Writes the profile, with these further fields.
    fn with(&self, fields: &str) {
        let (uri, digest) = (self.server.uri(), Self::sha256());
        let text = format!(
            "istio:
  version: 1.18.0
  profile: minimal
  source: {{istioctl: {{url: '{uri}/istioctl.tar.gz', sha256: {digest}}}}}
layers: [{{name: base, path: base}}]
{fields}"
        );
        self.home.write("shop.yaml", &text);
    }

    fn images(&self, options: &str) -> Told {
        self.run(&format!("images shop.yaml --gitops gitops --cache-dir cache {options}"))
    }

    /// Runs the program in the home.
    pub(crate) fn run(&self, arguments: &str) -> Told {
        let told = self.home.run(arguments);
        Told { out: self.named(&told.out), err: self.named(&told.err), ..told }
    }

    /// A text with names for what differs from run to run.
    pub(crate) fn named(&self, text: &str) -> String {
        text.replace(&self.server.uri(), "SERVER")
            .replace(&Self::sha256().to_string(), "DIGEST")
            .replace(&Platform::current().unwrap().to_string(), "PLATFORM")
            .replace(&"ab".repeat(32), "AB")
    }

    /// Of the archive with its istioctl.
    fn sha256() -> Digest {
        Digest::of(&archive_of(ISTIOCTL.as_bytes()))
    }
}

#[tokio::test]
async fn every_image_is_listed_with_all_that_run_it() {
    let shop = Shop::new().await;
    assert_snapshot!(shop.images(""), @"
    docker.io/istio/pilot:1.18.0
      istio: Deployment/istio-system/istiod: discovery

    docker.io/istio/proxyv2:1.18.0
      istio: Deployment/istio-system/istio-ingressgateway: istio-proxy
      base: Deployment/shop/frontend: istio-init (injected), istio-proxy (injected)

    docker.io/library/busybox:latest
      base: CronJob/shop/nightly: wait

    docker.io/shop/job:1
      base: CronJob/shop/nightly: job

    ghcr.io/shop/frontend:3
      base: Deployment/shop/frontend: frontend
    stderr: downloading SERVER/istioctl.tar.gz
    exit code 0
    ");
    assert_snapshot!(shop.images("-o name"), @"
    docker.io/istio/pilot:1.18.0
    docker.io/istio/proxyv2:1.18.0
    docker.io/library/busybox:latest
    docker.io/shop/job:1
    ghcr.io/shop/frontend:3
    exit code 0
    ");
}

#[tokio::test]
async fn a_mirror_and_digests_are_for_injected_images_too() {
    let shop = Shop::new().await;
    shop.images("");
    let digest = "ab".repeat(32);
    shop.with(&format!(
        "images:\n  registry: old.test\n  digests:\n    istio/proxyv2:1.18.0: sha256:{digest}\n    gone:1: sha256:{digest}\n"
    ));
    assert_snapshot!(shop.images("--image-registry registry.test:5000/mirror"), @"
    registry.test:5000/mirror/istio/pilot:1.18.0
      from docker.io/istio/pilot:1.18.0
      istio: Deployment/istio-system/istiod: discovery

    registry.test:5000/mirror/istio/proxyv2@sha256:AB
      from docker.io/istio/proxyv2:1.18.0
      istio: Deployment/istio-system/istio-ingressgateway: istio-proxy
      base: Deployment/shop/frontend: istio-init (injected), istio-proxy (injected)

    registry.test:5000/mirror/library/busybox:latest
      from docker.io/library/busybox:latest
      base: CronJob/shop/nightly: wait

    registry.test:5000/mirror/shop/job:1
      from docker.io/shop/job:1
      base: CronJob/shop/nightly: job

    registry.test:5000/mirror/shop/frontend:3
      from ghcr.io/shop/frontend:3
      base: Deployment/shop/frontend: frontend
    stderr: warning: `images.digests` pins docker.io/library/gone:1, which nothing runs; is it another version by now?
    exit code 0
    ");
    assert_snapshot!(shop.images("-o copy"), @"
    docker.io/istio/pilot:1.18.0 old.test/istio/pilot:1.18.0
    docker.io/istio/proxyv2@sha256:AB old.test/istio/proxyv2:1.18.0
    docker.io/library/busybox:latest old.test/library/busybox:latest
    docker.io/shop/job:1 old.test/shop/job:1
    ghcr.io/shop/frontend:3 old.test/shop/frontend:3
    stderr: warning: `images.digests` pins docker.io/library/gone:1, which nothing runs; is it another version by now?
    exit code 0
    ");
}

#[tokio::test]
async fn a_mirror_may_be_named_wherever_a_profile_is_changed() {
    let shop = Shop::new().await;
    shop.home.write("site.yaml", "images: {registry: site.test/m}\n");
    for (options, host) in [
        ("-f site.yaml", "site.test/m/"),
        ("-f site.yaml --set images.registry=set.test", "set.test/"),
        ("-f site.yaml --image-registry flag.test", "flag.test/"),
    ] {
        let told = shop.images(&format!("-o name {options}"));
        assert!(
            told.out.lines().count() == 5 && told.out.lines().all(|line| line.starts_with(host)),
            "{told}"
        );
    }
}

#[tokio::test]
async fn for_a_program_there_is_json() {
    let shop = Shop::new().await;
    let told = shop.images("-o json --image-registry r.test");
    let images: Value = serde_json::from_str(&told.out).unwrap();
    let proxy =
        images.as_array().unwrap().iter().find(|image| image["source"] == "docker.io/istio/proxyv2:1.18.0");
    let proxy = proxy.unwrap();
    assert_eq!(proxy["image"], "r.test/istio/proxyv2:1.18.0");
    let injected = proxy["used_by"].as_array().unwrap().iter().find(|user| user["injected"] == true).unwrap();
    assert_eq!(
        *injected,
        serde_json::json!({"layer": "base", "object": "Deployment/shop/frontend", "container": "istio-init", "injected": true})
    );
}

#[tokio::test]
async fn what_cannot_be_is_told_with_what_to_do() {
    let shop = Shop::new().await;
    shop.images("");
    assert_snapshot!(shop.images("-o copy"), @"
    stderr: error: no image is moved, so that there is nothing to copy
    stderr: hint: name the mirror with --image-registry, or in the profile's `images.registry`
    exit code 2
    ");
    assert_snapshot!(shop.images("--image-registry https://r.test/mirror"), @"
    stderr: error: invalid value 'https://r.test/mirror' for '--image-registry <HOST/PATH>': `https://r.test/mirror` has a scheme; the names of images have none: write `r.test/mirror`
    stderr:
    stderr: For more information, try '--help'.
    exit code 2
    ");
    shop.home.write(
        "gitops/base/kustomization.yaml",
        "resources: [shop.yaml]\nimages: [{name: shop/job, newName: quay.io/shop/frontend, newTag: '3'}]\n",
    );
    assert_snapshot!(shop.images("--image-registry r.test/mirror"), @"
    stderr: error: ghcr.io/shop/frontend:3 and quay.io/shop/frontend:3 would both be r.test/mirror/shop/frontend:3
    stderr: hint: the mirror keeps path and tag alone: give one of them another name in its layer (`images` in its kustomization)
    exit code 2
    ");
    shop.with("images: {registry: 'http://r.test', digests: {'a:1@sha256:0': x}}\n");
    assert_snapshot!(shop.images(""), @"
    stderr: error: shop.yaml:6: `images.registry` is `http://r.test`; it must be HOST or HOST/PATH without a scheme, such as registry.example.com/mirror
    stderr: shop.yaml:6: `images.digests.a:1@sha256:0` is `x`; it must be the digest of an image: `sha256:` and 64 hexadecimal digits in small letters
    stderr: shop.yaml:6: `images.digests.a:1@sha256:0` is `a:1@sha256:0`; it must be the name and tag of an image, such as docker.io/istio/proxyv2:1.18.0
    exit code 2
    ");
}

#[test]
fn a_profile_without_istio_is_told_what_is_not_known() {
    let home = Home::new();
    home.write("mine.yaml", "layers: [{name: base, path: ./base}]\n");
    home.write("base/kustomization.yaml", "resources: [pod.yaml]\n");
    home.write(
        "base/pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: it, namespace: shop}\nspec: {containers: [{name: it, image: it}]}\n",
    );
    assert_snapshot!(home.run("images mine.yaml"), @"
    docker.io/library/it:latest
      base: Pod/shop/it: it
    stderr: warning: the profile `mine` brings no Istio: what a mesh that is there already injects is not listed
    exit code 0
    ");
}
