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

/// One archive on its way into the cache.
pub(super) struct Download<'a> {
    pub(super) client: &'a Client,
    pub(super) archive: &'a Archive,
    /// Where the bytes go until they are proven.
    pub(super) partial: &'a Path,
    pub(super) limits: &'a Limits,
    pub(super) progress: &'a (dyn Fn(Progress) + Sync),
}

impl Download<'_> {
    /// Streams the archive to `partial` and proves it: on success the file there is the pinned one;
    /// after a wrong digest there is no file. Its sources are tried in turn; where there are several,
    /// the error is what each of them said.
    ///
    /// Memory stays within a few hundred kilobytes. Cancel-safe: dropping the future leaves at most
    /// the file at `partial`.
    pub(super) async fn fetch(&self) -> Result<Fetched, ReleaseError> {
        let mut failures = Vec::new();
        let mut sources = self.archive.urls.iter().peekable();
        while let Some(url) = sources.next() {
            match self.fetch_from(url).await {
                Ok(bytes) => return Ok(Fetched { url: url.clone(), bytes }),
                // Another source would meet the same folder.
                Err(error @ ReleaseError::Cache { .. }) => return Err(error),
                Err(error) => {
                    if sources.peek().is_some() {
                        (self.progress)(Progress::Elsewhere { why: error.in_short() });
                    }
                    failures.push(error);
                }
            }
        }
        Err(match <[ReleaseError; 1]>::try_from(failures) {
            Ok([only]) => only,
            Err(failures) => ReleaseError::NoneHasIt { sha256: self.archive.sha256, failures },
        })
    }

    /// Asks one source, again where what is in the way may pass. Returns the archive's size in bytes.
    async fn fetch_from(&self, url: &Url) -> Result<u64, ReleaseError> {
        let limits = self.limits;
        let mut attempt = 0;
        let try_once = || {
            attempt += 1;
            (self.progress)(Progress::Started { url: shown(url), attempt });
            self.fetch_once(url)
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
            .notify(|error, wait| (self.progress)(Progress::Retrying { why: error.in_short(), wait }))
            .await
    }

    async fn fetch_once(&self, url: &Url) -> Result<u64, ReleaseError> {
        let (expected, partial) = (self.archive.sha256, self.partial);
        let response = self.request(url).await?;
        let (actual, bytes) = self.save(response, url).await?;
        if actual == expected {
            return Ok(bytes);
        }
        fs_err::remove_file(partial).map_err(|source| cache_error(partial, source))?;
        Err(ReleaseError::WrongDigest { url: shown(url), expected, actual, bytes })
    }

    async fn request(&self, url: &Url) -> Result<Response, ReleaseError> {
        let quiet = self.limits.quiet;
        let answer = tokio::time::timeout(quiet, self.client.get(url.clone()).send()).await;
        let response = answer
            .map_err(|_| ReleaseError::Stalled { url: shown(url), received: 0, quiet })?
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

    async fn save(&self, response: Response, url: &Url) -> Result<(Digest, u64), ReleaseError> {
        let (limits, total) = (self.limits, response.content_length());
        let too_large = || ReleaseError::TooLarge { url: shown(url), limit: limits.bytes };
        if total.is_some_and(|total| total > limits.bytes) {
            return Err(too_large());
        }
        let in_cache = |source| cache_error(self.partial, source);
        let file = tokio::fs::File::create(self.partial).await.map_err(in_cache)?;
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
            (self.progress)(Progress::Received { received: hasher.bytes(), total });
        }
        file.flush().await.map_err(in_cache)?;
        Ok(hasher.finish())
    }
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
