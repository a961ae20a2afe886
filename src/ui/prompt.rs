//! A question before the run begins.

use std::io::{self, BufRead, IsTerminal, Write};

/// Whether there is somebody to ask: stdin and stderr are both a terminal.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on stderr and reads the answer from stdin. Only `y` or `yes` is a yes: a bare Enter, an end of
/// input and everything else is a no.
///
/// # Errors
/// Where stderr cannot be written or stdin cannot be read.
pub fn confirm(question: &str) -> io::Result<bool> {
    ask(question, &mut io::stderr().lock(), &mut io::stdin().lock())
}

fn ask(question: &str, out: &mut impl Write, answers: &mut impl BufRead) -> io::Result<bool> {
    write!(out, "{question} [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    if answers.read_line(&mut answer)? == 0 {
        // Ctrl-D leaves the cursor behind the question.
        writeln!(out)?;
    }
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::ask;

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        let table =
            [("y\n", true), ("YES\r\n", true), (" yes ", true), ("\n", false), ("", false), ("yep\n", false)];
        for (answer, yes) in table {
            let mut out = Vec::new();
            assert_eq!(ask("Go on?", &mut out, &mut answer.as_bytes()).unwrap(), yes, "{answer:?}");
            assert!(out.starts_with(b"Go on? [y/N] "));
        }
    }
}
