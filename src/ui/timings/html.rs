use std::fmt::{self, Display, Formatter, Write};

use crate::ui::text::{logged, plain};

/// A text on the page, whoever has said it: on one line, without control characters, and no markup.
pub(super) struct Text<'a>(pub(super) &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        escape(&plain(self.0), f)
    }
}

/// The same for a text that has lines.
pub(super) struct Lines<'a>(pub(super) &'a str);

impl Display for Lines<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (number, line) in self.0.trim_end().lines().enumerate() {
            if number > 0 {
                f.write_char('\n')?;
            }
            escape(&logged(line), f)?;
        }
        Ok(())
    }
}

/// For contents of elements and for attributes in quotes.
fn escape(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    for c in text.chars() {
        match c {
            '&' => f.write_str("&amp;")?,
            '<' => f.write_str("&lt;")?,
            '>' => f.write_str("&gt;")?,
            '"' => f.write_str("&quot;")?,
            '\'' => f.write_str("&#39;")?,
            // They would turn the order of what is beside them.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => f.write_char('\u{fffd}')?,
            c => f.write_char(c)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cluster_says_is_no_markup() {
        let table = [
            (
                "<script>alert('a' & \"b\")</script>",
                "&lt;script&gt;alert(&#39;a&#39; &amp; &quot;b&quot;)&lt;/script&gt;",
            ),
            ("two\nlines\u{1b}[31m red\u{7}", "two lines red"),
            ("a\u{202e}b", "a\u{fffd}b"),
        ];
        for (text, expected) in table {
            assert_eq!(Text(text).to_string(), expected);
        }
        assert_eq!(Lines("a:\n  <b>\n").to_string(), "a:\n  &lt;b&gt;");
    }
}
