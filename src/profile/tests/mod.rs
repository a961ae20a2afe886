use std::path::{Path, PathBuf};
use std::time::Duration;

use insta::assert_snapshot;
use serde_json::json;

use crate::istio::release::{Addon, Flavour, Origin, Platform, pinned};

use super::*;

mod explaining;
mod merging;
mod schema;

fn parse(text: &str) -> Result<Profile, ProfileError> {
    parse_as(ProfileFile::Path("mine.yaml".into()), text)
}

/// The profile that a text says which stands in such a file.
fn parse_as(file: ProfileFile, text: &str) -> Result<Profile, ProfileError> {
    let document = extends::extended(Node::parse(&file, text)?, &file, &[])?;
    Profile::from_document(&document, &file, Vec::new())
}

/// What is said of a text that is wrong.
fn said(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn the_embedded_profiles_are_what_their_names_promise() {
    let names: Vec<_> = embedded().into_iter().map(|summary| summary.name).collect();
    assert_eq!(names, ["demo", "laptop", "production", "minimal"]);
    for (name, istioctl_profile, addons) in [
        ("demo", "demo", &Addon::ALL[..]),
        ("laptop", "demo", &Addon::ALL[..]),
        ("production", "default", &[]),
        ("minimal", "minimal", &[]),
    ] {
        let profile = load(name).unwrap();
        assert!(!profile.description.is_empty(), "{name}");
        assert_eq!(profile.checks, Check::ALL, "{name}");
        let layers: Vec<_> = profile.layers.iter().map(|layer| (&layer.name[..], &layer.base)).collect();
        assert_eq!(layers, [("base", &LayerBase::Tree), ("staging", &LayerBase::Tree)]);
        let istio = profile.istio.unwrap();
        assert_eq!((&istio.profile[..], &istio.addons[..]), (istioctl_profile, addons));
        assert_eq!(istio.source, ReleaseSource::istio("1.18.0"));
        assert_eq!(istio.overlay["spec"]["profile"], istioctl_profile);
    }
}

#[test]
fn every_file_in_profiles_is_embedded() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/profiles");
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path().with_extension("")).collect();
    let mut known: Vec<_> = embedded().iter().map(|summary| Path::new(folder).join(summary.name)).collect();
    files.sort();
    known.sort();
    assert_eq!(files, known);
}

#[test]
fn production_keeps_two_of_what_the_mesh_needs() {
    let overlay = load("production").unwrap().istio.unwrap().overlay;
    for place in ["/spec/components/pilot", "/spec/components/ingressGateways/0"] {
        let minimum = overlay.pointer(&format!("{place}/k8s/hpaSpec/minReplicas"));
        assert_eq!(minimum, Some(&json!(2)), "{place}");
    }
}

#[test]
fn a_profile_with_everything_is_read() {
    let text = "\
description: Mine
istio:
  version: 1.18.0
  profile: demo
  source:
    archive: {url: 'http://127.0.0.1:8000/istio.tar.gz', sha256: AAAA1111aaaa1111aaaa1111aaaa1111aaaa1111aaaa1111aaaa1111aaaa1111}
  overlay: {meshConfig: {accessLogFile: /dev/stdout}}
  addons: [kiali, kiali]
  timeout: 1h30m
layers:
- name: base
  path: base
- name: own
  path: ../layers/own
  timeout: 90s
  kustomization: {images: [{name: a, newTag: b}]}
- {name: elsewhere, path: /srv/gitops/x}
checks: [mtls]
";
    let profile = parse(text).unwrap();
    assert_eq!((&profile.name[..], &profile.description[..]), ("mine", "Mine"));
    assert_eq!(profile.checks, [Check::Mtls]);
    let istio = profile.istio.unwrap();
    assert!(matches!(istio.source.origin, Origin::Own { full: Some(_), istioctl: None }));
    assert_eq!(istio.addons, [Addon::Kiali]);
    assert_eq!(istio.timeout, Duration::from_secs(5400));
    let operator = json!({
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "spec": {"profile": "demo", "meshConfig": {"accessLogFile": "/dev/stdout"}},
    });
    assert_eq!(istio.overlay, operator);
    let layers: Vec<_> = profile
        .layers
        .iter()
        .map(|l| (l.base.clone(), l.timeout.as_secs(), l.kustomization.is_some()))
        .collect();
    let here = LayerBase::Folder(".".into());
    let expected = [(LayerBase::Tree, 300, false), (here.clone(), 90, true), (here, 300, false)];
    assert_eq!(layers, expected);
}

