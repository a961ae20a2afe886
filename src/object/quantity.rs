//! Amounts of resources.

use std::cmp::Ordering;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Mul, Sub};
use std::str::FromStr;

use serde_json::Value;

/// An amount of a resource: `500m`, `1.5Gi`, `2e3`. Exact, as in Kubernetes
/// (k8s.io/apimachinery, pkg/api/resource): no floating-point number is anywhere on its way.
///
/// What is finer than a nano is rounded up, and what is larger than 2^63-1 is cut to that, as there. Of more than
/// 18 decimals, the rest is rounded up. No crate serves: `kube_quantity` reads numbers by way of f64.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quantity {
    nanos: i128,
    format: Format,
}

/// How it was written, and is written again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Format {
    /// `12M` is 12 * 10^6.
    #[default]
    Decimal,
    /// `12Mi` is 12 * 2^20.
    Binary,
    /// `12e6`
    Exponent,
}

/// A text that is no quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no quantity: write one like 500m, 2, 64Mi or 1Gi")]
pub struct NotAQuantity(pub String);

/// Nanos in one.
const NANO: i128 = 1_000_000_000;
const MOST: i128 = i64::MAX as i128 * NANO;

const BINARY: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];
const DECIMAL: [(&str, i64); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

impl Quantity {
    pub const ZERO: Self = Self { nanos: 0, format: Format::Decimal };

    /// So many whole ones.
    pub const fn of(count: u32) -> Self {
        Self { nanos: count as i128 * NANO, format: Format::Decimal }
    }

    /// As a field holds it: a text, or a number that somebody wrote without quotes.
    pub fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.to_string().parse().ok(),
            _ => None,
        }
    }

    pub fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// How often `part` fits, whole times; 0 where either is not more than nothing.
    pub fn times(self, part: Self) -> u64 {
        let times = if part.nanos > 0 { self.nanos / part.nanos } else { 0 };
        u64::try_from(times).unwrap_or_default()
    }

    /// Whether it is more than `times` times `part`, which is more than nothing.
    pub fn is_more_than(self, times: Self, part: Self) -> bool {
        let (Some(whole), Some(rest)) =
            (self.nanos.checked_div(part.nanos), self.nanos.checked_rem(part.nanos))
        else {
            return false;
        };
        // In nanos, as `times` is; neither product overflows.
        let ratio = whole * NANO + rest * NANO / part.nanos;
        let is_cut = rest * NANO % part.nanos != 0;
        ratio > times.nanos || (ratio == times.nanos && is_cut)
    }

    fn with(self, nanos: i128) -> Self {
        Self { nanos: nanos.clamp(-MOST, MOST), ..self }
    }
}

impl FromStr for Quantity {
    type Err = NotAQuantity;

    fn from_str(text: &str) -> Result<Self, NotAQuantity> {
        read(text).ok_or_else(|| NotAQuantity(text.to_owned()))
    }
}

fn read(text: &str) -> Option<Quantity> {
    let is_negative = text.starts_with('-');
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    // Without a digit it is nothing: `.` and `Mi` are 0 to Kubernetes, and so they are here.
    if text.is_empty() || decimals.contains('.') {
        return None;
    }
    let (format, twos, tens) = scale(suffix)?;
    let nanos = nanos(&format!("{whole}{decimals}"), whole.len() as i64 + tens, twos);
    let nanos = if is_negative { -nanos } else { nanos };
    Some(Quantity { nanos, format })
}

/// A suffix as its format, its power of two and its power of ten.
fn scale(suffix: &str) -> Option<(Format, u32, i64)> {
    if let Some((_, power)) = BINARY.iter().find(|(known, _)| *known == suffix) {
        return Some((Format::Binary, *power, 0));
    }
    if let Some((_, power)) = DECIMAL.iter().find(|(known, _)| *known == suffix) {
        return Some((Format::Decimal, 0, *power));
    }
    let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((Format::Exponent, 0, exponent.into()))
}

