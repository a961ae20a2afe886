//! What a plain (unquoted) word means. The rules are those of the Go package that kubectl uses
//! (sigs.k8s.io/yaml, goyaml.v2 and v3): a first character that rules most words out, a table of names,
//! then integers in Go's notation, then decimal floats.

use serde_json::{Number, Value};

use super::Dialect;

/// The value of a plain scalar; None for a number that JSON has no notation for (`.inf`, `.nan`).
pub(super) fn resolve(word: &str, dialect: Dialect) -> Option<Value> {
    let first = word.bytes().next();
    let may_be_named = matches!(first, None | Some(b'~' | b'.' | b'+' | b'-'))
        || first.is_some_and(|c| b"yYnNtTfFoO".contains(&c));
    if may_be_named && let Some(named) = named(word, dialect) {
        return named;
    }
    match first {
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') => {}
        _ => return Some(Value::String(word.to_owned())),
    }
    if is_date(word) {
        return Some(Value::String(match dialect {
            Dialect::Apply => word.to_owned(),
            Dialect::Kustomize => date_as_timestamp(word),
        }));
    }
    Some(number(word).unwrap_or_else(|| Value::String(word.to_owned())))
}

/// Whether a string would be read back as something else if it were written without quotes.
pub(super) fn needs_quotes(text: &str) -> bool {
    is_timestamp(text) || is_base_60(text) || !matches!(resolve(text, Dialect::Apply), Some(Value::String(_)))
}

/// The words that stand for a boolean, null or a number without digits.
fn named(word: &str, dialect: Dialect) -> Option<Option<Value>> {
    Some(Some(match word {
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf"
        | "-.Inf" | "-.INF" => return Some(None),
        _ if dialect == Dialect::Kustomize => return None,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Value::Bool(false),
        _ => return None,
    }))
}

fn number(word: &str) -> Option<Value> {
    if word.starts_with('.') {
        return float(word);
    }
    let plain = word.replace('_', "");
    integer(&plain).map(Value::Number).or_else(|| float(&plain))
}

/// An integer in Go's notation with base 0: `0x`, `0o` or a bare `0` for octal, `0b`.
fn integer(plain: &str) -> Option<Number> {
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, plain.strip_prefix('+').unwrap_or(plain)),
    };
    let prefix = digits.get(..2).map(str::to_ascii_lowercase);
    let (radix, digits) = match prefix.as_deref() {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        Some(other) if other.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None; // Rust would take a second sign.
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    match negative {
        false => Some(magnitude.into()),
        true => 0i64.checked_sub_unsigned(magnitude).map(Number::from),
    }
}

