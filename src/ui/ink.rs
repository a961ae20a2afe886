//! Colours and marks: which this output can show.

use std::env;

use owo_colors::{OwoColorize, Style};

use super::ColorChoice;

/// What an output can show. The same words come out with or without.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ink {
    colored: bool,
    pub(super) marks: &'static Marks,
}

/// The signs beside the words.
#[derive(Debug)]
pub(super) struct Marks {
    pub(super) done: &'static str,
    pub(super) failed: &'static str,
    pub(super) attention: &'static str,
    pub(super) dot: &'static str,
    pub(super) ellipsis: &'static str,
    pub(super) filled: &'static str,
    pub(super) empty: &'static str,
    pub(super) spinner: &'static [&'static str],
}

pub(super) const UNICODE: Marks = Marks {
    done: "✓",
    failed: "✗",
    attention: "!",
    dot: "·",
    ellipsis: "…",
    filled: "━",
    empty: "─",
    spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
};

pub(super) const ASCII: Marks = Marks {
    done: "+",
    failed: "x",
    attention: "!",
    dot: "-",
    ellipsis: "...",
    filled: "#",
    empty: ".",
    spinner: &["|", "/", "-", "\\"],
};

impl Ink {
    pub(super) const fn new(colored: bool, marks: &'static Marks) -> Self {
        Self { colored, marks }
    }

    /// For stdout, where it is a terminal.
    pub(super) fn for_terminal(color: ColorChoice) -> Self {
        Self::for_stream(color, &std::io::stdout())
    }

    pub(super) fn for_stderr(color: ColorChoice) -> Self {
        Self::for_stream(color, &std::io::stderr())
    }

    /// For a log, even on a CI's terminal: colours only where they are asked for.
    pub(super) fn for_log(color: ColorChoice) -> Self {
        // To anstream, a buffer is an output that is no terminal.
        Self::for_stream(color, &Vec::<u8>::new())
    }

    fn for_stream(color: ColorChoice, stream: &impl anstream::stream::RawStream) -> Self {
        let colored = match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never,
        };
        let variable = |name| env::var(name).unwrap_or_default();
        let utf8 = is_utf8(&["LC_ALL", "LC_CTYPE", "LANG"].map(variable));
        Self::new(colored, if utf8 { &UNICODE } else { &ASCII })
    }

    pub(super) fn good(&self, text: &str) -> String {
        self.paint(text, Style::new().green())
    }

    pub(super) fn bad(&self, text: &str) -> String {
        self.paint(text, Style::new().red().bold())
    }

    /// Of a diff, what would be no longer: as red as what is bad, but nothing to shout about.
    pub(super) fn gone(&self, text: &str) -> String {
        self.paint(text, Style::new().red())
    }

    pub(super) fn attention(&self, text: &str) -> String {
        self.paint(text, Style::new().yellow())
    }

    pub(super) fn busy(&self, text: &str) -> String {
        self.paint(text, Style::new().cyan())
    }

    pub(super) fn strong(&self, text: &str) -> String {
        self.paint(text, Style::new().bold())
    }

    pub(super) fn faint(&self, text: &str) -> String {
        self.paint(text, Style::new().dimmed())
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.colored && !text.is_empty() { text.style(style).to_string() } else { text.to_owned() }
    }
}

/// Whether the locale's characters are UTF-8: the first of LC_ALL, LC_CTYPE and LANG that is set decides
/// (POSIX, Base Definitions 8.2).
fn is_utf8(locale: &[String]) -> bool {
    locale.iter().find(|value| !value.is_empty()).is_some_and(|value| {
        let value = value.to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::is_utf8;

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        let table = [
            (["", "", "en_US.UTF-8"], true),
            (["", "", "de_DE.utf8"], true),
            (["C.UTF-8", "", "C"], true),
            (["C", "", "en_US.UTF-8"], false),
            (["", "POSIX", "en_US.UTF-8"], false),
            (["", "", "de_DE.ISO-8859-1"], false),
            (["", "", ""], false),
        ];
        for (locale, utf8) in table {
            assert_eq!(is_utf8(&locale.map(str::to_owned)), utf8, "{locale:?}");
        }
    }
}
