use std::fmt;
use std::str::FromStr;

use super::Reference;
use super::reference::{is_host, is_path};

/// A place that holds copies of images: a host, and a path below it where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    host: String,
    path: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotARegistry {
    #[error("`{text}` has a scheme; the names of images have none: write `{without}`")]
    Scheme { text: String, without: String },
    #[error(
        "`{0}` is not HOST or HOST/PATH, such as registry.example.com/mirror; a host has a dot or a port"
    )]
    Other(String),
}

impl Registry {
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The image at the same path below this place, without the host that it had before. What is here already
    /// stays.
    pub fn moved(&self, image: Reference) -> Reference {
        if self.holds(&image) {
            return image;
        }
        let path = self.below(image.path());
        image.moved_to(&self.host, path)
    }

    pub fn holds(&self, image: &Reference) -> bool {
        let is_below =
            |path: &String| image.path().strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        image.host() == self.host && self.path.as_ref().is_none_or(is_below)
    }

    fn below(&self, path: &str) -> String {
        self.path.iter().map(String::as_str).chain([path]).collect::<Vec<_>>().join("/")
    }
}

impl FromStr for Registry {
    type Err = NotARegistry;

    fn from_str(text: &str) -> Result<Self, NotARegistry> {
        if let Some((_, without)) = text.split_once("://") {
            return Err(NotARegistry::Scheme { text: text.to_owned(), without: without.to_owned() });
        }
        let trimmed = text.strip_suffix('/').unwrap_or(text);
        let (host, path) = match trimmed.split_once('/') {
            Some((host, path)) => (host, Some(path)),
            None => (trimmed, None),
        };
        if !is_host(host) || !path.is_none_or(is_path) {
            return Err(NotARegistry::Other(text.to_owned()));
        }
        Ok(Self { host: host.to_owned(), path: path.map(str::to_owned) })
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        self.path.as_ref().map_or(Ok(()), |path| write!(f, "/{path}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_keeps_its_path_tag_and_digest_and_gives_up_its_host() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let pinned = format!("quay.io/kiali/kiali:v1.67@{digest}");
        let cases = [
            ("r.test/m", "busybox", "r.test/m/library/busybox:latest"),
            ("r.test/m/", "istio/proxyv2:1.18.0", "r.test/m/istio/proxyv2:1.18.0"),
            ("r.test:5000", "quay.io/kiali/kiali:v1.67", "r.test:5000/kiali/kiali:v1.67"),
            ("r.test/m", &pinned, &format!("r.test/m/kiali/kiali:v1.67@{digest}")),
            ("r.test/m", "r.test/m/istio/pilot:1", "r.test/m/istio/pilot:1"),
            ("r.test", "r.test/m/istio/pilot:1", "r.test/m/istio/pilot:1"),
            ("r.test/m", "r.test/more/app:1", "r.test/m/more/app:1"),
            ("docker.io/me", "istio/pilot:1", "docker.io/me/istio/pilot:1"),
        ];
        for (registry, image, moved) in cases {
            let registry: Registry = registry.parse().unwrap();
            let once = registry.moved(image.parse().unwrap());
            assert_eq!(once.to_string(), moved);
            assert_eq!(registry.moved(once.clone()), once, "twice is once");
        }
    }

    #[test]
    fn what_is_no_place_is_told_what_one_is() {
        let cases = [
            (
                "https://r.test/m",
                "`https://r.test/m` has a scheme; the names of images have none: write `r.test/m`",
            ),
            (
                "mirror/istio",
                "`mirror/istio` is not HOST or HOST/PATH, such as registry.example.com/mirror; a host has a dot or a port",
            ),
        ];
        for (text, told) in cases {
            assert_eq!(text.parse::<Registry>().unwrap_err().to_string(), told);
        }
        for text in ["", "/", "r.test/Mirror", "r.test/m:1", "r.test//m"] {
            assert!(text.parse::<Registry>().is_err(), "{text}");
        }
    }
}
