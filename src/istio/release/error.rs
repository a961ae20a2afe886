use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::StatusCode;
use url::Url;

use super::download::WrongRedirect;
use super::{Addon, Digest, Flavour, Platform, UnsafeArchive, UnsafeEntry, files, tls};
use crate::istio::yaml::UnreadableYaml;

/// Why there is no proven release to use.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    #[error("Istio publishes no archive for {os} on {arch}")]
    UnsupportedPlatform { os: String, arch: String },

    #[error("no digest is known of the {flavour} archive of Istio {version} for {platform}")]
    NoArchive { version: String, flavour: Flavour, platform: Platform },

    /// What each source said, in the order in which they were asked; never just one.
    #[error("no source has the archive with SHA-256 {sha256}")]
    NoneHasIt { sha256: Digest, failures: Vec<ReleaseError> },

    #[error("the cache has no {}, and nothing is to be fetched (--offline)", .0.file)]
    Offline(Box<Lacking>),

    #[error("`{base}` cannot be the folder of a release")]
    WrongBase { base: String, source: url::ParseError },

    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),

    #[error("{url} cannot be fetched")]
    Unreachable { url: String, source: reqwest::Error },

    #[error("{url} redirects {why}")]
    Redirected { url: String, why: WrongRedirect },

    /// It answers, but not with a way to the server.
    #[error("{url} cannot be reached: the proxy {}", proxy(*wants_password))]
    Proxy { url: String, wants_password: bool },

    #[error("{url} {}", tls::words(why))]
    Tls { url: String, why: rustls::Error },

    #[error("{url} answers {status}{}", asked_for(*retry_after))]
    Refused { url: String, status: StatusCode, retry_after: Option<Duration> },

    /// `arrived` of the bytes came in the time at whose end the line was given up.
    #[error("{url} sent {} in {} s{}", little(*arrived), quiet.as_secs_f32(), after(*received))]
    Stalled { url: String, received: u64, arrived: u64, quiet: Duration },

    #[error("{url} broke off after {received} {}", of_total(*total))]
    Cut { url: String, received: u64, total: Option<u64>, source: Option<reqwest::Error> },

    #[error("{url} is larger than the {limit} bytes that an Istio release may have")]
    TooLarge { url: String, limit: u64 },

    #[error(
        "{url} has SHA-256 {actual} ({bytes} bytes), not {expected}{}",
        if *is_page { "; it is a web page" } else { "" }
    )]
    WrongDigest { url: String, expected: Digest, actual: Digest, bytes: u64, is_page: bool },

    #[error("the archive from {url} is not a gzip-compressed tar file that can be read")]
    Unreadable { url: String, source: io::Error },

    #[error("the archive from {url} holds `{entry}`, {why}")]
    UnsafeEntry { url: String, entry: String, why: UnsafeEntry },

    #[error("the archive from {url} {why}")]
    UnsafeArchive { url: String, why: UnsafeArchive },

    #[error("the archive from {url} has no `{file}`")]
    Missing { url: String, file: String },

    #[error("the cache at {} cannot be used", path.display())]
    Cache { path: PathBuf, source: io::Error },

    /// What is missing and what is free, in bytes, where it is known.
    #[error("there is no room at {}: {}", path.display(), room(*needed, *free))]
    NoRoom { path: PathBuf, needed: Option<u64>, free: Option<u64> },

    #[error("{} has SHA-256 {actual}, not the {expected} that was unpacked", path.display())]
    Tampered { path: PathBuf, expected: Digest, actual: Digest },

    #[error("the addon {0} was not unpacked from this release")]
    NoSuchAddon(Addon),

    #[error("{} cannot be read as Kubernetes objects", path.display())]
    NotObjects { path: PathBuf, source: UnreadableYaml },
}

/// An archive that the cache lacks, and what would mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// The archive's name in a release.
    pub file: String,
    pub sha256: Digest,
    /// Who has it.
    pub urls: Vec<String>,
    /// Where it is looked for.
    pub place: PathBuf,
    /// What cannot be used of what is there.
    pub wrong: Vec<String>,
}

