//! From parser events to JSON values: anchors, merge keys, duplicate keys, and the lines of the fields.

use std::collections::HashMap;

use serde_json::{Map, Value};
use serde_saphyr::granit_parser::{
    Event, Marker, Options, Parser, ScalarStyle, Span, StrInput, StructureStyle,
};

use super::{Dialect, Lines, LocatedDocument, YamlError, scalar};

/// How many values aliases may unfold to in one text: enough for any manifest, too few for a
/// "billion laughs".
const ALIASED_VALUES: usize = 1_000_000;

/// How deep collections may stand in each other. CRD schemas reach about 60.
const DEPTH: usize = 250;

pub(super) fn parse(
    text: &str,
    dialect: Dialect,
    with_lines: bool,
) -> Result<Vec<LocatedDocument>, YamlError> {
    let mut options = Options::default();
    options.emit_comments = false;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        source: text.lines().collect(),
        parser: Parser::new_from_str_with_options(text, options),
        dialect,
        anchors: HashMap::new(),
        aliased: 0,
        flow: 0,
        annotations: Annotations::Outside,
        path: with_lines.then(String::new),
        lines: Lines::default(),
    };
    reader.documents()
}

struct Reader<'t> {
    source: Vec<&'t str>,
    parser: Parser<'t, StrInput<'t>>,
    dialect: Dialect,
    anchors: HashMap<usize, Value>,
    aliased: usize,
    /// How many flow collections (`{}`, `[]`) are open: tabs are indentation only outside of them.
    flow: usize,
    annotations: Annotations,
    /// The JSON pointer of the node being read, where lines are wanted.
    path: Option<String>,
    lines: Lines,
}

/// Where the present node stands, seen from an object's annotations. To kustomize their values are text, just
/// as they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Annotations {
    Outside,
    Metadata,
    Mapping,
    Value,
}

/// A key of a mapping as it stands in the text.
struct Key {
    name: String,
    is_merge: bool,
}

