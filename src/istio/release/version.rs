/// Whether a text is a version in full: `1.18.0`, and also `1.18-alpha.697f4ff`, for the third part is where builds
/// of one's own differ. It can stand in the name of a file and in a URL.
pub fn is_version(text: &str) -> bool {
    let is_numeric = |part: &str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
    let is_safe = text.bytes().all(|c| c.is_ascii_alphanumeric() || b".-+".contains(&c));
    let mut parts = text.splitn(3, ['.', '-']);
    is_safe
        && parts.next().is_some_and(is_numeric)
        && parts.next().is_some_and(is_numeric)
        && parts.next().is_some_and(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::is_version;

    #[test]
    fn a_version_has_two_numbers_and_something_behind_them() {
        for version in ["1.18.0", "1.18.0-rc.1", "1.31-alpha.eed52ebb", "1.20.3+build"] {
            assert!(is_version(version), "{version}");
        }
        for other in
            ["", "1", "1.18", "1.18.", "v1.18.0", "latest", "../1.18.0", "1..0", "1.18.0 ", "1.18.0/x"]
        {
            assert!(!is_version(other), "{other}");
        }
    }
}
