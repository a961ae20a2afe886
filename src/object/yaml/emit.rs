//! JSON values as YAML text, in the form that kubectl prints: the choices are those of libyaml's emitter
//! as sigs.k8s.io/yaml configures it, so that our output and kubectl's can be compared line by line.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use super::scalar::needs_quotes;

/// Plain and quoted text is folded at the first space beyond this column.
const WIDTH: usize = 80;

/// A longer key cannot be a "simple key"; it takes the `? key` form.
const SIMPLE_KEY: usize = 128;

pub(super) fn emit(value: &Value) -> String {
    let mut emitter = Emitter { out: String::new() };
    match value {
        Value::Object(map) if !map.is_empty() => emitter.mapping(map, 0, false),
        Value::Array(items) if !items.is_empty() => emitter.sequence(items, 0, false),
        scalar => emitter.leaf(scalar, 2),
    }
    emitter.end_line();
    emitter.out
}

/// What fits behind a key, unfolded: one line, or `|` and lines that begin at `indent`.
pub(super) fn emit_leaf(value: &Value, indent: usize) -> String {
    let mut emitter = Emitter { out: String::new() };
    match value {
        Value::String(text) => emitter.string(text, indent, style_of(text, false) == Style::Literal),
        other => emitter.leaf(other, indent),
    }
    emitter.out
}

/// A key, on one line.
pub(super) fn emit_key(key: &str) -> String {
    let mut emitter = Emitter { out: String::new() };
    emitter.string(key, 0, false);
    emitter.out
}

struct Emitter {
    out: String,
}

/// How a string is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

impl Emitter {
    /// The entries of a mapping; the first one goes on in the current line where `inline` (after `- `).
    fn mapping(&mut self, map: &Map<String, Value>, indent: usize, inline: bool) {
        let mut entries: Vec<(&String, &Value)> = map.iter().collect();
        entries.sort_by(|(a, _), (b, _)| natural_order(a, b));
        for (at, (key, value)) in entries.into_iter().enumerate() {
            if at > 0 || !inline {
                self.start_line(indent);
            }
            if key.len() > SIMPLE_KEY {
                self.out.push_str("? ");
                self.string(key, indent + 2, true);
                self.start_line(indent);
            } else {
                self.string(key, indent + 2, false);
            }
            self.out.push(':');
            match value {
                Value::Object(inner) if !inner.is_empty() => self.mapping(inner, indent + 2, false),
                Value::Array(items) if !items.is_empty() => self.sequence(items, indent, false),
                leaf => {
                    self.out.push(' ');
                    self.leaf(leaf, indent + 2);
                }
            }
        }
    }

    fn sequence(&mut self, items: &[Value], indent: usize, inline: bool) {
        for (at, item) in items.iter().enumerate() {
            if at > 0 || !inline {
                self.start_line(indent);
            }
            self.out.push_str("- ");
            match item {
                Value::Object(map) if !map.is_empty() => self.mapping(map, indent + 2, true),
                Value::Array(inner) if !inner.is_empty() => self.sequence(inner, indent + 2, true),
                leaf => self.leaf(leaf, indent + 2),
            }
        }
    }

    /// What fits behind a key or a dash; `indent` is where further lines of it begin.
    fn leaf(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(true) => self.out.push_str("true"),
            Value::Bool(false) => self.out.push_str("false"),
            Value::Number(number) => self.out.push_str(&number_text(number)),
            Value::String(text) => self.string(text, indent, true),
            Value::Array(_) => self.out.push_str("[]"),
            Value::Object(_) => self.out.push_str("{}"),
        }
    }

    fn string(&mut self, text: &str, indent: usize, may_break: bool) {
        match style_of(text, !may_break) {
            Style::Plain => self.folded(text.chars(), indent, may_break),
            Style::Literal => self.literal(text, indent),
            Style::Double => self.double_quoted(text, indent, may_break),
            Style::Single => {
                self.out.push('\'');
                self.folded(text.replace('\'', "''").chars(), indent, may_break);
                self.out.push('\'');
            }
        }
    }

    /// Text that stands for itself, folded at single spaces.
    fn folded(&mut self, text: impl Iterator<Item = char>, indent: usize, may_break: bool) {
        let mut text = text.peekable();
        let mut after_space = true;
        while let Some(c) = text.next() {
            let is_single_space = c == ' ' && !after_space && text.peek().is_some_and(|next| *next != ' ');
            after_space = c == ' ';
            if is_single_space && may_break && self.column() > WIDTH {
                self.start_line(indent);
            } else {
                self.out.push(c);
            }
        }
    }

    fn double_quoted(&mut self, text: &str, indent: usize, may_break: bool) {
        self.out.push('"');
        let mut after_space = true;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c == ' ' && !after_space && may_break && chars.peek().is_some() && self.column() > WIDTH {
                self.start_line(indent);
                if chars.peek() == Some(&' ') {
                    self.out.push('\\');
                }
            } else if is_printable(c) && !matches!(c, '"' | '\\') {
                self.out.push(c);
            } else {
                self.out.push_str(&escaped(c));
            }
            after_space = c == ' ';
        }
        self.out.push('"');
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.out.push('|');
        if text.starts_with([' ', '\n']) {
            self.out.push('2'); // The indentation cannot be seen from the first line.
        }
        match text.strip_suffix('\n') {
            None => self.out.push('-'),
            Some(rest) if rest.is_empty() || rest.ends_with('\n') => self.out.push('+'),
            Some(_) => {}
        }
        self.out.push('\n');
        for line in text.split_inclusive('\n') {
            if line != "\n" {
                self.out.extend(std::iter::repeat_n(' ', indent));
            }
            self.out.push_str(line);
        }
    }

    fn start_line(&mut self, indent: usize) {
        self.end_line();
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    fn end_line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    fn column(&self) -> usize {
        let line = self.out.rfind('\n').map_or(0, |newline| newline + 1);
        self.out[line..].chars().count()
    }
}