#[test]
fn while_plaintext_is_let_in_nobody_is_checked_to_be_refused() {
    let layers = "layers: [{name: a, path: a}]\nchecks: [sidecars, mtls]\n";
    let table = [
        ("", None, vec![Check::Sidecars, Check::Mtls]),
        ("mtls: strict\n", Some(Mtls::Strict), vec![Check::Sidecars, Check::Mtls]),
        ("mtls: permissive\n", Some(Mtls::Permissive), vec![Check::Sidecars]),
    ];
    for (line, mtls, checks) in table {
        let profile = parse(&format!("{layers}{line}")).unwrap();
        assert_eq!((profile.mtls, profile.provable_checks().collect()), (mtls, checks), "{line}");
    }
}

#[test]
fn the_example_in_the_documentation_is_a_profile() {
    let documentation = include_str!("../../../docs/profiles.md");
    let (example, _) = documentation.split_once("```yaml\n").unwrap().1.split_once("```").unwrap();
    let profile = parse(example).unwrap();
    assert!(profile.istio.is_some_and(|istio| istio.addons.len() == 2));
    assert!(profile.layers[1].kustomization.is_some());
}

#[test]
fn a_layer_starts_at_the_tree_unless_its_path_says_the_profile() {
    let here = LayerBase::Folder(".".into());
    let table = [
        ("base", &LayerBase::Tree),
        ("overlays/../base", &LayerBase::Tree),
        (".hidden", &LayerBase::Tree),
        ("./base", &here),
        (".", &here),
        ("../base", &here),
        ("/base", &here),
    ];
    for (path, base) in table {
        let profile = parse(&format!("layers: [{{name: a, path: {path}}}]")).unwrap();
        assert_eq!((&profile.layers[0].path, &profile.layers[0].base), (&PathBuf::from(path), base));
    }
}

#[test]
fn istio_may_be_left_out() {
    let profile = parse("layers: [{name: a, path: a}]").unwrap();
    assert_eq!(profile.istio, None);
    assert_eq!(profile.description, "");
}

#[test]
fn all_that_is_wrong_is_said_at_once_in_the_order_of_the_lines() {
    let text = "\
descripton: typo
istio:
  version: 1.18
  profile: production
  source:
    mirror: ftp://mirror.test/istio
    archive: {url: x, sha256: abc}
  overlay:
    spec: {values: {}}
  addons: [prometeus, zipkin]
  timeout: 5
layers:
- name: base
  path: base
  timeout: 2 minutes
- name: base
  pth: overlays/staging
- name: Staging_1
  path: 7
  kustomization: [a]
- name: istio
  path: ''
  timeout: soon
- nonsense
checks: [sidecar, mtls, everything]
";
    assert_snapshot!(said(text));
}