/// The number with these digits and its point before digit `point`, times `2^twos`, in nanos.
fn nanos(digits: &str, point: i64, twos: u32) -> i128 {
    /// So many decimals are looked at; with so many digits before them, more is too much in any case.
    const DECIMALS: i64 = 18;
    const DIGITS: i64 = 19;
    let significant = digits.trim_start_matches('0');
    let point = point - (digits.len() - significant.len()) as i64;
    if significant.is_empty() {
        return 0;
    }
    if point > DIGITS {
        return MOST;
    }
    let kept = usize::try_from(point + DECIMALS).unwrap_or(0).min(significant.len());
    let (kept, rest) = significant.split_at(kept);
    let decimals = kept.len() as i64 - point;
    let is_cut = rest.bytes().any(|digit| digit != b'0');
    if kept.is_empty() {
        return 1; // Much less than a nano, and more than nothing.
    }
    // 37 digits at most, which a u128 holds.
    let number: u128 = kept.parse().unwrap_or(u128::MAX);
    // In nanos that is number * 2^twos * 10^(9 - decimals), of which powers of two are cancelled first.
    let tens = 9 - decimals;
    let (up, down) = match u32::try_from(tens) {
        Ok(tens) => (10_u128.checked_pow(tens).and_then(|up| up.checked_mul(1 << twos)), 1),
        Err(_) => {
            let fives = tens.unsigned_abs() as u32;
            let cancelled = fives.min(twos);
            (Some(1 << (twos - cancelled)), 5_u128.pow(fives) << (fives - cancelled))
        }
    };
    let Some(product) = up.and_then(|up| number.checked_mul(up)) else { return MOST };
    let rounded = product.div_ceil(down) + u128::from(is_cut && product % down == 0);
    i128::try_from(rounded).map_or(MOST, |nanos| nanos.min(MOST))
}

impl fmt::Display for Quantity {
    /// In canonical form: no decimals, nothing lost, and the largest suffix that allows that.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_small = self.nanos.abs() < 1024 * NANO;
        match self.format {
            _ if self.is_zero() => f.write_str("0"),
            Format::Binary if !is_small && self.nanos % NANO == 0 => {
                let (number, times) = divided(self.nanos / NANO, 1024, BINARY.len());
                write!(f, "{number}{}", times.checked_sub(1).map_or("", |power| BINARY[power].0))
            }
            Format::Exponent => {
                let (number, times) = divided(self.nanos, 1000, DECIMAL.len() - 1);
                match DECIMAL[times].1 {
                    0 => write!(f, "{number}"),
                    exponent => write!(f, "{number}e{exponent}"),
                }
            }
            Format::Decimal | Format::Binary => {
                let (number, times) = divided(self.nanos, 1000, DECIMAL.len() - 1);
                write!(f, "{number}{}", DECIMAL[times].0)
            }
        }
    }
}

/// Divides as long as nothing is lost, and says how often that was.
fn divided(mut number: i128, by: i128, most: usize) -> (i128, usize) {
    let mut times = 0;
    while times < most && number % by == 0 {
        number /= by;
        times += 1;
    }
    (number, times)
}

impl PartialEq for Quantity {
    /// `1` is `1000m`.
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl Add for Quantity {
    type Output = Self;

    /// Written as the first of them, or as the other where that is nothing.
    fn add(self, other: Self) -> Self {
        let written = if self.is_zero() { other } else { self };
        written.with(self.nanos + other.nanos)
    }
}

impl Sub for Quantity {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + other.with(-other.nanos)
    }
}

impl Mul<u32> for Quantity {
    type Output = Self;

    fn mul(self, times: u32) -> Self {
        self.with(self.nanos.saturating_mul(times.into()))
    }
}

