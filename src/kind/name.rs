use std::fmt;
use std::str::FromStr;

/// What a cluster of kind's is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterName(String);

/// A word that kind would not take, or would take for an option.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "kind's clusters are called with lower-case letters, digits, dots and hyphens, a letter or digit first, {LONGEST} at most"
)]
pub struct NotAName;

/// Beyond it kind warns: the names of nodes are longer, and are host names.
const LONGEST: usize = 50;

impl ClusterName {
    /// The name where none is given. Not kind's own `kind`, which may be somebody's playground.
    pub const DEFAULT: &str = "kubestock";

    /// What kind calls its context in a kubeconfig.
    pub fn context(&self) -> String {
        format!("kind-{}", self.0)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClusterName {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        // `pkg/internal/apis/config/validate.go` of kind: validNameRE.
        let is_right = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
        let is_begun = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if !is_begun || text.len() > LONGEST || !text.chars().all(is_right) {
            return Err(NotAName);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_kind_takes_and_no_option() {
        let table = [
            ("kubestock", true),
            ("my-shop.2", true),
            ("Shop", false),
            ("", false),
            ("-n", false),
            ("a b", false),
            ("../x", false),
            (&"x".repeat(50), true),
            (&"x".repeat(51), false),
        ];
        for (name, expected) in table {
            assert_eq!(name.parse::<ClusterName>().is_ok(), expected, "{name}");
        }
    }
}
