//! The grammar is that of Helm's `strvals`, and so is what a word means; `tests/profiles/strvals.jsonl` holds what
//! Helm makes of many arguments. This one refuses what Helm drops without a word, takes `{}` for an empty list,
//! and lets an item of a list be called by its name: `layers[staging]`.

use serde_json::Value;

/// As many names in each other as Helm allows.
const STEPS: usize = 31;

/// A value and where it goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Assignment<'t> {
    /// At least one, and the first is a key.
    pub(super) steps: Vec<Step>,
    pub(super) value: Value,
    /// As written.
    pub(super) text: &'t str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
    /// The item of a list that has this `name`.
    Name(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typing {
    /// Booleans, null and integers are what they look like.
    Guessed,
    Text,
}

/// An argument that cannot be read. What a variant names is as written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    #[error("`{name}` has no value; write `{name}=VALUE`")]
    NoValue { name: String },
    #[error("a name is missing{}", behind(before))]
    NoName { before: String },
    #[error("`{name}` has no closing bracket")]
    OpenBracket { name: String },
    #[error("`{name}` says no item; write its number, from 0, or its name")]
    NoItem { name: String },
    #[error("`{found}` stands behind `{name}`, where `=`, a dot or a bracket may stand")]
    BehindBracket { name: String, found: char },
    #[error("the list of `{name}` has no closing brace")]
    OpenList { name: String },
    #[error("`{found}` stands behind the list of `{name}`, where a comma may stand")]
    BehindList { name: String, found: char },
    #[error("the backslash at the end escapes nothing; write two for a backslash")]
    Dangling,
    #[error("`{name}` has more than {STEPS} names in each other")]
    Deep { name: String },
}

fn behind(before: &str) -> String {
    if before.is_empty() { String::new() } else { format!(" behind `{before}`") }
}

/// What an argument says, in its order.
pub(super) fn parse(text: &str, typing: Typing) -> Result<Vec<Assignment<'_>>, SetError> {
    let mut parser = Parser { text, at: 0, typing };
    let mut assignments = Vec::new();
    while parser.at < text.len() {
        assignments.push(parser.assignment()?);
    }
    Ok(assignments)
}

struct Parser<'t> {
    text: &'t str,
    /// In bytes.
    at: usize,
    typing: Typing,
}

impl<'t> Parser<'t> {
    /// With the comma behind it.
    fn assignment(&mut self) -> Result<Assignment<'t>, SetError> {
        let start = self.at;
        let steps = self.steps()?;
        let name = &self.text[start..self.at - "=".len()];
        let value = if self.take('{') { self.list(name)? } else { self.typing.value(self.until(",")?) };
        let text = &self.text[start..self.at];
        match self.next() {
            None | Some(',') => Ok(Assignment { steps, value, text }),
            Some(found) => Err(SetError::BehindList { name: name.to_owned(), found }),
        }
    }

    /// A name, with the `=` behind it.
    fn steps(&mut self) -> Result<Vec<Step>, SetError> {
        let start = self.at;
        let mut steps = Vec::new();
        loop {
            let before = &self.text[start..self.at];
            let key = self.until("=[.,")?;
            if key.is_empty() {
                return Err(SetError::NoName { before: before.to_owned() });
            }
            steps.push(Step::Key(key));
            while self.take('[') {
                steps.push(self.bracket(start)?);
            }
            let name = self.text[start..self.at].to_owned();
            match self.next() {
                _ if steps.len() > STEPS => return Err(SetError::Deep { name }),
                Some('=') => return Ok(steps),
                Some('.') => {}
                None | Some(',') => return Err(SetError::NoValue { name }),
                Some(found) => return Err(SetError::BehindBracket { name, found }),
            }
        }
    }

    /// What stands in a bracket, with the closing one.
    fn bracket(&mut self, start: usize) -> Result<Step, SetError> {
        let item = self.until("]")?;
        let is_closed = self.take(']');
        let name = self.text[start..self.at].to_owned();
        let looks_like_a_number = item.trim_start_matches('-').bytes().all(|c| c.is_ascii_digit());
        match item.parse() {
            _ if !is_closed => Err(SetError::OpenBracket { name }),
            Ok(index) => Ok(Step::Index(index)),
            Err(_) if looks_like_a_number => Err(SetError::NoItem { name }),
            Err(_) => Ok(Step::Name(item)),
        }
    }

    /// What stands in braces, with the closing one.
    fn list(&mut self, name: &str) -> Result<Value, SetError> {
        if self.take('}') {
            return Ok(Value::Array(Vec::new()));
        }
        let mut items = Vec::new();
        loop {
            items.push(self.typing.value(self.until(",}")?));
            match self.next() {
                Some(',') => {}
                Some(_) => return Ok(Value::Array(items)),
                None => return Err(SetError::OpenList { name: name.to_owned() }),
            }
        }
    }

    /// The text up to one of these, or to the end; a backslash takes the meaning from what follows it.
    fn until(&mut self, stops: &str) -> Result<String, SetError> {
        let mut text = String::new();
        while let Some(c) = self.peek().filter(|c| !stops.contains(*c)) {
            self.at += c.len_utf8();
            text.push(if c == '\\' { self.next().ok_or(SetError::Dangling)? } else { c });
        }
        Ok(text)
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn take(&mut self, expected: char) -> bool {
        let is_next = self.peek() == Some(expected);
        self.at += if is_next { expected.len_utf8() } else { 0 };
        is_next
    }
}

impl Typing {
    fn value(self, word: String) -> Value {
        if self == Self::Text {
            return Value::String(word);
        }
        match word.to_ascii_lowercase().as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            "0" => Value::from(0),
            // Nobody means an octal number.
            _ if word.starts_with('0') => Value::String(word),
            _ => word.parse::<i64>().map_or(Value::String(word), Value::from),
        }
    }
}
