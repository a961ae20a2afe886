use std::path::Path;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use futures::StreamExt;
use reqwest::{Client, Response, StatusCode, header};
use tokio::io::{AsyncWriteExt, BufWriter};
use url::Url;

use super::digest::Hasher;
use super::error::shown;
use super::{Archive, Digest, ReleaseError};

/// The bounds of a download. There is none on its whole duration: a slow line that still moves is
/// no failure.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest silence that is taken for a working connection.
    pub quiet: Duration,
    /// How often a request is tried again after what may pass: a lost connection, 429 or 5xx.
    pub retries: usize,
    /// The wait before the first retry; it doubles from there, up to `longest_wait`.
    pub first_wait: Duration,
    /// The longest wait, also where the server's Retry-After asks for more.
    pub longest_wait: Duration,
    /// The size in bytes that an archive may have; the full one of 1.18.0 has 27 MB.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            quiet: Duration::from_secs(30),
            retries: 5,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
            bytes: 512 * 1024 * 1024,
        }
    }
}

/// What there is to tell while a release is obtained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Another run is filling the cache.
    Waiting,
    /// A request is about to be sent; the first attempt is 1.
    Started { url: String, attempt: usize },
    /// Bytes of the archive so far in this attempt; the total where the server said it.
    Received { received: u64, total: Option<u64> },
    /// An attempt failed, and the next starts after `wait`.
    Retrying { why: String, wait: Duration },
    /// A source has failed for good, and the next one is asked.
    Elsewhere { why: String },
    /// The archive is proven and being unpacked.
    Unpacking,
}

/// Sets up a client: proxies from the environment, no decompression (the digest is one of the
/// bytes on the wire), and an end to every silence.
pub(super) fn client(limits: &Limits) -> Result<Client, ReleaseError> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // It fails only if another thread was faster, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    Client::builder()
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.quiet)
        .build()
        .map_err(ReleaseError::Client)
}

/// What was fetched and proven.
#[derive(Debug)]
pub(super) struct Fetched {
    /// Who had it.
    pub(super) url: Url,
    pub(super) bytes: u64,
}

/// Streams the archive to `partial` and proves it: on success the file there is the pinned one;
/// after a wrong digest there is no file. Its sources are tried in turn; where there are several,
/// the error is what each of them said.
///
/// Memory stays within a few hundred kilobytes. Cancel-safe: dropping the future leaves at most
/// the file at `partial`.
pub(super) async fn fetch(
    client: &Client,
    archive: &Archive,
    partial: &Path,
    limits: &Limits,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Fetched, ReleaseError> {
    let (sha256, mut failures) = (archive.sha256, Vec::new());
    let mut sources = archive.urls.iter().peekable();
    while let Some(url) = sources.next() {
        match fetch_from(client, url, sha256, partial, limits, progress).await {
            Ok(bytes) => return Ok(Fetched { url: url.clone(), bytes }),
            // Another source would meet the same folder.
            Err(error @ ReleaseError::Cache { .. }) => return Err(error),
            Err(error) => {
                if sources.peek().is_some() {
                    progress(Progress::Elsewhere { why: error.in_short() });
                }
                failures.push(error);
            }
        }
    }
    match failures.pop() {
        None => Err(ReleaseError::NoSource { sha256 }),
        Some(only) if failures.is_empty() => Err(only),
        Some(last) => {
            failures.push(last);
            Err(ReleaseError::NoneHasIt { sha256, failures })
        }
    }
}

async fn fetch_from(
    client: &Client,
    url: &Url,
    sha256: Digest,
    partial: &Path,
    limits: &Limits,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<u64, ReleaseError> {
    let mut attempt = 0;
    let try_once = || {
        attempt += 1;
        progress(Progress::Started { url: shown(url), attempt });
        fetch_once(client, url, sha256, partial, limits, progress)
    };
    let backoff = ExponentialBuilder::default()
        .with_min_delay(limits.first_wait)
        .with_max_delay(limits.longest_wait)
        .with_max_times(limits.retries)
        .with_jitter();
    try_once
        .retry(backoff)
        .when(ReleaseError::is_transient)
        .adjust(|error, wait| {
            // None means that the retries are used up; that is not the server's to change.
            wait.map(|wait| error.retry_after().map_or(wait, |asked| asked.min(limits.longest_wait)))
        })
        .notify(|error, wait| progress(Progress::Retrying { why: error.in_short(), wait }))
        .await
}

async fn fetch_once(
    client: &Client,
    url: &Url,
    sha256: Digest,
    partial: &Path,
    limits: &Limits,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<u64, ReleaseError> {
    let response = request(client, url, limits).await?;
    let (actual, bytes) = save(response, url, partial, limits, progress).await?;
    if actual == sha256 {
        return Ok(bytes);
    }
    fs_err::remove_file(partial).map_err(|source| cache_error(partial, source))?;
    Err(ReleaseError::WrongDigest { url: shown(url), expected: sha256, actual, bytes })
}

async fn request(client: &Client, url: &Url, limits: &Limits) -> Result<Response, ReleaseError> {
    let answer = tokio::time::timeout(limits.quiet, client.get(url.clone()).send()).await;
    let response = answer
        .map_err(|_| ReleaseError::Stalled { url: shown(url), received: 0, quiet: limits.quiet })?
        .map_err(|source| unreachable(url, source))?;
    match response.status() {
        StatusCode::OK => Ok(response),
        status => Err(ReleaseError::Refused {
            url: shown(url),
            status,
            retry_after: retry_after(response.headers()),
        }),
    }
}

async fn save(
    response: Response,
    url: &Url,
    partial: &Path,
    limits: &Limits,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<(Digest, u64), ReleaseError> {
    let total = response.content_length();
    let too_large = || ReleaseError::TooLarge { url: shown(url), limit: limits.bytes };
    if total.is_some_and(|total| total > limits.bytes) {
        return Err(too_large());
    }
    let in_cache = |source| cache_error(partial, source);
    let file = tokio::fs::File::create(partial).await.map_err(in_cache)?;
    let mut file = BufWriter::with_capacity(256 * 1024, file);
    let mut hasher = Hasher::default();
    let mut body = response.bytes_stream();
    loop {
        let next = tokio::time::timeout(limits.quiet, body.next()).await.map_err(|_| {
            ReleaseError::Stalled { url: shown(url), received: hasher.bytes(), quiet: limits.quiet }
        })?;
        let Some(chunk) = next.transpose().map_err(|source| unreachable(url, source))? else {
            break;
        };
        hasher.update(&chunk);
        if hasher.bytes() > limits.bytes {
            return Err(too_large());
        }
        file.write_all(&chunk).await.map_err(in_cache)?;
        progress(Progress::Received { received: hasher.bytes(), total });
    }
    file.flush().await.map_err(in_cache)?;
    Ok(hasher.finish())
}

/// Retry-After in its seconds form; the date form is rare, and the usual backoff serves there.
fn retry_after(headers: &header::HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn unreachable(url: &Url, source: reqwest::Error) -> ReleaseError {
    // The variant names the URL already.
    ReleaseError::Unreachable { url: shown(url), source: source.without_url() }
}

fn cache_error(path: &Path, source: std::io::Error) -> ReleaseError {
    ReleaseError::Cache { path: path.to_owned(), source }
}
