use std::fmt;
use std::str::FromStr;

/// The SHA-256 of an image's manifest, or of the index of its manifests: `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageDigest(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the digest of an image: `sha256:` and 64 hexadecimal digits in small letters")]
pub struct NotAnImageDigest(String);

impl FromStr for ImageDigest {
    type Err = NotAnImageDigest;

    fn from_str(text: &str) -> Result<Self, NotAnImageDigest> {
        let is_hex = |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
        match text.strip_prefix("sha256:") {
            Some(hex) if hex.len() == 64 && hex.bytes().all(is_hex) => Ok(Self(text.to_owned())),
            _ => Err(NotAnImageDigest(text.to_owned())),
        }
    }
}

impl fmt::Display for ImageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
