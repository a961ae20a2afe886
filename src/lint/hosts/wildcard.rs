/// Whether two hosts have names in common, where `*` and `*.example.com` stand for many
/// (`pkg/config/host/name.go`, Matches).
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    match (one.strip_prefix('*'), other.strip_prefix('*')) {
        (None, None) => one.eq_ignore_ascii_case(other),
        (Some(suffix), None) => ends_in(other, suffix),
        (None, Some(suffix)) => ends_in(one, suffix),
        (Some(one), Some(other)) => ends_in(one, other) || ends_in(other, one),
    }
}

fn ends_in(name: &str, suffix: &str) -> bool {
    name.to_ascii_lowercase().ends_with(&suffix.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn a_star_stands_for_everything_before_it() {
        let table = [
            ("shop.example.com", "shop.example.com", true),
            ("shop.example.com", "Shop.Example.com", true),
            ("shop.example.com", "api.example.com", false),
            ("*", "shop.example.com", true),
            ("*.example.com", "shop.example.com", true),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "*.shop.example.com", true),
            ("*.example.com", "*.example.org", false),
            ("*", "*.example.com", true),
        ];
        for (one, other, expected) in table {
            assert_eq!(overlap(one, other), expected, "{one} {other}");
            assert_eq!(overlap(other, one), expected, "{other} {one}");
        }
    }
}
