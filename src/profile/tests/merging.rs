//! Several files and arguments make one profile.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::document::Node;
use super::super::merge::merge;
use super::super::*;

/// One document over another, as values.
fn merged(lower: &str, upper: &str) -> Value {
    let node = |text| Node::parse(&ProfileFile::Path("x.yaml".into()), text).unwrap();
    merge(node(lower), node(upper)).value()
}

#[test]
fn mappings_are_merged_and_all_else_is_replaced() {
    let table = [
        ("a: {b: {c: 1, d: 2}}", "a: {b: {c: 3, e: 4}}", json!({"a": {"b": {"c": 3, "d": 2, "e": 4}}})),
        ("checks: [a, b]", "checks: [c]", json!({"checks": ["c"]})),
        ("checks: [a]", "checks: []", json!({"checks": []})),
        (
            "a: {layers: [{name: a, x: 1}]}",
            "a: {layers: [{name: a}]}",
            json!({"a": {"layers": [{"name": "a"}]}}),
        ),
        (
            "istio: {source: {mirror: a}, digests: {a: 1, b: 2}}",
            "istio: {digests: {c: 3}}",
            json!({"istio": {"source": {"mirror": "a"}, "digests": {"c": 3}}}),
        ),
        ("a: {b: 1}", "a: 2", json!({"a": 2})),
        ("a: [1]", "a: {b: 2}", json!({"a": {"b": 2}})),
        // For the reader to refuse.
        ("a: 1", "[b]", json!(["b"])),
    ];
    for (lower, upper, expected) in table {
        assert_eq!(merged(lower, upper), expected, "{upper} over {lower}");
    }
}

#[test]
fn null_removes_what_is_there_but_in_the_overlay() {
    let table = [
        ("a: 1\nb: 2", "a: null", json!({"b": 2})),
        ("a: {b: 1, c: 2}", "a: {b: }", json!({"a": {"c": 2}})),
        ("a: 1", "b: null", json!({"a": 1, "b": null})),
        ("istio: {overlay: {a: 1}}", "istio: {overlay: null}", json!({"istio": {}})),
        (
            "istio: {overlay: {a: 1}}",
            "istio: {overlay: {a: null}}",
            json!({"istio": {"overlay": {"a": null}}}),
        ),
        (
            "istio: {overlay: {a: {b: 1}}}",
            "istio: {overlay: {a: {b: null}}}",
            json!({"istio": {"overlay": {"a": {"b": null}}}}),
        ),
        ("layers: [{name: a, x: 1}]", "layers: [{name: a, x: null}]", json!({"layers": [{"name": "a"}]})),
        ("layers: [{name: a}]", "layers: null", json!({})),
    ];
    for (lower, upper, expected) in table {
        assert_eq!(merged(lower, upper), expected, "{upper} over {lower}");
    }
}

#[test]
fn layers_are_met_by_their_names_and_new_ones_come_last() {
    let table = [
        (
            "[{name: a, p: 1}, {name: b, p: 2}]",
            "[{name: c}, {name: b, t: 3}]",
            json!([{"name": "a", "p": 1}, {"name": "b", "p": 2, "t": 3}, {"name": "c"}]),
        ),
        (
            "[{name: a, k: {x: [1], z: [2]}}]",
            "[{name: a, k: {x: [3]}}]",
            json!([{"name": "a", "k": {"x": [3], "z": [2]}}]),
        ),
        (
            "[{name: a}, {name: b}, {name: c}]",
            "[{name: b, $patch: delete}]",
            json!([{"name": "a"}, {"name": "c"}]),
        ),
        // For the reader to refuse.
        (
            "[{name: a}]",
            "[{name: a, x: 1}, {name: a, x: 2}]",
            json!([{"name": "a", "x": 1}, {"name": "a", "x": 2}]),
        ),
        ("[{path: x}, w]", "[{path: z}]", json!([{"path": "x"}, "w", {"path": "z"}])),
        ("[{name: a}]", "1", json!(1)),
    ];
    for (lower, upper, expected) in table {
        let merged = merged(&format!("layers: {lower}"), &format!("layers: {upper}"));
        assert_eq!(merged["layers"], expected, "{upper} over {lower}");
    }
}

/// A folder with these files.
pub(super) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// The profile of a file in the folder, with files of the folder and arguments laid over it.
pub(super) fn resolve_in(
    folder: &TempDir,
    file: &str,
    parts: &[&str],
    set: &[&str],
) -> Result<Resolved, String> {
    let files = parts.iter().map(|part| folder.path().join(part)).collect();
    let set = set.iter().map(|argument| argument.to_string()).collect();
    let file = match ProfileFile::named(file) {
        ProfileFile::Path(path) => ProfileFile::Path(folder.path().join(path)),
        embedded => embedded,
    };
    let overrides = Overrides { files, set, ..Overrides::default() };
    resolve(&file, &overrides).map_err(|error| within(&error.to_string(), folder))
}

