//! From parser events to JSON values: anchors, merge keys, duplicate keys, and the lines of the fields.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use serde_saphyr::granit_parser::{
    Event, Marker, Options, Parser, ScalarStyle, Span, StrInput, StructureStyle,
};

use super::{Annotations, Dialect, Lines, YamlError, folded, scalar};

/// How many values aliases may unfold to in one text: enough for any manifest, too few for a
/// "billion laughs".
const ALIASED_VALUES: usize = 1_000_000;

/// How deep collections may stand in each other. CRD schemas reach about 60.
const DEPTH: usize = 250;

/// Where YAML's own tags are: `!!str` is `tag:yaml.org,2002:str`.
const TAGS: &str = "tag:yaml.org,2002:";

/// A document and what was noted while it was read.
pub(super) struct Read {
    pub(super) line: usize,
    pub(super) value: Value,
    pub(super) lines: Lines,
    pub(super) blanks: Vec<String>,
}

/// What is to be noted beside the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notes {
    None,
    /// The lines of all fields.
    Lines,
    /// The fields that have nothing behind their colon.
    Blanks,
}

pub(super) fn parse(
    text: &str,
    dialect: Dialect,
    annotations: Annotations,
    notes: Notes,
) -> Result<Vec<Read>, YamlError> {
    let mut options = Options::default();
    options.emit_comments = false;
    options.block_scalar_eof_without_line_feed = true; // As libyaml, which kubectl's readers come from.
    options.disallow_directives = dialect == Dialect::Kustomize;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        source: text.lines().collect(),
        parser: Parser::new_from_str_with_options(text, options),
        dialect,
        anchors: HashMap::new(),
        aliased: 0,
        flow: 0,
        read: 0,
        annotations,
        scope: Scope::Outside,
        notes,
        path: (notes != Notes::None).then(String::new),
        lines: Lines::default(),
        blanks: Vec::new(),
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
    /// The line up to which everything is read.
    read: usize,
    annotations: Annotations,
    scope: Scope,
    notes: Notes,
    /// The JSON pointer of the node being read, where something is noted by it.
    path: Option<String>,
    lines: Lines,
    blanks: Vec<String>,
}