fn style_of(text: &str, is_key: bool) -> Style {
    let is_special = text.chars().any(|c| !is_printable(c) && c != '\n');
    let has_space_at_line_end = text.ends_with(' ') || text.contains(" \n");
    if text.contains('\n') {
        let is_block = !is_special && !has_space_at_line_end && !is_key;
        return if is_block { Style::Literal } else { Style::Double };
    }
    if is_special || needs_quotes(text) || (is_key && text == "<<") {
        return Style::Double;
    }
    if text.starts_with(' ') || text.ends_with(' ') || has_indicator(text) {
        return Style::Single;
    }
    Style::Plain
}

/// Whether a character would mean something to YAML where it stands.
fn has_indicator(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next().unwrap_or_default();
    let is_alone = chars.next().is_none_or(|second| second == ' ');
    let opens = "#,[]{}&*!|>'\"%@`".contains(first) || (matches!(first, '?' | ':' | '-') && is_alone);
    let is_marker = text.starts_with("---") || text.starts_with("...");
    opens || is_marker || text.ends_with(':') || text.contains(": ") || text.contains(" #")
}

/// libyaml writes what lies beyond the basic plane as an escape.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && c != '\u{feff}'
}

fn escaped(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            let code = c as u32;
            return match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}

/// A number as Go's `%g` writes it: with an exponent below -4 and from 6 on.
fn number_text(number: &Number) -> String {
    let Some(value) = number.as_f64().filter(|_| number.is_f64()) else {
        return number.to_string();
    };
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => exponential(mantissa, exponent),
        _ => format!("{value}"),
    }
}

fn exponential(mantissa: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// The order of keys in the Go package: numbers inside of names by their value, other signs before letters.
fn natural_order(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(x, y)| x != y) else {
        return a.len().cmp(&b.len());
    };
    match (a[at].is_alphabetic(), b[at].is_alphabetic()) {
        (true, true) => a[at].cmp(&b[at]),
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let (x, y) = (digits_at(&a, at), digits_at(&b, at));
            let is_inside_number = (a[at] == '0' || b[at] == '0') && has_number_before(&a, at);
            let by_value = if is_inside_number { x.len().cmp(&y.len()) } else { value(x).cmp(&value(y)) };
            by_value.then(x.len().cmp(&y.len())).then(a[at].cmp(&b[at]))
        }
    }
}

fn digits_at(text: &[char], at: usize) -> &[char] {
    let len = text[at..].iter().take_while(|c| c.is_ascii_digit()).count();
    &text[at..at + len]
}

fn value(digits: &[char]) -> u64 {
    digits
        .iter()
        .fold(0u64, |sum, c| sum.wrapping_mul(10).wrapping_add(u64::from(c.to_digit(10).unwrap_or(0))))
}

fn has_number_before(text: &[char], at: usize) -> bool {
    text[..at].iter().rev().take_while(|c| c.is_ascii_digit()).any(|c| *c != '0')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{parse_documents, to_string};
    use super::*;

    #[test]
    fn floats_are_written_as_go_writes_them() {
        let table = [
            (1.5, "1.5"),
            (1e-8, "1e-08"),
            (1234567.5, "1.2345675e+06"),
            (0.0001, "0.0001"),
            (1e21, "1e+21"),
        ];
        for (float, text) in table {
            assert_eq!(to_string(&json!(float)), format!("{text}\n"));
        }
    }

    #[test]
    fn keys_stand_in_natural_order() {
        let mut keys = ["a10", "a2", "b", "a-b", "a/b", "ab", "a", "A", "1"];
        keys.sort_by(|a, b| natural_order(a, b));
        assert_eq!(keys, ["1", "A", "a", "a-b", "a/b", "a2", "a10", "ab", "b"]);
    }

    #[test]
    fn collections_nest_as_kubectl_nests_them() {
        let value = json!({"cf": [1, [2, {"a": "b", "c": []}], [], {}], "e": {"f": {}}});
        let text = "cf:\n- 1\n- - 2\n  - a: b\n    c: []\n- []\n- {}\ne:\n  f: {}\n";
        assert_eq!(to_string(&value), text);
    }

    #[test]
    fn a_key_too_long_for_one_line_is_still_read_back() {
        let value = json!({"k".repeat(200): {"a": 1}, "s": "x"});
        assert_eq!(parse_documents(&to_string(&value)).unwrap()[0].value, value);
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_back(text in "[ -~\n\té☃\u{1f600}\u{85}]{0,40}", key in "[ -~\n:#'\"]{0,12}") {
            let value = json!({key: [text.clone(), {"n": text}]});
            let written = to_string(&value);
            let read = parse_documents(&written).map_err(|e| proptest::test_runner::TestCaseError::fail(format!("{e}\n{written}")))?;
            proptest::prop_assert_eq!(&read[0].value, &value, "{}", written);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "[-:a\\[\\]{}&*!|>'\"%@ \n\t0-9#,?<]{0,60}") {
            let _ = parse_documents(&text);
        }
    }
}
