//! What is resolved is printed with its origins, and reads back.

use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::json;

use super::super::document::Node;
use super::super::*;
use super::merging::{folder, resolve_in, within};
use super::parse_as;

#[test]
fn each_value_has_its_origin_behind_it() {
    let folder = folder(&[
        (
            "base/base.yaml",
            "extends: minimal
istio:
  overlay:
    values: {global: {hub: a, tag: null}}
layers:
- name: own
  path: ./own
",
        ),
        (
            "mine.yaml",
            "extends: base/base.yaml
layers:
- name: staging
  kustomization:
    patches:
    - target: {kind: Deployment}
      patch: |-
        - op: remove
          path: /spec/replicas
- name: more
  path: ./more
checks: []
",
        ),
        ("part.yaml", "description: \"It's # odd\"\nistio: {timeout: 7m}\n"),
    ]);
    let set = ["istio.overlay.values.global.hub=b,istio.addons={kiali,grafana}"];
    let resolved = resolve_in(&folder, "mine.yaml", &["part.yaml"], &set).unwrap();
    assert_snapshot!(within(&resolved.to_yaml(), &folder));
    assert_snapshot!(within(&format!("{:#}", resolved.to_json()), &folder));
}

/// What was resolved, printed and read again as a file beside the profile's.
fn again(resolved: &Resolved) -> Profile {
    let folder = resolved.profile.file.folder().unwrap_or(Path::new("."));
    let file = ProfileFile::Path(folder.join("resolved.yaml"));
    let text = resolved.to_yaml();
    parse_as(file, &text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Without what says where it was read, and with whole paths.
fn essence(profile: &Profile) -> Profile {
    let nowhere = ProfileFile::Embedded(String::new());
    let mut profile = Profile { name: String::new(), file: nowhere.clone(), ..profile.clone() };
    for layer in &mut profile.layers {
        if let LayerBase::Folder(folder) = &layer.base {
            layer.path = std::path::absolute(file::joined(folder, &layer.path)).unwrap();
            layer.base = LayerBase::Folder(PathBuf::new());
        }
        if let Some(inline) = &mut layer.kustomization {
            inline.place = Place::Line { file: nowhere.clone(), line: 0 };
        }
    }
    profile
}

#[test]
fn what_is_printed_reads_back_as_the_same_profile() {
    for name in ["demo", "laptop", "production", "minimal"] {
        let resolved = resolve(&ProfileFile::named(name), &Overrides::default()).unwrap();
        assert_eq!(essence(&again(&resolved)), essence(&resolved.profile), "{name}");
    }
    let layers = "layers: [{name: own, path: ./own}, {name: up, path: ../up}, {name: root, path: /srv/x}]";
    let values = r#"{a: null, b: "1", c: [], d: {}, e: [[1, {f: 2}], {}], "g: h": " "}"#;
    let folder = folder(&[
        ("base/base.yaml", &format!("extends: minimal\n{layers}\n")),
        ("deep/er/mine.yaml", "extends: ../../base/base.yaml\nlayers: [{name: here, path: ./here}]\n"),
        ("top.yaml", "extends: base/base.yaml\n"),
        ("part.yaml", &format!("description: \"a # b: 'c'\"\nistio: {{overlay: {{values: {values}}}}}\n")),
    ]);
    let set = [
        "layers[cwd].path=./x",
        "istio.overlay.values.text=two\nlines",
        "istio.overlay.values.newline=one\n",
        "layers[staging].kustomization.namePrefix=x-",
    ];
    for file in ["deep/er/mine.yaml", "base/base.yaml", "top.yaml", "demo"] {
        let resolved = resolve_in(&folder, file, &["part.yaml"], &set).unwrap();
        assert_eq!(essence(&again(&resolved)), essence(&resolved.profile), "{file}");
    }
}

#[test]
fn what_is_printed_of_rendered_layers_has_nothing_laid_over_them() {
    let folder =
        folder(&[("mine.yaml", "layers: [{name: own, path: ../up, kustomization: {namePrefix: x-}}]")]);
    let resolved = resolve_in(&folder, "mine.yaml", &[], &["layers[own].timeout=9m"]).unwrap();
    let text = resolved.to_yaml_of_rendered(|name| format!("./layers/{name}"));
    assert_snapshot!(within(&text, &folder), @"
    layers:
      - name: own  # DIR/mine.yaml:1
        path: ./layers/own  # DIR/mine.yaml:1
        timeout: 9m  # --set layers[own].timeout=9m
    ");
}

proptest! {
    #[test]
    fn any_text_and_any_origin_read_back(
        text in "[ -~\n\té\u{85}\u{2028}☃]{0,30}",
        key in "[ -~\n:#é]{0,12}",
        file in "[ -~\n\u{85}\u{2028}]{1,12}",
    ) {
        let place = Place::Line { file: ProfileFile::Path(file.into()), line: 1 };
        let values = json!({&key: [&text, {&key: &text}, [[&text]], [], {}], "after": 1});
        let value = json!({"istio": {"version": "1.18.0", "profile": "demo", "overlay": {"values": values}}});
        let document = Node::new(value.clone(), &place);
        let file = ProfileFile::Path("p.yaml".into());
        let profile = Profile::from_document(&document, &file, Vec::new()).unwrap();
        let text = Resolved { profile, document }.to_yaml();
        let read = Node::parse(&file, &text);
        let read = read.map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(read.value(), value, "{}", text);
    }
}