/// Where the present node stands, seen from an object's annotations. To kustomize their values are text, just
/// as they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
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
    fn documents(&mut self) -> Result<Vec<Read>, YamlError> {
        let mut documents = Vec::new();
        loop {
            let (event, document) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(documents),
                Event::DocumentStart(is_marked, _) => {
                    self.refuse_uncut(is_marked, &document.start)?;
                    let (event, span) = self.next()?;
                    let line = span.start.line();
                    let value = self.node(event, span, 0)?;
                    let lines = std::mem::take(&mut self.lines);
                    let blanks = std::mem::take(&mut self.blanks);
                    if !value.is_null() {
                        documents.push(Read { line, value, lines, blanks });
                    }
                }
                _ => {}
            }
        }
    }

    /// kustomize cuts a file at lines that begin with `---` and takes the first document of each piece.
    fn refuse_uncut(&self, is_marked: bool, marker: &Marker) -> Result<(), YamlError> {
        let is_inside = self.dialect == Dialect::Kustomize && marker.line() > 1;
        let text = self.source.get(marker.line() - 1).copied().unwrap_or_default();
        let behind = text.strip_prefix("---").unwrap_or_default().trim_start();
        match is_marked {
            true if is_inside && !behind.is_empty() && !behind.starts_with('#') => {
                Err(self.refuse(marker, "`---` must stand alone in its line".into()))
            }
            false
                if is_inside
                    && self.source[..marker.line() - 1].iter().any(|line| line.starts_with("...")) =>
            {
                Err(self.refuse(marker, "a document after `...` must begin with `---`".into()))
            }
            _ => Ok(()),
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), YamlError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                self.refuse_tabs_before(&span)?;
                self.read = self.read.max(span.end.line());
                Ok((event, span))
            }
            Some(Err(error)) => Err(self.refuse(error.marker(), error.info())),
            None => Ok((Event::StreamEnd, Span::empty(Marker::new(0, self.source.len().max(1), 0)))),
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Value, YamlError> {
        if depth > DEPTH {
            return Err(self.refuse(&span.start, format!("more than {DEPTH} collections in each other")));
        }
        if let (Some(path), Notes::Lines) = (&self.path, self.notes) {
            self.lines.0.entry(path.clone()).or_insert(span.start.line());
        }
        let (anchor, value) = match event {
            Event::Alias(anchor) => return self.alias(anchor, &span),
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_ref().and_then(|tag| tag.suffix_in_namespace(TAGS));
                // The parser has a `~` for what is not there.
                let is_there =
                    text != "~" || style != ScalarStyle::Plain || self.sign_at(&span.start) == Some('~');
                let text = if is_there { text } else { "".into() };
                let value = self.scalar(&text, style, tag.as_deref(), &span)?;
                let is_blank = self.notes == Notes::Blanks && value.is_null() && text.is_empty();
                match &self.path {
                    // kustomize writes it as an empty text before it reads it again.
                    Some(_)
                        if is_blank
                            && tag.is_none()
                            && self.flow > 0
                            && self.annotations == Annotations::Text =>
                    {
                        (anchor, "".into())
                    }
                    Some(path) if is_blank => {
                        self.blanks.push(path.clone());
                        (anchor, value)
                    }
                    _ => (anchor, value),
                }
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
            let key = self.key(event, &span, depth)?;
            if key.is_merge && self.dialect == Dialect::Kustomize && !merged.is_empty() {
                return Err(self.refuse(&span.start, "`<<` is already set in this mapping".into()));
            }
            let outer = self.enter(&key.name);
            if let (Some(path), Notes::Lines) = (&self.path, self.notes) {
                self.lines.0.insert(path.clone(), span.start.line());
            }
            let (event, value_span) = self.next()?;
            let around = self.scope;
            self.scope = self.below(&key.name, depth);
            let value = self.node(event, value_span, depth + 1)?;
            self.scope = around;
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
    fn below(&self, key: &str, depth: usize) -> Scope {
        match (self.scope, key) {
            _ if self.dialect != Dialect::Kustomize => Scope::Outside,
            (Scope::Outside, "metadata") if depth == 0 => Scope::Metadata,
            (Scope::Metadata, "annotations") => Scope::Mapping,
            (Scope::Mapping, _) => Scope::Value,
            _ => Scope::Outside,
        }
    }

    /// A key as JSON has it: numbers and booleans become their text (sigs.k8s.io/yaml does the same). kustomize
    /// takes none but text below the topmost mapping.
    fn key(&self, event: Event<'t>, span: &Span, depth: usize) -> Result<Key, YamlError> {
        let no_word = || self.refuse(&span.start, "a key must be a word, not a collection".into());
        let (text, style, tag) = match event {
            Event::Scalar(text, style, _, tag) => (text, style, tag),
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(Value::String(name)) => return Ok(Key { name: name.clone(), is_merge: false }),
                _ => return Err(no_word()),
            },
            _ => return Err(no_word()),
        };
        let is_plain = style == ScalarStyle::Plain && tag.is_none();
        if is_plain && text == "<<" {
            return Ok(Key { name: text.into_owned(), is_merge: true });
        }
        let tag = tag.as_ref().and_then(|tag| tag.suffix_in_namespace(TAGS));
        let name = match self.scalar(&text, style, tag.as_deref(), span)? {
            Value::String(name) => name,
            Value::Null => return Err(self.refuse(&span.start, "a key must not be null".into())),
            other if self.dialect == Dialect::Kustomize && depth > 0 => {
                return Err(self.refuse(&span.start, format!("a key must be text; put `{other}` in quotes")));
            }
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
        let is_null = || scalar::resolve(text, self.dialect) == Some(Value::Null);
        let is_annotation =
            self.scope == Scope::Value && (self.annotations == Annotations::Text || !is_null());
        let mismatch = |what: &str| self.refuse(&span.start, format!("`{text}` is no {what}"));
        match tag {
            Some("str") => return Ok(text.into()),
            Some("binary") => {
                let lines: String = text.split_whitespace().collect();
                let bytes = STANDARD.decode(lines).map_err(|_| mismatch("base64"))?;
                return Ok(String::from_utf8_lossy(&bytes).into());
            }
            None if style == ScalarStyle::Folded && self.dialect == Dialect::Kustomize => {
                return Ok(folded::rewritten(text).into());
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

    /// The parser takes a tab for a space; kubectl refuses one where it would be indentation, even of nothing, and
    /// behind a dash.
    fn refuse_tabs_before(&self, span: &Span) -> Result<(), YamlError> {
        let (line, col) = (span.start.line(), span.start.col());
        if self.flow > 0 || line == 0 {
            return Ok(());
        }
        let between = self.source.iter().enumerate().take(line - 1).skip(self.read);
        let is_indented = |text: &str| text.trim_start_matches(' ').starts_with('\t');
        if let Some((at, _)) = between.into_iter().find(|(_, text)| is_indented(text)) {
            return Err(self.refuse_tab(at + 1, 0));
        }
        let text = self.source.get(line - 1).copied().unwrap_or_default();
        let before = text.char_indices().nth(col).map_or(text, |(end, _)| &text[..end]);
        let is_behind_dash = before.trim_end_matches([' ', '\t']).trim_start_matches(' ') == "-";
        match (before.contains('\t') && is_behind_dash) || is_indented(before) {
            true => Err(self.refuse_tab(line, col)),
            false => Ok(()),
        }
    }

    fn refuse_tab(&self, line: usize, column: usize) -> YamlError {
        YamlError { line, column: column + 1, message: "a tab cannot indent; use spaces".into() }
    }

    fn sign_at(&self, at: &Marker) -> Option<char> {
        self.source.get(at.line().checked_sub(1)?)?.chars().nth(at.col())
    }

    fn refuse(&self, at: &Marker, message: String) -> YamlError {
        YamlError { line: at.line(), column: at.col() + 1, message }
    }

    /// Goes one step down in the pointer; gives what [`Self::leave`] needs to come back.
    fn enter(&mut self, step: &str) -> usize {
        let Some(path) = &mut self.path else { return 0 };
        let outer = path.len();
        path.push('/');
        if step.contains(['~', '/']) {
            path.push_str(&step.replace('~', "~0").replace('/', "~1"));
        } else {
            path.push_str(step);
        }
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

    use super::super::{parse_documents, parse_located, parse_manifests};
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
            ("a: 1\n\t\nb: 2\n", 2, "tab"),
            ("a: 1\n\t# c\nb: 2\n", 2, "tab"),
            ("a: 1\n  \t\n", 2, "tab"),
            ("-\ta\n", 1, "tab"),
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
    fn a_text_that_ends_with_the_file_has_a_newline_only_if_the_file_has() {
        let table = [
            ("a: |\n  b", "b"),
            ("a: |\n  b\n", "b\n"),
            ("a: |+\n  b\n\n", "b\n\n"),
            ("a: >\n  b\n  c", "b c"),
            ("a: |-\n  b\n", "b"),
        ];
        for (text, expected) in table {
            assert_eq!(one(text)["a"], *expected, "{text:?}");
        }
    }

    #[test]
    fn a_field_with_nothing_behind_its_colon_is_noted() {
        let text = "a:\nb: ~\nc: null\nd/e: [{f:, g: 1}, ~]\nmetadata:\n  annotations: {a: , b: ~, c: 1}\n";
        let [document] = &parse_manifests(text, Annotations::Text).unwrap()[..] else { panic!() };
        assert_eq!(document.blanks, ["/a"]);
        assert_eq!(document.value["d/e"], json!([{ "f": "", "g": 1 }, null]));
        assert_eq!(document.value["metadata"]["annotations"], json!({"a": "", "b": "~", "c": "1"}));
        let [patch] = &parse_manifests(text, Annotations::TextOrNull).unwrap()[..] else { panic!() };
        assert_eq!(patch.blanks, ["/a", "/d~1e/0/f", "/metadata/annotations/a"]);
        assert_eq!(patch.value["metadata"]["annotations"], json!({"a": null, "b": null, "c": "1"}));
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
