use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{self, HeaderName};

/// How long the server asks to be left alone: Retry-After in seconds or as a date (RFC 9110, 10.2.3).
/// A date is read by the server's own clock, where it tells its time.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = httpdate::parse_http_date(text).ok()?;
    let now = date(headers, header::DATE).unwrap_or_else(SystemTime::now);
    Some(then.duration_since(now).unwrap_or_default())
}

/// What names this very state of a file, for If-Range: a strong entity tag, or where there is no tag at
/// all, a date of change that is a second old when it is told (RFC 9110, 13.1.5 and 8.8.2.2). A weak tag
/// may stay the same when bytes change.
pub(super) fn validator(headers: &HeaderMap) -> Option<String> {
    if let Some(tag) = headers.get(header::ETAG) {
        return tag.to_str().ok().filter(|tag| tag.starts_with('"')).map(str::to_owned);
    }
    let changed = date(headers, header::LAST_MODIFIED)?;
    let told = date(headers, header::DATE)?;
    let is_old = told.duration_since(changed).is_ok_and(|age| age >= Duration::from_secs(1));
    is_old.then(|| httpdate::fmt_http_date(changed))
}

/// The part of a file that an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Its first byte, counted from 0.
    pub(super) start: u64,
    /// The size of the whole file in bytes, where the server knows it.
    pub(super) total: Option<u64>,
}

/// What `Content-Range: bytes 500-999/1000` says; None where it says nothing that makes sense.
pub(super) fn part(headers: &HeaderMap) -> Option<Part> {
    let text = headers.get(header::CONTENT_RANGE)?.to_str().ok()?.trim().strip_prefix("bytes ")?;
    let (range, total) = text.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let (start, end): (u64, u64) = (start.parse().ok()?, end.parse().ok()?);
    let total = match total {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    (start <= end && total.is_none_or(|total| end < total)).then_some(Part { start, total })
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let header = |(name, value): &(&str, &str)| (name.parse().unwrap(), value.parse().unwrap());
        lines.iter().map(header).collect::<HeaderMap>()
    }

    const DATE: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");

    #[test]
    fn a_wait_is_in_seconds_or_until_a_date_on_the_servers_clock() {
        let table = [
            (vec![], None),
            (vec![("retry-after", "7")], Some(7)),
            (vec![("retry-after", " 7 ")], Some(7)),
            (vec![("retry-after", "soon")], None),
            (vec![("retry-after", "-7")], None),
            (vec![DATE, ("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")], Some(60)),
            (vec![DATE, ("retry-after", "Sunday, 06-Nov-94 08:50:37 GMT")], Some(60)),
            (vec![DATE, ("retry-after", "Sun Nov  6 08:50:37 1994")], Some(60)),
            (vec![DATE, ("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")], Some(0)),
            (vec![("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")], Some(0)),
        ];
        for (lines, seconds) in table {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(retry_after(&headers(&lines)), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_part_says_where_it_begins_and_how_much_there_is() {
        let table = [
            ("bytes 500-999/1000", Some(Part { start: 500, total: Some(1000) })),
            ("bytes 500-899/1000", Some(Part { start: 500, total: Some(1000) })),
            ("bytes 500-999/*", Some(Part { start: 500, total: None })),
            ("bytes 500-1000/1000", None),
            ("bytes 999-500/1000", None),
            ("bytes */1000", None),
            ("lines 500-999/1000", None),
            ("bytes 500-999", None),
            ("bytes -5-999/1000", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(part(&headers(&[("content-range", text)])), expected, "{text}");
        }
    }

    #[test]
    fn a_file_is_named_by_what_changes_with_its_bytes() {
        let changed = ("last-modified", "Sun, 06 Nov 1994 08:00:00 GMT");
        let table = [
            (vec![], None),
            (vec![("etag", "\"a\""), DATE, changed], Some("\"a\"")),
            (vec![("etag", "W/\"a\"")], None),
            (vec![("etag", "W/\"a\""), DATE, changed], None),
            (vec![("etag", "a")], None),
            (vec![DATE, changed], Some("Sun, 06 Nov 1994 08:00:00 GMT")),
            (vec![changed], None),
            (vec![DATE, ("last-modified", DATE.1)], None),
        ];
        for (lines, expected) in table {
            assert_eq!(validator(&headers(&lines)).as_deref(), expected, "{lines:?}");
        }
    }
}