/// Texts with one mistake each.
fn wrong_alone() -> Vec<String> {
    let istio = |rest: &str| format!("istio:\n  version: 1.18.0\n  profile: demo\n{rest}");
    let sha256 = "a".repeat(64);
    vec![
        "".to_owned(),
        "a: 1\n---\nb: 2\n".to_owned(),
        "[]".to_owned(),
        "description: nothing else\nlayers: []\n".to_owned(),
        "layers:\n\t- name: a\n".to_owned(),
        "layers: []\nlayers: []\n".to_owned(),
        "istio:\nlayers: []\n".to_owned(),
        "istio: {}\n".to_owned(),
        "layers:\n- {}\n".to_owned(),
        "description: |\n  two\n  lines\nlayers: [{name: a, path: a}]\n".to_owned(),
        "istio: {version: 1.19.0, profile: demo}\n".to_owned(),
        "istio: {version: 1.18.0, profile: dmeo}\n".to_owned(),
        "istio: {version: latest, profile: demo}\n".to_owned(),
        "istio: {version: ../1.18.0, profile: demo}\n".to_owned(),
        istio("  source: {}\n"),
        istio("  source: https://mirror.test\n"),
        istio("  source: {mirror: mirror.test/istio}\n"),
        istio("  source:\n    archive: {url: 'https://mirror.test/x', sha256: 1}\n"),
        istio(&format!("  source:\n    archive:\n      sha256: {sha256}\n")),
        istio(&format!(
            "  source:\n    istioctl: {{url: 'https://mirror.test/x', sha256: {sha256}}}\n  addons: [kiali]\n"
        )),
        istio("  digests: []\n"),
        istio(&format!("  digests: {{release: {sha256}}}\n")),
        istio(&format!("  digests:\n    istio-1.18.0-linux-amd64.zip: {sha256}\n")),
        istio(&format!("  digests:\n    istio-1.19.0-osx.tar.gz: {sha256}\n")),
        istio(&format!("  digests:\n    istio-1.18.0-osx.tar.gz: {sha256}\n")),
        istio("  digests:\n    istio-1.18.0-osx.tar.gz: abc\n"),
        "istio: {version: 1.19.0, profile: demo, digests: {}}\n".to_owned(),
        istio(&format!(
            "  source:\n    istioctl: {{url: 'https://mirror.test/x', sha256: {sha256}}}\n  digests: {{}}\n"
        )),
        istio("  overlay:\n    profile: minimal\n"),
        istio("  overlay:\n    apiVersion: install.istio.io/v1alpha1\n    kind: IstioOperator\n"),
        istio("  addons: kiali\n"),
        istio("  timeout: 0s\n"),
    ]
}

#[test]
fn what_is_wrong_alone_is_said_alone() {
    let all: Vec<String> = wrong_alone().iter().map(|text| format!("{text}\n=> {}\n", said(text))).collect();
    assert_snapshot!(all.join("\n"));
}

#[test]
fn a_mirror_may_speak_plain_http_and_builds_of_ones_own_have_versions_of_their_own() {
    let table = [
        "{version: 1.18.0, profile: demo, source: {mirror: 'http://mirror.test/istio'}}".to_owned(),
        format!(
            "{{version: 1.31-alpha.eed52ebb, profile: demo, source: {{archive: {{url: 'http://127.0.0.1:1/a', sha256: {}}}}}}}",
            "b".repeat(64)
        ),
    ];
    for istio in table {
        parse(&format!("istio: {istio}\n")).unwrap();
    }
}

#[test]
fn digests_prove_a_version_that_this_program_does_not_know() {
    let (flavour, platform) = (Flavour::Full, Platform::Osx);
    let sha256 = "B".repeat(64);
    let text = format!(
        "istio: {{version: 1.19.0, profile: demo, digests: {{istio-1.19.0-osx.tar.gz: {sha256}}}}}\n"
    );
    let source = parse(&text).unwrap().istio.unwrap().source;
    assert_eq!(source.archive(flavour, platform).unwrap().sha256, sha256.parse().unwrap());
    assert!(source.archive(flavour, Platform::OsxArm64).is_err());
    // What is part of this program may be said again, and what is not may be added.
    let known = pinned("1.18.0", flavour, platform).unwrap();
    let text = format!(
        "istio:
  version: 1.18.0
  profile: demo
  digests: {{istio-1.18.0-osx.tar.gz: {known}, istioctl-1.18.0-osx-arm64.tar.gz: {sha256}}}
"
    );
    let source = parse(&text).unwrap().istio.unwrap().source;
    assert_eq!(source.archive(flavour, platform).unwrap().sha256, known);
    let added = source.archive(Flavour::Istioctl, Platform::OsxArm64).unwrap();
    assert_eq!(added.name, "istioctl-1.18.0-osx-arm64.tar.gz");
    assert_eq!(added.sha256, sha256.parse().unwrap());
}