/// A decimal float. One without a fraction is an integer to JSON, so `1.0` is 1, as kubectl sends it.
fn float(plain: &str) -> Option<Value> {
    let is_decimal = plain.bytes().all(|c| matches!(c, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    let value: f64 = plain.parse().ok().filter(|value: &f64| is_decimal && value.is_finite())?;
    let is_whole = value.fract() == 0.0 && value.abs() < 9e15;
    let number = if is_whole { Number::from(value as i64) } else { Number::from_f64(value)? };
    Some(Value::Number(number))
}

/// `2006-1-2`.
fn is_date(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let in_range = |text: &str, max: u8| {
        let is_short = matches!(text.len(), 1 | 2) && text.bytes().all(|c| c.is_ascii_digit());
        is_short && text.parse::<u8>().is_ok_and(|n| (1..=max).contains(&n))
    };
    let [year, month, day] = parts[..] else { return false };
    year.len() == 4 && year.bytes().all(|c| c.is_ascii_digit()) && in_range(month, 12) && in_range(day, 31)
}

/// `2006-1-2`, or with a time: `2006-1-2T15:4:5Z`, `2006-1-2 15:4:5.9`.
fn is_timestamp(text: &str) -> bool {
    let Some(at) = text.find(['T', 't', ' ']) else { return is_date(text) };
    let (date, time) = (&text[..at], &text[at + 1..]);
    let is_zone = |zone: &str| match zone.strip_prefix(['+', '-']) {
        Some(offset) => offset.len() == 5 && is_clock(offset, &[24, 60]),
        None => zone == "Z",
    };
    let zone = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let is_time = is_clock(clock, &[24, 60, 60]) && fraction.bytes().all(|c| c.is_ascii_digit());
    let has_space = text[at..].starts_with(' ');
    is_date(date)
        && is_time
        && !fraction.is_empty()
        && if has_space { zone.is_empty() } else { is_zone(zone) }
}

/// Numbers of one or two digits with colons between them, each below its limit.
fn is_clock(text: &str, limits: &[u8]) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let is_below = |(part, limit): (&&str, &u8)| {
        let is_short = matches!(part.len(), 1 | 2) && part.bytes().all(|c| c.is_ascii_digit());
        is_short && part.parse::<u8>().is_ok_and(|number| number < *limit)
    };
    parts.len() == limits.len() && parts.iter().zip(limits).all(is_below)
}

/// kustomize reads a date into Go's time.Time, which JSON writes in full.
fn date_as_timestamp(date: &str) -> String {
    let parts: Vec<&str> = date.split('-').collect();
    match parts[..] {
        [year, month, day] => format!("{year}-{month:0>2}-{day:0>2}T00:00:00Z"),
        _ => date.to_owned(),
    }
}

/// `12:30:45`, a number to YAML 1.1. Nobody reads it as one any more, but it is still quoted when written.
fn is_base_60(text: &str) -> bool {
    let mut parts = text.trim_start_matches(['+', '-']).split(':');
    let is_number = |part: &str| part.bytes().all(|c| c.is_ascii_digit() || c == b'_');
    let leads =
        parts.next().is_some_and(|part| part.starts_with(|c: char| c.is_ascii_digit()) && is_number(part));
    let rest: Vec<&str> = parts.collect();
    let is_sixtieth = |part: &&str| {
        let whole = part.split('.').next().unwrap_or_default();
        matches!(whole.len(), 1 | 2) && whole.parse::<u8>().is_ok_and(|n| n < 60)
    };
    leads && !rest.is_empty() && rest.iter().all(is_sixtieth)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_would_be_read_back_as_something_else_needs_quotes() {
        let table = [
            ("2001-1-2", true),
            ("2001-12-14t21:59:43.10-05:00", true),
            ("2001-12-14T1:2:3Z", true),
            ("2001-12-14 21:59:43.10", true),
            ("2001-12-14 21:59:43.10 -5", false),
            ("2001-12-14T21:59:43", false),
            ("2001-12-14 noon", false),
            ("12:30:45", true),
            ("12:75", false),
            ("yes", true),
            ("word", false),
        ];
        for (text, expected) in table {
            assert_eq!(needs_quotes(text), expected, "{text}");
        }
    }

    #[test]
    fn words_mean_what_kubectl_takes_them_for() {
        // Recorded from `kubectl patch --local` (apply) and `kubectl kustomize`, v1.32.
        let table = [
            ("yes", json!(true), json!("yes")),
            ("off", json!(false), json!("off")),
            ("y", json!(true), json!("y")),
            ("True", json!(true), json!(true)),
            ("nULL", json!("nULL"), json!("nULL")),
            ("~", json!(null), json!(null)),
            ("", json!(null), json!(null)),
            ("0644", json!(420), json!(420)),
            ("089", json!(89), json!(89)),
            ("1_000", json!(1000), json!(1000)),
            ("0x1F", json!(31), json!(31)),
            ("0o17", json!(15), json!(15)),
            ("0b11", json!(3), json!(3)),
            ("-0", json!(0), json!(0)),
            ("+1", json!(1), json!(1)),
            ("1e3", json!(1000), json!(1000)),
            ("1.0", json!(1), json!(1)),
            ("1.50", json!(1.5), json!(1.5)),
            (".5", json!(0.5), json!(0.5)),
            ("12345678901234567890", json!(12345678901234567890u64), json!(12345678901234567890u64)),
            ("1e400", json!("1e400"), json!("1e400")),
            ("2001-01-01", json!("2001-01-01"), json!("2001-01-01T00:00:00Z")),
            ("1.2.3", json!("1.2.3"), json!("1.2.3")),
            ("500m", json!("500m"), json!("500m")),
            ("12:30:45", json!("12:30:45"), json!("12:30:45")),
            ("--1", json!("--1"), json!("--1")),
            ("-", json!("-"), json!("-")),
            (".", json!("."), json!(".")),
            ("infinity", json!("infinity"), json!("infinity")),
        ];
        for (word, apply, kustomize) in table {
            assert_eq!(resolve(word, Dialect::Apply), Some(apply), "{word:?} to apply");
            assert_eq!(resolve(word, Dialect::Kustomize), Some(kustomize), "{word:?} to kustomize");
        }
        assert_eq!(resolve(".inf", Dialect::Apply), None);
    }
}
