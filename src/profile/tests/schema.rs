//! The published schema says of a file what the reader says of it, as far as one file and a schema can tell.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::super::document::Node;
use super::super::set;
use super::super::*;
use super::{parse, wrong_alone};

/// Whether a text is valid to the schema at this pointer, `#` for all of it; none if it is no document.
fn is_valid(pointer: &str, text: &str) -> Option<bool> {
    let document = Node::parse(&ProfileFile::Path("x.yaml".into()), text).ok()?;
    let schema = json!({"$ref": format!("profile:{pointer}")});
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft7);
    let resources = [("profile:", schema_resource())];
    let registry = jsonschema::Registry::new().extend(resources).unwrap().prepare().unwrap();
    Some(options.with_registry(&registry).build(&schema).unwrap().is_valid(&document.value()))
}

fn schema_resource() -> jsonschema::Resource {
    jsonschema::Resource::from_contents(super::super::schema())
}

#[test]
fn what_is_right_is_valid() {
    for profile in embedded() {
        let text = ProfileFile::named(profile.name).text().unwrap();
        assert_eq!(is_valid("#", &text), Some(true), "{}", profile.name);
    }
}

#[test]
fn the_examples_in_the_documentation_are_valid() {
    let documentation = include_str!("../../../docs/profiles.md");
    for example in documentation.split("```yaml\n").skip(1) {
        let (example, _) = example.split_once("```").unwrap();
        let (pointer, text) = match example.split_once(':').unwrap() {
            ("description" | "extends", _) => ("#", example),
            ("istio" | "layers" | "images", _) => ("#/definitions/part", example),
            ("source", source) => ("#/definitions/whole/properties/istio/properties/source", source),
            (other, _) => panic!("`{other}` begins an example of docs/profiles.md"),
        };
        assert_eq!(is_valid(pointer, text), Some(true), "{example}");
    }
}

#[test]
fn what_is_wrong_is_not_valid_but_for_what_only_the_reader_can_tell() {
    let passed: Vec<String> = wrong_alone()
        .into_iter()
        .filter(|text| is_valid("#", text) == Some(true))
        .map(|text| format!("{text}=> {}\n", super::said(&text)))
        .collect();
    assert_snapshot!(passed.join("\n"));
}

#[test]
fn a_profile_that_extends_another_and_a_part_need_not_say_all() {
    let table = [
        // text, as a profile, as a part
        ("extends: demo\n", true, false),
        ("extends: demo\nistio: {timeout: 5m}\n", true, false),
        ("extends: demo\nistio: null\nlayers: [{name: a, timeout: null}]\n", true, false),
        ("extends: demo\nlayers: [{name: a, $patch: delete}]\n", true, false),
        ("extends: demo\nlayers: [{name: a, $patch: replace}]\n", false, false),
        ("extends: demo\nistio: {timeout: 5}\n", false, false),
        ("extends: demo\nistoi: {}\n", false, false),
        ("extends: [demo]\n", false, false),
        ("istio: {timeout: 5m}\n", false, true),
        ("istio: {source: {archive: {sha256: null}}}\n", false, true),
        ("layers: [{name: a}]\n", false, true),
        ("layers: [{name: a, path: a}]\n", true, true),
        ("layers: [{name: a, pth: a}]\n", false, false),
        ("checks: null\n", false, true),
        ("{}\n", false, true),
    ];
    for (text, profile, part) in table {
        assert_eq!(is_valid("#", text), Some(profile), "as a profile: {text}");
        assert_eq!(is_valid("#/definitions/part", text), Some(part), "as a part: {text}");
    }
}

#[test]
fn the_schema_of_a_part_is_the_part_of_the_schema() {
    let published: Value =
        serde_json::from_str(include_str!("../../../docs/schema/part.schema.json")).unwrap();
    let (file, pointer) = published["$ref"].as_str().unwrap().split_once('#').unwrap();
    assert_eq!(file, "profile.schema.json");
    assert_eq!(schema().pointer(pointer).unwrap()["type"], "object");
}