impl<'t> Reader<'t> {
    fn documents(&mut self) -> Result<Vec<LocatedDocument>, YamlError> {
        let mut documents = Vec::new();
        loop {
            let (event, _) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(documents),
                Event::DocumentStart(..) => {
                    let (event, span) = self.next()?;
                    let line = span.start.line();
                    let value = self.node(event, span, 0)?;
                    let lines = std::mem::take(&mut self.lines);
                    if !value.is_null() {
                        documents.push(LocatedDocument { line, value, lines });
                    }
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), YamlError> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(self.refuse(error.marker(), error.info())),
            None => Ok((Event::StreamEnd, Span::empty(Marker::new(0, self.source.len().max(1), 0)))),
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Value, YamlError> {
        self.refuse_tab_before(&span)?;
        if depth > DEPTH {
            return Err(self.refuse(&span.start, format!("more than {DEPTH} collections in each other")));
        }
        if let Some(path) = &self.path {
            self.lines.0.entry(path.clone()).or_insert(span.start.line());
        }
        let (anchor, value) = match event {
            Event::Alias(anchor) => return self.alias(anchor, &span),
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_ref().and_then(|tag| tag.core_suffix());
                (anchor, self.scalar(&text, style, tag, &span)?)
            }
            Event::SequenceStart(style, anchor, _) => {
                self.flow += usize::from(style == StructureStyle::Flow);
                let items = self.sequence(depth)?;
                self.flow -= usize::from(style == StructureStyle::Flow);
                (anchor, Value::Array(items))
            }
            Event::MappingStart(style, anchor, _) => {
                self.flow += usize::from(style == StructureStyle::Flow);
                let map = self.mapping(depth)?;
                self.flow -= usize::from(style == StructureStyle::Flow);
                (anchor, Value::Object(map))
            }
            other => {
                return Err(self.refuse(&span.start, format!("a value was expected here, not {other:?}")));
            }
        };
        if anchor != 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn sequence(&mut self, depth: usize) -> Result<Vec<Value>, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => {
                    let outer = self.enter(&items.len().to_string());
                    items.push(self.node(event, span, depth + 1)?);
                    self.leave(outer);
                }
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Map<String, Value>, YamlError> {
        let mut map = Map::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let key = self.key(event, &span)?;
            let outer = self.enter(&key.name);
            if let Some(path) = &self.path {
                self.lines.0.insert(path.clone(), span.start.line());
            }
            let (event, value_span) = self.next()?;
            let around = self.annotations;
            self.annotations = self.below(&key.name, depth);
            let value = self.node(event, value_span, depth + 1)?;
            self.annotations = around;
            self.leave(outer);
            if key.is_merge {
                merged.push((value, span));
            } else if map.insert(key.name.clone(), value).is_some() {
                return Err(
                    self.refuse(&span.start, format!("key `{}` is already set in this mapping", key.name))
                );
            }
        }
        for (value, span) in merged {
            self.merge(&mut map, value, &span)?;
        }
        Ok(map)
    }

    /// What the value of a key is, seen from the annotations.
    fn below(&self, key: &str, depth: usize) -> Annotations {
        match (self.annotations, key) {
            _ if self.dialect != Dialect::Kustomize => Annotations::Outside,
            (Annotations::Outside, "metadata") if depth == 0 => Annotations::Metadata,
            (Annotations::Metadata, "annotations") => Annotations::Mapping,
            (Annotations::Mapping, _) => Annotations::Value,
            _ => Annotations::Outside,
        }
    }

    /// A key as JSON has it: numbers and booleans become their text (sigs.k8s.io/yaml does the same).
    fn key(&self, event: Event<'t>, span: &Span) -> Result<Key, YamlError> {
        self.refuse_tab_before(span)?;
        let Event::Scalar(text, style, _, tag) = event else {
            return Err(self.refuse(&span.start, "a key must be a word, not a collection or an alias".into()));
        };
        let is_plain = style == ScalarStyle::Plain && tag.is_none();
        if is_plain && text == "<<" {
            return Ok(Key { name: text.into_owned(), is_merge: true });
        }
        let tag = tag.as_ref().and_then(|tag| tag.core_suffix());
        let name = match self.scalar(&text, style, tag, span)? {
            Value::String(name) => name,
            Value::Null => return Err(self.refuse(&span.start, "a key must not be null".into())),
            other => other.to_string(),
        };
        Ok(Key { name, is_merge: false })
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&str>,
        span: &Span,
    ) -> Result<Value, YamlError> {
        let is_annotation = self.annotations == Annotations::Value;
        let mismatch = |what: &str| self.refuse(&span.start, format!("`{text}` is no {what}"));
        match tag {
            Some("str") => return Ok(text.into()),
            Some("binary") => {
                return Err(mismatch("text; a `!!binary` value has no place in a Kubernetes object"));
            }
            None if style != ScalarStyle::Plain || is_annotation => return Ok(text.into()),
            _ => {}
        }
        let value =
            scalar::resolve(text, self.dialect).ok_or_else(|| mismatch("number that JSON can hold"))?;
        match tag {
            Some("int") if !value.is_i64() && !value.is_u64() => Err(mismatch("integer")),
            Some("float") if !value.is_number() => Err(mismatch("number")),
            Some("bool") if !value.is_boolean() => Err(mismatch("boolean")),
            Some("null") if !value.is_null() => Err(mismatch("null")),
            _ => Ok(value),
        }
    }

    fn alias(&mut self, anchor: usize, span: &Span) -> Result<Value, YamlError> {
        let Some(value) = self.anchors.get(&anchor) else {
            return Err(self.refuse(&span.start, "this alias stands inside of its own anchor".into()));
        };
        self.aliased += count(value);
        if self.aliased > ALIASED_VALUES {
            return Err(
                self.refuse(&span.start, format!("aliases unfold to more than {ALIASED_VALUES} values"))
            );
        }
        Ok(value.clone())
    }

    /// `<<: *a` or `<<: [*a, *b]`: adds what the mapping does not say itself; the first one wins.
    fn merge(&self, map: &mut Map<String, Value>, value: Value, span: &Span) -> Result<(), YamlError> {
        let sources = match value {
            Value::Array(items) => items,
            one => vec![one],
        };
        for source in sources {
            let Value::Object(fields) = source else {
                return Err(self.refuse(&span.start, "`<<` takes a mapping or a list of mappings".into()));
            };
            for (key, value) in fields {
                map.entry(key).or_insert(value);
            }
        }
        Ok(())
    }

    /// The parser takes a tab for a space; kubectl refuses one where it would be indentation.
    fn refuse_tab_before(&self, span: &Span) -> Result<(), YamlError> {
        if self.flow > 0 || span.start.line() == 0 {
            return Ok(());
        }
        let line = self.source.get(span.start.line() - 1).copied().unwrap_or_default();
        let before = line.chars().take(span.start.col());
        let is_tab_indented =
            before.clone().all(|c| c == ' ' || c == '\t') && before.clone().any(|c| c == '\t');
        match is_tab_indented {
            true => Err(self.refuse(&span.start, "a tab cannot indent; use spaces".into())),
            false => Ok(()),
        }
    }

    fn refuse(&self, at: &Marker, message: String) -> YamlError {
        YamlError { line: at.line(), column: at.col() + 1, message }
    }

    /// Goes one step down in the pointer; gives what [`Self::leave`] needs to come back.
    fn enter(&mut self, step: &str) -> usize {
        let Some(path) = &mut self.path else { return 0 };
        let outer = path.len();
        path.push('/');
        path.push_str(&step.replace('~', "~0").replace('/', "~1"));
        outer
    }

    fn leave(&mut self, outer: usize) {
        if let Some(path) = &mut self.path {
            path.truncate(outer);
        }
    }
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{parse_documents, parse_located};
    use super::*;

    fn one(text: &str) -> Value {
        parse_documents(text).unwrap().remove(0).value
    }

    #[test]
    fn empty_documents_are_left_out_and_lines_are_kept() {
        let documents = parse_documents("---\n# nothing\n---\na: 1\n---\n\n---\n\n\nb: 2\n...\n").unwrap();
        let lines: Vec<_> = documents.iter().map(|d| (d.line, d.value.clone())).collect();
        assert_eq!(lines, [(4, json!({"a": 1})), (10, json!({"b": 2}))]);
        assert_eq!(parse_documents("# only a comment\n").unwrap(), []);
        assert_eq!(parse_documents("").unwrap(), []);
    }

    #[test]
    fn anchors_unfold_and_merge_keys_give_way_to_what_is_written() {
        let text =
            "a: &a {x: 1, w: 2}\nb: &b {w: 3, z: 4}\nc:\n  <<: [*a, *b]\n  x: 9\nd: *a\n\"<<\": text\n";
        assert_eq!(one(text)["c"], json!({"x": 9, "w": 2, "z": 4}));
        assert_eq!(one(text)["d"], json!({"x": 1, "w": 2}));
        assert_eq!(one(text)["<<"], json!("text"));
    }

    #[test]
    fn keys_are_text_whatever_they_look_like() {
        assert_eq!(one("1: a\ntrue: b\n\"on\": c\n"), json!({"1": "a", "true": "b", "on": "c"}));
    }

    #[test]
    fn what_kubernetes_cannot_hold_is_refused_with_its_place() {
        let table = [
            ("a: 1\nb:\n\tc: 2\n", 3, "tab"),
            ("a: 1\nb: 2\na: 3\n", 3, "already set"),
            ("a: .inf\n", 1, "JSON"),
            ("a: *nothing\n", 1, ""),
            ("a: [1, 2\nb: 3\n", 2, ""),
            ("~: 1\n", 1, "null"),
            ("? [a]\n: 1\n", 1, "key"),
            ("a: b: c\n", 1, ""),
            ("a: !!int x\n", 1, "integer"),
        ];
        for (text, line, message) in table {
            let error = parse_documents(text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}: {error}");
            assert!(error.message.contains(message), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_tab_between_key_and_value_or_inside_text_is_fine() {
        assert_eq!(one("a:\tb\nc: |\n  \tx\n"), json!({"a": "b", "c": "\tx\n"}));
        assert_eq!(one("{\n\t\"e\": [\n\t\t1\n\t]\n}\n"), json!({"e": [1]}));
    }

    #[test]
    fn a_billion_laughs_ends_early() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        assert!(parse_documents(&text).unwrap_err().message.contains("unfold"));
    }

    #[test]
    fn fields_know_their_lines() {
        let text = "a: 1\nb:\n  c/d:\n  - x\n  - y: 1\n";
        let lines = &parse_located(text, Dialect::Kustomize).unwrap()[0].lines;
        assert_eq!(lines.nearest("/a"), Some(1));
        assert_eq!(lines.nearest("/b/c~1d"), Some(3));
        assert_eq!(lines.nearest("/b/c~1d/1"), Some(5));
        assert_eq!(lines.nearest("/b/nothing/here"), Some(2));
    }
}
