use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;
use crate::profile::ProfileFile;

/// What Helm's own parser made of each argument; `tests/profiles/helm` records it.
const HELM: &str = include_str!("../../../tests/profiles/strvals.jsonl");

/// What Helm laid some of them over.
fn document() -> Value {
    json!({
        "n": 1, "t": "x", "m": {"a": 1, "b": {"c": 2}}, "l": ["x", "y", "z"],
        "o": [{"name": "p", "v": 1}, {"name": "q"}],
    })
}

fn node(value: Value) -> Node {
    Node::new(value, &Place::Line { file: ProfileFile::Path("mine.yaml".into()), line: 1 })
}

/// The document with the argument laid over it, or what is said of the argument.
fn laid(flag: &str, argument: &str, over: Value) -> Result<Value, String> {
    let arguments = vec![argument.to_owned()];
    let overrides = match flag {
        "--set" => Overrides { set: arguments, ..Overrides::default() },
        _ => Overrides { set_string: arguments, ..Overrides::default() },
    };
    match lay_over(node(over), &overrides) {
        (document, problems) if problems.is_empty() => Ok(document.value()),
        (_, problems) => Err(problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")),
    }
}

/// Null removes at once; with Helm it does when all is merged.
fn without_nulls(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, value| !value.is_null());
        fields.values_mut().for_each(|value| *value = without_nulls(value.take()));
    }
    value
}

#[test]
fn arguments_mean_what_they_mean_to_helm_but_for_these() {
    let mut different = Vec::new();
    let mut cases = 0;
    for line in HELM.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let over = if case["over"] == true { document() } else { json!({}) };
        let argument = case["value"].as_str().unwrap();
        let ours = laid(case["flag"].as_str().unwrap(), argument, over).map(without_nulls);
        let helm = case.get("error").map_or(Ok(without_nulls(case["gives"].clone())), Err);
        cases += 1;
        match (helm, ours) {
            (Ok(helm), Ok(ours)) if helm == ours => {}
            (Err(_), Err(_)) => {}
            (helm, ours) => {
                let helm = helm.map_or_else(|error| format!("refuses: {error}"), |value| value.to_string());
                let ours = ours.map_or_else(|error| format!("refused: {error}"), |value| value.to_string());
                different.push(format!("{argument}\n  Helm {helm}\n  here {ours}"));
            }
        }
    }
    assert_eq!(cases, 190);
    assert_snapshot!(different.join("\n"));
}

#[test]
fn what_is_wrong_with_an_argument_is_said_with_the_argument() {
    let deep = format!("{}=1", ["a"; 32].join("."));
    let arguments = [
        "a",
        "a=1,b",
        "a.b,c=1",
        "=1",
        "a..b=1",
        "a.=1",
        "a=1,,b=2",
        "a[0",
        "a[]=1",
        "a[-1]=1",
        "a[0]b=1",
        "a[0]",
        "a={x,y",
        "a={x}y",
        r"a=x\",
        &deep,
        "t.a=1",
        "m.b.c[0]=1",
        "l.a=1",
        "l[4]=a",
        "l[1].a=1",
        "o[p].v[0]=1",
    ];
    let said = arguments.map(|argument| laid("--set", argument, document()).unwrap_err());
    assert_snapshot!(said.join("\n"));
}

#[test]
fn an_item_is_called_by_its_number_or_by_its_name() {
    let table = [
        ("o[1].v=3", json!([{"name": "p", "v": 1}, {"name": "q", "v": 3}])),
        ("o[q].v=3", json!([{"name": "p", "v": 1}, {"name": "q", "v": 3}])),
        ("o[r].v=3", json!([{"name": "p", "v": 1}, {"name": "q"}, {"name": "r", "v": 3}])),
        ("o[r].v=3,o[r].w=4", json!([{"name": "p", "v": 1}, {"name": "q"}, {"name": "r", "v": 3, "w": 4}])),
        ("o[p]=null", json!([{"name": "q"}])),
        ("o[0]=null", json!([{"name": "q"}])),
        ("o[p].v=null", json!([{"name": "p"}, {"name": "q"}])),
    ];
    for (argument, expected) in table {
        let items = laid("--set", argument, document()).map(|value| value["o"].clone());
        assert_eq!(items, Ok(expected), "{argument}");
    }
}

#[test]
fn under_the_overlay_null_is_a_value() {
    let over = json!({"istio": {"overlay": {"values": {"a": 1}, "list": [1, 2]}, "timeout": "5m"}});
    let table = [
        ("timeout=null", json!({"overlay": {"values": {"a": 1}, "list": [1, 2]}})),
        ("overlay=null", json!({"timeout": "5m"})),
        ("overlay.values=null", json!({"overlay": {"values": null, "list": [1, 2]}, "timeout": "5m"})),
        (
            "overlay.values.a=null",
            json!({"overlay": {"values": {"a": null}, "list": [1, 2]}, "timeout": "5m"}),
        ),
        (
            "overlay.list[0]=null",
            json!({"overlay": {"values": {"a": 1}, "list": [null, 2]}, "timeout": "5m"}),
        ),
    ];
    for (argument, expected) in table {
        let laid = laid("--set", &format!("istio.{argument}"), over.clone());
        assert_eq!(laid.map(|value| value["istio"].clone()), Ok(expected), "{argument}");
    }
}

#[test]
fn an_argument_that_is_wrong_changes_nothing_and_the_others_still_count() {
    let overrides = Overrides {
        set: vec!["new.a=1,t.a=1".into(), "a".into(), "b=1".into()],
        set_string: vec!["b=2".into()],
        ..Overrides::default()
    };
    let (document, problems) = lay_over(node(json!({"t": "x"})), &overrides);
    assert_eq!(problems.len(), 2);
    assert_eq!(document.value(), json!({"t": "x", "new": {"a": 1}, "b": "2"}));
}
