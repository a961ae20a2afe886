//! An archive on its way from a server to a file, proven by its digest.

mod headers;
mod limits;
mod pace;
mod partial;
mod request;

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures::StreamExt;
use reqwest::Client;
use reqwest::header;
use tokio::time::timeout_at;
use url::Url;

use super::error::shown;
use super::{Digest, ReleaseError, files};
use headers::Part;
pub use limits::Limits;
use pace::Pace;
use partial::Appending;
pub(super) use partial::Partial;
pub use request::WrongRedirect;
pub(super) use request::client;
use request::{Answer, ask};

/// How often a source is asked again that others stand behind.
const RETRIES_BEFORE_ANOTHER: usize = 2;

/// What there is to tell while a release is obtained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Another run is filling the cache, the one of this process where it is known.
    Waiting { holder: Option<u32> },
    /// A request is about to be sent; the first attempt is 1.
    Started { url: String, attempt: usize },
    /// The server sends what is missing behind the bytes that are here already.
    Resumed { bytes: u64, total: Option<u64> },
    /// Bytes of the archive so far; the total where the server said it.
    Received { received: u64, total: Option<u64> },
    /// An attempt failed, and the next starts after `wait`.
    Retrying { why: String, wait: Duration },
    /// What was put together from several answers is not the archive; it is fetched once more, from zero.
    StartedOver { why: String },
    /// A source has failed for good, and the next one is asked; `wrong_file` where it has another file
    /// under the archive's name.
    Elsewhere { why: String, wrong_file: bool },
    /// The archive is proven and being unpacked.
    Unpacking,
}

/// One archive, and how it is fetched.
pub(super) struct Download<'a> {
    pub(super) client: &'a Client,
    pub(super) sha256: Digest,
    pub(super) limits: &'a Limits,
    pub(super) progress: &'a (dyn Fn(Progress) + Sync),
}