impl Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn q(text: &str) -> Quantity {
        text.parse().unwrap()
    }

    /// What ParseQuantity and String of apimachinery 0.33.4 make of each text: `text canonical`, or `text !`
    /// where they refuse it. Their own tests' cases (quantity_test.go) and more at the edges.
    const RECORDED: &str = include_str!("quantity_recorded.txt");

    #[test]
    fn quantities_are_read_and_written_as_kubernetes_does() {
        let mut count = 0;
        for line in RECORDED.lines().filter(|line| !line.starts_with('#')) {
            let (text, expected) = line.split_once('\t').unwrap();
            let read = text.parse::<Quantity>().map_or("!".to_owned(), |quantity| quantity.to_string());
            assert_eq!(read, expected, "`{text}`");
            count += 1;
        }
        assert!(count > 300, "{count}");
    }

    #[test]
    fn a_field_may_hold_a_number_without_quotes() {
        let table = [(json!(2), Some("2")), (json!(0.1), Some("100m")), (json!("1Gi"), Some("1Gi"))];
        for (value, expected) in table {
            assert_eq!(Quantity::read(&value).map(|q| q.to_string()).as_deref(), expected);
        }
        assert_eq!(Quantity::read(&json!(true)), None);
    }

    #[test]
    fn sums_keep_the_form_of_the_first() {
        let table = [
            (q("500m") + q("1"), "1500m"),
            (q("1Gi") + q("512Mi"), "1536Mi"),
            (q("0") + q("64Mi"), "64Mi"),
            (q("64Mi") + q("1M"), "68108864"),
            (q("2") - q("500m"), "1500m"),
            (q("650m") * 12, "7800m"),
            (["100m", "150m"].map(q).into_iter().sum(), "250m"),
            (q("9E") + q("9E"), "9223372036854775807"),
        ];
        for (sum, expected) in table {
            assert_eq!(sum.to_string(), expected);
        }
    }

    #[test]
    fn quantities_are_compared_by_what_they_are() {
        assert_eq!(q("1"), q("1000m"));
        assert_eq!(q("1Ki"), q("1.024e3"));
        assert!(q("1G") < q("1Gi") && q("-1") < q("1n"));
        let ratios = [("2", "2", "1", false), ("2001m", "2", "1", true), ("1", "3", "333333333n", true)];
        for (all, times, part, expected) in ratios {
            assert_eq!(q(all).is_more_than(q(times), q(part)), expected, "{all} and {times} times {part}");
        }
        let times = [("8", "2150m", 3), ("8", "0", 0), ("-1", "1", 0), ("1Gi", "64Mi", 16)];
        for (all, part, expected) in times {
            assert_eq!(q(all).times(q(part)), expected, "{part} in {all}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same(
            nanos in -MOST..=MOST,
            format in prop_oneof![Just(Format::Decimal), Just(Format::Binary), Just(Format::Exponent)],
            zeros in 0_u32..28,
        ) {
            // Round numbers are what people write.
            let quantity = Quantity { nanos: nanos / 10_i128.pow(zeros) * 10_i128.pow(zeros), format };
            let written = quantity.to_string();
            let read: Quantity = written.parse().unwrap();
            prop_assert_eq!(read, quantity);
            // What is no whole number of a binary unit is written in decimal, and is decimal from then on.
            prop_assert!(format == Format::Binary || read.to_string() == written);
        }

        #[test]
        fn sums_are_exact(a in -1_000_000_000_000_i64..1_000_000_000_000, b in -1_000_000_000_000_i64..1_000_000_000_000) {
            let sum = q(&format!("{a}n")) + q(&format!("{b}n"));
            prop_assert_eq!(sum, q(&format!("{}n", a + b)));
            prop_assert_eq!(sum - q(&format!("{b}n")), q(&format!("{a}n")));
        }

        #[test]
        fn nothing_that_is_written_breaks_the_reader(text in "[+-]?[0-9.]{0,60}[eEinumkKMGTP]{0,3}[-+]?[0-9]{0,12}") {
            let _ = text.parse::<Quantity>();
        }
    }
}