fn resolved(folder: &TempDir, file: &str, parts: &[&str], set: &[&str]) -> Result<Profile, String> {
    resolve_in(folder, file, parts, set).map(|resolved| resolved.profile)
}

pub(super) fn within(text: &str, folder: &TempDir) -> String {
    text.replace(folder.path().to_str().unwrap(), "DIR")
}

#[test]
fn later_ones_win_over_earlier_ones() {
    let folder = folder(&[
        ("base.yaml", "extends: demo\nistio: {timeout: 1m}\nlayers: [{name: own, path: ./own}]\n"),
        ("mine.yaml", "extends: ./base.yaml\ndescription: Mine\nistio: {timeout: 2m}\n"),
        ("first.yaml", "istio: {timeout: 3m, addons: [kiali]}\n"),
        ("second.yaml", "istio: {timeout: 4m}\n"),
    ]);
    let timeout = |file: &str, parts: &[&str], set: &[&str]| {
        let profile = resolved(&folder, file, parts, set).unwrap();
        profile.istio.unwrap().timeout.as_secs()
    };
    assert_eq!(timeout("demo", &[], &[]), 300);
    assert_eq!(timeout("base.yaml", &[], &[]), 60);
    assert_eq!(timeout("mine.yaml", &[], &[]), 120);
    assert_eq!(timeout("mine.yaml", &["first.yaml"], &[]), 180);
    assert_eq!(timeout("mine.yaml", &["first.yaml", "second.yaml"], &[]), 240);
    assert_eq!(timeout("mine.yaml", &["second.yaml", "first.yaml"], &[]), 180);
    assert_eq!(timeout("mine.yaml", &["first.yaml"], &["istio.timeout=6m", "istio.timeout=7m"]), 420);

    let profile = resolved(&folder, "mine.yaml", &["first.yaml"], &[]).unwrap();
    assert_eq!((&profile.name[..], &profile.description[..]), ("mine", "Mine"));
    assert_eq!(profile.checks, Check::ALL);
    let names: Vec<_> = profile.layers.iter().map(|layer| &layer.name[..]).collect();
    assert_eq!(names, ["base", "staging", "own"]);
    let istio = profile.istio.unwrap();
    assert_eq!(istio.addons, [crate::istio::release::Addon::Kiali]);
    assert_eq!(istio.overlay["spec"]["values"]["global"]["proxy"]["resources"]["limits"]["cpu"], "500m");
}

#[test]
fn an_embedded_profile_extends_nothing_but_another_one() {
    let parent = |name: &str| {
        let file = ProfileFile::Embedded(name.to_owned());
        let mut document = Node::parse(&file, &file.text().unwrap()).unwrap();
        document.take("extends").map(|extends| extends.value())
    };
    let names = embedded().into_iter().map(|profile| profile.name);
    let extending: Vec<_> = names.filter_map(|name| Some((name, parent(name)?))).collect();
    assert_eq!(extending, [("laptop", "demo".into())]);
    assert_eq!(parent("demo"), None);
}

#[test]
fn a_path_starts_at_the_folder_of_the_file_that_says_it() {
    let folder = folder(&[
        ("base/base.yaml", "layers: [{name: a, path: ./a}, {name: b, path: ../b}, {name: t, path: t}]\n"),
        ("mine.yaml", "extends: base/base.yaml\nlayers: [{name: b, timeout: 1m}, {name: c, path: ./c}]\n"),
        ("parts/part.yaml", "layers: [{name: a, path: ./other}]\n"),
    ]);
    let bases = |parts: &[&str], set: &[&str]| -> Vec<(String, String)> {
        let profile = resolved(&folder, "mine.yaml", parts, set).unwrap();
        let base = |layer: &Layer| match &layer.base {
            LayerBase::Tree => "TREE".to_owned(),
            LayerBase::Folder(base) => within(&base.to_string_lossy(), &folder),
        };
        profile.layers.iter().map(|layer| (base(layer), layer.path.display().to_string())).collect()
    };
    let of = |pairs: [(&str, &str); 4]| pairs.map(|(base, path)| (base.to_owned(), path.to_owned())).to_vec();
    assert_eq!(
        bases(&[], &[]),
        of([("DIR/base", "./a"), ("DIR/base", "../b"), ("TREE", "t"), ("DIR", "./c")])
    );
    assert_eq!(
        bases(&["parts/part.yaml"], &["layers[c].path=./d", "layers[1].timeout=9m"]),
        of([("DIR/parts", "./other"), ("DIR/base", "../b"), ("TREE", "t"), (".", "./d")])
    );
}