impl Download<'_> {
    /// Streams the archive to the partial file and proves it: on success the file there is the pinned
    /// one. What is there already is not fetched again. The sources are tried in turn, and the one that
    /// had it is returned; where there are several, the error is what each of them said.
    ///
    /// Memory stays within a few megabytes. Cancel-safe: dropping the future leaves at most the partial
    /// file, which the next run goes on with.
    pub(super) async fn fetch(&self, urls: &[Url], partial: &mut Partial) -> Result<Url, ReleaseError> {
        let mut failures = Vec::new();
        let mut sources = urls.iter().peekable();
        while let Some(url) = sources.next() {
            let retries = match sources.peek() {
                Some(_) => self.limits.retries.min(RETRIES_BEFORE_ANOTHER),
                None => self.limits.retries,
            };
            match self.fetch_from(url, retries, partial).await {
                Ok(()) => return Ok(url.clone()),
                // Another source would meet the same folder.
                Err(error) if error.is_of_the_cache() => return Err(error),
                Err(error) => {
                    if sources.peek().is_some() {
                        let wrong_file = matches!(error, ReleaseError::WrongDigest { .. });
                        (self.progress)(Progress::Elsewhere { why: error.in_short(), wrong_file });
                    }
                    failures.push(error);
                }
            }
        }
        Err(match <[ReleaseError; 1]>::try_from(failures) {
            Ok([only]) => only,
            Err(failures) => ReleaseError::NoneHasIt { sha256: self.sha256, failures },
        })
    }

    /// Tries one source until it has given the archive, has given another file, or gives no hope.
    async fn fetch_from(&self, url: &Url, retries: usize, partial: &mut Partial) -> Result<(), ReleaseError> {
        let (mut waits, mut furthest) = (self.waits(retries), partial.bytes());
        let (mut attempt, mut doubted) = (0, false);
        loop {
            attempt += 1;
            (self.progress)(Progress::Started { url: shown(url), attempt });
            let Err(error) = self.attempt(url, partial).await else { return Ok(()) };
            if matches!(error, ReleaseError::WrongDigest { .. }) {
                let mixed = partial.is_mixed();
                partial.empty()?;
                if !mixed || doubted {
                    return Err(error);
                }
                doubted = true;
                (self.progress)(Progress::StartedOver { why: error.in_short() });
                continue;
            }
            if partial.bytes() >= furthest + self.limits.least {
                furthest = partial.bytes();
                waits = self.waits(retries);
            }
            let Some(wait) = self.wait(&error, &mut waits) else { return Err(error) };
            (self.progress)(Progress::Retrying { why: error.in_short(), wait });
            tokio::time::sleep(wait).await;
        }
    }

    fn waits(&self, retries: usize) -> ExponentialBackoff {
        ExponentialBuilder::default()
            .with_min_delay(self.limits.first_wait)
            .with_max_delay(self.limits.longest_wait)
            .with_max_times(retries)
            .with_jitter()
            .build()
    }

    /// How long to wait before the same source is asked again; None where that is of no use.
    fn wait(&self, error: &ReleaseError, waits: &mut ExponentialBackoff) -> Option<Duration> {
        let asked = error.retry_after().unwrap_or_default();
        if !error.is_transient() || asked > self.limits.longest_wait {
            return None;
        }
        waits.next().map(|wait| wait.max(asked))
    }

    /// Asks once, takes what comes, and compares the digest.
    async fn attempt(&self, url: &Url, partial: &mut Partial) -> Result<(), ReleaseError> {
        let answer = ask(self.client, url, partial, self.limits).await?;
        let is_page = says_html(answer.body.headers());
        let received = self.receive(answer, url, partial).await;
        let actual = partial.digest();
        if actual == self.sha256 {
            return Ok(());
        }
        received?;
        Err(ReleaseError::WrongDigest {
            url: shown(url),
            expected: self.sha256,
            actual,
            bytes: partial.bytes(),
            is_page: is_page || partial.begins_like_a_page(),
        })
    }

    async fn receive(&self, answer: Answer, url: &Url, partial: &mut Partial) -> Result<(), ReleaseError> {
        let (part, validator) = (answer.part, answer.validator.clone());
        if part.total.is_some_and(|total| total > self.limits.bytes) {
            return Err(self.too_large(url));
        }
        if part.start == 0 {
            partial.start_over(url, validator)?;
        } else {
            partial.go_on(url, validator)?;
            (self.progress)(Progress::Resumed { bytes: part.start, total: part.total });
        }
        let missing = part.total.map(|total| total.saturating_sub(part.start));
        let free = files::free(partial.path());
        if let (Some(needed), Some(free)) = (missing, free)
            && needed > free
        {
            return Err(ReleaseError::NoRoom {
                path: partial.path().to_owned(),
                needed: missing,
                free: Some(free),
            });
        }
        let appending = partial.append();
        let streamed = self.stream(answer, url, &appending).await;
        if let Err(error) = appending.end().await {
            return Err(self.give_back(error, missing, partial));
        }
        if let Err(ReleaseError::TooLarge { .. }) = &streamed {
            partial.empty()?;
        }
        streamed
    }

    /// What cannot be whole is not left on a full disk.
    fn give_back(&self, error: ReleaseError, missing: Option<u64>, partial: &mut Partial) -> ReleaseError {
        if error.is_full_disk() {
            // That it is full is worth more than that it cannot be emptied either.
            let _ = partial.empty();
        }
        error.or_no_room(missing)
    }

    async fn stream(&self, answer: Answer, url: &Url, appending: &Appending) -> Result<(), ReleaseError> {
        let Part { start: mut received, total } = answer.part;
        let cut = |received, source| ReleaseError::Cut { url: shown(url), received, total, source };
        let mut body = answer.body.bytes_stream();
        let mut pace = Pace::of(self.limits);
        loop {
            let next = timeout_at(pace.due(), body.next()).await.map_err(|_| ReleaseError::Stalled {
                url: shown(url),
                received,
                arrived: pace.arrived(),
                quiet: self.limits.quiet,
            })?;
            let Some(chunk) = next.transpose().map_err(|source| cut(received, Some(source.without_url())))?
            else {
                break;
            };
            received += chunk.len() as u64;
            if received > self.limits.bytes {
                return Err(self.too_large(url));
            }
            pace.receive(chunk.len() as u64);
            if !appending.send(chunk).await {
                return Ok(());
            }
            (self.progress)(Progress::Received { received, total });
        }
        match total {
            // A server may send less than was asked for, and end in good order (RFC 9110, 15.3.7).
            Some(total) if received < total => Err(cut(received, None)),
            _ => Ok(()),
        }
    }

    fn too_large(&self, url: &Url) -> ReleaseError {
        ReleaseError::TooLarge { url: shown(url), limit: self.limits.bytes }
    }
}

fn says_html(headers: &http::HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/html"))
}
