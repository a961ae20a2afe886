/// A resource quantity as a number: `500m`, `1.5Gi`, `2e3` (k8s.io/apimachinery, pkg/api/resource).
pub(super) fn quantity(text: &str) -> Option<f64> {
    const SUFFIXES: [(&str, f64); 15] = [
        ("Ki", 1024.0),
        ("Mi", 1048576.0),
        ("Gi", 1073741824.0),
        ("Ti", 1099511627776.0),
        ("Pi", 1125899906842624.0),
        ("Ei", 1152921504606846976.0),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
        ("E", 1e18),
    ];
    let suffix = SUFFIXES.iter().find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, factor)));
    let (digits, factor) = suffix.unwrap_or((text, &1.0));
    digits.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_writes_them() {
        let table = [
            ("2", Some(2.0)),
            ("500m", Some(0.5)),
            ("1.5Gi", Some(1610612736.0)),
            ("1k", Some(1000.0)),
            ("2e3", Some(2000.0)),
            ("1E", Some(1e18)),
            ("", None),
            ("m", None),
            ("many", None),
            ("inf", None),
        ];
        for (text, expected) in table {
            assert_eq!(quantity(text), expected, "{text}");
        }
    }
}
