use std::time::Duration;

use super::error::Mistake;
use super::shape::Shape;
use super::sheet::Field;

pub(super) const TIME: &str = "a time above zero, written like 90s, 2m or 1h30m";
pub(super) const SHAPE: Shape = Shape::text("^(?=.*[1-9])([0-9]+h)?([0-9]+m)?([0-9]+s)?$");

/// Reads a time such as `90s`, `5m` or `1h30m`.
pub(super) fn read(field: Field<'_>) -> Option<Duration> {
    let text = field.value.as_str();
    if let Some(duration) = text.and_then(parse) {
        return Some(duration);
    }
    let write = meant(field.value).map(written);
    field.refuse(Mistake::Time { found: field.shown(), write })
}

/// A text that is no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time is written as 90s, 5m or 1h30m")]
pub struct NotATime;

/// A time as a profile has it, from elsewhere: `90s`, `5m`, `1h30m`.
///
/// # Errors
/// [`NotATime`] for anything else, also for none at all.
pub fn duration(text: &str) -> Result<Duration, NotATime> {
    parse(text).ok_or(NotATime)
}

/// Hours, minutes and seconds, in this order, each at most once and not all zero.
fn parse(text: &str) -> Option<Duration> {
    let (mut rest, mut seconds) = (text, 0_u64);
    for (unit, unit_seconds) in [('h', 3600), ('m', 60), ('s', 1)] {
        if let Some((number, after)) = rest.split_once(unit) {
            let is_number = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
            let number = is_number.then(|| number.parse::<u64>().ok())??;
            seconds = seconds.checked_add(number.checked_mul(unit_seconds)?)?;
            rest = after;
        }
    }
    (rest.is_empty() && seconds > 0).then(|| Duration::from_secs(seconds))
}

/// What was most likely meant: a bare number by its seconds, words (`2 minutes`, `PT2M`) by what they say.
fn meant(value: &serde_json::Value) -> Option<u64> {
    let seconds = match value.as_str() {
        Some(text) => match text.trim().parse::<u64>() {
            Ok(seconds) => seconds,
            Err(_) => text.trim().parse::<jiff::SignedDuration>().ok()?.as_secs().try_into().ok()?,
        },
        None => value.as_u64()?,
    };
    (seconds > 0).then_some(seconds)
}

/// As short as it can be written.
fn written(seconds: u64) -> String {
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    match seconds {
        // Nobody writes 90 and means 1m30s.
        0..120 => format!("{seconds}s"),
        _ => parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_hours_minutes_and_seconds_in_this_order() {
        let table = [
            ("30s", Some(30)),
            ("5m", Some(300)),
            ("1h", Some(3600)),
            ("1m30s", Some(90)),
            ("1h0m1s", Some(3601)),
            ("90m", Some(5400)),
            ("", None),
            ("s", None),
            ("0s", None),
            ("90", None),
            ("-1s", None),
            ("+1s", None),
            ("1.5m", None),
            ("30s1m", None),
            ("1m1m", None),
            ("1m ", None),
            ("2 minutes", None),
            ("99999999999999999999s", None),
            ("18446744073709551615h", None),
        ];
        for (text, seconds) in table {
            assert_eq!(parse(text), seconds.map(Duration::from_secs), "{text:?}");
        }
    }

    #[test]
    fn what_was_meant_is_written_so_that_it_reads_back() {
        let table = [
            ("90", "90s"),
            ("2 minutes", "2m"),
            ("1 hour, 30 min", "1h30m"),
            ("1.5m", "90s"),
            ("PT3M", "3m"),
        ];
        for (text, expected) in table {
            let written = meant(&text.into()).map(written);
            assert_eq!(written.as_deref(), Some(expected), "{text:?}");
            assert!(parse(expected).is_some(), "{expected:?}");
        }
        assert_eq!(meant(&90.into()).map(written).as_deref(), Some("90s"));
        for nothing in ["soon", "0", "-5m", ""] {
            assert_eq!(meant(&nothing.into()), None, "{nothing:?}");
        }
    }
}