#[test]
fn a_mistake_is_told_where_it_was_said() {
    let folder = folder(&[
        (
            "base.yaml",
            "istio:\n  version: 1.18.0\n  profile: dmeo\n  addons: [kiali]\nlayers:\n- {name: a, path: a}\n",
        ),
        (
            "mine.yaml",
            "extends: ./base.yaml\nistio:\n  timeout: 90\nlayers:\n- {name: a, path: b}\n- name: a\n  path: c\n",
        ),
        ("part.yaml", "istio:\n  version: null\n  souce: null\nlayers:\n- name: aa\n  timeout: 5m\n"),
    ]);
    let set = ["istio.addons={prometeus}", "chekcs={mtls}", "layers[0].timeout=soon", "istio"];
    assert_snapshot!(resolved(&folder, "mine.yaml", &["part.yaml"], &set).unwrap_err());
}

#[test]
fn what_can_be_wrong_with_what_is_extended() {
    let folder = folder(&[
        ("unknown.yaml", "description: x\nextends: prodution\n"),
        ("several.yaml", "extends: [demo, minimal]\n"),
        ("empty.yaml", "extends:\n"),
        ("missing.yaml", "extends: ./nothing.yaml\n"),
        ("broken.yaml", "extends: ./no.yaml\n"),
        ("no.yaml", "a: [\n"),
        ("self.yaml", "extends: ./self.yaml\n"),
        ("a.yaml", "extends: sub/b.yaml\n"),
        ("sub/b.yaml", "# Back again.\nextends: ../a.yaml\n"),
        ("part.yaml", "extends: demo\n"),
        ("list.yaml", "- a\n"),
        ("two.yaml", "a: 1\n---\nb: 2\n"),
    ]);
    let mut said = Vec::new();
    for file in ["unknown", "several", "empty", "missing", "broken", "self", "a"] {
        said.push(resolved(&folder, &format!("{file}.yaml"), &[], &[]).unwrap_err());
    }
    said.push(resolved(&folder, "demo", &["part.yaml"], &["extends=minimal,istio.timeout=9"]).unwrap_err());
    for part in ["part.yaml", "nothing.yaml", "no.yaml", "list.yaml", "two.yaml"] {
        said.push(resolved(&folder, "demo", &[part], &[]).unwrap_err());
    }
    assert_snapshot!(said.join("\n"));
}

#[test]
fn a_link_in_the_way_does_not_hide_a_circle() {
    let folder = folder(&[("a.yaml", "extends: sub/a.yaml\n")]);
    std::os::unix::fs::symlink(folder.path(), folder.path().join("sub")).unwrap();
    let said = resolved(&folder, "a.yaml", &[], &[]).unwrap_err();
    assert_snapshot!(said, @"DIR/a.yaml:1: `extends` goes round in a circle: DIR/a.yaml extends DIR/sub/a.yaml");
}

#[test]
fn a_layer_that_was_to_be_changed_and_is_not_there() {
    let folder = folder(&[
        ("near.yaml", "layers: [{name: stagng, timeout: 5m}]\n"),
        ("far.yaml", "layers: [{name: shop, timeout: 5m}]\n"),
        ("delete.yaml", "layers: [{name: shop, $patch: delete}]\n"),
        ("patch.yaml", "layers: [{name: base, $patch: replace}]\n"),
    ]);
    let said = ["near.yaml", "far.yaml", "delete.yaml", "patch.yaml"];
    let mut said = said.map(|part| resolved(&folder, "demo", &[part], &[]).unwrap_err()).to_vec();
    for set in ["layers[bas].timeout=1m", "layers[base].$patch=delete"] {
        said.push(resolved(&folder, "demo", &[], &[set]).unwrap_err());
    }
    assert_snapshot!(said.join("\n"));
}

#[test]
fn what_is_removed_is_gone() {
    let folder = folder(&[
        ("layers-only.yaml", "extends: demo\nistio: null\n"),
        ("mesh-only.yaml", "extends: demo\nlayers:\n"),
        ("without.yaml", "extends: demo\nlayers: [{name: staging, $patch: delete}]\n"),
    ]);
    let profile = |file: &str| resolved(&folder, file, &[], &[]).unwrap();
    assert_eq!(profile("layers-only.yaml").istio, None);
    assert_eq!(profile("mesh-only.yaml").layers, []);
    assert_eq!(profile("without.yaml").layers.len(), 1);
    assert_eq!(resolved(&folder, "demo", &[], &["layers[staging]=null,istio=null"]).unwrap().layers.len(), 1);
}
