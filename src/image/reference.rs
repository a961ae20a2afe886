use std::fmt;
use std::str::FromStr;

use super::ImageDigest;

const DOCKER_HUB: &str = "docker.io";

/// What is pulled where neither a tag nor a digest is written.
const LATEST: &str = "latest";

/// An image's name in full, as a kubelet completes it: `busybox` is `docker.io/library/busybox:latest`
/// (`github.com/distribution/reference`, ParseNormalizedNamed).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// With its port, where it has one.
    host: String,
    path: String,
    /// None only where there is a digest.
    tag: Option<String>,
    digest: Option<ImageDigest>,
}

/// A text that no container runtime takes for an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of an image")]
pub struct NotAReference(String);

/// The host of a registry that is written as docker's configuration has it: `https://index.docker.io/v1/`.
pub fn registry_host(written: &str) -> &str {
    let place = place(written);
    match place.split_once('/').map_or(place, |(host, _)| host) {
        "index.docker.io" => "docker.io",
        host => host,
    }
}

/// Without the scheme.
fn place(written: &str) -> &str {
    written.split_once("://").map_or(written, |(_, place)| place).trim_end_matches('/')
}

impl Reference {
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The repository below its host: `library/busybox`.
    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    pub fn digest(&self) -> Option<&ImageDigest> {
        self.digest.as_ref()
    }

    /// Host and path: what all versions of an image share.
    pub fn repository(&self) -> String {
        format!("{}/{}", self.host, self.path)
    }

    /// Whether it is at a place that is written as docker's configuration has it: its host with `*` for parts of it, and
    /// a path that the image's begins with (`pkg/credentialprovider/keyring.go`, URLsMatch).
    pub fn is_at(&self, written: &str) -> bool {
        let path = place(written).split_once('/').map_or("", |(_, path)| path);
        // Docker's own name for its registry ends with the version of an API.
        let path = if matches!(path, "v1" | "v2") { "" } else { path };
        let (mut given, mut asked) = (registry_host(written).split('.'), self.host.split('.'));
        let is_host = loop {
            match (given.next(), asked.next()) {
                (None, None) => break true,
                (Some(given), Some(asked)) if given == "*" || given == asked => {}
                _ => break false,
            }
        };
        is_host && self.path.starts_with(path)
    }

    pub(super) fn moved_to(self, host: &str, path: String) -> Self {
        Self { host: host.to_owned(), path, ..self }
    }

    /// The same image by its digest alone: a tag beside it would say nothing, and not every tool takes both.
    pub fn pinned_to(self, digest: ImageDigest) -> Self {
        Self { tag: None, digest: Some(digest), ..self }
    }

    pub(super) fn without_digest(self) -> Self {
        Self { digest: None, ..self }
    }
}

impl FromStr for Reference {
    type Err = NotAReference;

    fn from_str(text: &str) -> Result<Self, NotAReference> {
        read(text).ok_or_else(|| NotAReference(text.to_owned()))
    }
}

fn read(text: &str) -> Option<Reference> {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest.parse().ok()?)),
        None => (text, None),
    };
    // A colon before the last slash belongs to a port.
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (rest, None),
    };
    let (host, path) = match name.split_once('/') {
        Some((first, path)) if is_host(first) => (first, path.to_owned()),
        Some(_) => (DOCKER_HUB, name.to_owned()),
        None => (DOCKER_HUB, format!("library/{name}")),
    };
    let host = if host == "index.docker.io" { DOCKER_HUB } else { host };
    let is_whole = is_host(host) && is_path(&path) && tag.is_none_or(is_tag) && host.len() + path.len() < 255;
    let tag = tag.or((digest.is_none()).then_some(LATEST)).map(str::to_owned);
    is_whole.then(|| Reference { host: host.to_owned(), path, tag, digest })
}

/// What stands before the first slash is a host where it could not be a part of a path on Docker Hub.
pub(super) fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    let is_label = |label: &str| {
        let is_inner = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
        !label.is_empty() && label.bytes().all(is_inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|c| c.is_ascii_digit());
    let is_recognised = text.contains(['.', ':']) || text == "localhost";
    is_recognised && name.split('.').all(is_label) && port.is_none_or(is_port)
}

/// Parts of small letters and digits, with `.`, `_`, `__` or dashes between them.
pub(super) fn is_path(text: &str) -> bool {
    let is_alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_part = |part: &str| {
        let ends_well = part.starts_with(is_alphanumeric) && part.ends_with(is_alphanumeric);
        let mut between = part.split(is_alphanumeric);
        ends_well
            && between.all(|sign| matches!(sign, "" | "." | "_" | "__") || sign.bytes().all(|c| c == b'-'))
    };
    text.split('/').all(is_part)
}

fn is_tag(text: &str) -> bool {
    let is_inner = |c: u8| c.is_ascii_alphanumeric() || b"_.-".contains(&c);
    (1..=128).contains(&text.len()) && text.bytes().all(is_inner) && !text.starts_with(['.', '-'])
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path)?;
        self.tag.as_ref().map_or(Ok(()), |tag| write!(f, ":{tag}"))?;
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_completed_as_a_kubelet_completes_it() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let cases = [
            ("busybox", "docker.io/library/busybox:latest"),
            ("busybox:1.28", "docker.io/library/busybox:1.28"),
            ("istio/proxyv2:1.18.0", "docker.io/istio/proxyv2:1.18.0"),
            ("index.docker.io/istio/pilot:1", "docker.io/istio/pilot:1"),
            ("quay.io/kiali/kiali:v1.67", "quay.io/kiali/kiali:v1.67"),
            ("localhost/app", "localhost/app:latest"),
            ("localhost:5000/app:2", "localhost:5000/app:2"),
            ("registry:5000/a/b__c/d-e.f", "registry:5000/a/b__c/d-e.f:latest"),
            ("host/app", "docker.io/host/app:latest"),
            ("10.0.0.1:80/a", "10.0.0.1:80/a:latest"),
            (&format!("busybox@{digest}"), &format!("docker.io/library/busybox@{digest}")),
            (&format!("r.io/a:1@{digest}"), &format!("r.io/a:1@{digest}")),
        ];
        for (written, whole) in cases {
            let reference: Reference = written.parse().unwrap();
            assert_eq!(reference.to_string(), whole);
            assert_eq!(whole.parse(), Ok(reference), "the whole name is read as itself");
        }
    }

    #[test]
    fn what_no_runtime_takes_is_refused() {
        let cases = [
            "",
            ":1",
            "a:",
            "a b",
            "UPPER/case",
            "a//b",
            "/a",
            "a/",
            "a..b",
            "-a",
            "a:-1",
            "https://r.io/a",
            "{{ image }}",
            "a@sha256:abc",
            "a@md5:00",
            "r.io:x/a",
            "r.io/",
            "a:1:2",
        ];
        for written in cases {
            assert_eq!(written.parse::<Reference>(), Err(NotAReference(written.to_owned())));
        }
    }
}
