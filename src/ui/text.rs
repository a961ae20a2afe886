//! Text that fits: what comes from a cluster may be long, of many lines, or hold control characters.

use std::fmt::Write;
use std::time::Duration;

use console::{measure_text_width, strip_ansi_codes, truncate_str};

/// One line without control characters, whatever a server or a container said.
pub(super) fn plain(text: &str) -> String {
    let text = strip_ansi_codes(text);
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// A logged line: its own spaces stay, its control characters do not.
pub(super) fn logged(text: &str) -> String {
    let text = strip_ansi_codes(text).replace('\t', "    ");
    text.trim_end().chars().filter(|c| !c.is_control()).collect()
}

/// Cut to `width` columns, with an ellipsis where something is missing.
pub(super) fn fit(text: &str, width: usize, ellipsis: &str) -> String {
    truncate_str(text, width, ellipsis).into_owned()
}

/// Broken between words so that no line is wider than `width` columns; lines after the first begin with
/// `indent`. A word that is too long for a line of its own is broken where the line ends: nothing is lost.
pub(super) fn wrap(text: &str, width: usize, indent: &str) -> String {
    let words = text.trim_start_matches(' ');
    let mut wrapped = text[..text.len() - words.len()].to_owned();
    let margin = measure_text_width(indent);
    let mut column = measure_text_width(&wrapped);
    let mut gap = "";
    for word in words.split(' ') {
        let long = measure_text_width(word);
        if column + gap.len() + long > width && margin + long <= width {
            wrapped.push('\n');
            wrapped.push_str(indent);
            column = margin;
        } else {
            wrapped.push_str(gap);
            column += gap.len();
        }
        gap = " ";
        if column + long <= width {
            wrapped.push_str(word);
            column += long;
            continue;
        }
        for letter in word.chars() {
            let wide = measure_text_width(letter.encode_utf8(&mut [0; 4]));
            if column + wide > width && column > margin {
                wrapped.push('\n');
                wrapped.push_str(indent);
                column = margin;
            }
            wrapped.push(letter);
            column += wide;
        }
    }
    wrapped
}

/// `12.3s`, `1m 32s`, `1h 02m`: for what has ended.
pub(super) fn took(duration: Duration) -> String {
    if duration < Duration::from_millis(59_950) {
        return format!("{:.1}s", duration.as_secs_f64());
    }
    since(duration)
}

/// `12s`, `1m 32s`, `1h 02m`: for what goes on, in steps that do not flicker.
pub(super) fn since(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        seconds => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `25.1 MB`, in decimal units as servers and browsers count.
pub(super) fn bytes(count: u64) -> String {
    let mut text = String::new();
    let mut amount = count as f64;
    let mut units = ["B", "kB", "MB", "GB"].iter().peekable();
    while let Some(unit) = units.next() {
        if amount < 999.95 || units.peek().is_none() {
            let digits = usize::from(*unit != "B");
            let _ = write!(text, "{amount:.digits$} {unit}");
            break;
        }
        amount /= 1000.0;
    }
    text
}

/// `5.2 of 25.1 MB`, or `0.9 kB of 25.1 MB`.
pub(super) fn bytes_of(count: u64, total: u64) -> String {
    let (count, total) = (bytes(count), bytes(total));
    match (count.split_once(' '), total.split_once(' ')) {
        (Some((amount, unit)), Some((_, same))) if unit == same => format!("{amount} of {total}"),
        _ => format!("{count} of {total}"),
    }
}

/// `1 object`, `51 objects`.
pub(super) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_grow_coarser_with_length() {
        let table = [
            (0, "0.0s", "0s"),
            (12_340, "12.3s", "12s"),
            (59_940, "59.9s", "59s"),
            (60_000, "1m 00s", "1m 00s"),
            (92_400, "1m 32s", "1m 32s"),
            (3_720_000, "1h 02m", "1h 02m"),
        ];
        for (millis, ended, running) in table {
            let duration = Duration::from_millis(millis);
            assert_eq!((took(duration).as_str(), since(duration).as_str()), (ended, running));
        }
    }

    #[test]
    fn bytes_are_counted_in_decimal_units() {
        let table =
            [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (999_960, "1.0 MB"), (25_149_000, "25.1 MB")];
        for (count, text) in table {
            assert_eq!(bytes(count), text);
        }
        assert_eq!(bytes(5_000_000_000_000), "5000.0 GB");
    }

    #[test]
    fn a_unit_is_not_said_twice() {
        assert_eq!(bytes_of(5_200_000, 25_149_000), "5.2 of 25.1 MB");
        assert_eq!(bytes_of(900, 25_149_000), "900 B of 25.1 MB");
    }

    #[test]
    fn a_cut_text_keeps_to_its_columns_in_wide_letters_and_colours_too() {
        for text in ["ms-product: pulling image", "在庫管理サービス", "\u{1b}[31mred and long\u{1b}[0m"]
        {
            assert!(measure_text_width(&fit(text, 10, "…")) <= 10, "{text}");
        }
        assert_eq!(fit("short", 10, "…"), "short");
    }

    #[test]
    fn a_wrapped_text_loses_nothing() {
        let text =
            "exceeded quota: kubestock-quota, requested: limits.cpu=2 averyveryverylongwordwithoutanyspace";
        let wrapped = wrap(text, 20, "  ");
        assert!(wrapped.lines().all(|line| measure_text_width(line) <= 20), "{wrapped}");
        let squeezed = |text: &str| text.replace([' ', '\n'], "");
        assert_eq!(squeezed(&wrapped), squeezed(text));
        assert_eq!(
            wrap("  x Deployment/ms-product: gone", 14, "    "),
            "  x Deployment\n    /ms-produc\n    t: gone"
        );
    }

    #[test]
    fn what_a_cluster_says_cannot_steer_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\r\n\tc\u{7}  d"), "ab c d");
        assert_eq!(logged("  at main\u{8}\u{1b}[0m \n"), "  at main");
    }
}
