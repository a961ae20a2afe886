//! One file with all that an installation reads, made from a server on loopback.

use std::process::Command;

use insta::assert_snapshot;
use kubestock_install::istio::release::Digest;

use crate::home::{Told, closed};
use crate::images::Shop;

/// A shop with something laid over its profile.
async fn shop() -> Shop {
    let shop = Shop::new().await;
    let labels = "{labels: [{pairs: {team: shop}}]}";
    shop.home.write("over.yaml", &format!("layers: [{{name: base, kustomization: {labels}}}]\n"));
    shop
}

fn bundle(shop: &Shop, options: &str) -> Told {
    let options = format!("{options} -f over.yaml --gitops gitops --cache-dir cache -o shop.bundle");
    shop.run(&format!("bundle shop.yaml {options}"))
}

#[tokio::test]
async fn a_bundle_holds_the_profile_its_rendered_layers_the_release_and_the_list_of_images() {
    let shop = shop().await;
    let told = bundle(&shop, "--image-registry r.test/m");
    let sha256 = Digest::of(&std::fs::read(shop.home.path("shop.bundle")).unwrap()).to_string();
    assert_snapshot!(told.with(&sha256, "BUNDLE"), @"
    [time] fetch: downloading SERVER/istioctl.tar.gz
    [time] fetch: 100%, 939 of 939 B
    [time] fetch: istio 1.18.0 is proven, sha256 DIGEST
    [time] fetch: done in [time]: istio 1.18.0, 939 B
    [time] bundle: wrote shop.bundle, 8.7 kB, sha256 BUNDLE
    [time] bundle: done in [time]: shop.bundle, 8.7 kB
    shop.bundle is written, 8.7 kB, [time]
    next:
      kubestock-install install --bundle shop.bundle
    exit code 0
    ");

    let unpacked = shop.home.path("unpacked");
    std::fs::create_dir(&unpacked).unwrap();
    let tar = Command::new("tar").args(["xvf", "../shop.bundle"]).current_dir(&unpacked).output().unwrap();
    assert_snapshot!(shop.named(&String::from_utf8(tar.stdout).unwrap()), @"
    bundle.json
    images.txt
    istio/istioctl-1.18.0-PLATFORM.tar.gz
    layers/base/kustomization.yaml
    layers/base/objects.yaml
    shop.yaml
    ");
    let text = |path: &str| shop.named(&std::fs::read_to_string(unpacked.join(path)).unwrap());
    assert_snapshot!(text("shop.yaml"), @"
    istio:
      version: 1.18.0  # shop.yaml:2
      profile: minimal  # shop.yaml:3
      source:
        istioctl:
          sha256: DIGEST  # shop.yaml:4
          url: SERVER/istioctl.tar.gz  # shop.yaml:4
    layers:
      - name: base  # over.yaml:1
        path: ./layers/base  # shop.yaml:5
    images:
      registry: r.test/m  # --set-string images.registry=r.test/m
    ");
    assert_snapshot!(text("images.txt"), @"
    docker.io/istio/pilot:1.18.0
    docker.io/istio/proxyv2:1.18.0
    docker.io/library/busybox:latest
    docker.io/shop/job:1
    ghcr.io/shop/frontend:3
    ");
    assert!(text("layers/base/objects.yaml").contains("team: shop"));
}

#[tokio::test]
async fn a_bundle_is_all_that_is_read_of_it() {
    let shop = shop().await;
    assert_eq!(bundle(&shop, "").code, Some(0));
    for gone in ["shop.yaml", "over.yaml", "gitops/base/shop.yaml", "gitops/base/kustomization.yaml"] {
        std::fs::remove_file(shop.home.path(gone)).unwrap();
    }
    let images = shop.run("images --bundle shop.bundle --cache-dir other --image-registry r.test -o copy");
    assert_snapshot!(images, @"
    docker.io/istio/pilot:1.18.0 r.test/istio/pilot:1.18.0
    docker.io/istio/proxyv2:1.18.0 r.test/istio/proxyv2:1.18.0
    docker.io/library/busybox:latest r.test/library/busybox:latest
    docker.io/shop/job:1 r.test/shop/job:1
    ghcr.io/shop/frontend:3 r.test/shop/frontend:3
    exit code 0
    ");
    // As far as this comes without a cluster.
    shop.home.knows(&format!("https://{}", closed()));
    for command in ["install --bundle shop.bundle", "--bundle shop.bundle"] {
        let told = shop.run(command);
        assert_eq!(told.code, Some(3), "{told}");
    }
}

#[tokio::test]
async fn a_bundle_that_is_not_for_this_machine_is_told() {
    let shop = shop().await;
    let other = if cfg!(target_os = "macos") { "linux-amd64" } else { "osx" };
    let made = bundle(&shop, &format!("--platform {other}"));
    assert_eq!(made.code, Some(0), "{made}");
    assert_snapshot!(shop.run("install --bundle shop.bundle").with(other, "OTHER"), @"
    stderr: error: the bundle shop.bundle holds istioctl-1.18.0-OTHER.tar.gz, and istio-1.18.0-PLATFORM.tar.gz is needed here
    stderr: hint: `kubestock-install bundle` makes one for another machine with --platform
    exit code 2
    ");
}

#[tokio::test]
async fn what_is_no_bundle_or_cannot_be_written_is_told() {
    let shop = shop().await;
    shop.home.write("some.bundle", "not a bundle");
    let first_lines = [
        "install --bundle some.bundle",
        "install --bundle gone.bundle",
        "demo --bundle some.bundle",
        "install",
        "bundle shop.yaml",
        "bundle shop.yaml --gitops gitops --cache-dir cache -o nowhere/x.bundle",
        "bundle shop.yaml --gitops gitops --cache-dir cache -o gitops",
        "bundle shop.yaml --gitops gitops --cache-dir cache --platform amd64 -o x.bundle",
    ]
    .map(|command| {
        let told = shop.run(command);
        let code = told.code.unwrap();
        format!("{command}\n  {}, exit code {code}", told.err.lines().next().unwrap_or_default())
    });
    assert_snapshot!(first_lines.join("\n"), @"
    install --bundle some.bundle
      error: some.bundle is not a bundle of kubestock-install, exit code 2
    install --bundle gone.bundle
      error: the bundle gone.bundle cannot be read: No such file or directory (os error 2), exit code 2
    demo --bundle some.bundle
      error: the argument '[PROFILE]' cannot be used with '--bundle <FILE>', exit code 2
    install
      error: the following required arguments were not provided:, exit code 2
    bundle shop.yaml
      error: the following required arguments were not provided:, exit code 2
    bundle shop.yaml --gitops gitops --cache-dir cache -o nowhere/x.bundle
      error: nowhere/x.bundle cannot be written: No such file or directory (os error 2), exit code 1
    bundle shop.yaml --gitops gitops --cache-dir cache -o gitops
      error: gitops cannot be written: it is there already, and is no regular file, exit code 1
    bundle shop.yaml --gitops gitops --cache-dir cache --platform amd64 -o x.bundle
      error: invalid value 'amd64' for '--platform <NAME>': Istio has no archives for `amd64`; it has them for PLATFORM, linux-arm64, linux-armv7, osx and osx-arm64, exit code 2
    ");
}
