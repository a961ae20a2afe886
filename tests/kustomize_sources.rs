//! Where kustomizations are read from, and those that stand in another file.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use include_dir::{Dir, include_dir};
use kubestock_install::kustomize::{DirSource, EmbeddedSource, Inline, MapSource, render, render_inline};
use kubestock_install::object::yaml::parse_documents;
use serde_json::json;
use tempfile::TempDir;

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/tests/kustomize/embedded");

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

fn base() -> MapSource {
    [("base/kustomization.yaml", "resources: [config.yaml]"), ("base/config.yaml", CONFIG)]
        .into_iter()
        .collect()
}

fn ids(rendered: &kubestock_install::kustomize::Rendered) -> Vec<String> {
    rendered.objects.iter().map(|located| located.object.id().to_string()).collect()
}

#[test]
fn an_embedded_tree_renders_like_a_folder() {
    let rendered = render(&EmbeddedSource(&EMBEDDED), Path::new("overlay")).unwrap();
    assert_eq!(ids(&rendered), ["ConfigMap/x/a"]);
    let error = render(&EmbeddedSource(&EMBEDDED), Path::new("overlya")).unwrap_err();
    assert_eq!(error.to_string(), "overlya: there is no such folder; did you mean `overlay`?");
}

#[test]
fn objects_know_the_file_and_line_they_come_from() {
    let two = format!("# first\n{CONFIG}---\n\n{}", CONFIG.replace("a}", "b}"));
    let mut source = base();
    source.insert("base/config.yaml", two);
    source.insert("top/kustomization.yaml", "resources:\n- ../base\nconfigMapGenerator:\n- name: c\n");
    let rendered = render(&source, Path::new("top")).unwrap();
    let places: Vec<String> = rendered.objects.iter().map(|located| located.at().to_string()).collect();
    assert_eq!(places, ["base/config.yaml:2", "base/config.yaml:7", "top/kustomization.yaml:4"]);
}

#[test]
fn a_file_in_place_of_a_folder_is_refused() {
    let error = render(&base(), Path::new("base/config.yaml")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "base/config.yaml: is a file; give the folder that its kustomization file is in"
    );
}

#[test]
fn an_inline_kustomization_stands_on_its_layer() {
    let fields = json!({"namespace": "staging", "labels": [{"pairs": {"by": "profile"}}]});
    let inline = Inline {
        fields: &fields,
        file: Path::new("profile.yaml"),
        root: Path::new("."),
        layer: Path::new("base"),
    };
    let rendered = render_inline(&base(), &inline).unwrap();
    assert_eq!(ids(&rendered), ["ConfigMap/staging/a"]);
    assert_eq!(rendered.objects[0].object.label("by"), Some("profile"));
}

#[test]
fn an_inline_kustomization_can_name_its_own_resources() {
    let mut source = base();
    source.insert("more.yaml", CONFIG.replace("a}", "b}"));
    let fields = &parse_documents("resources: [base, more.yaml]\nnamePrefix: x-\n").unwrap()[0].value;
    let (file, root, layer) = (Path::new("profile.yaml"), Path::new("."), Path::new("none"));
    let rendered = render_inline(&source, &Inline { fields, file, root, layer }).unwrap();
    assert_eq!(ids(&rendered), ["ConfigMap/x-a", "ConfigMap/x-b"]);
}

#[test]
fn a_mistake_in_an_inline_kustomization_names_the_file_it_stands_in() {
    let (file, root, layer) = (Path::new("profile.yaml"), Path::new("."), Path::new("base"));
    let table = [
        (json!({"namspace": "x"}), "profile.yaml: there is no field `namspace`; did you mean `namespace`?"),
        (json!({"resources": ["bsae"]}), "profile.yaml: `bsae` does not exist; did you mean `base`?"),
        (json!([]), "profile.yaml: a kustomization is one document with fields"),
    ];
    for (fields, message) in table {
        let error = render_inline(&base(), &Inline { fields: &fields, file, root, layer }).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn a_file_outside_of_the_folder_is_refused_even_through_a_link() {
    let folder = TempDir::new().unwrap();
    let layer = folder.path().join("layer");
    fs::create_dir(&layer).unwrap();
    fs::write(folder.path().join("secret.yaml"), CONFIG).unwrap();
    for entry in ["../secret.yaml", "linked.yaml"] {
        fs::write(layer.join("kustomization.yaml"), format!("resources: [{entry}]\n")).unwrap();
        #[cfg(unix)]
        let _ = std::os::unix::fs::symlink("../secret.yaml", layer.join("linked.yaml"));
        let error = render(&DirSource, &layer).unwrap_err().to_string();
        assert!(error.contains("lies outside of"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_inside_of_the_folder_is_followed() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("real")).unwrap();
    fs::write(folder.path().join("real/config.yaml"), CONFIG).unwrap();
    fs::write(folder.path().join("real/kustomization.yaml"), "resources: [link.yaml]").unwrap();
    std::os::unix::fs::symlink("config.yaml", folder.path().join("real/link.yaml")).unwrap();
    std::os::unix::fs::symlink("real", folder.path().join("link")).unwrap();
    assert_eq!(ids(&render(&DirSource, &folder.path().join("link")).unwrap()), ["ConfigMap/a"]);
}
