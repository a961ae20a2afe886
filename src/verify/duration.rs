use std::time::Duration;

/// Reads a time as Go and protobuf write it: `30s`, `1m30s`, `0.500s`, `250ms`. None for anything else.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let unit = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            "us" | "µs" => 0.000_001,
            "ns" => 0.000_000_001,
            _ => return None,
        };
        sum += Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
        rest = after;
    }
    (!text.is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_istio_and_envoy_write_them() {
        let cases = [
            ("30s", Some(30_000)),
            ("0s", Some(0)),
            ("0.500s", Some(500)),
            ("250ms", Some(250)),
            ("1m30s", Some(90_000)),
            ("1h0m0s", Some(3_600_000)),
            ("", None),
            ("30", None),
            ("s", None),
            ("1 s", None),
        ];
        for (text, millis) in cases {
            assert_eq!(duration(text), millis.map(Duration::from_millis), "{text}");
        }
    }
}