#[test]
fn words_look_to_the_schema_as_they_do_to_the_reader() {
    let table: [(&str, &[&str]); 10] = [
        (
            "{version: @, profile: demo}",
            &["1.18.0", "1.18", "1.18.", "1.18-alpha.697f4ff", "latest", "../1.18.0", "1..0", "1.18.0 "],
        ),
        ("{version: 1.18.0, profile: @}", &["demo", "default", "production", "Demo", ""]),
        (
            "{version: 1.18.0, profile: demo, timeout: @}",
            &["90s", "5m", "1h30m", "1h0m1s", "0s", "00m0s", "90", "1m1h", "", "s", "1.5m", "-1s"],
        ),
        ("{version: 1.18.0, profile: demo, addons: [@]}", &["kiali", "Kiali", "zipkin"]),
        (
            "{version: 1.18.0, profile: demo, source: {mirror: @}}",
            &["http://a.test/b", "https://a.test", "HTTP://a.test", "ftp://a.test", "a.test", "http://"],
        ),
        (
            "{version: 1.18.0, profile: demo, source: {archive: {url: 'http://a.test', sha256: @}}}",
            &[
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "AAAAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "gaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            ],
        ),
        (
            "{version: 1.19.0, profile: demo, digests: {@: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}}",
            &[
                "istio-1.19.0-linux-amd64.tar.gz",
                "istioctl-1.19.0-osx-arm64.tar.gz",
                "istio-1.19.0-linux-amd64.zip",
                "istio.tar.gz",
                "",
            ],
        ),
        (
            "{version: 1.19.0, profile: demo, digests: {istio-1.19.0-osx.tar.gz: @}}",
            &["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a", ""],
        ),
        (
            "{version: 1.18.0, profile: demo, overlay: {@: 1}}",
            &["values", "profile", "apiVersion", "kind", "spec"],
        ),
        (
            "{version: 1.18.0, profile: demo, source: {@: {url: 'http://a.test', sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}}}",
            &["archive", "istioctl", "mirror"],
        ),
    ];
    let mut compared = 0;
    for (istio, words) in table {
        for word in words {
            let text = format!("istio: {}\n", istio.replace('@', &format!("\"{word}\"")));
            compared += agree(&text);
        }
    }
    for (field, words) in [
        ("name", &["a", "a-b", "a0", "-a", "a-", "A", "a.b", "", "istio", "addons", "istios", "a_b"][..]),
        ("path", &["a", "./a", "/a", ""]),
    ] {
        for word in words.iter().map(|word| word.to_string()).chain([63, 64].map(|length| "a".repeat(length)))
        {
            let other = if field == "name" { "path: x" } else { "name: x" };
            compared += agree(&format!("layers: [{{{field}: \"{word}\", {other}}}]\n"));
        }
    }
    for description in ["one", "  one\n", "\n one", "two\nlines", ""] {
        compared += agree(&format!("description: {}\nlayers: [{{name: a, path: a}}]\n", json!(description)));
    }
    for check in ["sidecars", "injection", "mtls", "sidecar"] {
        compared += agree(&format!("layers: [{{name: a, path: a}}]\nchecks: [{check}]\n"));
    }
    for mtls in ["permissive", "strict", "PERMISSIVE", "disable", ""] {
        compared += agree(&format!("layers: [{{name: a, path: a}}]\nmtls: \"{mtls}\"\n"));
    }
    assert!(compared > 60);
}

/// What is no mistake of the form is left to the reader.
fn agree(text: &str) -> usize {
    let said = parse(text)
        .err()
        .map(|error| error.to_string())
        .filter(|said| !said.contains("no digests are known"));
    assert_eq!(is_valid("#", text), Some(said.is_none()), "{text}{}", said.unwrap_or_default());
    1
}

/// A document with every field that the schema knows.
const EVERYTHING: &str = "
description: x
istio:
  version: 1.18.0
  profile: demo
  source:
    archive: {url: 'http://a.test', sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}
    istioctl: {url: 'http://a.test', sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}
  overlay: {}
  addons: [kiali]
  timeout: 5m
layers:
- name: a
  path: a
  timeout: 5m
  kustomization: {}
checks: [mtls]
";

#[test]
fn every_field_that_the_schema_knows_is_read() {
    let schema = schema();
    let mut names = Vec::new();
    fields(&schema["definitions"]["whole"], "", &mut names);
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        let file = ProfileFile::Path("mine.yaml".into());
        let document = Node::parse(&file, EVERYTHING).unwrap();
        assert_eq!(
            Profile::from_document(&document, &file, Vec::new()).map(drop).map_err(|e| e.to_string()),
            Ok(())
        );
        // No field is a number.
        let overrides = Overrides { set: vec![format!("{name}=7")], ..Overrides::default() };
        let (document, problems) = set::lay_over(document, &overrides);
        assert_eq!(problems, [], "{name}");
        let error = Profile::from_document(&document, &file, Vec::new()).unwrap_err();
        let ProfileError::Wrong { problems } = error else { panic!("{name}: {error}") };
        assert!(problems.iter().any(|problem| problem.field == name), "{name} is not read: {problems:?}");
    }
}

/// The fields of a schema's mappings, as `--set` calls them.
fn fields(schema: &Value, path: &str, names: &mut Vec<String>) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let dot = if path.is_empty() { "" } else { "." };
        let path = format!("{path}{dot}{name}");
        names.push(path.clone());
        fields(field, &path, names);
        fields(&field["items"], &format!("{path}[0]"), names);
    }
}

#[test]
fn every_field_has_its_place_in_the_documentation() {
    let documentation = include_str!("../../../docs/profiles.md");
    let mut names = Vec::new();
    fields(&schema()["definitions"]["whole"], "", &mut names);
    for name in names {
        let field = name.rsplit('.').next().unwrap();
        let is_told = [format!("`{field}`"), format!("\n{field}:"), format!(" {field}:")];
        assert!(
            is_told.iter().any(|told| documentation.contains(told)),
            "docs/profiles.md says nothing of {name}"
        );
    }
}
