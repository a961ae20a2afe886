//! What becomes of a folded text (`>`) in kustomize. It writes an object as YAML and reads it again before it prints
//! it; its writer (go-yaml) keeps the style, and with lines that are indented further than others it is not exact.

/// The text after it was written as a folded block and read again.
pub(super) fn rewritten(text: &str) -> String {
    let stays = !text.contains('\n') || text.contains(" \n") || text.ends_with(' ') || !is_plain(text);
    if stays { text.to_owned() } else { read(&written(text), text.ends_with("\n\n")) }
}

/// Only text of plain signs is written as a block.
fn is_plain(text: &str) -> bool {
    text.chars().all(|sign| sign == '\n' || !sign.is_control())
}

/// The lines of the block. A line break becomes two, so that it is not taken for a space; but not behind a line that
/// begins with a space, nor anywhere if the whole text does.
fn written(text: &str) -> String {
    let begins_with_space =
        text.trim_start_matches('\n').starts_with([' ', '\t']) || text.trim_matches('\n').is_empty();
    let (mut block, mut is_after_break, mut is_in_indented) = (String::new(), true, true);
    for sign in text.chars() {
        if sign == '\n' {
            if !is_after_break && !is_in_indented && !begins_with_space {
                block.push('\n');
            }
        } else if is_after_break {
            is_in_indented = matches!(sign, ' ' | '\t');
        }
        is_after_break = sign == '\n';
        block.push(sign);
    }
    block
}

/// The text that the lines of a block stand for: a single break between lines that are not indented is a space, and
/// of several one is left out. At the end one stays, or all of them where the block says so.
fn read(block: &str, keeps_end: bool) -> String {
    let content = block.trim_end_matches('\n');
    let breaks = block.len() - content.len();
    let mut text = String::new();
    let mut lines = content.split('\n').peekable();
    let is_indented = |line: &str| line.starts_with([' ', '\t']);
    let mut is_start = true;
    while let Some(line) = lines.next() {
        text.push_str(line);
        let mut count = usize::from(lines.peek().is_some());
        while count > 0 && lines.next_if(|line| line.is_empty()).is_some() {
            count += 1;
        }
        let Some(next) = lines.peek() else { continue };
        is_start &= line.is_empty();
        let folds = !is_start && !is_indented(line) && !is_indented(next);
        match count {
            1 if folds => text.push(' '),
            count => text.extend(std::iter::repeat_n('\n', count - usize::from(folds))),
        }
    }
    text.extend(std::iter::repeat_n('\n', if keeps_end { breaks } else { breaks.min(1) }));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_text_comes_back_as_go_writes_and_reads_it() {
        // Recorded from kyaml's RNode.MarshalJSON.
        let table = [
            ("a\nb c\n", "a\nb c\n"),
            ("a\n\nb", "a\n\nb"),
            ("a\n b\nc\n", "a\n\n b\nc\n"),
            ("\na\n\n b", "\na\n\n\n b"),
            ("\n b\na\na", "\n b\na a"),
            (" a\nb", " a\nb"),
            ("a\n\n", "a\n\n\n"),
            ("a \n b\n", "a \n b\n"),
            ("one line", "one line"),
        ];
        for (text, expected) in table {
            assert_eq!(rewritten(text), expected, "{text:?}");
        }
    }
}