#[test]
fn an_unknown_profile_is_told_the_nearest_one() {
    assert_snapshot!(load("prodution").unwrap_err(), @"there is no profile `prodution`; did you mean `production`? (there are demo, laptop, production, minimal)");
    assert_snapshot!(load("everything").unwrap_err(), @"there is no profile `everything` (there are demo, laptop, production, minimal)");
}

#[test]
fn the_name_of_a_file_in_place_of_a_profile_is_told_how_to_say_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.yaml");
    std::fs::write(&file, "layers: []\n").unwrap();
    for name in [file.clone(), file.with_extension("")] {
        let error = load(&name.to_string_lossy()).unwrap_err().to_string();
        assert!(error.ends_with(&format!("say `install --profile {}`", file.display())), "{error}");
    }
}

#[test]
fn a_file_is_read_and_named_for_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.yaml");
    std::fs::write(&file, "layers: [{name: a, path: ./a}]\n").unwrap();
    let profile = resolve(&ProfileFile::Path(file.clone()), &Overrides::default()).unwrap().profile;
    assert_eq!((&profile.name[..], profile.file.folder()), ("mine", Some(folder.path())));
    assert_eq!(ProfileFile::Path(PathBuf::from("mine.yaml")).folder(), Some(Path::new(".")));
    let error = ProfileFile::Path(folder.path().join("none.yaml")).text().unwrap_err().to_string();
    assert!(error.contains("none.yaml: cannot be read: No such file"), "{error}");
}

#[test]
fn images_are_named_as_a_kubelet_completes_them() {
    let digest = format!("sha256:{}", "ab".repeat(32));
    let text = format!(
        "layers: [{{name: a, path: a}}]\nimages:\n  registry: r.test:5000/mirror/\n  digests:\n    busybox: {digest}\n"
    );
    let images = parse(&text).unwrap().images;
    assert_eq!(images.registry.map(|registry| registry.to_string()).as_deref(), Some("r.test:5000/mirror"));
    let digests: Vec<_> = images.digests.iter().map(|(image, digest)| format!("{image} {digest}")).collect();
    assert_eq!(digests, [format!("docker.io/library/busybox:latest {digest}")]);
    assert!(parse("layers: [{name: a, path: a}]").unwrap().images.is_empty());
}

#[test]
fn what_is_wrong_with_images_is_said_by_line() {
    let digest = format!("sha256:{}", "ab".repeat(32));
    let text = format!(
        "layers: [{{name: a, path: a}}]
images:
  registry: https://r.test
  digest: {{}}
  digests:
    istio/pilot:1: {digest}
    docker.io/istio/pilot:1: {digest}
    Wrong: {digest}
    app:1: latest
"
    );
    assert_snapshot!(said(&text), @"
    mine.yaml:3: `images.registry` is `https://r.test`; it must be HOST or HOST/PATH without a scheme, such as registry.example.com/mirror
    mine.yaml:4: there is no field `images.digest`; did you mean `digests`?
    mine.yaml:6: `images.digests.istio/pilot:1` is `docker.io/istio/pilot:1`, and so is `images.digests.docker.io/istio/pilot:1` (mine.yaml:7)
    mine.yaml:8: `images.digests.Wrong` is `Wrong`; it must be the name and tag of an image, such as docker.io/istio/proxyv2:1.18.0
    mine.yaml:9: `images.digests.app:1` is `latest`; it must be the digest of an image: `sha256:` and 64 hexadecimal digits in small letters
    ");
}