/// A URL as it may be shown: it may carry a password, or a signature.
pub(super) fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    // Both fail only for a URL that can carry neither.
    let _ = shown.set_password(None);
    let _ = shown.set_username("");
    // What signs a URL stands in its query.
    if shown.query().is_some() {
        shown.set_query(Some("..."));
    }
    shown.into()
}

impl ReleaseError {
    /// Why no answer came from there.
    pub(super) fn unreachable(url: &Url, source: reqwest::Error) -> Self {
        let url = shown(url);
        if let Some(why) = chain(&source).find_map(|cause| cause.downcast_ref::<WrongRedirect>()) {
            return Self::Redirected { url, why: *why };
        }
        if let Some(why) = chain(&source).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            return Self::Tls { url, why: why.clone() };
        }
        if let Some(wants_password) = chain(&source).find_map(refused_by_proxy) {
            return Self::Proxy { url, wants_password };
        }
        // The variant names the URL already.
        Self::Unreachable { url, source: source.without_url() }
    }

    /// Why a file of the cache cannot be used.
    pub(super) fn cache(path: &Path, source: io::Error) -> Self {
        Self::Cache { path: path.to_owned(), source }
    }

    /// Whether the same request may well succeed a moment later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refused { status, .. } => {
                let passing = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
                status.is_server_error() || passing.contains(status)
            }
            // A wrong URL stays so.
            Self::Unreachable { source, .. } => !source.is_builder(),
            // A proxy says no more than that it could not; the server behind it may be down for a moment.
            Self::Proxy { wants_password, .. } => !wants_password,
            Self::Stalled { .. } | Self::Cut { .. } => true,
            _ => false,
        }
    }

    /// Whether it is about this machine's disk, and no source can help.
    pub(super) fn is_of_the_cache(&self) -> bool {
        matches!(self, Self::Cache { .. } | Self::NoRoom { .. })
    }

    /// The same, or where it is that the disk is full, that: `needed` more bytes were to be written.
    pub(super) fn or_no_room(self, needed: Option<u64>) -> Self {
        match self {
            Self::Cache { path, .. } if self.is_full_disk() => {
                let free = files::free(&path);
                Self::NoRoom { path, needed, free }
            }
            other => other,
        }
    }

    pub(super) fn is_full_disk(&self) -> bool {
        let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
        matches!(self, Self::Cache { source, .. } if full.contains(&source.kind()))
    }

    /// With the cause at the bottom of it; what is between says the same in other words.
    pub(super) fn in_short(&self) -> String {
        let root = self.source().and_then(|cause| chain(cause).last());
        root.map_or_else(|| self.to_string(), |root| format!("{self}: {root}"))
    }

    /// How long the server asked to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// An error and all that it comes from. An `io::Error` hides what it wraps from `source`, so that is looked
/// into as well.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// Whether this is a proxy's refusal of a tunnel, and one for want of a password. The HTTP library has a type
/// for it that it does not show, so its words must do.
fn refused_by_proxy(error: &(dyn Error + 'static)) -> Option<bool> {
    match error.to_string().as_str() {
        "tunnel error: proxy authorization required" => Some(true),
        "tunnel error: unsuccessful" => Some(false),
        _ => None,
    }
}

fn proxy(wants_password: bool) -> &'static str {
    if wants_password { "wants a user and a password" } else { "does not lead there" }
}

fn asked_for(retry_after: Option<Duration>) -> String {
    retry_after.map(|asked| format!(", and asks to come back in {} s", asked.as_secs())).unwrap_or_default()
}

fn little(arrived: u64) -> String {
    if arrived == 0 { "nothing".to_owned() } else { format!("no more than {arrived} bytes") }
}

fn after(received: u64) -> String {
    if received == 0 { String::new() } else { format!(", after {received} bytes") }
}

fn of_total(total: Option<u64>) -> String {
    total.map_or_else(|| "bytes".to_owned(), |total| format!("of {total} bytes"))
}

fn room(needed: Option<u64>, free: Option<u64>) -> String {
    match (needed, free) {
        (Some(needed), Some(free)) => format!("{needed} more bytes are needed, and {free} are free"),
        (Some(needed), None) => format!("{needed} more bytes are needed"),
        (None, Some(free)) => format!("{free} bytes are free"),
        (None, None) => "the disk is full".to_owned(),
    }
}
